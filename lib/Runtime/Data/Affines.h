//===- Affines.h - Vector arithmetic of affines -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_AFFINES_H
#define SEGC_LIB_RUNTIME_DATA_AFFINES_H

#include "segc/Runtime/Data/Geometry.h"

#include <cmath>
#include <cstdio>

namespace segc {

using Vector3 = std::array<double, 3>;

inline double dot(const Vector3 &a, const Vector3 &b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
inline double length(const Vector3 &v) { return std::sqrt(dot(v, v)); }

/// Where file axis `axis` goes: the step of one voxel.
inline Vector3 column(const Affine &affine, size_t axis) {
  return {affine[0][axis], affine[1][axis], affine[2][axis]};
}

inline Vector3 unit(const Affine &affine, size_t axis) {
  Vector3 v = column(affine, axis);
  const double size = length(v);
  for (double &x : v)
    x /= size;
  return v;
}

inline std::string number(double value) {
  char text[40];
  std::snprintf(text, sizeof(text), "%.6g", value);
  return text;
}

inline std::string sizesText(const Vector3 &v) {
  return number(v[0]) + "x" + number(v[1]) + "x" + number(v[2]);
}

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_AFFINES_H
