//===- PlainPatches.h - Patches without augmentation ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_PREPARE_PLAINPATCHES_H
#define SEGC_RUNTIME_PREPARE_PLAINPATCHES_H

#include "segc/Runtime/Data/DataSet.h"
#include "segc/Runtime/Data/PreparedCase.h"

namespace segc {

struct PlainPatchOptions {
  std::vector<int64_t> patch; ///< (Depth,) height, width.
  int64_t channels = 1;
  int64_t batch = 1;
  /// Of the samples of a batch, the last ones: their patches show a voxel of a
  /// class. Rounded as nnU-Net v2 rounds.
  double foregroundShare = 0.33;
};

/// Patches of prepared cases as nnU-Net v2 places them: centred on one of the
/// drawn voxels of a class that the case has, or anywhere; zeros outside of the
/// case. All cases train. A sample depends on the seed and its number alone.
class PlainPatches : public SampleSource {
public:
  /// `cases` must outlive it.
  PlainPatches(const PatchSource &cases, PlainPatchOptions options);

  int64_t count(Split split) const override {
    return split == Split::Train ? cases.cases() : 0;
  }
  const std::vector<int64_t> &imageShape() const override { return imageDims; }
  const std::vector<int64_t> &labelShape() const override {
    return options.patch;
  }
  Status load(Split split) const override;
  Status sample(Split split, int64_t index, const AugmentKey &key, float *image,
                int32_t *label) const override;

private:
  Shape3 placeOf(const PreparedCase &prepared, const AugmentKey &key) const;

  const PatchSource &cases;
  PlainPatchOptions options;
  Shape3 patch = {1, 1, 1};
  std::vector<int64_t> imageDims;
};

} // namespace segc

#endif // SEGC_RUNTIME_PREPARE_PLAINPATCHES_H
