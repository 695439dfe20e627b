//===- InsertCasts.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Ports.h"

#include "mlir/IR/Remarks.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "segc/Transforms/LayerNames.h"
#include "segc/Transforms/Passes.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_INSERTCASTSPASS
#include "segc/Transforms/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {

/// The 16-bit type that the op is painted with; null if it is not painted.
FloatType paintOf(Operation *op) {
  auto name = op->getAttrOfType<StringAttr>(seg::precisionAttrName);
  if (!name || name.getValue() == "f32" || name.getValue() == "tf32")
    return {};
  return name.getValue() == "f16"
             ? FloatType(Float16Type::get(op->getContext()))
             : FloatType(BFloat16Type::get(op->getContext()));
}

/// The rule by which an op is painted.
StringRef ruleOf(Operation *op) {
  auto rule = op->getAttrOfType<StringAttr>(precisionRuleAttrName);
  return rule ? rule.getValue() : "pinned";
}

/// Whether the op multiplies values that stay f32, such as an image: no cast of
/// 16 bits stands in front of it. Filters, which are f32, follow the
/// activations.
bool multipliesF32(Operation *op) {
  auto interface = dyn_cast<seg::PrecisionOpInterface>(op);
  return interface &&
         interface.precisionClass() == seg::PrecisionClass::Allow &&
         !op->getOperand(0).getDefiningOp<seg::CastOp>();
}

struct InsertCastsPass : segc::impl::InsertCastsPassBase<InsertCastsPass> {
  using InsertCastsPassBase::InsertCastsPassBase;

  void runOnOperation() override {
    Block &block = getOperation().getBody().front();
    LayerNames names(getOperation());
    layers = &names;
    auto ops = llvm::map_to_vector(block.without_terminator(),
                                   [](Operation &op) { return &op; });
    for (Operation *op : ops)
      for (OpResult result : op->getResults())
        if (mayBeNarrow(result))
          castPort(result);
    for (Operation *op : ops) {
      if (paintOf(op)) {
        if (multipliesF32(op))
          allowTf32(op);
        else
          op->removeAttr(seg::precisionAttrName);
      }
      if (!isa<seg::CastOp>(op))
        op->removeAttr(precisionRuleAttrName);
    }
  }

private:
  LayerNames *layers = nullptr;

  /// Products that would be of 16 bits, had the factors 16, may be of tf32.
  void allowTf32(Operation *op) {
    op->setAttr(seg::precisionAttrName, StringAttr::get(&getContext(), "tf32"));
    addPlace(remark::passed(op->getLoc(), remarkOpts("tf32", "precision", op))
                 << remark::add("{0}", op->getName())
                 << remark::metric("rule", ruleOf(op))
                 << remark::reason("its input stays f32: products may be of "
                                   "tf32 where the target has them"),
             op, *layers);
  }

  /// Inserts the casts of a result: for all readers if its op is painted,
  /// otherwise for the painted readers.
  void castPort(OpResult result) {
    SmallVector<Operation *> users = readers(result);
    FloatType narrow = paintOf(result.getOwner());
    std::string rule = ruleOf(result.getOwner()).str();
    if (!narrow) {
      llvm::erase_if(users, [](Operation *user) { return !paintOf(user); });
      if (users.empty())
        return;
      narrow = paintOf(users.front());
      rule = ("read by " + ruleOf(users.front())).str();
    }
    OpBuilder b(&getContext());
    b.setInsertionPointAfter(result.getOwner());
    auto wide = cast<RankedTensorType>(result.getType());
    auto cast = [&](Value value, RankedTensorType type) {
      auto op = seg::CastOp::create(b, result.getLoc(), type, value);
      op->setAttr(precisionRuleAttrName, b.getStringAttr(rule));
      ++casts;
      return op;
    };
    auto rounded = cast(result, wide.clone(narrow));
    auto read = cast(rounded, wide);
    for (Operation *user : users)
      user->replaceUsesOfWith(result, read);
    int64_t half = seg::tensorBytes(rounded);
    bool kept = !result.hasOneUse();
    int64_t saved =
        half * (static_cast<int64_t>(users.size()) + (kept ? -1 : 1));
    bytesSaved += saved;
    addPlace(
        remark::passed(result.getLoc(),
                       remarkOpts("cast", "precision", result.getOwner()))
            << remark::add("{0} -> {1}", result.getOwner()->getName(), narrow)
            << remark::metric("rule", rule) << remark::metric("bytes", half)
            << remark::metric("bytes_saved", saved),
        result.getOwner(), *layers);
  }
};

} // namespace
