//===- AugmentCase.h - Draws of augmentation for tests ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_CODEGEN_AUGMENTCASE_H
#define SEGC_UNITTESTS_CODEGEN_AUGMENTCASE_H

#include "KernelTest.h"

#include <array>

namespace segc::test {

/// A patch and its crop, in depth, height and width; channels are the image's.
struct PatchShape {
  std::array<int64_t, 3> crop, patch;
  int64_t channels;
  bool planes; ///< Their tensors have no depth.

  // Types of tensors.
  std::string image() const;
  std::string labels() const;
  std::string cropImage() const;
  std::string cropLabels() const;
  std::string intensities() const;
  std::string statistics() const;
};
void PrintTo(const PatchShape &shape, std::ostream *os);

/// What is drawn for the map of a sample.
struct PatchMap {
  std::array<int64_t, 3> extent;
  std::array<double, 9> matrix = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  std::array<double, 3> flip = {0, 0, 0};
  double zoom = 0;
};
PatchMap copiedCrop(const PatchShape &shape);
/// Entries of the matrix are eighths, so that sums of votes are exact.
PatchMap turnedCrop(const PatchShape &shape);
/// Most voxels have no neighbour in the crop.
PatchMap farCrop(const PatchShape &shape);
PatchMap zoomedCrop(const PatchShape &shape);

/// The tensor `maps`.
Values mapNumbers(const std::vector<PatchMap> &maps);
/// The tensor `intensities`: every other channel draws the lists, which begin
/// at these numbers; all channels do where `everyOther` is false.
Values intensityNumbers(const PatchShape &shape, int64_t samples,
                        const std::map<int64_t, Values> &drawn,
                        bool everyOther = true);
/// Statistics of values in [-1, 1].
Values statisticNumbers(const PatchShape &shape, int64_t samples);
/// Labels from -1 to 3.
Values unclampedLabels(const PatchShape &shape, int64_t samples);

} // namespace segc::test

#endif // SEGC_UNITTESTS_CODEGEN_AUGMENTCASE_H
