//===- ConvModels.cpp - Convolutions as roots of GPU kernels --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudnnModel.h"
#include "FilterCopy.h"
#include "FilterGradGemm.h"
#include "ForwardGemm.h"
#include "GemmTilings.h"
#include "Reductions/TileMerges.h"
#include "segc/Codegen/Common/FusionChecks.h"
#include "segc/Codegen/Common/FusionKernelModel.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace segc {
namespace {

constexpr llvm::StringLiteral tileName = "tile", boxName = "box",
                              partsName = "parts";

//===----------------------------------------------------------------------===//
// Kinds of blocks
//===----------------------------------------------------------------------===//

/// A parameter of one number that a tiling has beside its tile.
template <typename Tiling>
struct SizeParameter {
  StringRef name;
  int64_t Tiling::*member;
};

/// Kind and parameters of the strategies with such a tiling, and its block.
template <typename Tiling>
struct Kind;

template <>
struct Kind<CudaCoreTiling> {
  static constexpr llvm::StringLiteral name = "implicit_gemm";
  static constexpr SizeParameter<CudaCoreTiling> sizes[] = {
      {"thread_rows", &CudaCoreTiling::threadRows},
      {"thread_columns", &CudaCoreTiling::threadColumns}};
  static constexpr bool hasMultiplyType = false, hasBox = false,
                        multipliesTf32 = false, isUnverified = false,
                        copiesFilters = false, copiesBoxes = false;
  static std::string noTiling(const GemmWork &) { return "no tiling"; }
  static constexpr auto emit = emitCudaCoreBlock;
};

template <>
struct Kind<MmaTiling> {
  static constexpr llvm::StringLiteral name = "mma_sync";
  static constexpr SizeParameter<MmaTiling> sizes[] = {
      {"warp_rows", &MmaTiling::warpRows},
      {"warp_columns", &MmaTiling::warpColumns},
      {"stages", &MmaTiling::stages}};
  static constexpr bool hasMultiplyType = true, hasBox = false,
                        multipliesTf32 = true, isUnverified = false,
                        copiesFilters = true, copiesBoxes = false;
  static std::string noTiling(const GemmWork &) {
    return "multiplies values of bf16 or f16 in memory, and in tf32";
  }
  static constexpr auto emit = emitMmaBlock;
};

template <>
struct Kind<MmaPatchTiling> {
  static constexpr llvm::StringLiteral name = "mma_patch";
  static constexpr SizeParameter<MmaPatchTiling> sizes[] = {
      {"warp_rows", &MmaPatchTiling::warpRows},
      {"warp_columns", &MmaPatchTiling::warpColumns},
      {"stages", &MmaPatchTiling::stages}};
  static constexpr bool hasMultiplyType = true, hasBox = true,
                        multipliesTf32 = true, isUnverified = false,
                        copiesFilters = true, copiesBoxes = false;
  static std::string noTiling(const GemmWork &) {
    return "reads patches of 16 channels or more, at stride 1, of values that "
           "mma_sync multiplies";
  }
  static constexpr auto emit = emitMmaPatchBlock;
};

/// The patches of filter gradients.
template <>
struct Kind<FilterGradPatchTiling> {
  static constexpr llvm::StringLiteral name = Kind<MmaPatchTiling>::name;
  static constexpr SizeParameter<FilterGradPatchTiling> sizes[] = {
      {"taps", &FilterGradPatchTiling::taps},
      {"warp_rows", &FilterGradPatchTiling::warpRows},
      {"warp_columns", &FilterGradPatchTiling::warpColumns},
      {"stages", &FilterGradPatchTiling::stages}};
  static constexpr bool hasMultiplyType = true, hasBox = true,
                        multipliesTf32 = true, isUnverified = false,
                        copiesFilters = false, copiesBoxes = false;
  static std::string noTiling(const GemmWork &) {
    return "reads patches of 16 channels or more, for several taps without "
           "dilations, of values that mma_sync multiplies";
  }
  static constexpr auto emit = emitFilterGradPatchBlock;
};

/// What both roles of few channels share.
struct MmaFewChannelsKind {
  static constexpr llvm::StringLiteral name = "mma_few_channels";
  static constexpr bool hasMultiplyType = true, hasBox = true,
                        multipliesTf32 = true, isUnverified = false,
                        copiesFilters = false, copiesBoxes = false;
  static std::string noTiling(const GemmWork &work) {
    std::string reason = mmaFewChannelsRefusal(work.problem);
    return reason.empty() ? "multiplies in tf32" : reason;
  }
};

template <>
struct Kind<MmaFewChannelsTiling> : MmaFewChannelsKind {
  static constexpr SizeParameter<MmaFewChannelsTiling> sizes[] = {
      {"warp_rows", &MmaFewChannelsTiling::warpRows},
      {"warp_columns", &MmaFewChannelsTiling::warpColumns}};
  static constexpr auto emit = emitMmaFewChannelsBlock;
};

template <>
struct Kind<MmaFewChannelsGradTiling> : MmaFewChannelsKind {
  static constexpr SizeParameter<MmaFewChannelsGradTiling> sizes[] = {
      {"warp_rows", &MmaFewChannelsGradTiling::warpRows},
      {"warp_columns", &MmaFewChannelsGradTiling::warpColumns},
      {"stages", &MmaFewChannelsGradTiling::stages}};
  static constexpr auto emit = emitMmaFewChannelsGradBlock;
};

template <>
struct Kind<WgmmaTiling> {
  static constexpr llvm::StringLiteral name = "wgmma";
  static constexpr SizeParameter<WgmmaTiling> sizes[] = {
      {"stages", &WgmmaTiling::stages}};
  static constexpr bool hasMultiplyType = true, hasBox = true,
                        multipliesTf32 = false, isUnverified = true,
                        copiesFilters = true, copiesBoxes = true;
  static std::string noTiling(const GemmWork &work) {
    std::string reason = wgmmaRefusal(work);
    return reason.empty() ? "multiplies values of bf16 or f16 in memory"
                          : reason;
  }
  static constexpr auto emit = emitWgmmaBlock;
};

template <>
struct Kind<WgmmaGradTiling> {
  static constexpr llvm::StringLiteral name = "wgmma_patch";
  static constexpr SizeParameter<WgmmaGradTiling> sizes[] = {
      {"taps", &WgmmaGradTiling::taps},
      {"warpgroups", &WgmmaGradTiling::warpgroups},
      {"stages", &WgmmaGradTiling::stages}};
  static constexpr bool hasMultiplyType = true, hasBox = true,
                        multipliesTf32 = false, isUnverified = true,
                        copiesFilters = false, copiesBoxes = true;
  static std::string noTiling(const GemmWork &work) {
    std::string reason = wgmmaGradRefusal(work);
    return reason.empty() ? "multiplies values of bf16 or f16 in memory"
                          : reason;
  }
  static constexpr auto emit = emitWgmmaGradBlock;
};

template <>
struct Kind<WgmmaPatchTiling> {
  static constexpr llvm::StringLiteral name = "wgmma_patch";
  static constexpr SizeParameter<WgmmaPatchTiling> sizes[] = {
      {"stages", &WgmmaPatchTiling::stages}};
  static constexpr bool hasMultiplyType = true, hasBox = true,
                        multipliesTf32 = false, isUnverified = true,
                        copiesFilters = true, copiesBoxes = false;
  static std::string noTiling(const GemmWork &work) {
    std::string reason = wgmmaPatchRefusal(work);
    return reason.empty() ? "multiplies values of bf16 or f16 in memory"
                          : reason;
  }
  static constexpr auto emit = emitWgmmaPatchBlock;
};

/// Whether a block copies boxes of B, as of both operands where it
/// `copiesBoxes`.
template <typename Tiling>
constexpr bool copiesFilterBoxes = Kind<Tiling>::copiesBoxes;
template <>
constexpr bool copiesFilterBoxes<WgmmaPatchTiling> = true;

/// Whether a step may multiply several taps (GemmTile::taps).
template <typename Tiling>
constexpr bool sharesTaps = std::is_same_v<Tiling, WgmmaTiling>;
constexpr llvm::StringLiteral tapsName = "taps";

template <typename Tiling>
SmallVector<StrategyParameter> parametersOf(bool hasParts) {
  SmallVector<StrategyParameter> declared{
      {tileName, StrategyParameter::Type::Sizes}};
  if (Kind<Tiling>::hasBox)
    declared.push_back({boxName, StrategyParameter::Type::Sizes});
  for (const auto &size : Kind<Tiling>::sizes)
    declared.push_back({size.name, StrategyParameter::Type::Size});
  if (sharesTaps<Tiling> && !hasParts)
    declared.push_back(
        {tapsName, StrategyParameter::Type::Size, /*optional=*/true});
  if (Kind<Tiling>::hasMultiplyType) {
    SmallVector<StringRef> types{multiplyTypeName(MultiplyType::Bf16),
                                 multiplyTypeName(MultiplyType::F16)};
    if (Kind<Tiling>::multipliesTf32)
      types.push_back(multiplyTypeName(MultiplyType::Tf32));
    declared.push_back({strategyMultiplyTypeName,
                        StrategyParameter::Type::Keyword,
                        /*optional=*/false, types});
  }
  if (hasParts)
    declared.push_back({partsName, StrategyParameter::Type::Size});
  else if (Kind<Tiling>::copiesFilters)
    declared.push_back({filterCopyName, StrategyParameter::Type::Flag});
  return declared;
}

/// Floats of the memory that the launches share. The temporary of a convolution
/// is its copy of the filter alone; reductions have theirs behind it.
struct Workspace {
  int64_t temp, sums;
};
template <typename Tiling>
Workspace workspaceOf(const GemmWork &work, const GemmChoice<Tiling> &choice) {
  int64_t floats = work.tempFloats(choice.tiling.tile, choice.parts), copy = 0;
  if (work.isFilterGrad)
    return {floats, 0};
  if constexpr (Kind<Tiling>::copiesFilters)
    copy = choice.tiling.copiesFilter ? filterCopyFloats(work.fusion) : 0;
  return {copy, floats};
}

template <typename Tiling>
seg::StrategyAttr write(const GemmWork &work,
                        const GemmChoice<Tiling> &choice) {
  Builder b(work.fusion->getContext());
  const GemmTile &tile = choice.tiling.tile;
  SmallVector<NamedAttribute> parameters{b.getNamedAttr(
      tileName, b.getDenseI64ArrayAttr({tile.rows, tile.columns, tile.depth}))};
  if (tile.box)
    parameters.push_back(
        b.getNamedAttr(boxName, b.getDenseI64ArrayAttr(*tile.box)));
  for (const auto &size : Kind<Tiling>::sizes)
    parameters.push_back(b.getNamedAttr(
        size.name, b.getI64IntegerAttr(choice.tiling.*size.member)));
  if (sharesTaps<Tiling> && tile.taps > 1)
    parameters.push_back(
        b.getNamedAttr(tapsName, b.getI64IntegerAttr(tile.taps)));
  if constexpr (Kind<Tiling>::hasMultiplyType)
    parameters.push_back(b.getNamedAttr(
        strategyMultiplyTypeName,
        b.getStringAttr(multiplyTypeName(choice.tiling.multiplyType))));
  if (work.isFilterGrad)
    parameters.push_back(
        b.getNamedAttr(partsName, b.getI64IntegerAttr(choice.parts)));
  if constexpr (Kind<Tiling>::copiesFilters)
    if (choice.tiling.copiesFilter)
      parameters.push_back(b.getNamedAttr(filterCopyName, b.getUnitAttr()));
  Workspace workspace = workspaceOf(work, choice);
  return seg::StrategyAttr::get(b.getContext(), Kind<Tiling>::name, parameters,
                                roundUp(4 * workspace.temp, 64),
                                roundUp(4 * workspace.sums, 64));
}

/// The strategy's, which may be written by hand.
template <typename Tiling>
GemmChoice<Tiling> read(seg::FusionOp fusion) {
  seg::StrategyAttr strategy = fusion.getStrategyAttr();
  ArrayRef<int64_t> tile = strategy.getInts(tileName);
  GemmChoice<Tiling> choice;
  choice.tiling.tile = {tile[0], tile[1], tile[2]};
  if constexpr (Kind<Tiling>::hasBox) {
    ArrayRef<int64_t> box = strategy.getInts(boxName);
    choice.tiling.tile.box = Dims{box[0], box[1], box[2]};
  }
  for (const auto &size : Kind<Tiling>::sizes)
    choice.tiling.*size.member = strategy.get<IntegerAttr>(size.name).getInt();
  if constexpr (sharesTaps<Tiling>) {
    if (auto taps = strategy.get<IntegerAttr>(tapsName))
      choice.tiling.tile.taps = taps.getInt();
    choice.tiling.ofFilterGrad = isa<seg::ConvFilterGradOp>(fusion.getRoot());
  }
  if constexpr (Kind<Tiling>::hasMultiplyType)
    choice.tiling.multiplyType = productWork(strategy).multiplyType;
  if constexpr (Kind<Tiling>::copiesFilters)
    choice.tiling.copiesFilter = copiesFilter(fusion);
  if (auto parts = strategy.get<IntegerAttr>(partsName))
    choice.parts = parts.getInt();
  return choice;
}

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

/// The part that the models of all roots share.
template <typename Tiling>
class GemmModel : public KernelModel {
public:
  explicit GemmModel(bool hasParts)
      : declared(parametersOf<Tiling>(hasParts)) {}

  StringRef kind(OperationName) const override { return Kind<Tiling>::name; }
  ArrayRef<StrategyParameter> parameters() const override { return declared; }
  bool isUnverified() const override { return Kind<Tiling>::isUnverified; }
  /// Copies of boxes pass no registers.
  bool takesPrologue(OpOperand &operand) const override {
    return operand.getOperandNumber() == 0 && !Kind<Tiling>::copiesBoxes;
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
      auto choice = read<Tiling>(fusion);
      return modelledSeconds(work, choice.tiling, choice.parts);
    }
    auto choices = choicesOf(work, version.multiplyTypes);
    return choices.empty() ? std::numeric_limits<double>::infinity()
                           : choices.front().seconds;
  }

  int64_t reducedPixels(seg::FusionOp fusion, RankedTensorType) const override {
    return read<Tiling>(fusion).tiling.tile.rows;
  }

  LogicalResult emit(KernelEmission &emission) const override {
    GpuFusionEmitter emitter(emission);
    seg::FusionOp fusion = emission.fusion;
    if (failed(verifyFusion(fusion, *this, "GPU", /*readsTilesAgain=*/true)))
      return failure();
    GemmWork work(fusion, emitter.getTarget());
    auto choice = read<Tiling>(fusion);
    if (std::string reason = refusal(work, choice.tiling); !reason.empty())
      return fusion.getRoot()->emitOpError(reason)
             << " in " << fusion.getStrategyAttr();
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
    if (pin && pin.getValue() == "f32")
      types = {};
    SmallVector<GemmChoice<Tiling>> choices;
    collectChoices(work, types, choices);
    llvm::stable_sort(choices, [](const auto &a, const auto &b) {
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
      proposal.strategy = write(work, choice);
    }
    if (result.empty()) {
      StrategyProposal &refused = result.emplace_back();
      refused.title = Kind<Tiling>::name.str();
      refused.reason = Kind<Tiling>::noTiling(work);
    }
    return result;
  }

  SmallVector<StrategyParameter> declared;
};

template <typename Tiling>
struct ForwardModel : GemmModel<Tiling> {
  ForwardModel() : GemmModel<Tiling>(/*hasParts=*/false) {}

  bool computes(OperationName root) const override {
    return isOneOf<seg::ConvOp, seg::ConvTransposeOp, seg::ConvInputGradOp>(
        root);
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
        {0, ForwardGemm::blocksOfSample(work.problem, tiling.tile)},
        tiling.threads(), sharedFloats(work, tiling),
        [&](GpuKernelBody &k) {
          ForwardGemm gemm(k, work.fusion, work.problem, tiling.tile);
          Kind<Tiling>::emit(k, gemm, tiling);
        },
        this->template tensorMaps<ForwardGemm>(work, tiling),
        /*narrow=*/!Kind<Tiling>::copiesBoxes);
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
        /*narrow=*/!Kind<Tiling>::copiesBoxes);
    if (choice.parts > 1)
      FilterGradGemm::launchMerge(emitter, work.problem, choice.parts);
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
  models.push_back(std::make_unique<ForwardModel<MmaPatchTiling>>());
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
