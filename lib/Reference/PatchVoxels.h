//===- PatchVoxels.h - Voxels of patches, their taps and draws --*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_REFERENCE_PATCHVOXELS_H
#define SEGC_LIB_REFERENCE_PATCHVOXELS_H

#include "ReferenceModels.h"

#include <algorithm>
#include <array>

namespace segc::reference {

using Place = std::array<int64_t, 3>;
/// Places of an axis with weights.
using Taps = llvm::SmallVector<std::pair<int64_t, double>, 4>;

/// Extents in depth, height and width of samples with these dimensions.
inline Place extentsOf(llvm::ArrayRef<int64_t> spatial) {
  Place size = {1, 1, 1};
  std::copy_backward(spatial.begin(), spatial.end(), size.end());
  return size;
}
inline Place imageExtents(const HostTensor &image) {
  return extentsOf(image.shape().drop_front().drop_back());
}

/// The numbers of one sample, or of one channel of a sample.
inline llvm::ArrayRef<double> numbersOf(const HostTensor &tensor, int64_t row) {
  return tensor.values().slice(row * tensor.channels(), tensor.channels());
}

/// Visits all voxels, with the sample and the number of the voxel among all.
template <typename F>
void forEachVoxel(int64_t samples, Place size, F &&visit) {
  int64_t voxel = 0;
  for (int64_t sample = 0; sample < samples; ++sample)
    for (int64_t z = 0; z < size[0]; ++z)
      for (int64_t y = 0; y < size[1]; ++y)
        for (int64_t x = 0; x < size[2]; ++x)
          visit(sample, Place{z, y, x}, voxel++);
}

/// Visits all elements of an image, with the number of sample and channel, the
/// sample and the number of the element.
template <typename F>
void forEachElement(const HostTensor &image, F &&visit) {
  int64_t channels = image.channels();
  forEachVoxel(image.shape()[0], imageExtents(image),
               [&](int64_t sample, Place at, int64_t voxel) {
                 for (int64_t c = 0; c < channels; ++c)
                   visit(sample * channels + c, sample, at,
                         voxel * channels + c);
               });
}

/// The element of a channel at a place; `row` numbers sample and channel.
inline double elementAt(const HostTensor &image, int64_t row, Place at) {
  Place size = imageExtents(image);
  int64_t channels = image.channels(), sample = row / channels;
  int64_t voxel =
      ((sample * size[0] + at[0]) * size[1] + at[1]) * size[2] + at[2];
  return image[voxel * channels + row % channels];
}

/// Adds up an image, tap by tap of three axes.
inline double sumTaps(const HostTensor &image, int64_t row,
                      const std::array<Taps, 3> &taps) {
  double sum = 0;
  for (auto [z, wz] : taps[0])
    for (auto [y, wy] : taps[1])
      for (auto [x, wx] : taps[2])
        sum += wz * wy * wx * elementAt(image, row, {z, y, x});
  return sum;
}

} // namespace segc::reference

#endif // SEGC_LIB_REFERENCE_PATCHVOXELS_H
