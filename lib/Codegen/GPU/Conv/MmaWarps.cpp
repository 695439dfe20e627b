//===- MmaWarps.cpp -------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MmaWarps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"

using namespace mlir;

namespace segc {

MmaWarps::MmaWarps(GpuKernelBody &k, const MmaTiling &tiling, int64_t elements)
    : FactorCopies(k, tiling.multiplyType, elements, tiling.isInt8),
      fragmentDepth(2 * piece), tiling(tiling),
      isTf32(tiling.multiplyType == MultiplyType::Tf32),
      element(cast<MemRefType>(memory.getType()).getElementType()) {
  Value warp = k.div(k.thread(), 32);
  int64_t warpsDown = tiling.tile.rows / tiling.warpRows;
  lane = k.rem(k.thread(), 32);
  warpRow = k.mul(k.rem(warp, warpsDown), tiling.warpRows);
  warpColumn = k.mul(k.div(warp, warpsDown), tiling.warpColumns);
}

//===----------------------------------------------------------------------===//
// To shared memory
//===----------------------------------------------------------------------===//

Value MmaWarps::elementAt(int64_t rowElements, bool alongDepth, Value row,
                          Value at) {
  int64_t pieces = rowElements / piece,
          rowsOfLine = std::max<int64_t>(1, 8 / pieces),
          piecesOfRow = isTf32 && !alongDepth ? 2 : 1;
  Value turn = k.rem(k.mul(k.div(row, rowsOfLine), piecesOfRow),
                     std::min<int64_t>(8, pieces));
  Value number =
      k.builder().createOrFold<arith::XOrIOp>(k.loc(), k.div(at, piece), turn);
  return k.add(k.mul(row, rowElements),
               k.add(k.mul(number, piece), k.rem(at, piece)));
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// Rounds a factor in f32 to the nearest of tf32, in the word that holds it.
Value MmaWarps::roundToTf32(Value value) {
  return NVVM::ConvertFloatToTF32Op::create(k.builder(), k.loc(),
                                            k.builder().getI32Type(), value,
                                            NVVM::FPRoundingMode::RNA);
}

MmaWarps::Values MmaWarps::loadFragments(GemmOperand operand, bool alongDepth,
                                         int64_t depth, Place place) {
  OpBuilder &b = k.builder();
  bool isA = operand == GemmOperand::A;
  int64_t count = isA ? rowFragments() : columnFragments();
  Value first = isA ? warpRow : warpColumn;
  Values words;
  if (isTf32 && !alongDepth)
    return loadElements(operand, depth, [&](Value index, int64_t from) {
      return k.loadScalar(memory, place(index, k.add(k.rem(lane, 4), from)));
    });
  // Each eight lanes have the addresses of one matrix of 8 rows of a piece.
  Value matrix = k.div(lane, 8), line = k.rem(lane, 8);
  Value low = k.rem(matrix, 2), high = k.div(matrix, 2);
  Value index = k.add(first, k.mul(isA ? low : high, 8)),
        deep = k.add(k.mul(isA ? high : low, piece), depth);
  (alongDepth ? index : deep) = k.add(alongDepth ? index : deep, line);
  for (int64_t i = 0; i < count; ++i) {
    Value loaded = nvgpu::LdMatrixOp::create(
        b, k.loc(), VectorType::get({4, 4 / tiling.elementBytes()}, element),
        memory, ValueRange(place(k.add(index, i * fragment), deep)),
        /*transpose=*/!alongDepth, /*numTiles=*/4);
    for (int64_t word = 0; word < 4; ++word) {
      Value factors = vector::ExtractOp::create(b, k.loc(), loaded, word);
      if (isTf32)
        factors =
            roundToTf32(vector::ExtractOp::create(b, k.loc(), factors, 0));
      else if (isInt8 || tiling.multiplyType == MultiplyType::Bf16)
        factors = vector::ExtractOp::create(
            b, k.loc(),
            vector::BitCastOp::create(
                b, k.loc(), VectorType::get({1}, b.getI32Type()), factors),
            0);
      words.push_back(factors);
    }
  }
  return words;
}

/// Of each 8 x 4 a lane has row or column lane / 4 and depth lane % 4.
MmaWarps::Values
MmaWarps::loadElements(GemmOperand operand, int64_t depth,
                       llvm::function_ref<Value(Value, int64_t)> load) {
  bool isA = operand == GemmOperand::A;
  int64_t count = isA ? rowFragments() : columnFragments();
  Value index = k.add(isA ? warpRow : warpColumn, k.div(lane, 4));
  Values words;
  for (int64_t i = 0; i < count; ++i)
    for (int64_t word = 0; word < 4; ++word) {
      int64_t low = word % 2, high = word / 2;
      words.push_back(
          roundToTf32(load(k.add(index, i * fragment + 8 * (isA ? low : high)),
                           depth + piece * (isA ? high : low))));
    }
  return words;
}

/// Adds the product of 16 x `fragmentDepth` and that x 8.
MmaWarps::Values MmaWarps::multiplyFragment(ArrayRef<Value> a,
                                            ArrayRef<Value> b,
                                            ValueRange sums) {
  OpBuilder &builder = k.builder();
  Type sum = sums.front().getType();
  auto type = LLVM::LLVMStructType::getLiteral(builder.getContext(),
                                               {sum, sum, sum, sum});
  NVVM::MMATypes factors = isTf32   ? NVVM::MMATypes::tf32
                           : isInt8 ? NVVM::MMATypes::s8
                           : tiling.multiplyType == MultiplyType::F16
                               ? NVVM::MMATypes::f16
                               : NVVM::MMATypes::bf16;
  // Strategies of integers refuse sums that 32 bits do not hold.
  std::optional<NVVM::MMAIntOverflow> overflow;
  if (isInt8)
    overflow = NVVM::MMAIntOverflow::wrapped;
  Value product = NVVM::MmaOp::create(
      builder, k.loc(), type, a, b, sums,
      ArrayRef<int64_t>{16, 8, fragmentDepth}, std::nullopt, overflow,
      std::array{factors, factors},
      std::array{NVVM::MMALayout::row, NVVM::MMALayout::col});
  Values result;
  for (int64_t i = 0; i < 4; ++i)
    result.push_back(
        LLVM::ExtractValueOp::create(builder, k.loc(), product, i));
  return result;
}

MmaWarps::Values MmaWarps::zeros() {
  Value zero = isInt8
                   ? arith::ConstantIntOp::create(k.builder(), k.loc(), 0, 32)
                         .getResult()
                   : k.scalarConstant(0);
  return Values(8 * rowFragments() * columnFragments(), zero);
}

void MmaWarps::multiply(ArrayRef<Value> a, ArrayRef<Value> b,
                        MutableArrayRef<Value> sums) {
  for (int64_t i = 0; i < rowFragments(); ++i)
    for (int64_t j = 0; j < 2 * columnFragments(); ++j) {
      MutableArrayRef<Value> own = sums.take_front(4);
      llvm::copy(multiplyFragment(a.slice(4 * i, 4), b.slice(2 * j, 2), own),
                 own.begin());
      sums = sums.drop_front(4);
    }
}

/// Two sums in f32.
Value MmaWarps::pairOf(ArrayRef<Value> sums) {
  OpBuilder &b = k.builder();
  Value pair = vector::FromElementsOp::create(
      b, k.loc(), VectorType::get({2}, sums.front().getType()), sums);
  return isInt8 ? arith::SIToFPOp::create(b, k.loc(), k.vectorType(2), pair)
                : pair;
}

/// A lane has two columns of rows lane / 4 and lane / 4 + 8 of each 16 x 8.
void MmaWarps::forSums(ArrayRef<Value> sums,
                       llvm::function_ref<void(Value, Value, Value)> body) {
  Value row = k.add(warpRow, k.div(lane, 4)),
        column = k.add(warpColumn, k.mul(k.rem(lane, 4), 2));
  size_t at = 0;
  for (int64_t i = 0; i < rowFragments(); ++i)
    for (int64_t j = 0; j < 2 * columnFragments(); ++j)
      for (int64_t half = 0; half < 2; ++half, at += 2)
        body(pairOf(sums.slice(at, 2)), k.add(row, i * fragment + half * 8),
             k.add(column, j * 8));
}

void MmaWarps::storeSums(ArrayRef<Value> sums) {
  GemmSums result(k, GemmSums::pitchOf(tiling.tile));
  forSums(sums, [&](Value pair, Value row, Value column) {
    result.store(pair, row, column);
  });
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

Type multipliedType(MLIRContext *context, MultiplyType multiplyType) {
  if (multiplyType == MultiplyType::Tf32)
    return Float32Type::get(context);
  return multiplyType == MultiplyType::F16 ? Type(Float16Type::get(context))
                                           : Type(BFloat16Type::get(context));
}
Type factorType(MLIRContext *context, MultiplyType multiplyType) {
  return seg::storageType(multipliedType(context, multiplyType));
}

bool copiesAsynchronously(Type stored, int64_t lanes,
                          MultiplyType multiplyType) {
  // Copies are of 4 bytes at least.
  return stored && lanes * stored.getIntOrFloatBitWidth() >= 32 &&
         seg::storageType(stored) ==
             factorType(stored.getContext(), multiplyType);
}

} // namespace segc
