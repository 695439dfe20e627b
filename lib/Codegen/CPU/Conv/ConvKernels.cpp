//===- ConvKernels.cpp - Convolutions as roots of CPU kernels -----*- C++
//-*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Conv/ConvEmitters.h"
#include "Reductions/PixelChannels.h"
#include "Strategy/StrategyChoice.h"
#include "mlir/IR/Remarks.h"
#include "segc/Codegen/CPU/ConvStrategy.h"
#include "segc/Codegen/CPU/CpuKernels.h"
#include "segc/Codegen/CPU/GroupedStrategy.h"
#include "segc/Codegen/CPU/FewChannelsStrategy.h"
#include "segc/Codegen/CPU/TileSource.h"
#include "segc/Codegen/CPU/WinogradStrategy.h"
#include "segc/Transforms/LayerNames.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;

namespace segc {
namespace {

/// MultiplyType of the convolution that relates the two sides, whichever is read.
double productsPerSample(const ConvProblem &problem) {
  const Dims &small = problem.adjoint ? problem.in : problem.out;
  return static_cast<double>(product(small)) * product(problem.taps) *
         problem.groupInputs() * problem.outChannels;
}

/// A strategy and its cycles under the model; null where none is allowed.
struct Rated {
  DictionaryAttr strategy;
  double cycles;
};

/// A kind of strategy: the best tiling that a context allows, or why not.
struct Kind {
  StringRef name;
  MultiplyType multiplyType;
  std::string refusal;
  std::function<Rated(const CpuStrategyContext &)> select;
  /// Of Winograd tiles: the best tiling with each size of tiles.
  std::function<SmallVector<Rated>(const CpuStrategyContext &)> selectEach = {};

  /// As remarks call it.
  std::string title() const {
    return (multiplyType == MultiplyType::F32 ? name
                                      : name + " of " + multiplyTypeName(multiplyType))
        .str();
  }
};

template <typename Tiling>
Rated rated(seg::FusionOp fusion, const ConvProblem &problem,
            const std::pair<Tiling, double> &best) {
  auto [tiling, cycles] = best;
  return {std::isfinite(cycles) ? toStrategy(fusion, problem, tiling)
                                : DictionaryAttr(),
          cycles};
}

template <typename Tiling>
Kind makeKind(seg::FusionOp fusion, const ConvProblem &problem, StringRef name,
              MultiplyType multiplyType, std::string refusal,
              std::pair<Tiling, double> (*select)(const ConvProblem &,
                                                const CpuStrategyContext &)) {
  return {name, multiplyType, std::move(refusal), [=](CpuStrategyContext context) {
            context.multiplyType = multiplyType;
            return rated(fusion, problem, select(problem, context));
          }};
}

template <typename Tiling>
Kind makeTiledKind(seg::FusionOp fusion, const ConvProblem &problem,
                   MultiplyType multiplyType, std::string refusal,
                   std::pair<Tiling, double> (*select)(const ConvProblem &,
                                                     const CpuStrategyContext &,
                                                     ArrayRef<Dims>)) {
  auto best = [=](CpuStrategyContext context) {
    context.multiplyType = multiplyType;
    return rated(
        fusion, problem,
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

/// The 16-bit type of an activation, or of what a prologue computes it from;
/// null if it is f32.
Type is16Bit(Value operand) {
  if (Value stored = seg::storedValue(operand); stored != operand)
    return getElementTypeOrSelf(stored);
  Operation *op = operand.getDefiningOp();
  return op ? is16Bit(op->getOperand(0)) : Type();
}

/// The allowed products that suit values as they are stored: bf16 has the range
/// of f32, f16 has not, and is more exact where it suits.
MultiplyTypeSet suitableMultiplyTypes(MultiplyTypeSet allowed, ValueRange factors) {
  for (Value factor : factors) {
    Type type = is16Bit(factor);
    if (!type)
      return {};
    if (!type.isF16())
      allowed.remove(MultiplyType::F16);
  }
  if (allowed.contains(MultiplyType::F16))
    allowed.remove(MultiplyType::Bf16);
  return allowed;
}

/// The context of a root whose first operand may have a prologue, and which
/// multiplies the `factors`; a filter is as exact as they are.
CpuStrategyContext contextOf(Operation *op, CpuStrategyContext context,
                             ValueRange factors) {
  TileSource input(op->getOperand(0));
  context.computedInput = !input.isInput();
  context.loadCycles = input.loadCycles();
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

/// Calls `each` for the products that the context allows.
void forMultiplyTypes(const CpuStrategyContext &context,
                 llvm::function_ref<void(MultiplyType)> each) {
  for (MultiplyType multiplyType :
       {MultiplyType::F32, MultiplyType::Bf16, MultiplyType::F16, MultiplyType::Fixed})
    if (context.allowedMultiplyTypes.contains(multiplyType))
      each(multiplyType);
}

/// Why direct kernels do not multiply so; empty if they do.
std::string directRefusal(const ConvProblem &problem, MultiplyType multiplyType) {
  if (multiplyType == MultiplyType::Fixed)
    return "of Winograd tiles only";
  if (std::string reason = plainRefusal(problem); !reason.empty())
    return reason;
  return multiplyType == MultiplyType::F32 ? "" : pairsRefusal(problem);
}

/// `shapeRefusal`, or why the products of Winograd tiles err too much; empty if
/// they do not.
std::string tiledRefusal(std::string shapeRefusal, const ConvProblem &problem,
                         MultiplyType multiplyType, double most) {
  if (!shapeRefusal.empty() || multiplyType == MultiplyType::F32)
    return shapeRefusal;
  Dims m;
  for (unsigned d = 0; d < 3; ++d)
    m[d] = problem.taps[d] == 1 ? 1 : 2;
  double error = productError(multiplyType, m);
  return error <= most ? ""
                       : llvm::formatv("error {0:e1}, at most {1:e1} allowed",
                                       error, most)
                             .str();
}

/// Of convolutions, transposed convolutions and input gradients.
SmallVector<Kind> convKinds(Operation *op, seg::FusionOp fusion,
                            const CpuStrategyContext &context) {
  ConvProblem problem = convProblem(op);
  SmallVector<Kind> kinds;
  forMultiplyTypes(context, [&](MultiplyType multiplyType) {
    kinds.push_back(makeKind(fusion, problem, directKind, multiplyType,
                             directRefusal(problem, multiplyType), selectConvTiling));
    std::string refusal = tiledRefusal(winogradRefusal(problem, context.winograd),
                                       problem,
                                       multiplyType, context.productError);
    kinds.push_back(makeTiledKind(fusion, problem, multiplyType, refusal,
                                  selectWinogradTiling));
  });
  kinds.push_back(makeKind(fusion, problem, fewChannelsKind, MultiplyType::F32,
                           fewChannelsRefusal(problem), selectFewChannelsTiling));
  kinds.push_back(makeKind(fusion, problem, groupedKind, MultiplyType::F32,
                           groupedRefusal(problem), selectGroupedTiling));
  return kinds;
}

SmallVector<Kind> filterGradKinds(Operation *op, seg::FusionOp fusion,
                                  const CpuStrategyContext &context) {
  ConvProblem problem = filterGradProblem(op);
  SmallVector<Kind> kinds;
  forMultiplyTypes(context, [&](MultiplyType multiplyType) {
    if (multiplyType == MultiplyType::Fixed)
      return;
    kinds.push_back(makeKind(fusion, problem, directKind, multiplyType,
                             directRefusal(problem, multiplyType),
                             selectFilterGradTiling));
    std::string refusal = tiledRefusal(winogradFilterGradRefusal(problem, context.winograd),
                                       problem,
                                       multiplyType, context.productError);
    kinds.push_back(makeTiledKind(fusion, problem, multiplyType, refusal,
                                  selectWinogradFilterGradTiling));
  });
  kinds.push_back(makeKind(fusion, problem, groupedKind, MultiplyType::F32,
                           groupedRefusal(problem),
                           selectGroupedFilterGradTiling));
  return kinds;
}

/// The cheapest; a remark says why.
DictionaryAttr choose(Operation *op, ArrayRef<Kind> kinds,
                      const CpuStrategyContext &context) {
  Rated best{nullptr, std::numeric_limits<double>::infinity()};
  SmallVector<std::string> reasons;
  for (const Kind &kind : kinds) {
    std::string reason = kind.refusal;
    if (reason.empty()) {
      Rated rated = kind.select(context);
      if (rated.cycles < best.cycles)
        best = rated;
      reason = rated.strategy
                   ? llvm::formatv("{0:f0} cycles", rated.cycles).str()
                   : "no tiling within the memory that it may take";
      if (double error = rated.strategy ? productError(rated.strategy) : 0)
        reason += llvm::formatv(", error {0:e1}", error).str();
    }
    reasons.push_back(kind.title() + ": " + reason);
  }
  addPlace(
      remark::analysis(op->getLoc(), remarkOpts("convolution", "strategy", op))
          << llvm::join(reasons, "; "),
      op->getParentOfType<seg::FusionOp>());
  return best.strategy;
}

/// Contexts that lead a kind to different tilings: Winograd tiles of each size.
SmallVector<CpuStrategyContext> variants(const Kind &kind,
                                         const CpuStrategyContext &context) {
  if (kind.name != winogradKind)
    return {context};
  SmallVector<CpuStrategyContext> result;
  for (WinogradTiles tiles : {WinogradTiles::F2, WinogradTiles::F4})
    if (tiles <= context.winograd) {
      result.push_back(context);
      result.back().winograd = tiles;
      result.back().onlyLargestTiles = true;
    }
  return result;
}

/// The best of each kind and tile size, best first. Then, of the kind that is
/// first, what is best with other register blocks and with smaller tiles: the
/// model may err about the pipeline or about the caches.
SmallVector<DictionaryAttr> candidates(ArrayRef<Kind> kinds,
                                       const CpuStrategyContext &context) {
  struct Candidate {
    const Kind *kind;
    CpuStrategyContext context;
    Rated rated;
  };
  SmallVector<Candidate, 4> best;
  for (const Kind &kind : kinds)
    if (kind.refusal.empty())
      for (const CpuStrategyContext &variant : variants(kind, context))
        best.push_back({&kind, variant, kind.select(variant)});
  llvm::stable_sort(best, [](const Candidate &a, const Candidate &b) {
    return a.rated.cycles < b.rated.cycles;
  });
  llvm::SetVector<DictionaryAttr> strategies;
  for (const Candidate &candidate : best)
    strategies.insert(candidate.rated.strategy);
  const Candidate &first = best.front();
  CpuStrategyContext otherBlocks = first.context, smallerTiles = first.context;
  if (auto vectors = first.rated.strategy.getAs<IntegerAttr>("nb"))
    otherBlocks.avoidedVectors = vectors.getInt();
  smallerTiles.target.l2Bytes /= 2;
  for (const CpuStrategyContext &variant : {otherBlocks, smallerTiles})
    strategies.insert(first.kind->select(variant).strategy);
  strategies.remove(DictionaryAttr());
  return strategies.takeVector();
}

/// The best of each kind and tile size, whatever it costs, and what is best of
/// the kinds without tiles with other register blocks.
SmallVector<DictionaryAttr> allStrategies(ArrayRef<Kind> kinds,
                                          const CpuStrategyContext &context) {
  llvm::SetVector<DictionaryAttr> strategies;
  for (const Kind &kind : kinds) {
    if (!kind.refusal.empty())
      continue;
    if (kind.selectEach) {
      for (const Rated &each : kind.selectEach(context))
        strategies.insert(each.strategy);
      continue;
    }
    DictionaryAttr best = kind.select(context).strategy;
    strategies.insert(best);
    CpuStrategyContext otherBlocks = context;
    if (auto vectors = best ? best.getAs<IntegerAttr>("nb") : IntegerAttr()) {
      otherBlocks.avoidedVectors = vectors.getInt();
      strategies.insert(kind.select(otherBlocks).strategy);
    }
  }
  strategies.remove(DictionaryAttr());
  return strategies.takeVector();
}

StringRef kindOf(FusionEmitter &emitter) {
  auto kind =
      emitter.getFusion().getStrategyAttr().getAs<StringAttr>(strategyKindName);
  return kind ? kind.getValue() : StringRef();
}

LogicalResult checkKind(FusionEmitter &emitter, Operation *op,
                        ArrayRef<StringRef> known) {
  if (llvm::is_contained(known, kindOf(emitter)))
    return success();
  return op->emitOpError(
             "expects 'kind' in the fusion's strategy to be one of ")
         << llvm::join(known, ", ") << ", got '" << kindOf(emitter) << "'";
}

template <typename Op>
struct ConvKernel : CpuKernelOpInterface::ExternalModel<ConvKernel<Op>, Op> {
  DictionaryAttr selectCpuStrategy(Operation *op, seg::FusionOp fusion,
                                   const CpuStrategyContext &context) const {
    CpuStrategyContext own = contextOf(op, context, op->getOperand(0));
    return choose(op, convKinds(op, fusion, own), own);
  }
  SmallVector<DictionaryAttr>
  cpuStrategyCandidates(Operation *op, seg::FusionOp fusion,
                        const CpuStrategyContext &context) const {
    CpuStrategyContext own = contextOf(op, context, op->getOperand(0));
    return candidates(convKinds(op, fusion, own), own);
  }
  bool readsCpuStrategy(Operation *op) const { return true; }
  LogicalResult emitCpuKernel(Operation *op, FusionEmitter &emitter) const {
    if (failed(checkKind(emitter, op,
                         {directKind, winogradKind, fewChannelsKind, groupedKind})))
      return failure();
    if (kindOf(emitter) == winogradKind)
      return emitWinogradConv(emitter, op);
    if (kindOf(emitter) == fewChannelsKind)
      return emitNarrowConv(emitter, op);
    if (kindOf(emitter) == groupedKind)
      return emitGroupedConv(emitter, op);
    return emitConv(emitter, op);
  }
  bool hasCpuEpilogue(Operation *op) const { return true; }
  bool takesCpuPrologue(Operation *op, unsigned operand) const {
    return operand == 0;
  }
  /// Unless phases differ in size: then some tiles have no pixels.
  bool hasCpuReductions(Operation *op) const {
    ConvProblem problem = convProblem(op);
    for (unsigned d = 0; d < 3; ++d)
      if (problem.out[d] % problem.phases()[d] != 0)
        return false;
    return true;
  }
  /// Few channels are one block, of one task.
  bool hasCpuPixelReductions(Operation *op) const {
    return isa<seg::ConvOp>(op) &&
           convProblem(op).outChannels <= maxUnrolledChannels;
  }
  int64_t preparedOperand(Operation *op) const { return 1; } // The filter.
  double flopsPerSample(Operation *op) const {
    return 2 * productsPerSample(convProblem(op));
  }
};

struct FilterGradKernel
    : CpuKernelOpInterface::ExternalModel<FilterGradKernel,
                                          seg::ConvFilterGradOp> {
  DictionaryAttr selectCpuStrategy(Operation *op, seg::FusionOp fusion,
                                   const CpuStrategyContext &context) const {
    CpuStrategyContext own = contextOf(op, context, op->getOperands());
    return choose(op, filterGradKinds(op, fusion, own), own);
  }
  SmallVector<DictionaryAttr>
  cpuStrategyCandidates(Operation *op, seg::FusionOp fusion,
                        const CpuStrategyContext &context) const {
    CpuStrategyContext own = contextOf(op, context, op->getOperands());
    return candidates(filterGradKinds(op, fusion, own), own);
  }
  bool readsCpuStrategy(Operation *op) const { return true; }
  LogicalResult emitCpuKernel(Operation *op, FusionEmitter &emitter) const {
    if (failed(checkKind(emitter, op, {directKind, winogradKind, groupedKind})))
      return failure();
    if (kindOf(emitter) == winogradKind)
      return emitWinogradFilterGrad(emitter, op);
    if (kindOf(emitter) == groupedKind)
      return emitGroupedFilterGrad(emitter, op);
    return emitConvFilterGrad(emitter, op);
  }
  /// Gradients may be read where they lie. Without tiles, the input is too.
  bool takesCpuPrologue(Operation *op, unsigned operand) const {
    return operand == 0 && plainRefusal(filterGradProblem(op)).empty();
  }
  double flopsPerSample(Operation *op) const {
    return 2 * productsPerSample(filterGradProblem(op));
  }
};

} // namespace

SmallVector<DictionaryAttr>
allConvStrategies(seg::FusionOp fusion, const CpuStrategyContext &context) {
  Operation *root = fusion.getRoot();
  if (isa_and_nonnull<seg::ConvOp, seg::ConvTransposeOp, seg::ConvInputGradOp>(
          root)) {
    CpuStrategyContext own = contextOf(root, context, root->getOperand(0));
    return allStrategies(convKinds(root, fusion, own), own);
  }
  if (isa_and_nonnull<seg::ConvFilterGradOp>(root)) {
    CpuStrategyContext own = contextOf(root, context, root->getOperands());
    return allStrategies(filterGradKinds(root, fusion, own), own);
  }
  return {};
}

void registerConvCpuKernels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, seg::SegDialect *) {
    seg::ConvOp::attachInterface<ConvKernel<seg::ConvOp>>(*context);
    seg::ConvTransposeOp::attachInterface<ConvKernel<seg::ConvTransposeOp>>(
        *context);
    seg::ConvInputGradOp::attachInterface<ConvKernel<seg::ConvInputGradOp>>(
        *context);
    seg::ConvFilterGradOp::attachInterface<FilterGradKernel>(*context);
  });
}

} // namespace segc
