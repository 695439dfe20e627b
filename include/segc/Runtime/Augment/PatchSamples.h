//===- PatchSamples.h - Patches for a loader --------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_AUGMENT_PATCHSAMPLES_H
#define SEGC_RUNTIME_AUGMENT_PATCHSAMPLES_H

#include "segc/Runtime/Augment/PatchDrawer.h"
#include "segc/Runtime/Augment/PatchRenderer.h"
#include "segc/Runtime/Data/Loader.h"

namespace segc {

/// Augmented patches of prepared cases, the samples of a Loader. Sample i of a
/// run with one seed has the same bytes whichever thread renders it, on every
/// x86-64 processor.
class PatchSamples : public SampleSource {
public:
  /// `cases` must outlive it.
  static StatusOr<std::unique_ptr<PatchSamples>>
  create(const PatchSource &cases, int64_t channels, PatchOptions options);
  ~PatchSamples() override;

  /// All cases are cases of Split::Train.
  int64_t count(Split split) const override;
  /// [depth][height][width][channels]; planes have no depth.
  const std::vector<int64_t> &imageShape() const override { return imageDims; }
  const std::vector<int64_t> &labelShape() const override { return labelDims; }
  /// Looks at every case: they must have labels and the model's channels.
  Status load(Split split) const override;
  /// Without `key.augment` the patch is a crop that nothing is done to.
  Status sample(Split split, int64_t index, const AugmentKey &key, float *image,
                int32_t *label) const override;

private:
  struct Boxes;

  PatchSamples(const PatchSource &cases, int64_t channels,
               PatchOptions options);
  Status check(const PreparedCase &prepared) const;
  const std::vector<std::vector<ForegroundBox>> &
  boxesOf(const PreparedCase &prepared, int64_t index) const;
  std::unique_ptr<PatchRenderer> takeRenderer() const;

  const PatchSource &cases;
  int64_t channels;
  PatchOptions options;
  std::unique_ptr<PatchDrawer> drawer;
  std::vector<int64_t> imageDims, labelDims;
  mutable std::vector<std::unique_ptr<Boxes>> boxes; ///< One a case.
  mutable std::mutex mutex;                          ///< Guards what follows.
  mutable std::vector<std::unique_ptr<PatchRenderer>> idle;
};

/// What a loader of such samples is asked for by the rules: by those of v2
/// cases are drawn, by those of the example they come in epochs.
void followRules(const PatchOptions &options, LoaderOptions &loader);

} // namespace segc

#endif // SEGC_RUNTIME_AUGMENT_PATCHSAMPLES_H
