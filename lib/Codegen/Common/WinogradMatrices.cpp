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

namespace segc {

TransformMatrix TransformMatrix::transposed() const {
  TransformMatrix result{columns, rows, {}};
  for (int64_t column = 0; column < columns; ++column)
    for (int64_t row = 0; row < rows; ++row)
      result.values.push_back(at(row, column));
  return result;
}

double TransformMatrix::gain() const {
  double largest = 0;
  for (int64_t row = 0; row < rows; ++row) {
    double sum = 0;
    for (int64_t column = 0; column < columns; ++column)
      sum += std::fabs(at(row, column));
    largest = std::max(largest, sum);
  }
  return largest;
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
  if (m != 4)
    return winogradInput(m);
  return {6, 6, {4, 0,  -5, 0,  1, 0, //
                 0, -4, -4, 1,  1, 0, //
                 0, 4,  -4, -1, 1, 0, //
                 0, -2, -1, 2,  1, 0, //
                 0, 2,  -1, -2, 1, 0, //
                 0, 4,  0,  -5, 0, 1}};
}

TransformMatrix wholeWinogradFilter(int64_t m) {
  if (m != 4)
    return winogradFilter(m);
  constexpr double sixth = 1.0 / 6, twelfth = 1.0 / 12;
  return {6,
          3,
          {0.25, 0, 0,                   //
           -sixth, -sixth, -sixth,       //
           -sixth, sixth, -sixth,        //
           twelfth / 2, twelfth, sixth,  //
           twelfth / 2, -twelfth, sixth, //
           0, 0, 1}};
}

TransformMatrix wholeWinogradOutput(int64_t m) {
  if (m != 4)
    return winogradOutput(m);
  return {4, 6, {1, 1, 1,  1, 1,  0, //
                 0, 1, -1, 2, -2, 0, //
                 0, 1, 1,  4, 4,  0, //
                 0, 1, -1, 8, -8, 1}};
}

int64_t largestWholeTransform(llvm::ArrayRef<int64_t> tiles) {
  double largest = largestInt8;
  for (int64_t m : tiles)
    largest *= wholeWinogradInput(m).gain();
  return static_cast<int64_t>(largest);
}

} // namespace segc
