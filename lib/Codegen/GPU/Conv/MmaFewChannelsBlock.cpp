//===- MmaFewChannelsBlock.cpp --------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MmaFewChannelsBlock.h"

#include "MmaWarps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace segc {
namespace {

/// Numbers the positions of a patch.
int64_t numberIn(const Dims &patch, const Dims &position) {
  return (position[0] * patch[1] + position[1]) * patch[2] + position[2];
}

Dims splitNumber(int64_t number, const Dims &sizes) {
  return {number / (sizes[1] * sizes[2]), number / sizes[2] % sizes[1],
          number % sizes[2]};
}

/// Where a tap of a channel lies in the patch, from where tap 0 of channel 0
/// does. Those behind the last, by whose factors zeros are multiplied or whose
/// sums nobody stores, lie where the last does.
int64_t offsetInPatch(const ConvProblem &problem, const Dims &patch,
                      int64_t tapChannel) {
  int64_t channels = problem.groupInputs(),
          last = std::min(tapChannel, tapChannels(problem) - 1);
  return numberIn(patch, splitNumber(last / channels, problem.taps)) *
             channels +
         last % channels;
}

/// Brings a patch of all channels to shared memory, from element `first` on.
void bringPatch(
    GpuKernelBody &k, MmaWarps &warps, const ConvGemm &gemm, int64_t channels,
    const Dims &patch, Value first,
    llvm::function_ref<GemmRun(const Indices &position, Value channel)> run) {
  int64_t lanes = std::min(warps.piece, gemm.access(GemmOperand::A).lanes),
          runsOfRow = channels / lanes;
  warps.bring(product(patch) * runsOfRow, lanes, [&](Value number) {
    Value row = k.div(number, runsOfRow),
          channel = k.mul(k.rem(number, runsOfRow), lanes);
    return std::pair(run(delinearizeDims(k, row, patch), channel),
                     k.add(first, k.add(k.mul(row, channels), channel)));
  });
}

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

class MmaFewChannelsBlock {
public:
  MmaFewChannelsBlock(GpuKernelBody &k, ForwardGemm &gemm,
                      const MmaFewChannelsTiling &tiling)
      : k(k), gemm(gemm), problem(gemm.getProblem()), tiling(tiling),
        tile(tiling.tile), warps(k, tiling, tiling.elements(problem)),
        patch(ForwardGemm::patchOf(problem, tile)), lane(k.rem(k.thread(), 4)) {
  }

  void emit();

private:
  void load();
  Value offsetOf(int64_t depth);

  GpuKernelBody &k;
  ForwardGemm &gemm;
  const ConvProblem &problem;
  MmaFewChannelsTiling tiling;
  GemmTile tile;
  MmaWarps warps;
  Dims patch;
  Value lane; ///< Of four, which differ in their depth.
};

void MmaFewChannelsBlock::emit() {
  load();
  warps.waitForCopies(0);
  int64_t channels = problem.groupInputs();
  Value filter =
      k.add(k.mul(lane, tiling.filterPitch()), tiling.patchElements(problem));
  MmaWarps::Values sums = warps.zeros();
  for (int64_t depth = 0; depth < tile.depth; depth += warps.fragmentDepth) {
    std::map<int64_t, Value> offsets;
    for (int64_t half : {depth, depth + 4})
      offsets[half] = offsetOf(half);
    MmaWarps::Values a = warps.loadElements(
        GemmOperand::A, depth, [&](Value row, int64_t first) {
          return k.loadScalar(
              warps.memory,
              k.add(k.mul(gemm.patchRow(row), channels), offsets.at(first)));
        });
    MmaWarps::Values b = warps.loadElements(
        GemmOperand::B, depth, [&](Value column, int64_t first) {
          return k.loadScalar(
              warps.memory,
              k.add(k.add(filter, first * tiling.filterPitch()), column));
        });
    warps.multiply(a, b, sums);
  }
  // All threads have multiplied: the sums take the place of the factors.
  k.barrier();
  warps.storeSums(sums);
  gemm.beginFinish();
  k.barrier();
  gemm.finish(GemmSums(k, GemmSums::pitchOf(tile)));
}

/// Brings the patch and the filter, whose rows behind the last are zero.
void MmaFewChannelsBlock::load() {
  bringPatch(k, warps, gemm, problem.groupInputs(), patch, k.index(0),
             [&](const Indices &position, Value channel) {
               return gemm.patchRun(position, channel);
             });
  // Shared memory has the filter along the columns, whatever its layout.
  GemmAccess access = gemm.access(GemmOperand::B);
  int64_t width = access.alongDepth
                      ? 1
                      : std::min({warps.piece, access.lanes, tile.columns}),
          runs = tile.columns / width;
  warps.bring(tile.depth * runs, width, [&](Value number) {
    Value depth = k.div(number, runs),
          column = k.mul(k.rem(number, runs), width);
    return std::pair(gemm.run(GemmOperand::B, column, k.index(0), depth),
                     k.add(k.add(k.mul(depth, tiling.filterPitch()), column),
                           tiling.patchElements(problem)));
  });
  NVVM::CpAsyncCommitGroupOp::create(k.builder(), k.loc());
}

/// The offset in the patch of what the lane has of four depths.
Value MmaFewChannelsBlock::offsetOf(int64_t depth) {
  auto constant = [&](int64_t tapChannel) {
    return k.index(offsetInPatch(problem, patch, tapChannel));
  };
  // The four channels of a tap follow each other.
  if (problem.groupInputs() == 4)
    return k.add(constant(std::min(depth, tapChannels(problem) - 4)), lane);
  Value offset = constant(depth);
  for (int64_t i = 1; i < 4; ++i)
    offset =
        arith::SelectOp::create(k.builder(), k.loc(), k.less(lane, k.index(i)),
                                offset, constant(depth + i));
  return offset;
}

//===----------------------------------------------------------------------===//
// Filter gradients
//===----------------------------------------------------------------------===//

class MmaFewChannelsGradBlock {
public:
  MmaFewChannelsGradBlock(GpuKernelBody &k, FilterGradGemm &gemm,
                          const MmaFewChannelsGradTiling &tiling);

  void emit();

private:
  void begin(Value step);
  MmaWarps::Values multiply(Value step, ValueRange sums);
  Value stageOf(Value step) {
    return k.mul(k.rem(step, tiling.stages),
                 tiling.stageFloats(problem, gradBytes));
  }
  /// The element of the output's gradient of a stage.
  Value gradOf(Value stage) {
    return k.mul(k.add(stage, tiling.patchElements(problem)), 4 / gradBytes);
  }
  Value offsetOf(Value row);

  GpuKernelBody &k;
  FilterGradGemm &gemm;
  const ConvProblem &problem;
  MmaFewChannelsGradTiling tiling;
  GemmTile tile;
  int64_t gradBytes;
  MmaWarps warps;
  FactorCopies grad;
  Dims patch;
  Value lane; ///< Of four, which differ in their pixel.
};

MmaFewChannelsGradBlock::MmaFewChannelsGradBlock(
    GpuKernelBody &k, FilterGradGemm &gemm,
    const MmaFewChannelsGradTiling &tiling)
    : k(k), gemm(gemm), problem(gemm.getProblem()), tiling(tiling),
      tile(tiling.tile),
      gradBytes(gradFactorType(gemm.getRoot()) == MultiplyType::Tf32 ? 4 : 2),
      warps(k, tiling, tiling.stages * tiling.stageFloats(problem, gradBytes)),
      grad(k, gradFactorType(gemm.getRoot()),
           tiling.stages * tiling.stageFloats(problem, gradBytes) * 4 /
               gradBytes),
      patch(ForwardGemm::patchOf(problem, tile)), lane(k.rem(k.thread(), 4)) {}

void MmaFewChannelsGradBlock::emit() {
  for (int64_t step = 0; step < tiling.stages - 1; ++step)
    begin(k.index(step));
  MmaWarps::Values sums = k.loop(k.index(0), gemm.stepCount(), 1, warps.zeros(),
                                 [&](Value step, ValueRange carried) {
                                   // The step is there, and all threads have
                                   // multiplied the one whose place the next
                                   // takes.
                                   warps.waitForCopies(tiling.stages - 2);
                                   begin(k.add(step, tiling.stages - 1));
                                   return multiply(step, carried);
                                 });
  // All threads have multiplied the last step, behind which nothing is copied.
  k.barrier();
  warps.storeSums(sums);
  k.barrier();
  gemm.finish(GemmSums(k, GemmSums::pitchOf(tile)));
}

/// Brings what a step multiplies to its stage, if there is such a step.
void MmaFewChannelsGradBlock::begin(Value step) {
  k.ifThen(k.less(step, gemm.stepCount()), [&] {
    FilterGradGemm::Box box = gemm.boxOf(step);
    Value stage = stageOf(step);
    bringPatch(k, warps, gemm, problem.groupInputs(), patch, stage,
               [&](const Indices &position, Value channel) {
                 return gemm.inputRun(box, position, channel);
               });
    int64_t width = std::min(
                {grad.piece, gemm.access(GemmOperand::B).lanes, tile.columns}),
            runs = tile.columns / width;
    grad.bring(tile.depth * runs, width, [&](Value number) {
      Value pixel = k.div(number, runs),
            column = k.mul(k.rem(number, runs), width);
      return std::pair(
          gemm.gradRun(box, delinearizeDims(k, pixel, *tile.box), column),
          k.add(gradOf(stage),
                k.add(k.mul(pixel, tiling.gradPitch()), column)));
    });
  });
  NVVM::CpAsyncCommitGroupOp::create(k.builder(), k.loc());
}

/// The offset in the patch of a row of the tile, a tap of a channel.
Value MmaFewChannelsGradBlock::offsetOf(Value row) {
  int64_t channels = problem.groupInputs();
  Value number = k.min(k.add(k.mul(gemm.getRowBlock(), tile.rows), row),
                       k.index(tapChannels(problem) - 1)),
        offset = k.index(0);
  Indices tap = delinearizeDims(k, k.div(number, channels), problem.taps);
  for (unsigned d = 0; d < 3; ++d)
    offset = k.add(k.mul(offset, patch[d]), tap[d]);
  return k.add(k.mul(offset, channels), k.rem(number, channels));
}

MmaWarps::Values MmaFewChannelsGradBlock::multiply(Value step,
                                                   ValueRange sums) {
  MmaWarps::Values current(sums);
  int64_t channels = problem.groupInputs();
  // Four pixels that follow each other do so in the patch, too.
  Value stage = stageOf(step), input = k.add(stage, k.mul(lane, channels)),
        pixels = k.add(gradOf(stage), k.mul(lane, tiling.gradPitch()));
  for (int64_t depth = 0; depth < tile.depth; depth += warps.fragmentDepth) {
    MmaWarps::Values a = warps.loadElements(
        GemmOperand::A, depth, [&](Value row, int64_t first) {
          int64_t pixel =
              numberIn(patch, splitNumber(first, *tile.box)) * channels;
          return k.loadScalar(warps.memory,
                              k.add(k.add(input, offsetOf(row)), pixel));
        });
    MmaWarps::Values b = warps.loadElements(
        GemmOperand::B, depth, [&](Value column, int64_t first) {
          return k.loadScalar(grad.memory, k.add(k.add(pixels, column),
                                                 first * tiling.gradPitch()));
        });
    warps.multiply(a, b, current);
  }
  return current;
}

/// Floats of a patch, whose end is aligned to copies of 16 bytes.
int64_t patchFloats(const ConvProblem &problem, const GemmTile &tile) {
  return roundUp(
      product(ForwardGemm::patchOf(problem, tile)) * problem.groupInputs(), 4);
}

} // namespace

int64_t MmaFewChannelsTiling::patchElements(const ConvProblem &problem) const {
  return patchFloats(problem, tile);
}

int64_t
MmaFewChannelsGradTiling::patchElements(const ConvProblem &problem) const {
  return patchFloats(problem, tile);
}

MultiplyType gradFactorType(Operation *root) {
  Type type = getElementTypeOrSelf(seg::storedValue(root->getOperand(1)));
  return type.isBF16()  ? MultiplyType::Bf16
         : type.isF16() ? MultiplyType::F16
                        : MultiplyType::Tf32;
}

void emitMmaFewChannelsBlock(GpuKernelBody &k, ForwardGemm &gemm,
                             const MmaFewChannelsTiling &tiling) {
  MmaFewChannelsBlock(k, gemm, tiling).emit();
}

void emitMmaFewChannelsGradBlock(GpuKernelBody &k, FilterGradGemm &gemm,
                                 const MmaFewChannelsGradTiling &tiling) {
  MmaFewChannelsGradBlock(k, gemm, tiling).emit();
}

} // namespace segc
