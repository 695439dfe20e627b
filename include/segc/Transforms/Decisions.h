//===- Decisions.h - Choices between correct outcomes -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Actions of MLIR (mlir/IR/Action.h): whoever registers a handler on the
// context may count decisions, name them and withhold them. `segc --fuel` does,
// and so does `segc-opt --mlir-debug-counter=seg-fusion-count=3`.

#ifndef SEGC_TRANSFORMS_DECISIONS_H
#define SEGC_TRANSFORMS_DECISIONS_H

#include "mlir/IR/Action.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Operation.h"
#include <string>

namespace segc {

/// A choice that was made of `text`; without it the outcome is the plain one.
template <typename Concrete>
class Decision : public mlir::tracing::ActionImpl<Concrete> {
public:
  Decision(llvm::ArrayRef<mlir::IRUnit> units, std::string text)
      : mlir::tracing::ActionImpl<Concrete>(units), text(std::move(text)) {}

  void print(llvm::raw_ostream &os) const override { os << text; }

private:
  std::string text;
};

/// Two ops become one kernel; else two.
struct FusionDecision : Decision<FusionDecision> {
  using Decision::Decision;
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(FusionDecision)
  static constexpr llvm::StringLiteral tag = "seg-fusion";
};

/// A kernel gets the strategy that the cost model finds best; else the best
/// without Winograd tiles and products of 16 bits.
struct StrategyDecision : Decision<StrategyDecision> {
  using Decision::Decision;
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(StrategyDecision)
  static constexpr llvm::StringLiteral tag = "seg-strategy";
};

/// Kernels change their order, run again, or compute in place; else they do
/// not.
struct MemoryDecision : Decision<MemoryDecision> {
  using Decision::Decision;
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(MemoryDecision)
  static constexpr llvm::StringLiteral tag = "seg-memory";
};

/// Whether the decision about `op` may be made; `text` is asked for where
/// somebody listens.
template <typename DecisionTy>
bool mayDecide(mlir::Operation *op, llvm::function_ref<std::string()> text) {
  mlir::MLIRContext *context = op->getContext();
  if (!context->hasActionHandler())
    return true;
  bool allowed = false;
  context->executeAction<DecisionTy>([&] { allowed = true; },
                                     mlir::IRUnit(op), text());
  return allowed;
}

} // namespace segc

#endif // SEGC_TRANSFORMS_DECISIONS_H
