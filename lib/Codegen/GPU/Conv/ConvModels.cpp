//===- ConvModels.cpp - Convolutions as roots of GPU kernels --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudnnModel.h"
#include "FilterGradGemm.h"
#include "ForwardGemm.h"
#include "GemmStrategy.h"
#include "Reductions/TileMerges.h"
#include "segc/Base/StableSort.h"
#include "segc/Codegen/Common/FusionChecks.h"
#include "segc/Codegen/Common/FusionKernelModel.h"
#include "segc/Dialect/Seg/IR/QuantizeOps.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace segc {
namespace {

/// The part that the models of all roots share.
template <typename Tiling>
class GemmModel : public KernelModel {
public:
  explicit GemmModel(bool hasParts)
      : declared(parametersOf<Tiling>(hasParts)) {}

  StringRef kind(OperationName) const override { return Kind<Tiling>::name; }
  ArrayRef<StrategyParameter> parameters() const override { return declared; }
  bool isUnverified() const override { return Kind<Tiling>::isUnverified; }
  bool isForQuantizedFactors() const override {
    return multipliesIntegers<Tiling>;
  }
  /// Copies of boxes pass no registers.
  bool takesPrologue(OpOperand &operand) const override {
    if (operand.getOperandNumber() == 0)
      return !Kind<Tiling>::copiesBoxes;
    return multipliesIntegers<Tiling> &&
           isa_and_present<BlockArgument>(seg::quantizedSource(operand.get()));
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
    GemmWork work(fusion, static_cast<const GpuTarget &>(version),
                  fusion.isPrepared());
    if (fusion.getStrategyAttr()) {
      auto choice = readStrategy<Tiling>(fusion);
      return modelledSeconds(work, choice.tiling, choice.parts);
    }
    auto choices = choicesOf(work, version.multiplyTypes);
    return choices.empty() ? std::numeric_limits<double>::infinity()
                           : choices.front().seconds;
  }

  int64_t reducedPixels(seg::FusionOp fusion, RankedTensorType) const override {
    return readStrategy<Tiling>(fusion).tiling.tile.rows;
  }

  LogicalResult emit(KernelEmission &emission) const override {
    GpuFusionEmitter emitter(emission);
    seg::FusionOp fusion = emission.fusion;
    if (!multipliesIntegers<Tiling> && seg::multipliesInt8(fusion.getRoot()))
      return fusion.getRoot()->emitOpError(
          "has quantized factors: expects a strategy of kind mma_int8 or "
          "mma_int8_patch");
    if (failed(verifyFusion(fusion, *this, "GPU", /*readsTilesAgain=*/true)))
      return failure();
    GemmWork work(fusion, emitter.getTarget());
    auto choice = readStrategy<Tiling>(fusion);
    if (std::string reason = refusal(work, choice.tiling); !reason.empty())
      return fusion.getRoot()->emitOpError(reason)
             << " in " << fusion.getStrategyAttr();
    int64_t cluster = choice.tiling.tile.cluster;
    if (work.isFilterGrad && choice.parts % cluster != 0)
      return fusion.getRoot()->emitOpError("expects parts to be a multiple of ")
             << "the " << cluster << " blocks of a cluster, got "
             << choice.parts;
    Workspace workspace = workspaceOf(work, choice);
    std::tuple<StringRef, int64_t, int64_t> memory[] = {
        {seg::StrategyAttr::tempBytesName, fusion.getTempBytes(),
         4 * workspace.temp},
        {seg::StrategyAttr::sumsBytesName, fusion.getSumsBytes(),
         4 * workspace.sums}};
    for (auto [name, bytes, expected] : memory)
      if (bytes < expected)
        return fusion.getRoot()->emitOpError("expects ")
               << name << " of at least " << expected << ", got " << bytes;
    emitLaunches(emitter, work, choice);
    return success();
  }

protected:
  virtual void emitLaunches(GpuFusionEmitter &emitter, const GemmWork &work,
                            const GemmChoice<Tiling> &choice) const = 0;

  /// The tensor maps of A and B, where boxes of them are copied.
  template <typename Gemm>
  static SmallVector<exec::TensorMapAttr> tensorMaps(const GemmWork &work,
                                                     const Tiling &tiling) {
    if constexpr (std::is_same_v<Tiling, WgmmaGradTiling>)
      return wgmmaGradMaps(work.fusion, work.problem, tiling);
    SmallVector<exec::TensorMapAttr> maps;
    auto add = [&](GemmOperand operand) {
      maps.push_back(
          Gemm::tensorMap(work.fusion, work.problem, tiling.tile, operand));
    };
    if (Kind<Tiling>::copiesBoxes)
      add(GemmOperand::A);
    if (copiesFilterBoxes<Tiling>)
      add(GemmOperand::B);
    return maps;
  }

private:
  /// The fastest first.
  static SmallVector<GemmChoice<Tiling>> choicesOf(const GemmWork &work,
                                                   MultiplyTypeSet types) {
    auto pin = work.fusion.getRoot()->getAttrOfType<StringAttr>(
        seg::precisionAttrName);
    bool isPinned = pin && pin.getValue() == "f32";
    if (isPinned)
      types = {};
    SmallVector<GemmChoice<Tiling>> choices;
    if (multipliesIntegers<Tiling> ? isPinned
                                   : seg::multipliesInt8(work.fusion.getRoot()))
      return choices;
    collectChoices(work, types, choices);
    stableSort(choices, [](const auto &a, const auto &b) {
      return a.seconds < b.seconds;
    });
    return choices;
  }

  static SmallVector<StrategyProposal> proposals(seg::FusionOp fusion,
                                                 const StrategyContext &context,
                                                 size_t count) {
    GemmWork work(fusion,
                  static_cast<const GpuTarget &>(*context.target.version),
                  context.constantOperand);
    SmallVector<StrategyProposal> result;
    for (const auto &choice : choicesOf(work, context.multiplyTypes)) {
      if (result.size() == count)
        break;
      StrategyProposal &proposal = result.emplace_back();
      proposal.title = Kind<Tiling>::name.str();
      proposal.seconds = choice.seconds;
      proposal.reason = llvm::formatv("{0:f1} us", 1e6 * choice.seconds).str();
      proposal.strategy = writeStrategy(work, choice);
    }
    if (result.empty()) {
      StrategyProposal &refused = result.emplace_back();
      refused.title = Kind<Tiling>::name.str();
      bool isQuantized = seg::multipliesInt8(fusion.getRoot());
      refused.reason = isQuantized && !multipliesIntegers<Tiling>
                           ? "its factors are quantized"
                           : Kind<Tiling>::noTiling(work);
    }
    return result;
  }

  SmallVector<StrategyParameter> declared;
};

template <typename Tiling>
struct ForwardModel : GemmModel<Tiling> {
  ForwardModel() : GemmModel<Tiling>(/*hasParts=*/false) {}

  bool computes(OperationName root) const override {
    return isOneOf<seg::ConvOp, seg::ConvTransposeOp>(root) ||
           (!multipliesIntegers<Tiling> && isOneOf<seg::ConvInputGradOp>(root));
  }
  bool takesEpilogue(Operation *) const override { return true; }
  int64_t preparedOperand(Operation *) const override {
    return Kind<Tiling>::copiesFilters ? 1 : -1;
  }
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
                    const GemmChoice<Tiling> &choice) const override {
    const Tiling &tiling = choice.tiling;
    if constexpr (Kind<Tiling>::copiesFilters)
      if (tiling.copiesFilter)
        launchFilterCopy(emitter, tiling.multiplyType);
    emitter.launch(
        ForwardGemm::tasks(work.problem, tiling.tile), tiling.threads(),
        sharedFloats(work, tiling),
        [&](GpuKernelBody &k) {
          ForwardGemm gemm(k, work.fusion, work.problem, tiling.tile);
          Kind<Tiling>::emit(k, gemm, tiling);
        },
        this->template tensorMaps<ForwardGemm>(work, tiling),
        /*narrow=*/!Kind<Tiling>::copiesBoxes, tiling.tile.cluster);
    for (ForwardGemm::Reduction &reduction :
         ForwardGemm::reductions(work.fusion, work.problem, tiling.tile))
      ChannelMerge(reduction.op, reduction.layout).emit(emitter);
  }
};

template <typename Tiling>
struct FilterGradModel : GemmModel<Tiling> {
  FilterGradModel() : GemmModel<Tiling>(/*hasParts=*/true) {}

  bool computes(OperationName root) const override {
    return isOneOf<seg::ConvFilterGradOp>(root);
  }

  void emitLaunches(GpuFusionEmitter &emitter, const GemmWork &work,
                    const GemmChoice<Tiling> &choice) const override {
    const Tiling &tiling = choice.tiling;
    emitter.launch(
        {FilterGradGemm::blocks(work.problem, tiling.tile, choice.parts), 0},
        tiling.threads(), sharedFloats(work, tiling),
        [&](GpuKernelBody &k) {
          FilterGradGemm gemm(k, work.fusion, work.problem, tiling.tile,
                              choice.parts);
          Kind<Tiling>::emit(k, gemm, tiling);
        },
        this->template tensorMaps<FilterGradGemm>(work, tiling),
        /*narrow=*/!Kind<Tiling>::copiesBoxes, tiling.tile.cluster);
    if (int64_t copies = FilterGradGemm::copies(tiling.tile, choice.parts);
        copies > 1)
      FilterGradGemm::launchMerge(emitter, work.problem, copies);
  }
};

template <typename Tiling>
void addModels(KernelModels &models) {
  models.push_back(std::make_unique<ForwardModel<Tiling>>());
  models.push_back(std::make_unique<FilterGradModel<Tiling>>());
}

} // namespace

void addConvGpuModels(KernelModels &models) {
  addModels<CudaCoreTiling>(models);
  addModels<MmaTiling>(models);
  models.push_back(std::make_unique<ForwardModel<Int8MmaTiling>>());
  models.push_back(std::make_unique<ForwardModel<MmaPatchTiling>>());
  models.push_back(std::make_unique<ForwardModel<Int8PatchTiling>>());
  models.push_back(std::make_unique<FilterGradModel<FilterGradPatchTiling>>());
  models.push_back(std::make_unique<ForwardModel<MmaFewChannelsTiling>>());
  models.push_back(
      std::make_unique<FilterGradModel<MmaFewChannelsGradTiling>>());
  addModels<WgmmaTiling>(models);
  models.push_back(std::make_unique<FilterGradModel<WgmmaGradTiling>>());
  models.push_back(std::make_unique<ForwardModel<WgmmaPatchTiling>>());
  addCudnnModel(models);
}

} // namespace segc
