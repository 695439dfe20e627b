//===- MmaBlock.cpp -------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MmaBlock.h"

#include "MmaWarps.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace segc {
namespace {

class MmaBlock {
public:
  MmaBlock(GpuKernelBody &k, ConvGemm &gemm, const MmaTiling &tiling)
      : k(k), gemm(gemm), tiling(tiling), tile(tiling.tile),
        warps(k, tiling, tiling.stages * tiling.stageElements()) {}

  void emit();

private:
  using Values = MmaWarps::Values;

  GemmRuns runsOf(GemmOperand operand) const {
    return {tile, operand, gemm.access(operand), warps.piece, k.threads()};
  }
  Value startOf(GemmOperand operand, Value step) {
    Value stage = k.mul(k.rem(step, tiling.stages), tiling.stageElements());
    return operand == GemmOperand::A ? stage
                                     : k.add(stage, tile.rows * tile.depth);
  }
  /// The element of shared memory where a run of a step lies.
  Value placeOf(GemmOperand operand, const GemmRuns &runs, int64_t i,
                Value step) {
    auto [row, at] = runs.place(k, i);
    return k.add(
        startOf(operand, step),
        warps.elementAt(runs.rowElements(), runs.access.alongDepth, row, at));
  }

  /// What a thread has loaded for a step and not yet stored.
  struct Loaded {
    GemmOperand operand;
    int64_t run;
    Value value;
  };
  SmallVector<Loaded> begin(Value step);
  void end(ArrayRef<Loaded> loaded, Value step);
  Values loadFragments(GemmOperand operand, Value step, int64_t depth);
  Values multiply(Value step, ValueRange sums);

  GpuKernelBody &k;
  ConvGemm &gemm;
  MmaTiling tiling;
  GemmTile tile;
  MmaWarps warps;
};

void MmaBlock::emit() {
  for (int64_t step = 0; step < tiling.stages - 1; ++step)
    end(begin(k.index(step)), k.index(step));
  Values sums = k.loop(k.index(0), gemm.stepCount(), 1, warps.zeros(),
                       [&](Value step, ValueRange carried) {
                         // The step is there, and all threads have multiplied
                         // the one whose place the next takes.
                         warps.waitForCopies(tiling.stages - 2);
                         Value next = k.add(step, tiling.stages - 1);
                         SmallVector<Loaded> loaded = begin(next);
                         Values products = multiply(step, carried);
                         end(loaded, next);
                         return products;
                       });
  // The sums take the place of the factors.
  warps.waitForCopies(0);
  warps.storeSums(sums);
  gemm.beginFinish();
  k.barrier();
  gemm.finish(GemmSums(k, GemmSums::pitchOf(tile)));
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
      if (Value value = warps.begin(
              run, runs, i, [&] { return placeOf(operand, runs, i, step); }))
        loaded.push_back({operand, i, value});
    }
  }
  NVVM::CpAsyncCommitGroupOp::create(k.builder(), k.loc());
  return loaded;
}

/// Stores what `begin` has loaded.
void MmaBlock::end(ArrayRef<Loaded> loaded, Value step) {
  for (const auto &[operand, i, value] : loaded) {
    GemmRuns runs = runsOf(operand);
    Value to = placeOf(operand, runs, i, step);
    warps.store(value, runs, i, to);
  }
}

MmaBlock::Values MmaBlock::loadFragments(GemmOperand operand, Value step,
                                         int64_t depth) {
  GemmRuns runs = runsOf(operand);
  bool along = runs.access.alongDepth;
  Value start = startOf(operand, step);
  return warps.loadFragments(
      operand, along, depth, [&](Value index, Value depth) {
        return k.add(start, warps.elementAt(runs.rowElements(), along,
                                            along ? index : depth,
                                            along ? depth : index));
      });
}

MmaBlock::Values MmaBlock::multiply(Value step, ValueRange sums) {
  Values current(sums);
  for (int64_t depth = 0; depth < tile.depth; depth += warps.fragmentDepth) {
    Values a = loadFragments(GemmOperand::A, step, depth),
           b = loadFragments(GemmOperand::B, step, depth);
    warps.multiply(a, b, current);
  }
  return current;
}

} // namespace

void emitMmaBlock(GpuKernelBody &k, ConvGemm &gemm, const MmaTiling &tiling) {
  MmaBlock(k, gemm, tiling).emit();
}

} // namespace segc
