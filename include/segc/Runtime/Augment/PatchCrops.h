//===- PatchCrops.h - Crops that a device renders ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_AUGMENT_PATCHCROPS_H
#define SEGC_RUNTIME_AUGMENT_PATCHCROPS_H

#include "segc/Runtime/Augment/CaseDraws.h"
#include "segc/Runtime/Core/Manifest.h"

namespace segc {

/// The inputs of an entry that takes crops of up to `largest` voxels, without
/// the batch.
std::vector<TensorSignature> cropTensors(Shape3 largest, int64_t channels);

/// What the entry `augment` of a model makes augmented patches from
/// (Plan/AugmentEntry.h): the same draws as those of PatchSamples, not
/// rendered. The bytes of a sample depend on its seed and number alone.
class PatchCrops : public SampleSource {
public:
  /// `cases` must outlive it. Refuses an entry that takes other samples.
  static StatusOr<std::unique_ptr<PatchCrops>>
  create(const PatchSource &cases, int64_t channels, PatchOptions options,
         const EntrySignature &entry);

  int64_t count(Split split) const override { return draws->count(split); }
  std::vector<TensorSignature> tensors() const override { return signatures; }
  Status load(Split split) const override { return draws->load(split); }
  /// Refuses a draw whose crop is larger than the entry takes.
  Status write(Split split, int64_t index, const AugmentKey &key,
               const std::vector<void *> &memory) const override;

private:
  PatchCrops(std::unique_ptr<CaseDraws> draws,
             std::vector<TensorSignature> signatures);

  std::unique_ptr<CaseDraws> draws;
  std::vector<TensorSignature> signatures; ///< Without the batch.
  Shape3 largest = {0, 0, 0};              ///< Extents of `crop`.
};

} // namespace segc

#endif // SEGC_RUNTIME_AUGMENT_PATCHCROPS_H
