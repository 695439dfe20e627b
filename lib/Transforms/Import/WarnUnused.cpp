//===- WarnUnused.cpp - Parts of a network without effect -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Transforms/Passes.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace segc {
#define GEN_PASS_DEF_WARNUNUSEDPASS
#include "segc/Transforms/Passes.h.inc"
} // namespace segc

using namespace segc;

namespace {

/// Ops that a result of the region depends on.
llvm::SetVector<Operation *> liveOps(Region &region) {
  llvm::SetVector<Operation *> live;
  live.insert(region.front().getTerminator());
  for (size_t i = 0; i < live.size(); ++i)
    for (Value operand : live[i]->getOperands())
      if (Operation *op = operand.getDefiningOp())
        live.insert(op);
  return live;
}

struct WarnUnusedPass : segc::impl::WarnUnusedPassBase<WarnUnusedPass> {
  void runOnOperation() override {
    for (auto network : getOperation().getOps<seg::NetworkOp>()) {
      warnParameters(network);
      for (const std::string &key : seg::unknownKeys(network))
        network.emitWarning() << key << " has no effect: nothing reads it";
      network.walk([](Operation *op) { warnAttributes(op); });
    }
    markAllAnalysesPreserved();
  }

private:
  static void warnParameters(seg::NetworkOp network) {
    llvm::SetVector<Operation *> live = liveOps(network.getForward());
    for (Operation &op : network.getForward().front()) {
      StringRef name;
      if (auto param = dyn_cast<seg::ParamOp>(op))
        name = param.getName();
      else if (auto state = dyn_cast<seg::StateOp>(op))
        name = state.getName();
      if (!name.empty() && !live.contains(&op))
        op.emitWarning() << op.getName().stripDialect() << " \"" << name
                         << "\" has no effect: no result depends on it";
    }
  }
  /// Warns of attributes that no pass reads. Attributes with a dialect prefix
  /// belong to the passes of that dialect.
  static void warnAttributes(Operation *op) {
    for (NamedAttribute attribute : op->getDiscardableAttrs())
      if (!attribute.getName().strref().contains('.'))
        op->emitWarning() << "attribute '" << attribute.getName().strref()
                          << "' has no effect: '" << op->getName()
                          << "' has none of that name";
  }
};

} // namespace
