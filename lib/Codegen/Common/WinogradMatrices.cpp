//===- WinogradMatrices.cpp -----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/WinogradMatrices.h"
#include "segc/Codegen/Common/FixedPoint.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace segc {

TransformMatrix TransformMatrix::transposed() const {
  TransformMatrix result{columns, rows, {}};
  for (int64_t column = 0; column < columns; ++column)
    for (int64_t row = 0; row < rows; ++row)
      result.values.push_back(at(row, column));
  return result;
}

double TransformMatrix::gain(int64_t row) const {
  double sum = 0;
  for (int64_t column = 0; column < columns; ++column)
    sum += std::fabs(at(row, column));
  return sum;
}

static TransformMatrix identity() { return {1, 1, {1}}; }

TransformMatrix winogradInput(int64_t m) {
  if (m == 1)
    return identity();
  if (m == 2)
    return {4, 4, {1, 0, -1, 0, 0, 1, 1, 0, 0, -1, 1, 0, 0, 1, 0, -1}};
  return {6, 6, {1, -1.5, -2,   1.5,  1,   0, //
                 0, -1,   0.5,  2.5,  1,   0, //
                 0, 1,    -2.5, 0.5,  1,   0, //
                 0, -2,   -1,   2,    1,   0, //
                 0, 0.5,  -1,   -0.5, 1,   0, //
                 0, 1,    -1.5, -2,   1.5, 1}};
}

TransformMatrix winogradFilter(int64_t m) {
  if (m == 1)
    return identity();
  if (m == 2)
    return {4, 3, {1, 0, 0, 0.5, 0.5, 0.5, 0.5, -0.5, 0.5, 0, 0, 1}};
  constexpr double third = 1.0 / 3, fifteenth = 1.0 / 15;
  return {6,
          3,
          {1, 0, 0,                                         //
           third, third, third,                             //
           -third, third, -third,                           //
           -16 * fifteenth, -8 * fifteenth, -4 * fifteenth, //
           fifteenth, -2 * fifteenth, 4 * fifteenth,        //
           0, 0, 1}};
}

TransformMatrix winogradOutput(int64_t m) {
  if (m == 1)
    return identity();
  if (m == 2)
    return {2, 4, {1, 1, 1, 0, 0, 1, -1, -1}};
  return {4, 6, {1, 1, 1,  1,     1,  0, //
                 0, 1, -1, 0.5,   -2, 0, //
                 0, 1, 1,  0.25,  4,  0, //
                 0, 1, -1, 0.125, -8, 1}};
}

TransformMatrix wholeWinogradInput(int64_t m) {
  if (m == 6)
    return {8, 8, {1, 0,  -5.25, 0,     5.25,  0,     -1, 0, //
                   0, 1,  1,     -4.25, -4.25, 1,     1,  0, //
                   0, -1, 1,     4.25,  -4.25, -1,    1,  0, //
                   0, 2,  4,     -2.5,  -5,    0.5,   1,  0, //
                   0, -2, 4,     2.5,   -5,    -0.5,  1,  0, //
                   0, 1,  0.5,   -5,    -2.5,  4,     2,  0, //
                   0, -1, 0.5,   5,     -2.5,  -4,    2,  0, //
                   0, -1, 0,     5.25,  0,     -5.25, 0,  1}};
  if (m != 4)
    return winogradInput(m);
  return {6, 6, {4, 0,  -5, 0,  1, 0, //
                 0, -4, -4, 1,  1, 0, //
                 0, 4,  -4, -1, 1, 0, //
                 0, 4,  0,  -5, 0, 1, //
                 0, -2, -1, 2,  1, 0, //
                 0, 2,  -1, -2, 1, 0}};
}

TransformMatrix wholeWinogradFilter(int64_t m) {
  if (m == 6) {
    constexpr double ninth = 1.0 / 9, part = 1.0 / 45;
    return {8, 3, {1,          0,          0,          //
                   -2 * ninth, -2 * ninth, -2 * ninth, //
                   -2 * ninth, 2 * ninth,  -2 * ninth, //
                   part,       part / 2,   part / 4,   //
                   part,       -part / 2,  part / 4,   //
                   part / 4,   part / 2,   part,       //
                   part / 4,   -part / 2,  part,       //
                   0,          0,          1}};
  }
  if (m != 4)
    return winogradFilter(m);
  constexpr double sixth = 1.0 / 6, twelfth = 1.0 / 12;
  return {6,
          3,
          {0.25, 0, 0,                  //
           -sixth, -sixth, -sixth,      //
           -sixth, sixth, -sixth,       //
           0, 0, 1,                     //
           twelfth / 2, twelfth, sixth, //
           twelfth / 2, -twelfth, sixth}};
}

TransformMatrix wholeWinogradOutput(int64_t m) {
  if (m == 6)
    return {6, 8, {1, 1, 1,  32, 32,  1,  1,   0, //
                   0, 1, -1, 16, -16, 2,  -2,  0, //
                   0, 1, 1,  8,  8,   4,  4,   0, //
                   0, 1, -1, 4,  -4,  8,  -8,  0, //
                   0, 1, 1,  2,  2,   16, 16,  0, //
                   0, 1, -1, 1,  -1,  32, -32, 1}};
  if (m != 4)
    return winogradOutput(m);
  return {4, 6, {1, 1, 1,  0, 1, 1,  //
                 0, 1, -1, 0, 2, -2, //
                 0, 1, 1,  0, 4, 4,  //
                 0, 1, -1, 1, 8, -8}};
}

/// Returns the largest magnitude of the transform of 8-bit integers at a point.
static double largestAt(const std::array<int64_t, 3> &tiles,
                        const std::array<int64_t, 3> &point) {
  double largest = largestInt8;
  for (unsigned d = 0; d < 3; ++d)
    largest *= wholeWinogradInput(tiles[d]).gain(point[d]);
  return largest;
}

int64_t wholeDivisor(const std::array<int64_t, 3> &tiles,
                     const std::array<int64_t, 3> &point) {
  int64_t divisor = 1;
  while (largestAt(tiles, point) / static_cast<double>(divisor) >
         std::numeric_limits<int16_t>::max())
    divisor *= 2;
  return divisor;
}

int64_t largestWholeTransform(const std::array<int64_t, 3> &tiles) {
  double largest = 0;
  std::array<int64_t, 3> point{}, points{};
  for (unsigned d = 0; d < 3; ++d)
    points[d] = wholeWinogradInput(tiles[d]).rows;
  for (point[0] = 0; point[0] < points[0]; ++point[0])
    for (point[1] = 0; point[1] < points[1]; ++point[1])
      for (point[2] = 0; point[2] < points[2]; ++point[2])
        largest = std::max(largest, std::ceil(largestAt(tiles, point) /
                                              static_cast<double>(
                                                  wholeDivisor(tiles, point))));
  return static_cast<int64_t>(largest);
}

} // namespace segc
