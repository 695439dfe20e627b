//===- PatchKernels.h - Loops over rows of a patch --------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The inner loops of augmentation, compiled for several instruction sets. All
// of them give the same bytes: sums have a fixed order and nothing is
// contracted to fused multiply-adds.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_AUGMENT_PATCHKERNELS_H
#define SEGC_LIB_RUNTIME_AUGMENT_PATCHKERNELS_H

#include <cstdint>
#include <vector>

namespace segc {

/// Rows in scratch memory have a multiple of this many elements: kernels
/// read and write whole blocks there.
constexpr int64_t rowBlock = 64;

/// The part of a case that a crop covers, one channel. Places of voxels fit in
/// 32 bits.
template <typename T>
struct CaseBox {
  const T *data;
  int32_t size[3];
  int32_t stride[3];
  bool planar; ///< One plane; positions along the first axis do not count.
};

/// A row of an affine map: voxel i is at start + i * step in the box. From
/// `inside` to `outside` all neighbours of a voxel are in the box.
struct AffineRow {
  float start[3], step[3];
  int64_t inside, outside;
};

/// The random numbers of a row: counters of Philox.
struct NoiseRow {
  uint64_t seed;
  uint32_t sample, stream, row;
};

/// What is known of the values of rows; sums are about `pivot`.
struct ValueSums {
  double pivot = 0, sum = 0, squares = 0;
  float low = 0, high = 0;
  int64_t count = 0;
};

struct PatchKernels {
  const char *name;
  /// result[i] = sum of weights[t] * rows[t][i * step]; `result` is scratch
  /// memory, and count at least 1.
  void (*weighRows)(const float *const *rows, const float *weights,
                    int64_t count, int64_t step, int64_t n, float *result);
  /// result[i] = sum of taps[t] * row[i + t]; both are scratch memory.
  void (*filterRow)(const float *row, const float *taps, int64_t count,
                    int64_t n, float *result);
  /// result[i] = sum of weights[t * padded + i] * row[places[t * padded + i]],
  /// where `padded` is n rounded up to blocks.
  void (*gatherRow)(const float *row, const int32_t *places,
                    const float *weights, int64_t count, int64_t n,
                    float *result);
  /// Trilinear, bilinear in a plane; 0 outside.
  void (*affineRow)(const CaseBox<float> &box, const AffineRow &row, int64_t n,
                    float *result);
  /// The label with the largest sum of weights; of equals that of the nearest
  /// voxel, else the smallest. -1 outside.
  void (*affineLabels)(const CaseBox<int16_t> &box, const AffineRow &row,
                       int64_t n, int32_t *result);
  /// Adds `deviation` times normal numbers.
  void (*addNoise)(float *row, int64_t n, float deviation,
                   const NoiseRow &noise);
  /// row[i] = min(max(row[i] * scale + shift, low), high)
  void (*mapRow)(float *row, int64_t n, float scale, float shift, float low,
                 float high);
  /// row[i] = ((row[i] - low) / range) ^ exponent * range + low
  void (*raiseRow)(float *row, int64_t n, float low, float range,
                   float exponent);
  void (*measureRow)(const float *row, int64_t n, ValueSums &sums);
};

/// The fastest that this processor has.
const PatchKernels &patchKernels();
/// All that this processor has, the plain ones first.
std::vector<const PatchKernels *> allPatchKernels();

/// @name One a source file
/// @{
extern const PatchKernels patchKernelsPlain;
#if defined(__x86_64__)
extern const PatchKernels patchKernelsV3, patchKernelsV4;
#endif
/// @}

} // namespace segc

#endif // SEGC_LIB_RUNTIME_AUGMENT_PATCHKERNELS_H
