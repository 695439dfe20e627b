//===- Resampler.h - Separable sums of voxels, row by row -------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_AUGMENT_RESAMPLER_H
#define SEGC_LIB_RUNTIME_AUGMENT_RESAMPLER_H

#include "AxisTaps.h"
#include "PatchKernels.h"

#include <vector>

namespace segc {

/// One channel of an array of voxels.
struct ChannelView {
  const float *data;
  Shape3 stride;
};

/// Elements that fill whole blocks of rows.
inline int64_t paddedRow(int64_t n) {
  return (n + rowBlock - 1) / rowBlock * rowBlock;
}

/// Makes the rows of a patch of which each axis has its own taps: crops,
/// scalings, filters. Planes and rows are summed before the voxels of a row, so
/// that no volume lies in between.
class Resampler {
public:
  explicit Resampler(const PatchKernels &kernels) : kernels(kernels) {}

  /// Calls f(z, y, row) for every row in turn, with taps for each axis; `row`
  /// is scratch memory that f may change.
  template <typename F>
  void forEachRow(const ChannelView &source, const std::vector<AxisTaps> &taps,
                  F &&f) {
    prepare(source, taps);
    for (int64_t z = 0; z < taps[0].size; ++z) {
      sumPlanes(source, taps[0], z);
      for (int64_t y = 0; y < taps[1].size; ++y) {
        makeRow(taps, y);
        f(z, y, result.data());
      }
    }
  }

private:
  void prepare(const ChannelView &source, const std::vector<AxisTaps> &taps);
  void sumPlanes(const ChannelView &source, const AxisTaps &taps, int64_t z);
  void makeRow(const std::vector<AxisTaps> &taps, int64_t y);
  /// The rows that a place is made of; false if there are none.
  bool collect(const AxisTaps &taps, int64_t place, const float *first,
               int64_t stride);

  const PatchKernels &kernels;
  std::pair<int64_t, int64_t> rows, columns; ///< What the taps reach.
  bool copiesRow = false;                    ///< Columns follow each other.
  int64_t rowStart = 0; ///< Of the first column in the patch's row.
  int64_t planeStride = 0, planeStep = 1;
  const float *plane = nullptr; ///< Null for one of zeros.
  std::vector<float> planeSum, rowSum, result;
  std::vector<int32_t> places; ///< Of the columns in rowSum.
  std::vector<const float *> tapRows;
  std::vector<float> tapWeights;
};

} // namespace segc

#endif // SEGC_LIB_RUNTIME_AUGMENT_RESAMPLER_H
