//===- ConvModels.cpp - Convolutions as roots of GPU kernels --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudaCoreStrategy.h"
#include "FilterGradGemm.h"
#include "ForwardGemm.h"
#include "segc/Codegen/Common/FusionChecks.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace segc {
namespace {

constexpr int64_t mergeThreads = 128;
constexpr llvm::StringLiteral kindName = "implicit_gemm", tileName = "tile",
                              threadRowsName = "thread_rows",
                              threadColumnsName = "thread_columns",
                              partsName = "parts";

//===----------------------------------------------------------------------===//
// Merges of reductions
//===----------------------------------------------------------------------===//

/// Emits a launch with a thread for each of [0, size), once or for each sample.
void launchThreads(
    GpuFusionEmitter &emitter, int64_t size, bool eachSample,
    llvm::function_ref<void(GpuKernelBody &, Value sample, Value number)>
        body) {
  int64_t blocks = divideUp(size, mergeThreads);
  emitter.launch(eachSample ? TaskCount{0, blocks} : TaskCount{blocks, 0},
                 mergeThreads, 0, [&](GpuKernelBody &k) {
                   Value sample = k.div(k.task(), blocks),
                         block = k.rem(k.task(), blocks);
                   Value number = k.add(k.mul(block, mergeThreads), k.thread());
                   k.ifThen(k.less(number, k.index(size)),
                            [&] { body(k, sample, number); });
                 });
}

/// Emits the merges: each thread of the first launch merges a channel, each
/// thread of the second a group.
void emitMerge(GpuFusionEmitter &emitter, ForwardGemm::Reduction &reduction) {
  const MomentLayout &layout = reduction.layout;
  launchThreads(emitter, layout.channels, /*eachSample=*/false,
                [&](GpuKernelBody &k, Value, Value channel) {
                  ChannelBlock block(k, channel, /*lanes=*/1, Value());
                  reduction.op.emitChannelMerge(k, block, layout);
                });
  if (layout.kind == seg::NormKind::group)
    launchThreads(emitter, layout.groups, /*eachSample=*/true,
                  [&](GpuKernelBody &k, Value sample, Value group) {
                    reduction.op.emitGroupMerge(k, sample, group, layout);
                  });
}

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

/// The part that the models of all roots share.
class CudaCoreModel : public KernelModel {
public:
  StringRef kind(OperationName) const override { return kindName; }
  bool takesPrologue(OpOperand &operand) const override {
    return operand.getOperandNumber() == 0;
  }

  SmallVector<StrategyProposal>
  propose(seg::FusionOp fusion, const StrategyContext &context) const override {
    return proposals(fusion, context, /*count=*/1);
  }
  SmallVector<StrategyProposal>
  candidates(seg::FusionOp fusion,
             const StrategyContext &context) const override {
    return proposals(fusion, context, /*count=*/6);
  }
  SmallVector<StrategyProposal>
  samples(seg::FusionOp fusion, const StrategyContext &context) const override {
    return proposals(fusion, context, /*count=*/3);
  }

  double seconds(seg::FusionOp fusion,
                 const TargetVersion &version) const override {
    GemmWork work(fusion, static_cast<const GpuTarget &>(version));
    if (!fusion.getStrategyAttr())
      return cudaCoreChoices(work).front().seconds;
    CudaCoreChoice choice = read(fusion);
    return modelledSeconds(work, choice.tiling, choice.parts);
  }

  int64_t reducedPixels(seg::FusionOp fusion, RankedTensorType) const override {
    return read(fusion).tiling.tile.rows;
  }

  LogicalResult emit(KernelEmission &emission) const override {
    GpuFusionEmitter emitter(emission);
    seg::FusionOp fusion = emission.fusion;
    if (failed(verifyFusion(fusion, *this, "GPU", /*readsTilesAgain=*/true)))
      return failure();
    GemmWork work(fusion, emitter.getTarget());
    CudaCoreChoice choice = read(fusion);
    if (std::string reason = refusal(work, choice.tiling); !reason.empty())
      return fusion.getRoot()->emitOpError(reason)
             << " in " << fusion.getStrategyAttr();
    int64_t temp = work.tempFloats(choice.tiling.tile, choice.parts);
    if (fusion.getTempBytes() < 4 * temp)
      return fusion.getRoot()->emitOpError("expects temp_bytes of at least ")
             << 4 * temp << ", got " << fusion.getTempBytes();
    emitLaunches(emitter, work, choice);
    return success();
  }

protected:
  virtual void emitLaunches(GpuFusionEmitter &emitter, const GemmWork &work,
                            const CudaCoreChoice &choice) const = 0;

private:
  static SmallVector<StrategyProposal> proposals(seg::FusionOp fusion,
                                                 const StrategyContext &context,
                                                 size_t count) {
    GemmWork work(fusion,
                  static_cast<const GpuTarget &>(*context.target.version));
    SmallVector<StrategyProposal> result;
    for (const CudaCoreChoice &choice : cudaCoreChoices(work)) {
      if (result.size() == count)
        break;
      StrategyProposal &proposal = result.emplace_back();
      proposal.title = kindName.str();
      proposal.seconds = choice.seconds;
      proposal.reason = llvm::formatv("{0:f1} us", 1e6 * choice.seconds).str();
      proposal.strategy = write(work, choice);
    }
    return result;
  }

  static seg::StrategyAttr write(const GemmWork &work,
                                 const CudaCoreChoice &choice) {
    Builder b(work.fusion->getContext());
    const auto &[tile, threadRows, threadColumns] = choice.tiling;
    SmallVector<NamedAttribute> parameters{
        b.getNamedAttr(tileName, b.getDenseI64ArrayAttr(
                                     {tile.rows, tile.columns, tile.depth})),
        b.getNamedAttr(threadRowsName, b.getI64IntegerAttr(threadRows)),
        b.getNamedAttr(threadColumnsName, b.getI64IntegerAttr(threadColumns))};
    if (work.isFilterGrad)
      parameters.push_back(
          b.getNamedAttr(partsName, b.getI64IntegerAttr(choice.parts)));
    return seg::StrategyAttr::get(
        b.getContext(), kindName, parameters,
        roundUp(4 * work.tempFloats(tile, choice.parts), 64));
  }

  /// The strategy's, which may be written by hand.
  static CudaCoreChoice read(seg::FusionOp fusion) {
    seg::StrategyAttr strategy = fusion.getStrategyAttr();
    auto size = [&](StringRef name) {
      auto value = strategy.get<IntegerAttr>(name);
      return value ? value.getInt() : 1;
    };
    ArrayRef<int64_t> tile = strategy.getInts(tileName);
    CudaCoreChoice choice;
    choice.tiling = {{tile[0], tile[1], tile[2]},
                     size(threadRowsName),
                     size(threadColumnsName)};
    choice.parts = size(partsName);
    return choice;
  }
};

struct ForwardModel : CudaCoreModel {
  bool computes(OperationName root) const override {
    return llvm::is_contained({TypeID::get<seg::ConvOp>(),
                               TypeID::get<seg::ConvTransposeOp>(),
                               TypeID::get<seg::ConvInputGradOp>()},
                              root.getTypeID());
  }
  ArrayRef<StrategyParameter> parameters() const override {
    static const StrategyParameter declared[] = {
        {tileName, StrategyParameter::Type::Sizes},
        {threadRowsName, StrategyParameter::Type::Size},
        {threadColumnsName, StrategyParameter::Type::Size}};
    return declared;
  }
  bool takesEpilogue(Operation *) const override { return true; }
  /// If phases differ in size, some tiles have no pixels, which reductions do
  /// not support.
  bool takesReduction(Operation *root, Operation *reduction) const override {
    if (!isa<ChannelReductionOpInterface>(reduction))
      return false;
    ConvProblem problem = convProblem(root);
    Dims phases = blockPhases(problem);
    for (unsigned d = 0; d < 3; ++d)
      if (problem.out[d] % phases[d] != 0)
        return false;
    return true;
  }

  void emitLaunches(GpuFusionEmitter &emitter, const GemmWork &work,
                    const CudaCoreChoice &choice) const override {
    const CudaCoreTiling &tiling = choice.tiling;
    emitter.launch(
        {0, ForwardGemm::blocksOfSample(work.problem, tiling.tile)},
        tiling.threads(), sharedFloats(work, tiling), [&](GpuKernelBody &k) {
          ForwardGemm gemm(k, work.fusion, work.problem, tiling.tile);
          emitCudaCoreBlock(k, gemm, tiling);
        });
    for (ForwardGemm::Reduction &reduction :
         ForwardGemm::reductions(work.fusion, work.problem, tiling.tile))
      emitMerge(emitter, reduction);
  }
};

struct FilterGradModel : CudaCoreModel {
  bool computes(OperationName root) const override {
    return root.getTypeID() == TypeID::get<seg::ConvFilterGradOp>();
  }
  ArrayRef<StrategyParameter> parameters() const override {
    static const StrategyParameter declared[] = {
        {tileName, StrategyParameter::Type::Sizes},
        {threadRowsName, StrategyParameter::Type::Size},
        {threadColumnsName, StrategyParameter::Type::Size},
        {partsName, StrategyParameter::Type::Size}};
    return declared;
  }

  void emitLaunches(GpuFusionEmitter &emitter, const GemmWork &work,
                    const CudaCoreChoice &choice) const override {
    const CudaCoreTiling &tiling = choice.tiling;
    emitter.launch(
        {FilterGradGemm::blocks(work.problem, tiling.tile, choice.parts), 0},
        tiling.threads(), sharedFloats(work, tiling), [&](GpuKernelBody &k) {
          FilterGradGemm gemm(k, work.fusion, work.problem, tiling.tile,
                              choice.parts);
          emitCudaCoreBlock(k, gemm, tiling);
        });
    if (choice.parts > 1)
      FilterGradGemm::launchMerge(emitter, work.problem, choice.parts);
  }
};

} // namespace

void addConvGpuModels(KernelModels &models) {
  models.push_back(std::make_unique<ForwardModel>());
  models.push_back(std::make_unique<FilterGradModel>());
}

} // namespace segc
