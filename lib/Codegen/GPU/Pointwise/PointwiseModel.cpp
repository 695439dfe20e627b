//===- PointwiseModel.cpp - Strategies of pointwise kernels ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A thread with one vector loads mean, variance, scale and shift for it: more
// bytes than the vector has. With several vectors of the same channels it loads
// them once, and there are fewer blocks. What it keeps takes registers: vectors
// are as wide as leaves a multiprocessor as many threads as it can hold.

#include "../KernelHelpers.h"
#include "PointwiseBlocks.h"

using namespace mlir;

namespace segc {

static constexpr llvm::StringLiteral positionsName = "positions";

/// Whether the operand has a value for each channel, in all pixels of a sample.
static bool isOfChannels(const PointwiseOperand &operand) {
  return operand.isShared() && operand.kind != seg::Broadcast::Scalar;
}

/// Whether the threads that keep what is shared are as many as others.
static bool fillsDevice(const PointwiseBlocks &blocks,
                        const GpuTarget &target) {
  // Addresses and values between loads and stores.
  int64_t registers = 14;
  for (const PointwiseOperand &operand :
       pointwiseOperands(blocks.fusion, blocks.ops, blocks.space))
    if (isOfChannels(operand))
      registers += blocks.lanes;
    else if (!operand.isShared())
      registers +=
          blocks.positionsUnderWay() *
          llvm::divideCeilSigned(operand.elementBytes() * blocks.lanes, 4);
  return target.residentBlocks(pointwiseThreads, registers,
                               /*sharedBytesOfBlock=*/0) ==
         target.residentThreads / pointwiseThreads;
}

/// Sets the lanes of threads with several vectors.
static void chooseLanes(PointwiseBlocks &blocks, const GpuTarget &target) {
  blocks.lanes = vectorLanes(target, blocks.channels());
  while (blocks.lanes > 1 && !fillsDevice(blocks, target))
    blocks.lanes /= 2;
}

std::optional<PointwiseBlocks> pointwiseBlocks(seg::FusionOp fusion,
                                               const GpuTarget &target) {
  std::optional<PointwiseSpace> space = pointwiseSpace(fusion);
  if (!space)
    return std::nullopt;
  PointwiseBlocks blocks{fusion, fusion.getEpilogue(), space->type,
                         space->batched, target.lanes};
  if (seg::StrategyAttr strategy = fusion.getStrategyAttr())
    if (auto positions = strategy.get<IntegerAttr>(positionsName))
      blocks.positions = positions.getInt();
  if (blocks.positions > 1)
    chooseLanes(blocks, target);
  return blocks;
}

namespace {

/// What the cost model knows of a fusion.
class PointwiseCost {
public:
  PointwiseCost(const PointwiseBlocks &blocks, const GpuTarget &target);

  /// Whether threads with several vectors would load anything less often.
  bool hasSharedOperands() const { return shared > 0; }
  /// Modelled seconds of the blocks: bytes from memory, what they ask L2 for,
  /// and the rounds of loads that the resident threads wait for.
  double seconds(const PointwiseBlocks &blocks) const;

private:
  const GpuTarget &target;
  int64_t samples;
  int64_t bytes = 0;  ///< Of an element of all operands of the space's shape.
  int64_t shared = 0; ///< Operands that are broadcast along pixels.
};

struct PointwiseModel : PointwiseFusionModel {
  PointwiseModel() : PointwiseFusionModel(gpuDevice) {}

  ArrayRef<StrategyParameter> parameters() const override {
    static const StrategyParameter all[] = {
        {positionsName, StrategyParameter::Type::Size, /*optional=*/true}};
    return all;
  }
  SmallVector<StrategyProposal>
  propose(seg::FusionOp fusion, const StrategyContext &context) const override;
  int64_t reducedPixels(seg::FusionOp,
                        RankedTensorType reduced) const override {
    return gpuReducedPixels(reduced);
  }

protected:
  LogicalResult emitKernels(KernelEmission &emission) const override {
    GpuFusionEmitter emitter(emission);
    return emitGpuPointwiseFusion(emitter);
  }
};

} // namespace

PointwiseCost::PointwiseCost(const PointwiseBlocks &blocks,
                             const GpuTarget &target)
    : target(target), samples(blocks.batched ? blocks.space.getDimSize(0) : 1) {
  for (const PointwiseOperand &operand :
       pointwiseOperands(blocks.fusion, blocks.ops, blocks.space)) {
    if (operand.kind == seg::Broadcast::None)
      bytes += operand.elementBytes();
    shared += isOfChannels(operand);
  }
  seg::FusionOp fusion = blocks.fusion;
  for (Type type : fusion.getResultTypes())
    bytes += cast<RankedTensorType>(type).getElementTypeBitWidth() / 8;
}

double PointwiseCost::seconds(const PointwiseBlocks &blocks) const {
  auto elements =
      static_cast<double>(samples * blocks.pixels() * blocks.channels());
  double sharedBytes =
      4.0 * static_cast<double>(shared) / static_cast<double>(blocks.positions);
  auto own = static_cast<double>(bytes);
  int64_t resident =
      target.multiprocessors * target.residentThreads / pointwiseThreads;
  int64_t rounds =
      llvm::divideCeilSigned(samples * blocks.count(), resident) *
      llvm::divideCeilSigned(blocks.positions, blocks.positionsUnderWay());
  return std::max({elements * own / target.bytesPerSecond,
                   elements * (own + sharedBytes) / target.l2BytesPerSecond,
                   static_cast<double>(rounds) * target.loadSeconds});
}

SmallVector<StrategyProposal>
PointwiseModel::propose(seg::FusionOp fusion,
                        const StrategyContext &context) const {
  const auto &target = static_cast<const GpuTarget &>(*context.target.version);
  std::optional<PointwiseBlocks> ofVectors = pointwiseBlocks(fusion, target);
  if (!ofVectors || ofVectors->channels() % ofVectors->lanes != 0)
    return {};
  PointwiseBlocks blocks = *ofVectors;
  PointwiseCost cost(blocks, target);
  if (!cost.hasSharedOperands())
    return {};
  double best = cost.seconds(blocks);
  int64_t positions = 1;
  for (int64_t more : {2, 4, 8, 16}) {
    blocks.positions = more;
    chooseLanes(blocks, target);
    if (!fillsDevice(blocks, target))
      continue;
    double seconds = cost.seconds(blocks);
    if (seconds < best) {
      best = seconds;
      positions = more;
    }
  }
  if (positions == 1)
    return {};
  Builder b(fusion.getContext());
  StrategyProposal proposal;
  proposal.title = pointwiseKind.str();
  proposal.seconds = best;
  proposal.strategy = seg::StrategyAttr::get(
      fusion.getContext(), pointwiseKind,
      b.getNamedAttr(positionsName, b.getI64IntegerAttr(positions)));
  return {proposal};
}

const KernelModel &gpuPointwiseModel() {
  static const PointwiseModel model;
  return model;
}

} // namespace segc
