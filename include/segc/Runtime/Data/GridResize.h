//===- GridResize.h - Resizing of volumes to a planned grid -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The resizing of scikit-image and SciPy that nnU-Net's preprocessing uses
// (docs/ReferenceBehaviour.md, "Numerical definitions"): voxel i of the result
// lies at (i + 0.5) * from / to - 0.5 in the source, edges are held, values are
// clipped to the range of the source. Results have the same bits for any number
// of threads.
//
// Memory beside source and result: two volumes of at most
// max(source, result) f32 voxels, and for each thread a line of 16 doubles a
// voxel. Labels need none, whatever the number of classes.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_GRIDRESIZE_H
#define SEGC_RUNTIME_DATA_GRIDRESIZE_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace segc {

class ThreadPool;

/// Extents, the last axis runs fastest: z, y, x.
using Shape3 = std::array<int64_t, 3>;

enum class Interpolation {
  Nearest, ///< Order 0; halves are rounded up.
  Linear,  ///< Order 1.
  /// Order 1 with the first and the last voxels of both grids at the same
  /// places: voxel i lies at i * (from - 1) / (to - 1). As PyTorch's trilinear
  /// with align_corners, which MLPerf takes.
  LinearAligned,
  /// Cubic convolution with a = -0.5, which scikit-image before 0.19 calls
  /// order 3 of planes.
  CatmullRom,
  /// Order 3: interpolating B-spline of the source with its edges held.
  CubicSpline,
};

/// Weights by which Interpolation::CatmullRom sums the four voxels around a
/// position that lies `t` behind the second.
std::array<double, 4> catmullRomWeights(double t);

/// Resizes along each axis by its own interpolation, and clips the result to
/// the range of the source. `source` and `result` do not overlap.
void resizeGrid(const float *source, Shape3 from, float *result, Shape3 to,
                const std::array<Interpolation, 3> &axes, ThreadPool &pool);

/// Resizes every plane across `axis` alone, clipped to that plane's range, and
/// takes the nearest plane along `axis`.
void resizePlanes(const float *source, Shape3 from, float *result, Shape3 to,
                  size_t axis, Interpolation inPlane, ThreadPool &pool);

/// Resizes the mask of each label linearly; a voxel has the largest label whose
/// mask is at least one half there, 0 if there is none. With `nearestAxis`
/// planes across it are resized and the nearest plane is taken.
void resizeLabels(const int16_t *source, Shape3 from, int16_t *result,
                  Shape3 to, std::optional<size_t> nearestAxis,
                  ThreadPool &pool);

/// Takes voxel i * from / to, rounded down, along each axis: PyTorch's nearest,
/// in its f32.
void pickLabels(const int16_t *source, Shape3 from, int16_t *result, Shape3 to,
                ThreadPool &pool);

} // namespace segc

#endif // SEGC_RUNTIME_DATA_GRIDRESIZE_H
