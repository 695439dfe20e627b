//===- WinogradTransform.cpp ----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Winograd/WinogradTransform.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace segc {

//===----------------------------------------------------------------------===//
// Matrices
//===----------------------------------------------------------------------===//

TransformMatrices forEachDim(const Dims &m, TransformMatrix (*make)(int64_t)) {
  return {make(m[0]), make(m[1]), make(m[2])};
}

TransformMatrices inputTransform(const WinogradTiling &tiling) {
  return forEachDim(tiling.m,
                    tiling.isInt8 ? wholeWinogradInput : winogradInput);
}

TransformMatrices filterTransform(const WinogradTiling &tiling) {
  return forEachDim(tiling.m,
                    tiling.isInt8 ? wholeWinogradFilter : winogradFilter);
}

TransformMatrices outputTransform(const WinogradTiling &tiling) {
  return forEachDim(tiling.m,
                    tiling.isInt8 ? wholeWinogradOutput : winogradOutput);
}

TransformMatrices transposed(const TransformMatrices &matrices) {
  return {matrices[0].transposed(), matrices[1].transposed(),
          matrices[2].transposed()};
}

//===----------------------------------------------------------------------===//
// Emission
//===----------------------------------------------------------------------===//

namespace {
/// The terms of a row in the even or the odd columns, as a sum of integers and
/// its sign.
struct IntegerTerms {
  Value sum;
  bool isNegative = false;
};
} // namespace

/// The last term has the positive sign: rows whose terms differ by the sign
/// alone share the sum.
static IntegerTerms integerTerms(KernelBody &body,
                                 const TransformMatrix &matrix, int64_t row,
                                 ArrayRef<Value> in, int64_t parity) {
  OpBuilder &b = body.builder();
  IntegerTerms result;
  for (int64_t column = matrix.columns; column-- > 0;) {
    auto factor = static_cast<int64_t>(matrix.at(row, column));
    if (factor == 0 || column % 2 != parity)
      continue;
    bool isNegative = factor < 0;
    Value term = in[column];
    if (int64_t size = std::abs(factor); size != 1) {
      auto type = cast<VectorType>(term.getType());
      auto constant = arith::ConstantOp::create(
          b, body.loc(),
          DenseElementsAttr::get(
              type, b.getIntegerAttr(type.getElementType(), size)));
      term = arith::MulIOp::create(b, body.loc(), term, constant);
    }
    if (!result.sum)
      result = {term, isNegative};
    else if (isNegative == result.isNegative)
      result.sum = arith::AddIOp::create(b, body.loc(), result.sum, term);
    else
      result.sum = arith::SubIOp::create(b, body.loc(), result.sum, term);
  }
  return result;
}

static Value transformIntegers(KernelBody &body, const TransformMatrix &matrix,
                               int64_t row, ArrayRef<Value> in) {
  OpBuilder &b = body.builder();
  auto subtract = [&](Value x, Value y) -> Value {
    return arith::SubIOp::create(b, body.loc(), x, y);
  };
  IntegerTerms even = integerTerms(body, matrix, row, in, 0),
               odd = integerTerms(body, matrix, row, in, 1);
  if (!even.sum)
    std::swap(even, odd);
  Value sum = even.sum;
  bool isNegative = even.isNegative;
  if (odd.sum && even.isNegative != odd.isNegative) {
    sum = isNegative ? subtract(odd.sum, sum) : subtract(sum, odd.sum);
    isNegative = false;
  } else if (odd.sum) {
    sum = arith::AddIOp::create(b, body.loc(), sum, odd.sum);
  }
  if (!isNegative)
    return sum;
  Value zero =
      arith::ConstantOp::create(b, body.loc(), b.getZeroAttr(sum.getType()));
  return subtract(zero, sum);
}

Value transformRow(KernelBody &body, const TransformMatrix &matrix, int64_t row,
                   ArrayRef<Value> in, int64_t lanes) {
  if (llvm::any_of(
          in, [](Value v) { return v && getElementTypeOrSelf(v).isInteger(); }))
    return transformIntegers(body, matrix, row, in);
  // Terms with coefficients 1 and -1 come first, in the same order in every
  // row, so that CSE finds sums that two rows have in common.
  OpBuilder &b = body.builder();
  SmallVector<std::pair<double, Value>> terms;
  for (bool unit : {true, false})
    for (int64_t column = matrix.columns; column-- > 0;)
      if (double factor = matrix.at(row, column);
          factor != 0 && (std::abs(factor) == 1) == unit)
        terms.push_back({factor, in[column]});
  // The sum starts with a coefficient of 1 where there is one.
  auto first = llvm::find_if(terms, [](auto &t) { return t.first == 1; });
  if (first != terms.end())
    std::rotate(terms.begin(), first, first + 1);
  Value sum;
  for (auto &[factor, value] : terms) {
    if (factor == 1)
      sum = sum ? arith::AddFOp::create(b, body.loc(), sum, value) : value;
    else if (factor == -1 && sum)
      sum = arith::SubFOp::create(b, body.loc(), sum, value);
    else {
      Value constant = body.splat(body.scalarConstant(factor), lanes);
      sum = sum ? vector::FMAOp::create(b, body.loc(), value, constant, sum)
                      .getResult()
                : arith::MulFOp::create(b, body.loc(), value, constant)
                      .getResult();
    }
  }
  return sum ? sum : body.zeroVector(lanes);
}

static SmallVector<Value> multiply(KernelBody &body,
                                   const TransformMatrix &matrix,
                                   ArrayRef<Value> in, int64_t lanes) {
  if (matrix.isIdentity())
    return SmallVector<Value>(in);
  SmallVector<Value> out;
  for (int64_t row = 0; row < matrix.rows; ++row)
    out.push_back(transformRow(body, matrix, row, in, lanes));
  return out;
}

/// Transforms one plane along its two dimensions, in registers:
/// [height][width].
static SmallVector<Value>
transformPlane(KernelBody &body, const TransformMatrices &matrices, Value d,
               int64_t lanes,
               llvm::function_ref<Value(Value, Value, Value)> load) {
  const TransformMatrix &byHeight = matrices[1], &byWidth = matrices[2];
  SmallVector<SmallVector<Value>> rows;
  for (int64_t h = 0; h < byHeight.columns; ++h) {
    SmallVector<Value> row;
    for (int64_t w = 0; w < byWidth.columns; ++w)
      row.push_back(load(d, body.index(h), body.index(w)));
    rows.push_back(multiply(body, byWidth, row, lanes));
  }
  SmallVector<Value> plane(byHeight.rows * byWidth.rows);
  for (int64_t w = 0; w < byWidth.rows; ++w) {
    SmallVector<Value> column;
    for (SmallVector<Value> &row : rows)
      column.push_back(row[w]);
    column = multiply(body, byHeight, column, lanes);
    for (int64_t h = 0; h < byHeight.rows; ++h)
      plane[h * byWidth.rows + w] = column[h];
  }
  return plane;
}

int64_t transformBufferSize(const TransformMatrices &matrices, int64_t lanes) {
  return matrices[0].columns * matrices[1].rows * matrices[2].rows * lanes;
}

/// Memory of f32 holds 16-bit integers in pairs.
static void storePlane(KernelBody &body, Value values, Value memref,
                       Value index) {
  if (auto type = cast<VectorType>(values.getType());
      type.getElementType().isInteger())
    values = vector::BitCastOp::create(
        body.builder(), body.loc(), body.vectorType(type.getNumElements() / 2),
        values);
  body.store(values, memref, index);
}

void transformBox(KernelBody &body, const TransformMatrices &matrices,
                  TransformBuffer buffer, int64_t lanes,
                  llvm::function_ref<Value(Value, Value, Value)> load,
                  llvm::function_ref<void(Value, Value, Value, Value)> store) {
  int64_t width = matrices[2].rows, plane = matrices[1].rows * width;
  Value zero = body.index(0);
  if (matrices[0].columns == 1) {
    SmallVector<Value> values =
        transformPlane(body, matrices, zero, lanes, load);
    for (int64_t i = 0; i < plane; ++i)
      store(zero, body.index(i / width), body.index(i % width), values[i]);
    return;
  }
  Type vector;
  int64_t words = lanes;
  body.loop(zero, body.index(matrices[0].columns), 1, [&](Value d) {
    SmallVector<Value> values = transformPlane(body, matrices, d, lanes, load);
    vector = values.front().getType();
    words = vector == body.vectorType(lanes) ? lanes : lanes / 2;
    Value to = body.add(body.mul(d, plane * words), buffer.base);
    for (int64_t i = 0; i < plane; ++i)
      storePlane(body, values[i], buffer.memref, body.add(to, i * words));
  });
  body.loop(zero, body.index(matrices[1].rows), 1, [&](Value h) {
    body.loop(zero, body.index(width), 1, [&](Value w) {
      Value from = body.add(body.mul(body.add(body.mul(h, width), w), words),
                            buffer.base);
      SmallVector<Value> column;
      for (int64_t d = 0; d < matrices[0].columns; ++d) {
        Value values =
            body.load(buffer.memref, body.add(from, d * plane * words), words);
        column.push_back(vector::BitCastOp::create(body.builder(), body.loc(),
                                                   vector, values));
      }
      column = multiply(body, matrices[0], column, lanes);
      for (auto [d, value] : llvm::enumerate(column))
        store(body.index(d), h, w, value);
    });
  });
}

} // namespace segc
