//===- StrategySelection.h - Choice among kernel models ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_COMMON_STRATEGYSELECTION_H
#define SEGC_CODEGEN_COMMON_STRATEGYSELECTION_H

#include "segc/Target/TargetBackend.h"

namespace segc {

/// The context for the options of a pass. An unknown name is an error on `op`.
mlir::FailureOr<StrategyContext>
strategyContext(mlir::Operation *op, llvm::StringRef target,
                llvm::StringRef winograd, llvm::StringRef multiplyType,
                int64_t threads, bool unverifiedKernels, llvm::StringRef conv);

/// The context of a fusion in an entry.
StrategyContext contextOfFusion(seg::FusionOp fusion, StrategyContext context);

/// Whether the value is a parameter of its entry.
bool isParameter(mlir::Value value);
/// Whether the operand that the kernel prepares is a parameter that the entry
/// does not change.
bool readsConstantOperand(seg::FusionOp fusion, const TargetBackend &backend);
/// The operand of the fusion that its model prepares; -1 if there is none.
int64_t preparedInput(seg::FusionOp fusion, const TargetBackend &backend);

/// The cheapest proposal of those of the models that the context allows;
/// without a strategy if all refuse.
StrategyProposal cheapestProposal(llvm::ArrayRef<const KernelModel *> models,
                                  seg::FusionOp fusion,
                                  const StrategyContext &context);
/// The cheapest proposal of all models of the root that the context allows;
/// null if all refuse. A remark of category `strategy` names each proposal with
/// its cost or the reason of its refusal, where there are several.
seg::StrategyAttr selectStrategy(seg::FusionOp fusion,
                                 const StrategyContext &context);
/// Candidates of all these models, the cheapest first, and variations of that.
llvm::SmallVector<seg::StrategyAttr>
strategyCandidates(seg::FusionOp fusion, const StrategyContext &context);
/// Samples of what all these models can emit.
llvm::SmallVector<seg::StrategyAttr>
strategySamples(seg::FusionOp fusion, const StrategyContext &context);

/// Whether the launch that fills the strategy's temporary moves to `prepare`.
bool isPrepared(seg::StrategyAttr strategy, const StrategyContext &context);
/// Sets the fusion's strategy, with `prepared` where it is.
void setStrategy(seg::FusionOp fusion, seg::StrategyAttr strategy,
                 const StrategyContext &context);

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_STRATEGYSELECTION_H
