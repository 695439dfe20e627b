//===- MmaBlock.cpp -------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Shared memory holds A and B of a step as they lie in memory: rows of elements
// by depth, or by row (A) or column (B). A row consists of pieces of 16 bytes,
// which are permuted from row to row so that the eight rows that ldmatrix reads
// at a time lie in different banks. ldmatrix transposes 16-bit elements alone:
// factors of tf32 that lie across the depth are loaded one by one, a warp two
// pieces of four rows at a time.

#include "MmaBlock.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"

using namespace mlir;

namespace segc {
namespace {

/// The type of the factors in memory.
Type factorType(MLIRContext *context, MultiplyType multiplyType) {
  if (multiplyType == MultiplyType::Tf32)
    return Float32Type::get(context);
  return seg::storageType(multiplyType == MultiplyType::F16
                              ? Type(Float16Type::get(context))
                              : Type(BFloat16Type::get(context)));
}

class MmaBlock {
public:
  MmaBlock(GpuKernelBody &k, ConvGemm &gemm, const MmaTiling &tiling)
      : k(k), gemm(gemm), tiling(tiling), tile(tiling.tile),
        isTf32(tiling.multiplyType == MultiplyType::Tf32),
        piece(tiling.pieceElements()), fragmentDepth(2 * piece),
        element(factorType(k.builder().getContext(), tiling.multiplyType)),
        memory(k.sharedView(element, tiling.stages * tiling.stageElements())) {
    Value warp = k.div(k.thread(), 32);
    int64_t warpsDown = tile.rows / tiling.warpRows;
    lane = k.rem(k.thread(), 32);
    warpRow = k.mul(k.rem(warp, warpsDown), tiling.warpRows);
    warpColumn = k.mul(k.div(warp, warpsDown), tiling.warpColumns);
  }

  void emit();

private:
  static constexpr int64_t fragment = 16; ///< Rows or columns.
  using Values = SmallVector<Value>;

  GemmRuns runsOf(GemmOperand operand) const {
    return {tile, operand, gemm.access(operand), piece, k.threads()};
  }
  Value startOf(GemmOperand operand, Value step) {
    Value stage = k.mul(k.rem(step, tiling.stages), tiling.stageElements());
    return operand == GemmOperand::A ? stage
                                     : k.add(stage, tile.rows * tile.depth);
  }
  Value elementAt(const GemmRuns &runs, Value row, Value at);

  /// What a thread has loaded for a step and not yet stored.
  struct Loaded {
    GemmOperand operand;
    int64_t run;
    Value value;
  };
  SmallVector<Loaded> begin(Value step);
  void copy(const GemmRuns &runs, int64_t i, const GemmRun &run, Value to);
  void end(ArrayRef<Loaded> loaded, Value step);
  Values loadFragments(GemmOperand operand, Value step, int64_t depth);
  Value factorAt(const GemmRuns &runs, Value start, Value index, Value depth);
  Value roundToTf32(Value value);
  Values multiply(Value step, ValueRange sums);
  Values multiplyFragment(ArrayRef<Value> a, ArrayRef<Value> b,
                          ValueRange sums);
  void storeSums(ArrayRef<Value> sums);
  int64_t rowFragments() const { return tiling.warpRows / fragment; }
  int64_t columnFragments() const { return tiling.warpColumns / fragment; }

  GpuKernelBody &k;
  ConvGemm &gemm;
  MmaTiling tiling;
  GemmTile tile;
  bool isTf32;
  int64_t piece; ///< Elements of 16 bytes.
  int64_t fragmentDepth;
  Type element;
  Value memory, lane, warpRow, warpColumn;
};

void MmaBlock::emit() {
  auto waitForCopies = [&](int64_t groups) {
    NVVM::CpAsyncWaitGroupOp::create(k.builder(), k.loc(), groups);
    k.barrier();
  };
  for (int64_t step = 0; step < tiling.stages - 1; ++step)
    end(begin(k.index(step)), k.index(step));
  // Four sums for each 16 x 8 of the warp's tile.
  Values sums(8 * rowFragments() * columnFragments(), k.scalarConstant(0));
  sums = k.loop(k.index(0), gemm.stepCount(), 1, sums,
                [&](Value step, ValueRange carried) {
                  // The step is there, and all threads have multiplied the
                  // one whose place the next takes.
                  waitForCopies(tiling.stages - 2);
                  Value next = k.add(step, tiling.stages - 1);
                  SmallVector<Loaded> loaded = begin(next);
                  Values products = multiply(step, carried);
                  end(loaded, next);
                  return products;
                });
  // The sums take the place of the factors.
  waitForCopies(0);
  storeSums(sums);
  k.barrier();
  gemm.finish(GemmSums(k, GemmSums::pitchOf(tile)));
}

//===----------------------------------------------------------------------===//
// To shared memory
//===----------------------------------------------------------------------===//

/// The element of an operand's memory at `at` of a row.
Value MmaBlock::elementAt(const GemmRuns &runs, Value row, Value at) {
  int64_t pieces = runs.rowElements() / piece,
          rowsOfLine = std::max<int64_t>(1, 8 / pieces),
          piecesOfRow = isTf32 && !runs.access.alongDepth ? 2 : 1;
  Value turn = k.rem(k.mul(k.div(row, rowsOfLine), piecesOfRow),
                     std::min<int64_t>(8, pieces));
  Value number =
      k.builder().createOrFold<arith::XOrIOp>(k.loc(), k.div(at, piece), turn);
  return k.add(k.mul(row, runs.rowElements()),
               k.add(k.mul(number, piece), k.rem(at, piece)));
}

/// Begins the copies of a step, and loads what needs registers.
SmallVector<MmaBlock::Loaded> MmaBlock::begin(Value step) {
  SmallVector<Loaded> loaded;
  Value exists = k.less(step, gemm.stepCount());
  for (GemmOperand operand : {GemmOperand::A, GemmOperand::B}) {
    GemmRuns runs = runsOf(operand);
    for (int64_t i = 0; i < runs.count; ++i) {
      auto [index, depth] = runs.element(k, i);
      GemmRun run = gemm.run(operand, index, step, depth);
      run.inside = k.both(run.inside, exists);
      if (run.memref &&
          copiesAsynchronously(getElementTypeOrSelf(run.memref.getType()),
                               runs.lanes, tiling.multiplyType)) {
        auto [row, at] = runs.place(k, i);
        Value to = k.add(startOf(operand, step), elementAt(runs, row, at));
        if (runs.isPartial(i))
          k.ifThen(runs.exists(k, i), [&] { copy(runs, i, run, to); });
        else
          copy(runs, i, run, to);
        continue;
      }
      if (runs.isPartial(i))
        run.inside = k.both(run.inside, runs.exists(k, i));
      loaded.push_back({operand, i,
                        k.ifElse(
                            run.inside, [&] { return run.load(runs.lanes); },
                            [&] { return k.zeroVector(runs.lanes); })});
    }
  }
  NVVM::CpAsyncCommitGroupOp::create(k.builder(), k.loc());
  return loaded;
}

/// Copies a run; zeros if it is not inside.
void MmaBlock::copy(const GemmRuns &runs, int64_t i, const GemmRun &run,
                    Value to) {
  OpBuilder &b = k.builder();
  Value none = k.index(0), all = k.index(runs.lanes);
  auto ifInside = [&](Value value) {
    return arith::SelectOp::create(b, k.loc(), run.inside, value, none)
        .getResult();
  };
  nvgpu::DeviceAsyncCopyOp::create(
      b, k.loc(), nvgpu::DeviceAsyncTokenType::get(b.getContext()), memory, to,
      run.memref, ifInside(run.element), b.getIndexAttr(runs.lanes),
      ifInside(all), runs.lanes == piece ? b.getUnitAttr() : UnitAttr());
}

/// Stores what `begin` has loaded.
void MmaBlock::end(ArrayRef<Loaded> loaded, Value step) {
  for (const auto &[operand, i, value] : loaded) {
    GemmRuns runs = runsOf(operand);
    auto [row, at] = runs.place(k, i);
    Value to = k.add(startOf(operand, step), elementAt(runs, row, at));
    auto store = [&, value = value] { k.store(value, memory, to); };
    if (runs.isPartial(i))
      k.ifThen(runs.exists(k, i), store);
    else
      store();
  }
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// Rounds a factor in f32 to the nearest of tf32, in the word that holds it.
Value MmaBlock::roundToTf32(Value value) {
  return NVVM::ConvertFloatToTF32Op::create(k.builder(), k.loc(),
                                            k.builder().getI32Type(), value,
                                            NVVM::FPRoundingMode::RNA);
}

/// Loads the factor of a row or column and a depth of the step that begins at
/// `start`.
Value MmaBlock::factorAt(const GemmRuns &runs, Value start, Value index,
                         Value depth) {
  Value row = runs.access.alongDepth ? index : depth,
        at = runs.access.alongDepth ? depth : index;
  return k.loadScalar(memory, k.add(start, elementAt(runs, row, at)));
}

/// Loads the warp's fragments of an operand, 16 rows or columns by
/// `fragmentDepth`, four registers each: the halves of rows or columns by those
/// of the depth. A has the rows first, B the depth.
MmaBlock::Values MmaBlock::loadFragments(GemmOperand operand, Value step,
                                         int64_t depth) {
  OpBuilder &b = k.builder();
  GemmRuns runs = runsOf(operand);
  bool isA = operand == GemmOperand::A, along = runs.access.alongDepth;
  int64_t count = isA ? rowFragments() : columnFragments();
  Value first = isA ? warpRow : warpColumn, start = startOf(operand, step);
  Values words;
  if (isTf32 && !along) {
    // Of each 8 x 4 a lane has row or column lane / 4 and depth lane % 4.
    Value index = k.add(first, k.div(lane, 4)),
          deep = k.add(k.rem(lane, 4), depth);
    for (int64_t i = 0; i < count; ++i)
      for (int64_t word = 0; word < 4; ++word) {
        int64_t low = word % 2, high = word / 2;
        words.push_back(roundToTf32(factorAt(
            runs, start, k.add(index, i * fragment + 8 * (isA ? low : high)),
            k.add(deep, piece * (isA ? high : low)))));
      }
    return words;
  }
  // Each eight lanes have the addresses of one matrix of 8 rows of a piece.
  Value matrix = k.div(lane, 8), line = k.rem(lane, 8);
  Value low = k.rem(matrix, 2), high = k.div(matrix, 2);
  Value index = k.add(first, k.mul(isA ? low : high, 8)),
        deep = k.add(k.mul(isA ? high : low, piece), depth);
  for (int64_t i = 0; i < count; ++i) {
    Value own = k.add(index, i * fragment);
    Value row = k.add(along ? own : deep, line), at = along ? deep : own;
    Value loaded = nvgpu::LdMatrixOp::create(
        b, k.loc(), VectorType::get({4, isTf32 ? 1 : 2}, element), memory,
        ValueRange(k.add(start, elementAt(runs, row, at))),
        /*transpose=*/!along, /*numTiles=*/4);
    for (int64_t word = 0; word < 4; ++word) {
      Value factors = vector::ExtractOp::create(b, k.loc(), loaded, word);
      if (isTf32)
        factors =
            roundToTf32(vector::ExtractOp::create(b, k.loc(), factors, 0));
      else if (tiling.multiplyType == MultiplyType::Bf16)
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

/// Adds the product of 16 x `fragmentDepth` and that x 8.
MmaBlock::Values MmaBlock::multiplyFragment(ArrayRef<Value> a,
                                            ArrayRef<Value> b,
                                            ValueRange sums) {
  OpBuilder &builder = k.builder();
  Type f32 = builder.getF32Type();
  auto type = LLVM::LLVMStructType::getLiteral(builder.getContext(),
                                               {f32, f32, f32, f32});
  NVVM::MMATypes factors = isTf32 ? NVVM::MMATypes::tf32
                           : tiling.multiplyType == MultiplyType::F16
                               ? NVVM::MMATypes::f16
                               : NVVM::MMATypes::bf16;
  Value product = NVVM::MmaOp::create(
      builder, k.loc(), type, a, b, sums,
      ArrayRef<int64_t>{16, 8, fragmentDepth}, std::nullopt, std::nullopt,
      std::array{factors, factors},
      std::array{NVVM::MMALayout::row, NVVM::MMALayout::col});
  Values result;
  for (int64_t i = 0; i < 4; ++i)
    result.push_back(
        LLVM::ExtractValueOp::create(builder, k.loc(), product, i));
  return result;
}

MmaBlock::Values MmaBlock::multiply(Value step, ValueRange sums) {
  Values current(sums);
  for (int64_t depth = 0; depth < tile.depth; depth += fragmentDepth) {
    Values a = loadFragments(GemmOperand::A, step, depth),
           b = loadFragments(GemmOperand::B, step, depth);
    size_t at = 0;
    for (int64_t i = 0; i < rowFragments(); ++i)
      for (int64_t j = 0; j < 2 * columnFragments(); ++j, at += 4) {
        Values next = multiplyFragment(ArrayRef(a).slice(4 * i, 4),
                                       ArrayRef(b).slice(2 * j, 2),
                                       ArrayRef(current).slice(at, 4));
        llvm::copy(next, current.begin() + at);
      }
  }
  return current;
}

/// A lane has two columns of rows lane / 4 and lane / 4 + 8 of each 16 x 8.
void MmaBlock::storeSums(ArrayRef<Value> sums) {
  GemmSums result(k, GemmSums::pitchOf(tile));
  Value row = k.add(warpRow, k.div(lane, 4)),
        column = k.add(warpColumn, k.mul(k.rem(lane, 4), 2));
  size_t at = 0;
  for (int64_t i = 0; i < rowFragments(); ++i)
    for (int64_t j = 0; j < 2 * columnFragments(); ++j)
      for (int64_t half = 0; half < 2; ++half, at += 2)
        result.store(vector::FromElementsOp::create(k.builder(), k.loc(),
                                                    k.vectorType(2),
                                                    sums.slice(at, 2)),
                     k.add(row, i * fragment + half * 8), k.add(column, j * 8));
}

} // namespace

bool copiesAsynchronously(Type stored, int64_t lanes,
                          MultiplyType multiplyType) {
  // Copies are of 4 bytes at least.
  return stored && lanes * stored.getIntOrFloatBitWidth() >= 32 &&
         seg::storageType(stored) ==
             factorType(stored.getContext(), multiplyType);
}

void emitMmaBlock(GpuKernelBody &k, ConvGemm &gemm, const MmaTiling &tiling) {
  MmaBlock(k, gemm, tiling).emit();
}

} // namespace segc
