//===- GemmWork.cpp -------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GemmWork.h"

#include "FilterGradGemm.h"
#include "ForwardGemm.h"
#include "Reductions/TileMerges.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace segc {

static ConvProblem problemOf(Operation *root) {
  return isa<seg::ConvFilterGradOp>(root) ? filterGradProblem(root)
                                          : convProblem(root);
}

GemmWork::GemmWork(seg::FusionOp fusion, const GpuTarget &target,
                   bool isPrepared)
    : fusion(fusion), problem(problemOf(fusion.getRoot())),
      isFilterGrad(isa<seg::ConvFilterGradOp>(fusion.getRoot())),
      target(target), isPrepared(isPrepared) {}

int64_t GemmWork::blocks(const GemmTile &tile, int64_t parts) const {
  if (isFilterGrad)
    return FilterGradGemm::blocks(problem, tile, parts);
  TaskCount tasks = ForwardGemm::tasks(problem, tile);
  return tasks.fixed + problem.batch * tasks.perSample;
}

int64_t GemmWork::rows() const {
  return isFilterGrad ? product(problem.taps) * problem.groupInputs()
                      : product(blockSpace(problem));
}
int64_t GemmWork::columns() const { return problem.groupOutputs(); }

int64_t GemmWork::steps(const GemmTile &tile, int64_t parts) const {
  if (isFilterGrad)
    return tile.box
               ? divideUp(problem.batch *
                              FilterGradGemm::boxesOfSample(problem, tile),
                          parts)
               : divideUp(divideUp(problem.batch * product(problem.out), parts),
                          tile.depth);
  int64_t taps = product(divideUp(problem.taps, blockPhases(problem)));
  return divideUp(tile.box ? taps / tile.taps *
                                 divideUp(problem.groupInputs(), tile.depth)
                           : divideUp(taps * problem.groupInputs(), tile.depth),
                  tile.cluster);
}

double GemmWork::meanSteps(const GemmTile &tile, int64_t parts) const {
  double most = static_cast<double>(steps(tile, parts));
  if (isFilterGrad)
    return most;
  Dims phases = blockPhases(problem);
  return most * static_cast<double>(product(problem.taps)) /
         static_cast<double>(product(divideUp(problem.taps, phases)) *
                             product(phases));
}

GemmAccess GemmWork::access(GemmOperand operand) const {
  Operation *root = fusion.getRoot();
  return isFilterGrad ? FilterGradGemm::accessOf(problem, root, operand)
                      : ForwardGemm::accessOf(problem, root, operand);
}

int64_t GemmWork::tempFloats(const GemmTile &tile, int64_t parts) const {
  if (isFilterGrad)
    return FilterGradGemm::tempFloats(problem,
                                      FilterGradGemm::copies(tile, parts));
  auto reductions = ForwardGemm::reductions(fusion, problem, tile);
  return reductions.empty()
             ? 0
             : reductions.back().layout.base +
                   ChannelMerge(reductions.back().op, reductions.back().layout)
                       .floats();
}

double GemmWork::mergeSeconds(const GemmTile &tile, int64_t parts) const {
  double seconds = 8.0 * tempFloats(tile, parts) / target.bytesPerSecond;
  if (isFilterGrad)
    return seconds + FilterGradGemm::mergeSeconds(
                         target, problem, FilterGradGemm::copies(tile, parts));
  for (ForwardGemm::Reduction &reduction :
       ForwardGemm::reductions(fusion, problem, tile)) {
    ChannelMerge merge(reduction.op, reduction.layout);
    seconds +=
        merge.launches() * target.launchSeconds + merge.waitSeconds(target);
  }
  return seconds;
}

int64_t GemmWork::sharedFloats(const GemmTile &tile, int64_t threads,
                               int64_t stepFloats) const {
  int64_t floats = std::max(stepFloats, GemmSums::floats(tile));
  return isFilterGrad ? floats
                      : std::max(floats, ForwardGemm::finishFloats(
                                             fusion, problem, tile, threads));
}

/// Multiprocessors that clusters of so many blocks can fill at a time.
static int64_t usedMultiprocessors(const GpuTarget &target,
                                   const GemmTile &tile) {
  constexpr int64_t pair = 2;
  return tile.cluster <= pair ? target.multiprocessors
                              : target.clusterMultiprocessors;
}

SmallVector<int64_t> GemmWork::partCounts(const GemmTile &tile) const {
  constexpr int64_t maxTempBytes = 256 << 20, minPixels = 64, maxParts = 256;
  if (!isFilterGrad)
    return {1};
  SmallVector<int64_t> counts{tile.cluster};
  int64_t pixels = problem.batch * product(problem.out);
  for (int64_t parts = 2 * tile.cluster;
       parts * minPixels <= pixels && parts <= maxParts &&
       4 * tempFloats(tile, parts) <= maxTempBytes;
       parts *= 2)
    counts.push_back(parts);
  // Those that fill the multiprocessors once or more.
  constexpr int64_t maxWaves = 4;
  int64_t most = counts.back(), ofCopy = blocks(tile, tile.cluster);
  for (int64_t waves = 1; waves <= maxWaves; ++waves)
    if (int64_t parts =
            waves * usedMultiprocessors(target, tile) / ofCopy * tile.cluster;
        parts > tile.cluster && parts < most &&
        !llvm::is_contained(counts, parts))
      counts.push_back(parts);
  return counts;
}

std::string GemmWork::refusal(const GemmTile &tile, int64_t threads,
                              int64_t floats) const {
  for (int64_t size : {tile.rows, tile.columns, tile.depth})
    if (!llvm::isPowerOf2_64(size))
      return "expects a tile of powers of two, got " + std::to_string(size);
  // Threads store whole columns of the tile.
  if (threads > target.blockThreads || threads < tile.columns ||
      !llvm::isPowerOf2_64(threads))
    return "expects a block to have a power of two of threads, at least as "
           "many as columns and at most " +
           std::to_string(target.blockThreads) + ", got " +
           std::to_string(threads);
  if (4 * floats > target.sharedBytes)
    return "expects at most " + std::to_string(target.sharedBytes) +
           " bytes of shared memory, got " + std::to_string(4 * floats);
  return "";
}

double issueSeconds(const GpuTarget &target, double instructions) {
  return instructions * target.multiprocessors * 2 / target.peakFlops;
}

/// Seconds until the sums of a cluster have met: two barriers, and what a
/// multiprocessor reads of the others.
static double clusterSeconds(const GpuTarget &target, const GemmTile &tile) {
  if (tile.cluster == 1)
    return 0;
  double bytes = 4.0 * tile.rows * tile.columns;
  return 2 * target.clusterBarrierSeconds +
         bytes * target.multiprocessors / target.clusterBytesPerSecond;
}

/// Loads of the epilogue that a block waits for one after the other.
static double finishRounds(const GemmWork &work, const BlockCost &cost) {
  return work.isFilterGrad
             ? 0
             : static_cast<double>(ForwardGemm::finishRounds(
                   work.fusion, work.problem, cost.tile, cost.threads));
}

double modelledSeconds(const GemmWork &work, const BlockCost &cost) {
  const GemmTile &tile = cost.tile;
  const GpuTarget &target = work.target;
  double blocks = work.blocks(tile, cost.parts),
         steps = work.meanSteps(tile, cost.parts),
         mostSteps = work.steps(tile, cost.parts), threads = cost.threads;
  constexpr double finishInstructions = 12; // For each sum of the tile.
  double finish =
      issueSeconds(target, finishInstructions * tile.rows * tile.columns /
                               static_cast<double>(tile.cluster)) +
      clusterSeconds(target, tile);
  double ownBlocks = std::ceil(
      blocks / static_cast<double>(usedMultiprocessors(target, tile)));
  double registers = target.kernelRegisters
                         ? static_cast<double>(target.kernelRegisters)
                         : cost.registers;
  double resident = std::max(
      1.0, std::floor(std::min({ownBlocks, target.residentThreads / threads,
                                target.sharedBytes / (4.0 * cost.sharedFloats),
                                target.registers / (threads * registers)})));
  // What a block does beside its asynchronous products is hidden by those of
  // other blocks, but for the part of the time in which all do the same. So is
  // what its epilogue waits for.
  double wait = target.loadSeconds * finishRounds(work, cost);
  double products = steps * cost.asynchronous,
         others = steps * (cost.step - cost.asynchronous) + finish,
         block = std::max(products, others) +
                 (std::min(products, others) + wait) / resident;
  // Fewer than eight warps do not keep a multiprocessor busy. A step cannot be
  // shorter than what it waits for, whatever other blocks do meanwhile.
  // Partitions with fewer warps than another wait for it.
  constexpr double partitions = 4;
  double warps = resident * static_cast<double>(cost.multiplyingWarps);
  double busy =
             std::min({1.0, resident * threads / 256,
                       warps / (partitions * std::ceil(warps / partitions))}),
         waves = std::ceil(ownBlocks / resident);
  // The block with the most steps takes its time, too.
  double begin = 3 * target.loadSeconds + wait + clusterSeconds(target, tile);
  double compute = std::max({ownBlocks * block / busy,
                             waves * (steps * cost.latency + begin),
                             mostSteps * cost.step + finish + wait,
                             mostSteps * cost.latency + begin});
  double l2 = blocks * steps * cost.stepBytes / target.l2BytesPerSecond;
  double memory = work.fusion.bytes() / target.bytesPerSecond;
  // Of tilings that take the same time, the one with less work.
  double all = 1e-2 * blocks * block / target.multiprocessors;
  return std::max({compute, l2, memory}) + all + target.launchSeconds +
         work.mergeSeconds(tile, cost.parts);
}

} // namespace segc
