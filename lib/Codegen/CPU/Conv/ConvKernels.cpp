//===- ConvKernels.cpp - Convolutions as roots of CPU kernels -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Conv/ConvEmitters.h"
#include "Reductions/PixelChannels.h"
#include "segc/Codegen/CPU/ConvStrategy.h"
#include "segc/Codegen/CPU/CpuKernels.h"
#include "segc/Codegen/CPU/FewChannelsStrategy.h"
#include "segc/Codegen/CPU/GroupedStrategy.h"
#include "segc/Codegen/CPU/TileSource.h"
#include "segc/Codegen/CPU/WinogradStrategy.h"
#include "segc/Dialect/Seg/IR/QuantizeOps.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;

namespace segc {
/// Returns the bytes in memory of a value of the fusion's result that is
/// computed from that of its root.
static int64_t resultBytes(Operation *root) {
  Type rootType = root->getResult(0).getType();
  for (Value yielded : root->getBlock()->getTerminator()->getOperands())
    if (auto type = cast<RankedTensorType>(yielded.getType());
        type.getShape() == cast<RankedTensorType>(rootType).getShape())
      return type.getElementTypeBitWidth() / 8;
  return 4;
}

namespace {

/// A strategy and its cycles by the cost model; null if none is allowed.
struct Rated {
  seg::StrategyAttr strategy;
  double cycles;
};

/// A kind of strategy: a function that selects the best tiling in a context, or
/// the reason why the kind is not supported.
struct Kind {
  StringRef name;
  MultiplyType multiplyType;
  std::string refusal;
  std::function<Rated(const CpuStrategyContext &)> select;
  /// Only for Winograd: selects the best tiling for each size of tiles.
  std::function<SmallVector<Rated>(const CpuStrategyContext &)> selectEach = {};

  /// Name in remarks.
  std::string title() const {
    return (multiplyType == MultiplyType::F32
                ? name
                : name + " of " + multiplyTypeName(multiplyType))
        .str();
  }
};

template <typename Tiling>
Rated rated(seg::FusionOp fusion, const ConvProblem &problem,
            const std::pair<Tiling, double> &best) {
  auto [tiling, cycles] = best;
  return {std::isfinite(cycles) ? toStrategy(fusion, problem, tiling)
                                : seg::StrategyAttr(),
          cycles};
}

template <typename Tiling>
Kind makeKind(seg::FusionOp fusion, const ConvProblem &problem, StringRef name,
              MultiplyType multiplyType, std::string refusal,
              std::pair<Tiling, double> (*select)(const ConvProblem &,
                                                  const CpuStrategyContext &)) {
  return {name, multiplyType, std::move(refusal),
          [=](CpuStrategyContext context) {
            context.multiplyType = multiplyType;
            return rated(fusion, problem, select(problem, context));
          }};
}

template <typename Tiling>
Kind makeTiledKind(seg::FusionOp fusion, const ConvProblem &problem,
                   MultiplyType multiplyType, std::string refusal,
                   std::pair<Tiling, double> (*select)(
                       const ConvProblem &, const CpuStrategyContext &,
                       ArrayRef<Dims>)) {
  auto best = [=](CpuStrategyContext context) {
    context.multiplyType = multiplyType;
    return rated(fusion, problem,
                 select(problem, context, winogradTileSizes(problem, context)));
  };
  auto each = [=](CpuStrategyContext context) {
    context.multiplyType = multiplyType;
    return llvm::map_to_vector(
        winogradTileSizes(problem, context), [&](const Dims &size) {
          return rated(fusion, problem, select(problem, context, size));
        });
  };
  return {winogradKind, multiplyType, std::move(refusal), best, each};
}

/// Returns the 16-bit type in memory of an activation or of its prologue's
/// input; null if it is f32.
Type stored16BitType(Value operand) {
  if (Value stored = seg::storedValue(operand); stored != operand)
    return getElementTypeOrSelf(stored);
  Operation *op = operand.getDefiningOp();
  return op ? stored16BitType(op->getOperand(0)) : Type();
}

/// Returns the allowed types of products that suit the types in memory. bf16
/// has the range of f32. f16 is more exact, but has a smaller range, so it is
/// used only if the values are stored as f16.
MultiplyTypeSet suitableMultiplyTypes(MultiplyTypeSet allowed,
                                      ValueRange factors) {
  for (Value factor : factors) {
    Type type = stored16BitType(factor);
    if (!type)
      return {};
    if (!type.isF16())
      allowed.remove(MultiplyType::F16);
  }
  if (allowed.contains(MultiplyType::F16))
    allowed.remove(MultiplyType::Bf16);
  return allowed;
}

/// Cycles to quantize a vector.
constexpr double quantizeCycles = 1.5;

/// Returns the context of a root that multiplies the `factors`. Its first
/// operand may have a prologue. A filter has the precision of the factors.
CpuStrategyContext contextOf(Operation *op, CpuStrategyContext context,
                             ValueRange factors) {
  bool isInt8 = seg::multipliesInt8(op);
  context.resultBytes = resultBytes(op);
  context.int8Input = seg::quantizesInput(op);
  bool isQuantized = isInt8 || context.int8Input;
  TileSource input(isQuantized ? seg::quantizedSource(op->getOperand(0))
                               : op->getOperand(0));
  context.computedInput = !input.isInput();
  context.loadCycles = input.loadCycles() + (isQuantized ? quantizeCycles : 0);
  if (isInt8) {
    context.allowedMultiplyTypes = {};
    return context;
  }
  if (context.int8Input) {
    bool isAllowed = context.allowedMultiplyTypes.contains(MultiplyType::Fixed);
    context.allowedMultiplyTypes =
        isAllowed ? MultiplyTypeSet{MultiplyType::Fixed} : MultiplyTypeSet{};
    context.productError = quantizedProductError;
    return context;
  }
  auto pin = op->getAttrOfType<StringAttr>(seg::precisionAttrName);
  context.allowedMultiplyTypes =
      pin && pin.getValue() == "f32"
          ? MultiplyTypeSet{}
          : suitableMultiplyTypes(context.allowedMultiplyTypes, factors);
  if (!isa<seg::ConvOp, seg::ConvTransposeOp>(op))
    context.productError = gradientProductError;
  else
    context.productError =
        context.training ? trainingProductError : predictionProductError;
  return context;
}

/// Calls `each` for the types of products that the context allows.
void forMultiplyTypes(const CpuStrategyContext &context,
                      llvm::function_ref<void(MultiplyType)> each) {
  for (MultiplyType multiplyType : {MultiplyType::F32, MultiplyType::Bf16,
                                    MultiplyType::F16, MultiplyType::Fixed})
    if (context.allowedMultiplyTypes.contains(multiplyType))
      each(multiplyType);
}

/// Returns the reason why direct kernels do not support the type of products;
/// empty if they do.
std::string directRefusal(const ConvProblem &problem,
                          MultiplyType multiplyType) {
  if (multiplyType == MultiplyType::Fixed)
    return "only with Winograd tiles";
  if (std::string reason = plainRefusal(problem); !reason.empty())
    return reason;
  return multiplyType == MultiplyType::F32 ? "" : pairsRefusal(problem);
}

/// Returns `shapeRefusal`, or the reason why the error of products in Winograd
/// tiles is too large; empty if the tiles may be used.
std::string tiledRefusal(std::string shapeRefusal, const ConvProblem &problem,
                         MultiplyType multiplyType, double maxError) {
  if (!shapeRefusal.empty() || multiplyType == MultiplyType::F32)
    return shapeRefusal;
  Dims m;
  for (unsigned d = 0; d < 3; ++d)
    m[d] = problem.taps[d] == 1 ? 1 : 2;
  double error = productError(multiplyType, m);
  return error <= maxError
             ? ""
             : llvm::formatv("error {0:e1}, at most {1:e1} allowed", error,
                             maxError)
                   .str();
}

using Kinds = SmallVector<Kind>;

//===----------------------------------------------------------------------===//
// Kinds of strategies by model
//===----------------------------------------------------------------------===//

Kinds directKinds(seg::FusionOp fusion, const ConvProblem &problem,
                  const CpuStrategyContext &context) {
  Kinds kinds;
  forMultiplyTypes(context, [&](MultiplyType multiplyType) {
    kinds.push_back(makeKind(fusion, problem, directKind, multiplyType,
                             directRefusal(problem, multiplyType),
                             selectConvTiling));
  });
  return kinds;
}

Kinds winogradKinds(seg::FusionOp fusion, const ConvProblem &problem,
                    const CpuStrategyContext &context) {
  Kinds kinds;
  forMultiplyTypes(context, [&](MultiplyType multiplyType) {
    std::string refusal =
        context.int8Input
            ? int8TilesRefusal(problem, context.winograd, multiplyType)
            : tiledRefusal(winogradRefusal(problem, context.winograd), problem,
                           multiplyType, context.productError);
    kinds.push_back(makeTiledKind(fusion, problem, multiplyType, refusal,
                                  selectWinogradTiling));
  });
  return kinds;
}

Kinds fewChannelsKinds(seg::FusionOp fusion, const ConvProblem &problem,
                       const CpuStrategyContext &context) {
  return {makeKind(fusion, problem, fewChannelsKind, MultiplyType::F32,
                   fewChannelsRefusal(problem), selectFewChannelsTiling)};
}

Kinds groupedKinds(seg::FusionOp fusion, const ConvProblem &problem,
                   const CpuStrategyContext &context) {
  return {makeKind(fusion, problem, groupedKind, MultiplyType::F32,
                   groupedRefusal(problem), selectGroupedTiling)};
}

Kinds directFilterGradKinds(seg::FusionOp fusion, const ConvProblem &problem,
                            const CpuStrategyContext &context) {
  Kinds kinds;
  forMultiplyTypes(context, [&](MultiplyType multiplyType) {
    if (multiplyType != MultiplyType::Fixed)
      kinds.push_back(makeKind(fusion, problem, directKind, multiplyType,
                               directRefusal(problem, multiplyType),
                               selectFilterGradTiling));
  });
  return kinds;
}

Kinds winogradFilterGradKinds(seg::FusionOp fusion, const ConvProblem &problem,
                              const CpuStrategyContext &context) {
  Kinds kinds;
  forMultiplyTypes(context, [&](MultiplyType multiplyType) {
    if (multiplyType == MultiplyType::Fixed)
      return;
    std::string refusal =
        tiledRefusal(winogradFilterGradRefusal(problem, context.winograd),
                     problem, multiplyType, context.productError);
    kinds.push_back(makeTiledKind(fusion, problem, multiplyType, refusal,
                                  selectWinogradFilterGradTiling));
  });
  return kinds;
}

Kinds groupedFilterGradKinds(seg::FusionOp fusion, const ConvProblem &problem,
                             const CpuStrategyContext &context) {
  return {makeKind(fusion, problem, groupedKind, MultiplyType::F32,
                   groupedRefusal(problem), selectGroupedFilterGradTiling)};
}

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

/// The common part of the models of convolutions and filter gradients.
class ConvModel : public CpuKernelModel {
public:
  using KindsFunction = Kinds (*)(seg::FusionOp, const ConvProblem &,
                                  const CpuStrategyContext &);
  using EmitFunction = LogicalResult (*)(FusionEmitter &, Operation *);

  ConvModel(StringRef name, ArrayRef<StrategyParameter> declared,
            KindsFunction kindsOf, EmitFunction emitRoot)
      : name(name), declared(declared), kindsOf(kindsOf), emitRoot(emitRoot) {}

  StringRef kind(OperationName) const final { return name; }
  ArrayRef<StrategyParameter> parameters() const final { return declared; }

  SmallVector<StrategyProposal>
  propose(seg::FusionOp fusion, const StrategyContext &context) const final;
  SmallVector<StrategyProposal>
  candidates(seg::FusionOp fusion, const StrategyContext &context) const final;
  SmallVector<seg::StrategyAttr>
  variations(seg::FusionOp fusion, const StrategyContext &context,
             seg::StrategyAttr strategy) const final;
  SmallVector<StrategyProposal>
  samples(seg::FusionOp fusion, const StrategyContext &context) const final;

  LogicalResult emitKernels(Operation *op, FusionEmitter &emitter) const final {
    return emitRoot(emitter, op);
  }

protected:
  virtual ConvProblem problem(Operation *op) const = 0;
  /// Returns the operands that are multiplied, except filters, which have the
  /// precision of the others.
  virtual OperandRange factors(Operation *op) const = 0;

private:
  /// Returns the root's context and its kinds of strategies.
  std::pair<CpuStrategyContext, Kinds>
  kinds(seg::FusionOp fusion, const StrategyContext &context) const {
    Operation *op = fusion.getRoot();
    CpuStrategyContext own = contextOf(op, cpuContext(context), factors(op));
    Kinds all = kindsOf(fusion, problem(op), own);
    if (name != int8Kind && seg::multipliesInt8(op))
      for (Kind &kind : all)
        if (kind.refusal.empty())
          kind.refusal = "its factors are 8-bit integers";
    if (name != winogradKind && seg::quantizesInput(op))
      for (Kind &kind : all)
        if (kind.refusal.empty())
          kind.refusal = "its input is of 8-bit integers, and its filter not";
    return {std::move(own), std::move(all)};
  }
  StrategyProposal propose(const Kind &kind,
                           const CpuStrategyContext &context) const;

  StringRef name;
  ArrayRef<StrategyParameter> declared;
  KindsFunction kindsOf;
  EmitFunction emitRoot;
};

StrategyProposal ConvModel::propose(const Kind &kind,
                                    const CpuStrategyContext &context) const {
  StrategyProposal proposal;
  proposal.title = kind.title();
  proposal.reason = kind.refusal;
  if (!proposal.reason.empty())
    return proposal;
  Rated rated = kind.select(context);
  proposal.strategy = rated.strategy;
  proposal.seconds = rated.cycles / context.target.clockHz;
  proposal.reason = rated.strategy
                        ? llvm::formatv("{0:f0} cycles", rated.cycles).str()
                        : "no tiling within the limits";
  double error =
      rated.strategy ? productError(rated.strategy, context.int8Input) : 0;
  if (error != 0)
    proposal.reason += llvm::formatv(", error {0:e1}", error).str();
  return proposal;
}

SmallVector<StrategyProposal>
ConvModel::propose(seg::FusionOp fusion, const StrategyContext &context) const {
  auto [own, all] = kinds(fusion, context);
  SmallVector<StrategyProposal> proposals;
  for (const Kind &each : all)
    proposals.push_back(propose(each, own));
  return proposals;
}

/// Returns a context that allows only Winograd tiles of this size.
CpuStrategyContext withTiles(CpuStrategyContext context, WinogradTiles tiles) {
  context.winograd = tiles;
  context.onlyLargestTiles = true;
  return context;
}

SmallVector<StrategyProposal>
ConvModel::candidates(seg::FusionOp fusion,
                      const StrategyContext &context) const {
  auto [own, all] = kinds(fusion, context);
  SmallVector<StrategyProposal> proposals;
  for (const Kind &each : all) {
    if (!each.selectEach) {
      proposals.push_back(propose(each, own));
      continue;
    }
    for (WinogradTiles tiles :
         {WinogradTiles::F2, WinogradTiles::F4, WinogradTiles::F6})
      if (tiles <= own.winograd &&
          (tiles != WinogradTiles::F6 || own.int8Input))
        proposals.push_back(propose(each, withTiles(own, tiles)));
  }
  return proposals;
}

SmallVector<seg::StrategyAttr>
ConvModel::variations(seg::FusionOp fusion, const StrategyContext &context,
                      seg::StrategyAttr strategy) const {
  auto [own, all] = kinds(fusion, context);
  if (ArrayRef<int64_t> m = strategy.getInts(strategyTilesName); !m.empty())
    own =
        withTiles(own, llvm::is_contained(m, int64_t(6))   ? WinogradTiles::F6
                       : llvm::is_contained(m, int64_t(4)) ? WinogradTiles::F4
                                                           : WinogradTiles::F2);
  CpuStrategyContext otherBlocks = own, smallerTiles = own;
  if (auto vectors = strategy.get<IntegerAttr>("nb"))
    otherBlocks.avoidedVectors = vectors.getInt();
  smallerTiles.target.l2Bytes /= 2;
  MultiplyType multiplyType = productWork(strategy).multiplyType;
  SmallVector<seg::StrategyAttr> others;
  for (const Kind &each : all)
    if (each.multiplyType == multiplyType)
      for (const CpuStrategyContext &variant : {otherBlocks, smallerTiles})
        if (seg::StrategyAttr other = each.select(variant).strategy)
          others.push_back(other);
  return others;
}

SmallVector<StrategyProposal>
ConvModel::samples(seg::FusionOp fusion, const StrategyContext &context) const {
  auto [own, all] = kinds(fusion, context);
  SmallVector<StrategyProposal> proposals;
  auto add = [&](seg::StrategyAttr strategy) {
    proposals.emplace_back().strategy = strategy;
  };
  for (const Kind &each : all) {
    if (!each.refusal.empty())
      continue;
    if (each.selectEach) {
      for (const Rated &rated : each.selectEach(own))
        add(rated.strategy);
      continue;
    }
    seg::StrategyAttr best = each.select(own).strategy;
    add(best);
    CpuStrategyContext otherBlocks = own;
    if (auto vectors = best ? best.get<IntegerAttr>("nb") : IntegerAttr()) {
      otherBlocks.avoidedVectors = vectors.getInt();
      add(each.select(otherBlocks).strategy);
    }
  }
  return proposals;
}

/// The model of convolutions, transposed convolutions and input gradients.
struct ForwardModel : ConvModel {
  using ConvModel::ConvModel;
  bool computes(OperationName root) const override {
    return isOneOf<seg::ConvOp, seg::ConvTransposeOp, seg::ConvInputGradOp>(
        root);
  }
  ConvProblem problem(Operation *op) const override { return convProblem(op); }
  OperandRange factors(Operation *op) const override {
    return op->getOperands().take_front();
  }
  bool takesEpilogue(Operation *) const override { return true; }
  bool takesPrologue(OpOperand &operand) const override {
    return operand.getOperandNumber() == 0 ||
           isa_and_present<BlockArgument>(seg::quantizedSource(operand.get()));
  }
  /// If phases differ in size, some tiles have no pixels, which reductions do
  /// not support.
  bool hasReductions(Operation *op) const override {
    ConvProblem problem = convProblem(op);
    for (unsigned d = 0; d < 3; ++d)
      if (problem.out[d] % problem.phases()[d] != 0)
        return false;
    return true;
  }
  /// Few channels are one block, which one task computes.
  bool hasPixelReductions(Operation *op) const override {
    return isa<seg::ConvOp>(op) &&
           convProblem(op).outChannels <= maxUnrolledChannels;
  }
  int64_t preparedOperand(Operation *) const override { return 1; } // Filter.
};

struct FilterGradModel : ConvModel {
  using ConvModel::ConvModel;
  bool computes(OperationName root) const override {
    return isOneOf<seg::ConvFilterGradOp>(root);
  }
  ConvProblem problem(Operation *op) const override {
    return filterGradProblem(op);
  }
  OperandRange factors(Operation *op) const override {
    return op->getOperands();
  }
  /// Only the input may have a prologue: gradients may be read in place.
  /// Kernels with groups or dilations also read the input in place.
  bool takesPrologue(OpOperand &operand) const override {
    return operand.getOperandNumber() == 0 &&
           plainRefusal(filterGradProblem(operand.getOwner())).empty();
  }
};

} // namespace

/// Only quantized convolutions have it; others need no reason.
static Kinds int8Kinds(seg::FusionOp fusion, const ConvProblem &problem,
                       const CpuStrategyContext &context) {
  if (!seg::multipliesInt8(fusion.getRoot()))
    return {};
  return {makeKind(fusion, problem, int8Kind, MultiplyType::F32,
                   int8Refusal(problem, fusion.getRoot()), selectInt8Tiling)};
}

/// Adds the model of one kind of kernels.
template <typename Model, typename Tiling>
static void addModel(KernelModels &models, ConvModel::KindsFunction kinds,
                     ConvModel::EmitFunction emit) {
  models.push_back(std::make_unique<Model>(
      Tiling::kind, tilingParameters<Tiling>(), kinds, emit));
}

void addConvModels(KernelModels &models) {
  addModel<ForwardModel, ConvTiling>(models, directKinds, emitConv);
  addModel<ForwardModel, WinogradTiling>(models, winogradKinds,
                                         emitWinogradConv);
  addModel<ForwardModel, FewChannelsTiling>(models, fewChannelsKinds,
                                            emitFewChannelsConv);
  addModel<ForwardModel, GroupedTiling>(models, groupedKinds, emitGroupedConv);
  addModel<ForwardModel, Int8ConvTiling>(models, int8Kinds, emitInt8Conv);
  addModel<FilterGradModel, FilterGradTiling>(models, directFilterGradKinds,
                                              emitConvFilterGrad);
  addModel<FilterGradModel, WinogradFilterGradTiling>(
      models, winogradFilterGradKinds, emitWinogradFilterGrad);
  addModel<FilterGradModel, GroupedFilterGradTiling>(
      models, groupedFilterGradKinds, emitGroupedFilterGrad);
}

} // namespace segc
