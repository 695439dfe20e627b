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
// The tile
//===----------------------------------------------------------------------===//

ConvTiling selectTiling(const ConvProblem &problem, const GpuTarget &target) {
  ConvTiling tiling;
  // Narrow results get more pixels, so that every thread has work.
  tiling.channels = std::min<int64_t>(
      32, llvm::PowerOf2Ceil(std::max(problem.outChannels, target.lanes)));
  tiling.pixels = convThreads * threadPixels * target.lanes / tiling.channels;
  tiling.depth = std::min<int64_t>(16, problem.inChannels);
  return tiling;
}

/// The strategy's, which may be written by hand.
FailureOr<ConvTiling> readTiling(seg::FusionOp fusion,
                                 const GpuTarget &target) {
  DictionaryAttr strategy = fusion.getStrategyAttr();
  auto kind = strategy.getAs<StringAttr>(strategyKindName);
  auto tile = strategy.getAs<DenseI64ArrayAttr>(tileName);
  if (!kind || kind.getValue() != kindName || !tile || tile.size() != 3)
    return fusion.emitOpError("expects a strategy of kind ")
           << kindName << " with a tile of pixels, channels and depth, got "
           << strategy;
  ConvTiling tiling{tile[0], tile[1], tile[2]};
  bool whole =
      llvm::all_of(tile.asArrayRef(), [](int64_t n) { return n > 0; }) &&
      tiling.pixels % threadPixels == 0 && tiling.channels % target.lanes == 0;
  if (!whole || tiling.threads(target.lanes) > target.blockThreads ||
      4 * tiling.sharedFloats() > target.sharedBytes)
    return fusion.emitOpError("expects a tile of multiples of ")
           << threadPixels << " pixels and " << target.lanes
           << " channels that takes at most " << target.blockThreads
           << " threads and " << target.sharedBytes
           << " bytes of shared memory, got " << tile;
  return tiling;
}

//===----------------------------------------------------------------------===//
// The fusion
//===----------------------------------------------------------------------===//

/// Refuses what this kernel cannot take in, with an error on the op.
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
      return conv.emitOpError("takes a prologue of its input only");
  seg::NormStatsOp known = statisticsOf(fusion);
  for (Operation &op : fusion.getBody().front().without_terminator()) {
    if (&op == conv)
      continue;
    bool before = prologue.contains(&op), stats = &op == known;
    if (!stats && !isa<seg::PointwiseOpInterface>(op))
      return op.emitOpError("is a second reduction in a convolution's kernel");
    if (stats && known.getKind() == seg::NormKind::group)
      return op.emitOpError("of groups has no GPU kernel");
    RankedTensorType space =
        before ? conv.getInput().getType() : conv.getOutput().getType();
    Type type = stats ? known.getInput().getType() : op.getResult(0).getType();
    if (type != space)
      return op.emitOpError("expects the type ")
             << space << " in this kernel, got " << type;
    for (Operation *user : op.getUsers())
      if (stats ? !isa<seg::YieldOp>(user)
                : before && user != conv && !prologue.contains(user))
        return op.emitOpError("is needed outside the kernel's ")
               << (stats ? "merging" : "prologue");
  }
  return success();
}

struct ConvKernel
    : GpuKernelOpInterface::ExternalModel<ConvKernel, seg::ConvOp> {
  DictionaryAttr selectGpuStrategy(Operation *op, seg::FusionOp fusion,
                                   const GpuTarget &target) const {
    auto conv = cast<seg::ConvOp>(op);
    ConvTiling tiling = selectTiling(convProblem(op), target);
    int64_t tempBytes = 0;
    if (statisticsOf(fusion))
      tempBytes = 4 * momentLayout(fusion, conv, tiling).floats();
    Builder b(op->getContext());
    return b.getDictionaryAttr(
        {b.getNamedAttr(strategyKindName, b.getStringAttr(kindName)),
         b.getNamedAttr(strategyTempName,
                        b.getI64IntegerAttr(llvm::alignTo(tempBytes, 64))),
         b.getNamedAttr(tileName,
                        b.getDenseI64ArrayAttr(
                            {tiling.pixels, tiling.channels, tiling.depth}))});
  }

  LogicalResult emitGpuKernel(Operation *op, GpuFusionEmitter &emitter) const {
    auto conv = cast<seg::ConvOp>(op);
    seg::FusionOp fusion = emitter.getFusion();
    if (failed(check(fusion, conv)))
      return failure();
    FailureOr<ConvTiling> read = readTiling(fusion, emitter.getTarget());
    if (failed(read))
      return failure();
    ConvTiling tiling = *read;
    ConvProblem problem = convProblem(op);
    int64_t lanes = emitter.getTarget().lanes;
    std::optional<MomentLayout> layout;
    if (statisticsOf(fusion))
      layout = momentLayout(fusion, conv, tiling);
    int64_t blocks = divideUp(product(problem.out), tiling.pixels) *
                     divideUp(problem.outChannels, tiling.channels);
    emitter.launch({0, blocks}, tiling.threads(lanes), tiling.sharedFloats(),
                   [&](GpuKernelBody &k) {
                     emitConvBlock(k, fusion, conv, tiling, lanes,
                                   layout ? &*layout : nullptr);
                   });
    if (layout)
      emitMerge(emitter, statisticsOf(fusion), *layout);
    return success();
  }

private:
  static MomentLayout momentLayout(seg::FusionOp fusion, seg::ConvOp conv,
                                   const ConvTiling &tiling) {
    seg::NormStatsOp stats = statisticsOf(fusion);
    return {conv.getOutput().getType(), stats.getKind(),
            static_cast<int64_t>(stats.getGroups()),
            TileGrid::ofPixels(product(convProblem(conv).out), tiling.pixels)};
  }

  /// A thread a channel.
  static void emitMerge(GpuFusionEmitter &emitter, seg::NormStatsOp stats,
                        const MomentLayout &layout) {
    emitter.launch({divideUp(layout.channels, mergeThreads), 0}, mergeThreads,
                   0, [&](GpuKernelBody &k) {
                     Value channel =
                         k.add(k.mul(k.task(), mergeThreads), k.thread());
                     k.ifThen(k.less(channel, k.index(layout.channels)), [&] {
                       ChannelBlock block(k, channel, /*lanes=*/1, Value());
                       emitMergedMoments(k, block, layout,
                                         stats.getEpsilon().convertToDouble(),
                                         outputOf(k, stats.getMean()),
                                         outputOf(k, stats.getRstd()));
                     });
                   });
  }
};

} // namespace

void registerConvGpuKernels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, seg::SegDialect *) {
    seg::ConvOp::attachInterface<ConvKernel>(*context);
  });
}

} // namespace segc
