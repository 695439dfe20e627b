//===- AxisTaps.h - Source voxels of an axis of a patch ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_AUGMENT_AXISTAPS_H
#define SEGC_LIB_RUNTIME_AUGMENT_AXISTAPS_H

#include "segc/Runtime/Augment/PatchDraw.h"

#include <cstdint>
#include <vector>

namespace segc {

/// For each place of a line, `count` places of its source with weights. Those
/// outside of the source have weight 0.
struct AxisTaps {
  int64_t count = 1, size = 0;
  /// `size` rounded up to blocks of rows: the stride between taps.
  int64_t padded = 0;
  std::vector<int32_t> places; ///< [tap][padded]
  std::vector<float> weights;  ///< [tap][padded]
  /// Of a filter: the weights of all places, on neighbours that follow each
  /// other.
  std::vector<float> filter;

  AxisTaps(int64_t count, int64_t size);

  bool has(int64_t tap, int64_t i) const { return weight(tap, i) != 0; }
  int32_t place(int64_t tap, int64_t i) const {
    return places[static_cast<size_t>(tap * padded + i)];
  }
  float weight(int64_t tap, int64_t i) const {
    return weights[static_cast<size_t>(tap * padded + i)];
  }
  void set(int64_t tap, int64_t i, int64_t place, double weight);
  /// First place that has a weight, and the one behind the last; 0, 0 for none.
  std::pair<int64_t, int64_t> range() const;
  /// Reverses the line that is made.
  void flip();

  /// Place i is `first` + i of a source of `source` places.
  static AxisTaps copy(int64_t first, int64_t source, int64_t size);
  /// Place i is, linearly, about the centre of a crop and `factor` times as far
  /// from it; the crop begins at `first`.
  static AxisTaps scale(double factor, int64_t first, int64_t extent,
                        int64_t source, int64_t size);
  /// A crop resized by cubic convolution (a = -0.5); its edges are held.
  static AxisTaps zoom(int64_t first, int64_t extent, int64_t source,
                       int64_t size);
  static AxisTaps blur(const AxisBlur &blur, int64_t size);
  /// Reduced by `factor` (nearest), and back (linear).
  static AxisTaps lowResolution(float factor, int64_t size);
};

/// Places of a line of `size` that is reduced by `factor`.
int64_t lowResolutionExtent(float factor, int64_t size);

/// The place that a line mirrored at its edges has at `place`.
int64_t mirrored(int64_t place, int64_t size);

/// The place of a resized line whose centre is nearest.
inline int64_t nearestPlace(int64_t i, int64_t from, int64_t to) {
  return (2 * i + 1) * from / (2 * to);
}

} // namespace segc

#endif // SEGC_LIB_RUNTIME_AUGMENT_AXISTAPS_H
