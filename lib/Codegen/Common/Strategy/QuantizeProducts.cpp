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

/// The ops in front of both factors of a convolution.
struct QuantizedFactors {
  Operation *root;
  Value input, filter; ///< As they were.

  QuantizedFactors(Operation *root, double scale);
  void remove() const;
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

QuantizedFactors::QuantizedFactors(Operation *root, double scale)
    : root(root), input(root->getOperand(0)), filter(root->getOperand(1)) {
  OpBuilder b(root);
  Location loc = root->getLoc();
  Type i8 = b.getI8Type();
  auto inputType = cast<RankedTensorType>(input.getType()),
       filterType = cast<RankedTensorType>(filter.getType());
  FloatAttr factor = b.getF64FloatAttr(scale);
  auto quantized =
      seg::QuantizeOp::create(b, loc, inputType.clone(i8), input, factor);
  root->setOperand(0, seg::DequantizeOp::create(b, loc, inputType, quantized,
                                                Value(), factor));
  auto scales = RankedTensorType::get({filterType.getShape().back()},
                                      filterType.getElementType());
  auto weights = seg::QuantizeFilterOp::create(
      b, loc, TypeRange{filterType.clone(i8), scales}, filter);
  root->setOperand(
      1, seg::DequantizeOp::create(b, loc, filterType, weights.getQuantized(),
                                   weights.getScales(), FloatAttr()));
}

void QuantizedFactors::remove() const {
  for (auto [number, before] :
       llvm::enumerate(ArrayRef<Value>{input, filter})) {
    Operation *dequantize = root->getOperand(number).getDefiningOp(),
              *quantize = dequantize->getOperand(0).getDefiningOp();
    root->setOperand(number, before);
    dequantize->erase();
    quantize->erase();
  }
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
  QuantizedFactors factors(root, scale);
  StrategyProposal int8 = cheapestProposal(models, fusion, context);
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
    factors.remove();
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
    if (seg::multipliesInt8(root))
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
