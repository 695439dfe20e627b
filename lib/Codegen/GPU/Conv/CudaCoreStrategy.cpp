//===- CudaCoreStrategy.cpp -----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudaCoreStrategy.h"

#include "FilterGradGemm.h"
#include "ForwardGemm.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace segc {

//===----------------------------------------------------------------------===//
// Work
//===----------------------------------------------------------------------===//

static ConvProblem problemOf(Operation *root) {
  return isa<seg::ConvFilterGradOp>(root) ? filterGradProblem(root)
                                          : convProblem(root);
}

GemmWork::GemmWork(seg::FusionOp fusion, const GpuTarget &target)
    : fusion(fusion), problem(problemOf(fusion.getRoot())),
      isFilterGrad(isa<seg::ConvFilterGradOp>(fusion.getRoot())),
      target(target) {}

int64_t GemmWork::blocks(const GemmTile &tile, int64_t parts) const {
  return isFilterGrad
             ? FilterGradGemm::blocks(problem, tile, parts)
             : problem.batch * ForwardGemm::blocksOfSample(problem, tile);
}

int64_t GemmWork::rows() const {
  return isFilterGrad ? product(problem.taps) * problem.groupInputs()
                      : product(blockSpace(problem));
}
int64_t GemmWork::columns() const { return problem.groupOutputs(); }

int64_t GemmWork::steps(const GemmTile &tile, int64_t parts) const {
  if (isFilterGrad)
    return divideUp(divideUp(problem.batch * product(problem.out), parts),
                    tile.depth);
  return divideUp(product(divideUp(problem.taps, blockPhases(problem))) *
                      problem.groupInputs(),
                  tile.depth);
}

GemmAccess GemmWork::access(GemmOperand operand) const {
  Operation *root = fusion.getRoot();
  return isFilterGrad ? FilterGradGemm::accessOf(problem, root, operand)
                      : ForwardGemm::accessOf(problem, root, operand);
}

int64_t GemmWork::tempFloats(const GemmTile &tile, int64_t parts) const {
  if (isFilterGrad)
    return FilterGradGemm::tempFloats(problem, parts);
  auto reductions = ForwardGemm::reductions(fusion, problem, tile);
  return reductions.empty() ? 0
                            : reductions.back().layout.base +
                                  reductions.back().layout.floats();
}

int64_t GemmWork::launches(int64_t parts) const {
  auto reductions = fusion.getBody().getOps<ChannelReductionOpInterface>();
  return 1 + (parts > 1) + std::distance(reductions.begin(), reductions.end());
}

//===----------------------------------------------------------------------===//
// Tilings
//===----------------------------------------------------------------------===//

int64_t sharedFloats(const GemmWork &work, const CudaCoreTiling &tiling) {
  return work.isFilterGrad
             ? tiling.sharedFloats()
             : std::max(tiling.sharedFloats(),
                        ForwardGemm::finishFloats(work.fusion, work.problem,
                                                  tiling.tile,
                                                  tiling.threads()));
}

std::string refusal(const GemmWork &work, const CudaCoreTiling &tiling) {
  const GemmTile &tile = tiling.tile;
  for (int64_t size : {tile.rows, tile.columns, tile.depth, tiling.threadRows,
                       tiling.threadColumns})
    if (!llvm::isPowerOf2_64(size))
      return "expects powers of two, got " + std::to_string(size);
  constexpr int64_t lanes = CudaCoreTiling::lanes;
  if (tiling.threadRows < lanes || tiling.threadColumns < lanes ||
      tiling.threadRows > tile.rows || tiling.threadColumns > tile.columns)
    return "expects a thread to have at least 4 rows and columns, and at most "
           "those of the tile";
  // At most as many registers as a thread may have.
  if (tiling.threadRows * tiling.threadColumns > 128)
    return "expects a thread to have at most 128 sums, got " +
           std::to_string(tiling.threadRows * tiling.threadColumns);
  int64_t threads = tiling.threads(), bytes = 4 * sharedFloats(work, tiling);
  if (threads > work.target.blockThreads || threads < tile.columns)
    return "expects a block to have at least as many threads as columns, and "
           "at most " +
           std::to_string(work.target.blockThreads) + ", got " +
           std::to_string(threads);
  if (bytes > work.target.sharedBytes)
    return "expects at most " + std::to_string(work.target.sharedBytes) +
           " bytes of shared memory, got " + std::to_string(bytes);
  return "";
}

/// Seconds by the roofline of a device whose multiprocessors each do some of
/// the blocks.
double modelledSeconds(const GemmWork &work, const CudaCoreTiling &tiling,
                       int64_t parts) {
  const GemmTile &tile = tiling.tile;
  const GpuTarget &target = work.target;
  double threads = tiling.threads(), blocks = work.blocks(tile, parts),
         steps = work.steps(tile, parts);
  // Instructions of the threads for a step: products with the loads of their
  // factors, and runs of A and B on their way to shared memory.
  constexpr double instructionsOfRun = 15;
  double products = static_cast<double>(tile.rows * tile.columns * tile.depth),
         sums = static_cast<double>(tiling.threadRows * tiling.threadColumns),
         factors =
             static_cast<double>(tiling.threadRows + tiling.threadColumns);
  auto runs = [&](GemmOperand operand, int64_t extent) {
    int64_t lanes = std::min(CudaCoreTiling::lanes, work.access(operand).lanes);
    return static_cast<double>(extent * tile.depth) / lanes;
  };
  double step = products * (1 + 1.5 * factors / sums) +
                instructionsOfRun * (runs(GemmOperand::A, tile.rows) +
                                     runs(GemmOperand::B, tile.columns));
  double finish = 12.0 * tile.rows * tile.columns;
  double perSecond = target.peakFlops / 2 / target.multiprocessors;
  double ownBlocks = std::ceil(blocks / target.multiprocessors);
  // Fewer than eight warps do not hide what they wait for.
  double bytes = 4.0 * sharedFloats(work, tiling);
  double resident =
      std::max(1.0, std::min({ownBlocks, target.residentThreads / threads,
                              target.sharedBytes / bytes,
                              target.registers / (threads * (sums + 60))}));
  double busy = std::min(1.0, resident * threads / 256);
  double compute = ownBlocks * (steps * step + finish) / perSecond / busy;
  double l2 = blocks * steps * (tile.rows + tile.columns) * tile.depth * 4 /
              target.l2BytesPerSecond;
  double merge = 8.0 * work.tempFloats(tile, parts) / target.bytesPerSecond;
  double memory = work.fusion.bytes() / target.bytesPerSecond;
  // Of tilings that take the same time, the one with less work.
  double all = 1e-2 * blocks * (steps * step + finish) / perSecond /
               target.multiprocessors;
  return std::max({compute, l2, memory}) + all + merge +
         work.launches(parts) * target.launchSeconds;
}

SmallVector<CudaCoreChoice> cudaCoreChoices(const GemmWork &work) {
  constexpr int64_t maxTempBytes = 256 << 20;
  SmallVector<CudaCoreChoice> choices;
  int64_t widest = std::max<int64_t>(4, llvm::PowerOf2Ceil(work.columns()));
  int64_t pixels = work.problem.batch * product(work.problem.out);
  for (auto [threadRows, threadColumns] :
       {std::pair<int64_t, int64_t>{8, 8}, {8, 4}, {4, 4}})
    for (int64_t columns : {4, 8, 16, 32, 64, 128})
      for (int64_t rows : {8, 16, 32, 64, 128, 256, 512, 1024})
        for (int64_t depth : {8, 16}) {
          CudaCoreChoice choice;
          choice.tiling = {{rows, columns, depth}, threadRows, threadColumns};
          if (columns > widest || choice.tiling.threads() < 32 ||
              choice.tiling.threads() > 256 ||
              !refusal(work, choice.tiling).empty())
            continue;
          for (int64_t parts : {1, 2, 4, 8, 16, 32, 64, 128, 256}) {
            if (parts > 1 &&
                (!work.isFilterGrad || parts * 64 > pixels ||
                 4 * work.tempFloats(choice.tiling.tile, parts) > maxTempBytes))
              break;
            choice.parts = parts;
            choice.seconds = modelledSeconds(work, choice.tiling, parts);
            choices.push_back(choice);
          }
        }
  llvm::stable_sort(choices,
                    [](const CudaCoreChoice &a, const CudaCoreChoice &b) {
                      return a.seconds < b.seconds;
                    });
  return choices;
}

} // namespace segc
