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

TransformMatrices transposed(const TransformMatrices &matrices) {
  return {matrices[0].transposed(), matrices[1].transposed(),
          matrices[2].transposed()};
}

//===----------------------------------------------------------------------===//
// Emission
//===----------------------------------------------------------------------===//

Value transformRow(KernelBody &body, const TransformMatrix &matrix, int64_t row,
                   ArrayRef<Value> in, int64_t lanes) {
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
  body.loop(zero, body.index(matrices[0].columns), 1, [&](Value d) {
    SmallVector<Value> values = transformPlane(body, matrices, d, lanes, load);
    Value to = body.add(body.mul(d, plane * lanes), buffer.base);
    for (int64_t i = 0; i < plane; ++i)
      body.store(values[i], buffer.memref, body.add(to, i * lanes));
  });
  body.loop(zero, body.index(matrices[1].rows), 1, [&](Value h) {
    body.loop(zero, body.index(width), 1, [&](Value w) {
      Value from = body.add(body.mul(body.add(body.mul(h, width), w), lanes),
                            buffer.base);
      SmallVector<Value> column;
      for (int64_t d = 0; d < matrices[0].columns; ++d)
        column.push_back(
            body.load(buffer.memref, body.add(from, d * plane * lanes), lanes));
      column = multiply(body, matrices[0], column, lanes);
      for (auto [d, value] : llvm::enumerate(column))
        store(body.index(d), h, w, value);
    });
  });
}

} // namespace segc
