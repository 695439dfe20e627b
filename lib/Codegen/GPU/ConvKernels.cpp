//===- ConvKernels.cpp - Convolutions as roots of GPU kernels -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConvEmitter.h"

#include "segc/Codegen/Common/ConvProblem.h"
#include "segc/Codegen/Common/PointwiseEmitter.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace segc {
namespace {

constexpr int64_t convThreads = 128;
constexpr int64_t mergeThreads = 128;
constexpr llvm::StringLiteral kindName = "implicit_gemm", tileName = "tile";

//===----------------------------------------------------------------------===//
// Tile
//===----------------------------------------------------------------------===//

ConvTiling selectTiling(const ConvProblem &problem, const GpuTarget &target) {
  ConvTiling tiling;
  // Tiles of few channels get more pixels, so that every thread has work.
  tiling.channels = std::min<int64_t>(
      32, llvm::PowerOf2Ceil(std::max(problem.outChannels, target.lanes)));
  tiling.pixels = convThreads * threadPixels * target.lanes / tiling.channels;
  tiling.depth = std::min<int64_t>(16, problem.inChannels);
  return tiling;
}

/// The strategy's, which may be written by hand.
FailureOr<ConvTiling> readTiling(seg::FusionOp fusion,
                                 const GpuTarget &target) {
  ArrayRef<int64_t> tile = fusion.getStrategyAttr().getInts(tileName);
  ConvTiling tiling{tile[0], tile[1], tile[2]};
  bool whole =
      tiling.pixels % threadPixels == 0 && tiling.channels % target.lanes == 0;
  if (!whole || tiling.threads(target.lanes) > target.blockThreads ||
      4 * tiling.sharedFloats() > target.sharedBytes)
    return fusion.emitOpError("expects a tile of multiples of ")
           << threadPixels << " pixels and " << target.lanes
           << " channels that takes at most " << target.blockThreads
           << " threads and " << target.sharedBytes
           << " bytes of shared memory, got " << fusion.getStrategyAttr();
  return tiling;
}

//===----------------------------------------------------------------------===//
// Fusion
//===----------------------------------------------------------------------===//

/// Verifies that the kernel supports the ops of the fusion.
LogicalResult check(seg::FusionOp fusion, seg::ConvOp conv) {
  ConvProblem problem = convProblem(conv);
  if (problem.groups != 1)
    return conv.emitOpError("with groups has no GPU kernel, got ")
           << problem.groups << " groups";
  for (int64_t dilation : problem.dilations)
    if (dilation != 1)
      return conv.emitOpError("with dilations has no GPU kernel, got ")
             << "dilation " << dilation;
  llvm::SetVector<Operation *> prologue = fusion.getPrologue();
  for (Value operand : conv->getOperands().drop_front())
    if (operand.getDefiningOp())
      return conv.emitOpError("supports a prologue of its input only");
  ChannelReductionOpInterface known = reductionOf(fusion);
  for (Operation &op : fusion.getBody().front().without_terminator()) {
    if (&op == conv)
      continue;
    bool before = prologue.contains(&op), reduces = &op == known;
    if (!reduces && !isa<seg::PointwiseOpInterface>(op))
      return op.emitOpError("is a second reduction in a convolution's kernel");
    if (reduces && known.getTermOperands().size() > 1)
      return op.emitOpError("reads more than the result of the convolution, "
                            "which its GPU kernel does not support");
    RankedTensorType space =
        before ? conv.getInput().getType() : conv.getOutput().getType();
    Type type = reduces ? known.getTermOperands().front().getType()
                        : op.getResult(0).getType();
    if (type != space)
      return op.emitOpError("expects the type ")
             << space << " in this kernel, got " << type;
    for (Operation *user : op.getUsers())
      if (reduces ? !isa<seg::YieldOp>(user)
                  : before && user != conv && !prologue.contains(user))
        return op.emitOpError("is used outside the kernel's ")
               << (reduces ? "merging" : "prologue");
  }
  return success();
}

struct ConvModel : KernelModel {
  bool computes(OperationName root) const override {
    return root.getTypeID() == TypeID::get<seg::ConvOp>();
  }
  StringRef kind(OperationName) const override { return kindName; }
  ArrayRef<StrategyParameter> parameters() const override {
    static const StrategyParameter tile{tileName,
                                        StrategyParameter::Type::Sizes};
    return tile;
  }
  bool takesEpilogue(Operation *) const override { return true; }
  bool takesPrologue(OpOperand &operand) const override {
    return operand.getOperandNumber() == 0;
  }
  bool takesReduction(Operation *, Operation *reduction) const override {
    return isa<seg::NormStatsOp>(reduction);
  }

  SmallVector<StrategyProposal>
  propose(seg::FusionOp fusion, const StrategyContext &context) const override {
    auto conv = cast<seg::ConvOp>(fusion.getRoot());
    ConvTiling tiling =
        selectTiling(convProblem(conv),
                     static_cast<const GpuTarget &>(*context.target.version));
    int64_t tempBytes = 0;
    if (reductionOf(fusion))
      tempBytes = 4 * momentLayout(fusion, conv, tiling).floats();
    Builder b(conv.getContext());
    StrategyProposal only;
    only.title = kindName.str();
    only.seconds = seconds(fusion, *context.target.version);
    only.strategy = seg::StrategyAttr::get(
        b.getContext(), kindName,
        b.getNamedAttr(tileName,
                       b.getDenseI64ArrayAttr(
                           {tiling.pixels, tiling.channels, tiling.depth})),
        static_cast<int64_t>(llvm::alignTo(tempBytes, 64)));
    return {only};
  }

  LogicalResult emit(KernelEmission &emission) const override {
    GpuFusionEmitter emitter(emission);
    seg::FusionOp fusion = emission.fusion;
    auto conv = cast<seg::ConvOp>(fusion.getRoot());
    if (failed(check(fusion, conv)))
      return failure();
    FailureOr<ConvTiling> read = readTiling(fusion, emitter.getTarget());
    if (failed(read))
      return failure();
    ConvTiling tiling = *read;
    ConvProblem problem = convProblem(conv);
    int64_t lanes = emitter.getTarget().lanes;
    std::optional<MomentLayout> layout;
    if (reductionOf(fusion))
      layout = momentLayout(fusion, conv, tiling);
    int64_t blocks = divideUp(product(problem.out), tiling.pixels) *
                     divideUp(problem.outChannels, tiling.channels);
    emitter.launch({0, blocks}, tiling.threads(lanes), tiling.sharedFloats(),
                   [&](GpuKernelBody &k) {
                     emitConvBlock(k, fusion, conv, tiling, lanes,
                                   layout ? &*layout : nullptr);
                   });
    if (layout)
      emitMerge(emitter, reductionOf(fusion), *layout);
    return success();
  }

private:
  static MomentLayout momentLayout(seg::FusionOp fusion, seg::ConvOp conv,
                                   const ConvTiling &tiling) {
    return reductionOf(fusion).getMomentLayout(
        TileGrid::ofPixels(product(convProblem(conv).out), tiling.pixels),
        /*base=*/0);
  }

  /// Emits the merges: each thread of the first launch merges a channel, each
  /// thread of the second a group.
  static void emitMerge(GpuFusionEmitter &emitter,
                        ChannelReductionOpInterface reduction,
                        const MomentLayout &layout) {
    launchThreads(emitter, layout.channels, /*eachSample=*/false,
                  [&](GpuKernelBody &k, Value, Value channel) {
                    ChannelBlock block(k, channel, /*lanes=*/1, Value());
                    reduction.emitChannelMerge(k, block, layout);
                  });
    if (layout.kind == seg::NormKind::group)
      launchThreads(emitter, layout.groups, /*eachSample=*/true,
                    [&](GpuKernelBody &k, Value sample, Value group) {
                      reduction.emitGroupMerge(k, sample, group, layout);
                    });
  }

  /// Emits a launch with a thread for each of [0, size), once or for each
  /// sample.
  static void launchThreads(
      GpuFusionEmitter &emitter, int64_t size, bool eachSample,
      llvm::function_ref<void(GpuKernelBody &, Value sample, Value number)>
          body) {
    int64_t blocks = divideUp(size, mergeThreads);
    emitter.launch(eachSample ? TaskCount{0, blocks} : TaskCount{blocks, 0},
                   mergeThreads, 0, [&](GpuKernelBody &k) {
                     Value sample = k.div(k.task(), blocks),
                           block = k.rem(k.task(), blocks);
                     Value number =
                         k.add(k.mul(block, mergeThreads), k.thread());
                     k.ifThen(k.less(number, k.index(size)),
                              [&] { body(k, sample, number); });
                   });
  }
};

} // namespace

void addConvGpuModels(KernelModels &models) {
  models.push_back(std::make_unique<ConvModel>());
}

} // namespace segc
