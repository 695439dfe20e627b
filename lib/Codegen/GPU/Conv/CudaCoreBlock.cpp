//===- CudaCoreBlock.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudaCoreBlock.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"

using namespace mlir;

namespace segc {
namespace {

class CudaCoreBlock {
public:
  CudaCoreBlock(GpuKernelBody &k, ConvGemm &gemm, const CudaCoreTiling &tiling)
      : k(k), gemm(gemm), tiling(tiling), tile(tiling.tile) {}

  void emit();

private:
  static constexpr int64_t lanes = CudaCoreTiling::lanes;
  using Values = SmallVector<Value>;

  GemmRuns runsOf(GemmOperand operand) const {
    return {tile, operand, gemm.access(operand), lanes, k.threads()};
  }
  Values load(GemmOperand operand, Value step);
  void store(GemmOperand operand, ArrayRef<Value> values, Value step);
  Values multiply(Value step, ValueRange sums);
  Value stage(Value step) {
    return k.mul(k.rem(step, 2), tiling.stageFloats());
  }
  Value operandStart(GemmOperand operand, Value step) {
    return operand == GemmOperand::A
               ? stage(step)
               : k.add(stage(step), tile.depth * tiling.pitch(GemmOperand::A));
  }
  // A thread's rows and columns are vectors that lie apart.
  int64_t rowThreads() const { return tile.rows / tiling.threadRows; }
  int64_t columnThreads() const { return tile.columns / tiling.threadColumns; }
  Value rowOf(int64_t vector) {
    Value own = k.div(k.thread(), columnThreads());
    return k.mul(k.add(own, vector * rowThreads()), lanes);
  }
  Value columnOf(int64_t vector) {
    Value own = k.rem(k.thread(), columnThreads());
    return k.mul(k.add(own, vector * columnThreads()), lanes);
  }

  GpuKernelBody &k;
  ConvGemm &gemm;
  CudaCoreTiling tiling;
  GemmTile tile;
};

void CudaCoreBlock::emit() {
  auto loadStep = [&](Value step) {
    return std::pair(load(GemmOperand::A, step), load(GemmOperand::B, step));
  };
  auto storeStep = [&](const std::pair<Values, Values> &loaded, Value step) {
    store(GemmOperand::A, loaded.first, step);
    store(GemmOperand::B, loaded.second, step);
    k.barrier();
  };
  Value zero = k.index(0);
  storeStep(loadStep(zero), zero);
  Values sums(tiling.threadRows * (tiling.threadColumns / lanes),
              k.zeroVector(lanes));
  sums = k.loop(zero, gemm.stepCount(), 1, sums,
                [&](Value step, ValueRange carried) {
                  Value next = k.add(step, 1);
                  auto loaded = loadStep(next);
                  Values products = multiply(step, carried);
                  storeStep(loaded, next);
                  return products;
                });
  GemmSums result(k, GemmSums::pitchOf(tile));
  int64_t columnVectors = tiling.threadColumns / lanes;
  for (int64_t i = 0; i < tiling.threadRows; ++i)
    for (int64_t j = 0; j < columnVectors; ++j)
      result.store(sums[i * columnVectors + j],
                   k.add(rowOf(i / lanes), i % lanes), columnOf(j));
  gemm.beginFinish();
  k.barrier();
  gemm.finish(result);
}

/// Loads a step's elements of an operand; zeros after the last step.
CudaCoreBlock::Values CudaCoreBlock::load(GemmOperand operand, Value step) {
  GemmRuns runs = runsOf(operand);
  Value exists = k.less(step, gemm.stepCount());
  Values values;
  for (int64_t i = 0; i < runs.count; ++i) {
    auto [index, depth] = runs.element(k, i);
    GemmRun run = gemm.run(operand, index, step, depth);
    Value inside = runs.inside(k, i, k.both(run.inside, exists));
    values.push_back(k.ifElse(
        inside, [&] { return run.load(runs.lanes); },
        [&] { return k.zeroVector(runs.lanes); }));
  }
  return values;
}

void CudaCoreBlock::store(GemmOperand operand, ArrayRef<Value> values,
                          Value step) {
  GemmRuns runs = runsOf(operand);
  int64_t pitch = tiling.pitch(operand);
  for (int64_t i = 0; i < runs.count; ++i) {
    auto [index, depth] = runs.element(k, i);
    Value element =
        k.add(operandStart(operand, step), k.add(k.mul(depth, pitch), index));
    runs.ifExists(k, i, [&] {
      if (!runs.access.alongDepth)
        return k.store(values[i], k.scratch(), element);
      for (int64_t lane = 0; lane < runs.lanes; ++lane)
        k.storeScalar(
            vector::ExtractOp::create(k.builder(), k.loc(), values[i], lane),
            k.scratch(), k.add(element, lane * pitch));
    });
  }
}

CudaCoreBlock::Values CudaCoreBlock::multiply(Value step, ValueRange sums) {
  int64_t columnVectors = tiling.threadColumns / lanes;
  Value a = operandStart(GemmOperand::A, step),
        b = operandStart(GemmOperand::B, step);
  seg::PointwiseMath math(k.builder(), k.loc(), k.vectorType(lanes));
  return k.loop(
      k.index(0), k.index(tile.depth), 1, sums,
      [&](Value depth, ValueRange carried) {
        auto loadVectors = [&](GemmOperand operand, Value start, int64_t count,
                               llvm::function_ref<Value(int64_t)> at) {
          Values vectors;
          Value row = k.add(start, k.mul(depth, tiling.pitch(operand)));
          for (int64_t i = 0; i < count; ++i)
            vectors.push_back(k.load(k.scratch(), k.add(row, at(i)), lanes));
          return vectors;
        };
        Values rows = loadVectors(GemmOperand::A, a, tiling.threadRows / lanes,
                                  [&](int64_t i) { return rowOf(i); }),
               columns = loadVectors(GemmOperand::B, b, columnVectors,
                                     [&](int64_t i) { return columnOf(i); });
        Values next;
        for (int64_t i = 0; i < tiling.threadRows; ++i) {
          Value factor =
              k.splat(vector::ExtractOp::create(k.builder(), k.loc(),
                                                rows[i / lanes], i % lanes),
                      lanes);
          for (int64_t j = 0; j < columnVectors; ++j)
            next.push_back(
                math.fma(factor, columns[j], carried[i * columnVectors + j]));
        }
        return next;
      });
}

} // namespace

void emitCudaCoreBlock(GpuKernelBody &k, ConvGemm &gemm,
                       const CudaCoreTiling &tiling) {
  CudaCoreBlock(k, gemm, tiling).emit();
}

} // namespace segc
