//===- Passes.h - Transforms of seg IR --------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_TRANSFORMS_PASSES_H
#define SEGC_TRANSFORMS_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"

namespace segc {

/// Attributes that carry the calling convention of entries; see the
/// description of seg-import-network.
inline constexpr llvm::StringLiteral regionAttrName = "seg.region";
inline constexpr llvm::StringLiteral nameAttrName = "seg.name";
inline constexpr llvm::StringLiteral offsetAttrName = "seg.offset";
inline constexpr llvm::StringLiteral layoutAttrName = "seg.layout";
inline constexpr llvm::StringLiteral foldedAttrName = "seg.folded";
inline constexpr llvm::StringLiteral differentiateAttrName =
    "seg.differentiate";
/// Name of the attribute of 16-bit ops and casts with the rule that decided on
/// them.
inline constexpr llvm::StringLiteral precisionRuleAttrName = "seg.rule";
inline constexpr llvm::StringLiteral arenaAttrName = "seg.arena_bytes";
inline constexpr llvm::StringLiteral arenaBoundAttrName = "seg.arena_bound";
/// Pairs of arena bytes and their cost in nanoseconds; see seg-rematerialize.
inline constexpr llvm::StringLiteral memoryStepsAttrName = "seg.memory_steps";

#define GEN_PASS_DECL
#include "segc/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "segc/Transforms/Passes.h.inc"

} // namespace segc

#endif // SEGC_TRANSFORMS_PASSES_H
