//===- PatchSamples.h - Patches for a loader --------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_AUGMENT_PATCHSAMPLES_H
#define SEGC_RUNTIME_AUGMENT_PATCHSAMPLES_H

#include "segc/Runtime/Augment/CaseDraws.h"
#include "segc/Runtime/Augment/PatchRenderer.h"

namespace segc {

/// Augmented patches of prepared cases, the samples of a Loader. Sample i of a
/// run with one seed has the same bytes whichever thread renders it, on every
/// x86-64 processor.
class PatchSamples : public ImageSource {
public:
  /// `cases` must outlive it.
  static StatusOr<std::unique_ptr<PatchSamples>>
  create(const PatchSource &cases, int64_t channels, PatchOptions options);

  int64_t count(Split split) const override { return draws->count(split); }
  /// [depth][height][width][channels]; planes have no depth.
  const std::vector<int64_t> &imageShape() const override { return imageDims; }
  const std::vector<int64_t> &labelShape() const override { return labelDims; }
  Status load(Split split) const override { return draws->load(split); }
  /// Without `key.augment` the patch is a crop that nothing is done to.
  Status sample(Split split, int64_t index, const AugmentKey &key, float *image,
                int32_t *label) const override;

private:
  explicit PatchSamples(std::unique_ptr<CaseDraws> draws);
  std::unique_ptr<PatchRenderer> takeRenderer() const;

  std::unique_ptr<CaseDraws> draws;
  std::vector<int64_t> imageDims, labelDims;
  mutable std::mutex mutex; ///< Guards what follows.
  mutable std::vector<std::unique_ptr<PatchRenderer>> idle;
};

} // namespace segc

#endif // SEGC_RUNTIME_AUGMENT_PATCHSAMPLES_H
