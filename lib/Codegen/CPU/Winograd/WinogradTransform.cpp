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

/// Returns the rows that divide a matrix into parts of one gain each.
static SmallVector<int64_t> partsByGain(const TransformMatrix &matrix) {
  SmallVector<int64_t> cuts{0};
  for (int64_t row = 1; row < matrix.rows; ++row)
    if (matrix.gain(row) != matrix.gain(row - 1))
      cuts.push_back(row);
  cuts.push_back(matrix.rows);
  return cuts;
}

/// Returns the transforms along depth of the points of 8-bit integers, from
/// `matrix` with its rows divided or multiplied by the divisors of the points.
static SmallVector<ColumnTransform> columnsOf(const WinogradTiling &tiling,
                                              const TransformMatrix &matrix,
                                              bool divides) {
  SmallVector<ColumnTransform> result;
  SmallVector<int64_t> hCuts = partsByGain(wholeWinogradInput(tiling.m[1])),
                       wCuts = partsByGain(wholeWinogradInput(tiling.m[2]));
  for (size_t h = 0; h + 1 < hCuts.size(); ++h)
    for (size_t w = 0; w + 1 < wCuts.size(); ++w) {
      ColumnTransform columns{
          {hCuts[h], wCuts[w]}, {hCuts[h + 1], wCuts[w + 1]}, matrix};
      for (int64_t d = 0; d < matrix.rows; ++d) {
        auto divisor = static_cast<double>(
            wholeDivisor(tiling.m, {d, hCuts[h], wCuts[w]}));
        for (int64_t i = 0; i < matrix.columns; ++i)
          columns.matrix.values[d * matrix.columns + i] *=
              divides ? 1 / divisor : divisor;
      }
      result.push_back(std::move(columns));
    }
  return result;
}

SmallVector<ColumnTransform> inputColumns(const WinogradTiling &tiling) {
  return columnsOf(tiling, wholeWinogradInput(tiling.m[0]), true);
}

SmallVector<ColumnTransform> filterColumns(const WinogradTiling &tiling) {
  if (!tiling.isInt8)
    return {};
  return columnsOf(tiling, wholeWinogradFilter(tiling.m[0]), false);
}

TransformMatrices transposed(const TransformMatrices &matrices) {
  return {matrices[0].transposed(), matrices[1].transposed(),
          matrices[2].transposed()};
}

//===----------------------------------------------------------------------===//
// Emission
//===----------------------------------------------------------------------===//

namespace {
/// A sum of integers, null if there are none, and its sign.
struct IntegerTerms {
  Value sum;
  bool isNegative = false;
};
} // namespace

static Value splatOf(KernelBody &body, int64_t value, Type type) {
  auto vector = cast<VectorType>(type);
  OpBuilder &b = body.builder();
  return arith::ConstantOp::create(
      b, body.loc(),
      DenseElementsAttr::get(vector,
                             b.getIntegerAttr(vector.getElementType(), value)));
}

/// Returns what is added before a shift by `bits` drops them: a half in even
/// lanes, so that halves are rounded up, and less than a half in odd ones.
static Value halfOf(KernelBody &body, int64_t bits, Type type) {
  auto vector = cast<VectorType>(type);
  OpBuilder &b = body.builder();
  SmallVector<Attribute> lanes;
  for (int64_t lane = 0; lane < vector.getNumElements(); ++lane)
    lanes.push_back(b.getIntegerAttr(vector.getElementType(),
                                     (int64_t{1} << (bits - 1)) - lane % 2));
  return arith::ConstantOp::create(b, body.loc(),
                                   DenseElementsAttr::get(vector, lanes));
}

/// Adds or subtracts `other`, without which there is none.
static IntegerTerms sumOf(KernelBody &body, IntegerTerms terms,
                          IntegerTerms other) {
  OpBuilder &b = body.builder();
  if (!terms.sum)
    return other;
  if (!other.sum)
    return terms;
  if (terms.isNegative == other.isNegative)
    terms.sum = arith::AddIOp::create(b, body.loc(), terms.sum, other.sum);
  else if (terms.isNegative)
    terms = {arith::SubIOp::create(b, body.loc(), other.sum, terms.sum), false};
  else
    terms.sum = arith::SubIOp::create(b, body.loc(), terms.sum, other.sum);
  return terms;
}

/// The vectors times whole factors. Of even columns, and of odd ones, the last
/// term has the positive sign: rows whose terms differ by the sign alone share
/// the sum.
static IntegerTerms integerTerms(KernelBody &body, ArrayRef<int64_t> factors,
                                 ArrayRef<Value> in) {
  OpBuilder &b = body.builder();
  std::array<IntegerTerms, 2> ofParity;
  for (size_t column = factors.size(); column-- > 0;) {
    int64_t factor = factors[column];
    if (factor == 0)
      continue;
    IntegerTerms term{in[column], factor < 0};
    if (int64_t size = std::abs(factor); size != 1)
      term.sum = arith::MulIOp::create(b, body.loc(), term.sum,
                                       splatOf(body, size, term.sum.getType()));
    IntegerTerms &terms = ofParity[column % 2];
    bool isNegative = terms.sum ? terms.isNegative : term.isNegative;
    // The sign of the last term stays that of the sum.
    term.isNegative ^= isNegative, terms.isNegative = false;
    terms = sumOf(body, terms, term);
    terms.isNegative = isNegative;
  }
  return ofParity[0].sum ? sumOf(body, ofParity[0], ofParity[1]) : ofParity[1];
}

static Value valueOf(KernelBody &body, IntegerTerms terms) {
  if (!terms.isNegative)
    return terms.sum;
  return arith::SubIOp::create(body.builder(), body.loc(),
                               splatOf(body, 0, terms.sum.getType()),
                               terms.sum);
}

/// Returns the sum of whole terms, halves and quarters, rounded to the nearest
/// whole number, halves up in even lanes and down in odd ones. No intermediate
/// value is larger than the terms.
static Value roundedSum(KernelBody &body, IntegerTerms whole,
                        IntegerTerms halves, IntegerTerms quarters) {
  OpBuilder &b = body.builder();
  Type type = (quarters.sum ? quarters : halves).sum.getType();
  auto shifted = [&](Value value, int64_t bits) -> Value {
    return arith::ShRSIOp::create(b, body.loc(), value,
                                  splatOf(body, bits, type));
  };
  auto add = [&](Value x, Value y) -> Value {
    return arith::AddIOp::create(b, body.loc(), x, y);
  };
  Value sum;
  if (!quarters.sum) {
    sum = shifted(add(valueOf(body, halves), halfOf(body, 1, type)), 1);
  } else {
    Value biased = add(valueOf(body, quarters), halfOf(body, 2, type));
    sum = shifted(biased, 2);
    if (halves.sum) {
      // What both shifts drop is a whole number if both last halves are set.
      Value two = valueOf(body, halves);
      Value last =
          arith::AndIOp::create(b, body.loc(), two, splatOf(body, 1, type));
      Value both =
          arith::AndIOp::create(b, body.loc(), last, shifted(biased, 1));
      sum = add(add(sum, shifted(two, 1)), both);
    }
  }
  return valueOf(body, sumOf(body, {sum, false}, whole));
}

static Value transformIntegers(KernelBody &body, const TransformMatrix &matrix,
                               int64_t row, ArrayRef<Value> in) {
  SmallVector<int64_t> whole, halves, quarters;
  for (int64_t column = 0; column < matrix.columns; ++column) {
    auto factor = static_cast<int64_t>(4 * matrix.at(row, column));
    whole.push_back(factor / 4);
    halves.push_back(factor % 4 / 2);
    quarters.push_back(factor % 2);
  }
  IntegerTerms sum = integerTerms(body, whole, in),
               ofHalves = integerTerms(body, halves, in),
               ofQuarters = integerTerms(body, quarters, in);
  if (ofHalves.sum || ofQuarters.sum)
    return roundedSum(body, sum, ofHalves, ofQuarters);
  return valueOf(body, sum);
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

/// Whether registers hold the transform of a box of depth 1, or most of it.
static bool fitsRegisters(const TransformMatrices &matrices) {
  constexpr int64_t most = 36;
  return matrices[1].columns * matrices[2].rows <= most;
}

/// The matrices of a box whose height is its depth.
static TransformMatrices upright(const TransformMatrices &matrices) {
  return {matrices[1], matrices[0], matrices[2]};
}

int64_t transformBufferSize(const TransformMatrices &matrices, int64_t lanes) {
  if (matrices[0].columns == 1 && !fitsRegisters(matrices))
    return transformBufferSize(upright(matrices), lanes);
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
                  llvm::function_ref<void(Value, Value, Value, Value)> store,
                  ArrayRef<ColumnTransform> columns) {
  int64_t width = matrices[2].rows, plane = matrices[1].rows * width;
  Value zero = body.index(0);
  if (matrices[0].columns == 1 && !fitsRegisters(matrices))
    return transformBox(
        body, upright(matrices), buffer, lanes,
        [&](Value h, Value d, Value w) { return load(d, h, w); },
        [&](Value h, Value d, Value w, Value value) { store(d, h, w, value); });
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
  auto transformColumns = [&](const ColumnTransform &transform) {
    body.loop(body.index(transform.first[0]), body.index(transform.past[0]), 1,
              [&](Value h) {
                body.loop(
                    body.index(transform.first[1]),
                    body.index(transform.past[1]), 1, [&](Value w) {
                      Value from = body.add(
                          body.mul(body.add(body.mul(h, width), w), words),
                          buffer.base);
                      SmallVector<Value> column;
                      for (int64_t d = 0; d < matrices[0].columns; ++d) {
                        Value values =
                            body.load(buffer.memref,
                                      body.add(from, d * plane * words), words);
                        column.push_back(vector::BitCastOp::create(
                            body.builder(), body.loc(), vector, values));
                      }
                      column = multiply(body, transform.matrix, column, lanes);
                      for (auto [d, value] : llvm::enumerate(column))
                        store(body.index(d), h, w, value);
                    });
              });
  };
  if (columns.empty())
    transformColumns({{0, 0}, {matrices[1].rows, width}, matrices[0]});
  for (const ColumnTransform &transform : columns)
    transformColumns(transform);
}

} // namespace segc
