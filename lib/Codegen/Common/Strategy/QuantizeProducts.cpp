//===- QuantizeProducts.cpp -----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Calibration says which ops the pass concerns; it relies on their first two
// operands, input and filter.

#include "segc/Codegen/Common/Passes.h"
#include "segc/Codegen/Common/StrategySelection.h"
#include "segc/Dialect/Seg/IR/QuantizeOps.h"
#include "segc/Target/Strategy.h"
#include "segc/Transforms/Decisions.h"
#include "segc/Transforms/LayerNames.h"
#include "segc/Transforms/Passes.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_QUANTIZEPRODUCTSPASS
#include "segc/Codegen/Common/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {

/// The ops in front of the factors of a convolution.
class QuantizedFactors {
public:
  explicit QuantizedFactors(Operation *root) : root(root) {}
  void addInput(double scale);
  void addFilter();
  /// Removes what quantizes an operand.
  void remove(unsigned operand) const;

private:
  Operation *root;
};

struct QuantizeProductsPass
    : segc::impl::QuantizeProductsPassBase<QuantizeProductsPass> {
  using QuantizeProductsPassBase::QuantizeProductsPassBase;

protected:
  void runOnOperation() override;

private:
  /// Returns the reason why the factors cannot be quantized; empty if they can.
  std::string refusal(seg::FusionOp fusion, const StrategyContext &context,
                      double error) const;
  /// Quantizes the factors if that is faster. Returns what decided.
  std::string quantize(seg::FusionOp fusion, const StrategyContext &context,
                       double scale);
};

} // namespace

void QuantizedFactors::addInput(double scale) {
  OpBuilder b(root);
  Location loc = root->getLoc();
  Value input = root->getOperand(0);
  auto type = cast<RankedTensorType>(input.getType());
  FloatAttr factor = b.getF64FloatAttr(scale);
  auto quantized =
      seg::QuantizeOp::create(b, loc, type.clone(b.getI8Type()), input, factor);
  root->setOperand(
      0, seg::DequantizeOp::create(b, loc, type, quantized, Value(), factor));
}

void QuantizedFactors::addFilter() {
  OpBuilder b(root);
  Location loc = root->getLoc();
  Value filter = root->getOperand(1);
  auto filterType = cast<RankedTensorType>(filter.getType());
  auto scales = RankedTensorType::get({filterType.getShape().back()},
                                      filterType.getElementType());
  auto weights = seg::QuantizeFilterOp::create(
      b, loc, TypeRange{filterType.clone(b.getI8Type()), scales}, filter);
  root->setOperand(
      1, seg::DequantizeOp::create(b, loc, filterType, weights.getQuantized(),
                                   weights.getScales(), FloatAttr()));
}

void QuantizedFactors::remove(unsigned operand) const {
  Operation *dequantize = root->getOperand(operand).getDefiningOp(),
            *quantize = dequantize->getOperand(0).getDefiningOp();
  root->setOperand(operand, quantize->getOperand(0));
  dequantize->erase();
  quantize->erase();
}

std::string QuantizeProductsPass::refusal(seg::FusionOp fusion,
                                          const StrategyContext &context,
                                          double error) const {
  Operation *root = fusion.getRoot();
  if (auto pin = root->getAttrOfType<StringAttr>(seg::precisionAttrName);
      pin && pin.getValue() == "f32")
    return "seg.precision says so";
  if (error > maxError)
    return llvm::formatv("sensitive: 8 bits err by {0:e1}, at most {1:e1} "
                         "allowed",
                         error, maxError.getValue());
  auto filter = dyn_cast<BlockArgument>(root->getOperand(1));
  if (!context.constantOperand || !filter ||
      !isParameter(fusion.getInputs()[filter.getArgNumber()]))
    return "its filter is no parameter";
  return "";
}

std::string QuantizeProductsPass::quantize(seg::FusionOp fusion,
                                           const StrategyContext &context,
                                           double scale) {
  Operation *root = fusion.getRoot();
  auto models = context.target.backend->modelsOf(root);
  StrategyProposal wide = cheapestProposal(models, fusion, context);
  QuantizedFactors factors(root);
  factors.addInput(scale);
  // Winograd tiles transform the input as integers, and keep the filter.
  StrategyProposal tiles = cheapestProposal(models, fusion, context);
  if (productWork(tiles.strategy).multiplyType != MultiplyType::Fixed)
    tiles = {};
  factors.addFilter();
  StrategyProposal int8 = cheapestProposal(models, fusion, context);
  bool keepsFilter =
      tiles.strategy && (!int8.strategy || tiles.seconds < int8.seconds);
  if (keepsFilter) {
    factors.remove(1);
    int8 = std::move(tiles);
    int8.title += " of an input of 8 bits";
  }
  std::string reason =
      !int8.strategy
          ? "no kernel multiplies it in 8 bits"
          : llvm::formatv("{0} takes {1:f0} us, {2} {3:f0} us", int8.title,
                          1e6 * int8.seconds, wide.title, 1e6 * wide.seconds)
                .str();
  bool isFaster = int8.strategy && int8.seconds < wide.seconds;
  if (isFaster && !mayDecide<StrategyDecision>(fusion, [] {
        return std::string("factors of 8 bits");
      })) {
    isFaster = false;
    reason = "out of fuel";
  }
  if (isFaster)
    ++quantized;
  else
    for (unsigned operand = keepsFilter ? 1 : 2; operand-- > 0;)
      factors.remove(operand);
  return reason;
}

void QuantizeProductsPass::runOnOperation() {
  FailureOr<StrategyContext> resolved =
      strategyContext(getOperation(), target, winograd, multiplyType, threads,
                      unverifiedKernels, conv);
  if (failed(resolved))
    return signalPassFailure();
  StrategyContext whole = resolved.value_or(StrategyContext{});
  LayerNames layers(getOperation());
  for (auto fusion : getOperation().getOps<seg::FusionOp>()) {
    Operation *root = fusion.getRoot();
    auto scale = root ? root->getAttrOfType<FloatAttr>(seg::inputScaleAttrName)
                      : FloatAttr();
    if (!scale)
      continue;
    auto error = root->getAttrOfType<FloatAttr>(seg::quantizedErrorAttrName);
    root->removeAttr(seg::inputScaleAttrName);
    root->removeAttr(seg::quantizedErrorAttrName);
    StrategyContext context = contextOfFusion(fusion, whole);
    if (context.training || fusion.getStrategyAttr())
      continue;
    double lost = error ? error.getValueAsDouble() : 0;
    std::string reason = refusal(fusion, context, lost);
    if (reason.empty())
      reason = quantize(fusion, context, scale.getValueAsDouble());
    auto text = remark::add("{0}", root->getName());
    if (seg::multipliesInt8(root) || seg::quantizesInput(root))
      addPlace(
          remark::passed(root->getLoc(), remarkOpts("int8", "strategy", fusion))
              << text << remark::metric("error", lost)
              << remark::reason("{0}", reason),
          fusion, layers);
    else
      addPlace(
          remark::missed(root->getLoc(), remarkOpts("int8", "strategy", fusion))
              << text << remark::metric("error", lost)
              << remark::reason("{0}", reason),
          fusion, layers);
  }
}
