//===- Decisions.h - Countable decisions of passes --------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Actions of MLIR (mlir/IR/Action.h): a handler that is registered on the
// context may count decisions, print them and reject them. `segc --fuel` does,
// and so does `segc-opt --mlir-debug-counter=seg-fusion-count=3`.

#ifndef SEGC_TRANSFORMS_DECISIONS_H
#define SEGC_TRANSFORMS_DECISIONS_H

#include "mlir/IR/Action.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Operation.h"
#include <string>

namespace segc {

/// Base class of decisions. A rejected decision leaves the default outcome.
template <typename Concrete>
class Decision : public mlir::tracing::ActionImpl<Concrete> {
public:
  Decision(llvm::ArrayRef<mlir::IRUnit> units, std::string text)
      : mlir::tracing::ActionImpl<Concrete>(units), text(std::move(text)) {}

  void print(llvm::raw_ostream &os) const override { os << text; }

private:
  std::string text;
};

/// Two ops become one kernel. Default: two kernels.
struct FusionDecision : Decision<FusionDecision> {
  using Decision::Decision;
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(FusionDecision)
  static constexpr llvm::StringLiteral tag = "seg-fusion";
};

/// A kernel gets the cheapest strategy. Default: the cheapest without Winograd
/// tiles and 16-bit products.
struct StrategyDecision : Decision<StrategyDecision> {
  using Decision::Decision;
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(StrategyDecision)
  static constexpr llvm::StringLiteral tag = "seg-strategy";
};

/// Kernels are reordered, rematerialized, or compute in place. Default: none of
/// it.
struct MemoryDecision : Decision<MemoryDecision> {
  using Decision::Decision;
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(MemoryDecision)
  static constexpr llvm::StringLiteral tag = "seg-memory";
};

/// Whether the decision about `op` is accepted. `text` is only called if there
/// is a handler.
template <typename DecisionTy>
bool mayDecide(mlir::Operation *op, llvm::function_ref<std::string()> text) {
  mlir::MLIRContext *context = op->getContext();
  if (!context->hasActionHandler())
    return true;
  bool allowed = false;
  context->executeAction<DecisionTy>([&] { allowed = true; }, mlir::IRUnit(op),
                                     text());
  return allowed;
}

} // namespace segc

#endif // SEGC_TRANSFORMS_DECISIONS_H
