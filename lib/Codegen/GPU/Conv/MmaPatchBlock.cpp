//===- MmaPatchBlock.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MmaPatchBlock.h"

#include "MmaWarps.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace segc {
namespace {

class MmaPatchBlock {
public:
  MmaPatchBlock(GpuKernelBody &k, ForwardGemm &gemm,
                const MmaPatchTiling &tiling)
      : k(k), gemm(gemm), problem(gemm.getProblem()), tiling(tiling),
        tile(tiling.tile), warps(k, tiling, tiling.elements(problem)),
        chunks(problem.groupInputs() / tile.depth),
        taps(k.div(gemm.stepCount(), chunks)) {}

  void emit();

private:
  using Values = MmaWarps::Values;

  Values multiplyChunk(Value chunk, ValueRange sums);
  void loadPatch(Value chunk);
  GemmRuns filterRuns() const {
    return {tile, GemmOperand::B, gemm.access(GemmOperand::B), warps.piece,
            k.threads()};
  }
  Value stageOf(Value tap) {
    return k.mul(k.rem(tap, tiling.stages), tile.columns * tile.depth);
  }
  Value placeOf(const GemmRuns &runs, int64_t i, Value tap) {
    auto [row, at] = runs.place(k, i);
    return k.add(
        stageOf(tap),
        warps.elementAt(runs.rowElements(), runs.access.alongDepth, row, at));
  }
  /// The element of shared memory that has a channel of the chunk of a row of
  /// the patch.
  Value patchPlace(Value row, Value channel) {
    return k.add(warps.elementAt(tile.depth, /*alongDepth=*/true, row, channel),
                 tiling.filterElements());
  }

  /// A run of the filter in registers.
  struct Loaded {
    int64_t run;
    Value value;
  };
  SmallVector<Loaded> begin(Value chunk, Value tap);
  void end(ArrayRef<Loaded> loaded, Value tap);
  Values multiply(Value tap, ValueRange sums);

  GpuKernelBody &k;
  ForwardGemm &gemm;
  const ConvProblem &problem;
  MmaPatchTiling tiling;
  GemmTile tile;
  MmaWarps warps;
  int64_t chunks; ///< Of the channels of a group.
  Value taps;
};

void MmaPatchBlock::emit() {
  Values sums = warps.zeros();
  if (chunks == 1)
    sums = multiplyChunk(k.index(0), sums);
  else
    sums = k.loop(k.index(0), k.index(chunks), 1, sums,
                  [&](Value chunk, ValueRange carried) {
                    return multiplyChunk(chunk, carried);
                  });
  // The sums take the place of the factors.
  warps.storeSums(sums);
  gemm.beginFinish();
  k.barrier();
  gemm.finish(GemmSums(k, GemmSums::pitchOf(tile)));
}

/// Adds the products of a chunk of channels by all taps.
MmaPatchBlock::Values MmaPatchBlock::multiplyChunk(Value chunk,
                                                   ValueRange sums) {
  loadPatch(chunk);
  for (int64_t tap = 0; tap < tiling.stages - 1; ++tap)
    end(begin(chunk, k.index(tap)), k.index(tap));
  Values result =
      k.loop(k.index(0), taps, 1, sums, [&](Value tap, ValueRange carried) {
        // The tap's filter is there, and the patch, which was copied before
        // that of the first; all threads have multiplied the tap whose place
        // the next takes.
        warps.waitForCopies(tiling.stages - 2);
        Value next = k.add(tap, tiling.stages - 1);
        SmallVector<Loaded> loaded = begin(chunk, next);
        Values products = multiply(tap, carried);
        end(loaded, next);
        return products;
      });
  // All threads have multiplied, and nothing is copied any more.
  warps.waitForCopies(0);
  return result;
}

void MmaPatchBlock::loadPatch(Value chunk) {
  Value firstChannel = k.mul(chunk, tile.depth);
  warps.bringBox(ForwardGemm::patchOf(problem, tile), tile.depth,
                 gemm.access(GemmOperand::A).lanes,
                 [&](const Indices &position, Value channel) {
                   return std::pair(
                       gemm.patchRun(position, k.add(firstChannel, channel)),
                       patchPlace(gemm.patchNumber(position), channel));
                 });
}

/// Begins the copies of a tap's filter, and loads what needs registers.
SmallVector<MmaPatchBlock::Loaded> MmaPatchBlock::begin(Value chunk,
                                                        Value tap) {
  SmallVector<Loaded> loaded;
  Value exists = k.less(tap, taps), step = k.add(k.mul(tap, chunks), chunk);
  GemmRuns runs = filterRuns();
  for (int64_t i = 0; i < runs.count; ++i) {
    auto [index, depth] = runs.element(k, i);
    GemmRun run = gemm.run(GemmOperand::B, index, step, depth);
    run.inside = k.both(run.inside, exists);
    if (Value value =
            warps.begin(run, runs, i, [&] { return placeOf(runs, i, tap); }))
      loaded.push_back({i, value});
  }
  NVVM::CpAsyncCommitGroupOp::create(k.builder(), k.loc());
  return loaded;
}

/// Stores what `begin` has loaded.
void MmaPatchBlock::end(ArrayRef<Loaded> loaded, Value tap) {
  GemmRuns runs = filterRuns();
  for (const auto &[i, value] : loaded) {
    Value to = placeOf(runs, i, tap);
    warps.store(value, runs, i, to);
  }
}

MmaPatchBlock::Values MmaPatchBlock::multiply(Value tap, ValueRange sums) {
  Values current(sums);
  GemmRuns runs = filterRuns();
  bool along = runs.access.alongDepth;
  Value shift = gemm.patchShift(tap), stage = stageOf(tap);
  for (int64_t depth = 0; depth < tile.depth; depth += warps.fragmentDepth) {
    Values a = warps.loadFragments(
        GemmOperand::A, /*alongDepth=*/true, depth,
        [&](Value row, Value channel) {
          return patchPlace(k.add(gemm.patchRow(row), shift), channel);
        });
    Values b = warps.loadFragments(
        GemmOperand::B, along, depth, [&](Value column, Value channel) {
          return k.add(stage, warps.elementAt(runs.rowElements(), along,
                                              along ? column : channel,
                                              along ? channel : column));
        });
    warps.multiply(a, b, current);
  }
  return current;
}

} // namespace

int64_t patchRuns(const ConvProblem &problem, const MmaPatchTiling &tiling,
                  int64_t lanes) {
  return divideUp(tiling.patchElements(problem) / lanes, tiling.threads());
}

void emitMmaPatchBlock(GpuKernelBody &k, ForwardGemm &gemm,
                       const MmaPatchTiling &tiling) {
  MmaPatchBlock(k, gemm, tiling).emit();
}

} // namespace segc
