//===- PlanVerifier.h - A second opinion on memory plans --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_TRANSFORMS_PLANVERIFIER_H
#define SEGC_TRANSFORMS_PLANVERIFIER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"
#include <map>

namespace segc {

/// Checks the offsets of one entry, whoever wrote them. Lifetimes are computed
/// again, by another rule than the planner's: kernel by kernel, what a later
/// one reads is alive.
class PlanVerifier {
public:
  explicit PlanVerifier(mlir::func::FuncOp entry) : entry(entry) {}

  /// Errors name both values, their bytes and the kernels that need them.
  llvm::LogicalResult verify();

  /// Bytes of the arena; the most that are alive at one kernel; results in the
  /// place of an operand.
  int64_t arena = 0, bound = 0, inPlace = 0;

private:
  /// A value or temporary in the arena.
  struct Range {
    int64_t low, high;
    mlir::Value value; ///< Null for a temporary.
    int maker, last;   ///< The kernels that write it and read it last.
  };
  llvm::LogicalResult verifyOps();
  llvm::LogicalResult verifyOverwrites();
  llvm::FailureOr<llvm::SmallVector<Range>> ranges(seg::FusionOp fusion,
                                                   int tick);
  llvm::LogicalResult verifyBytes(seg::FusionOp fusion, const Range &range);
  llvm::LogicalResult place(seg::FusionOp fusion, const Range &range, int tick);
  int lastRead(mlir::Value value, int tick) const;

  mlir::func::FuncOp entry;
  llvm::SmallVector<seg::FusionOp> fusions;
  llvm::DenseMap<mlir::Operation *, int> tickOf;
  /// What is alive, by first byte; and its bytes.
  std::map<int64_t, Range> alive;
  int64_t aliveBytes = 0;
};

} // namespace segc

#endif // SEGC_TRANSFORMS_PLANVERIFIER_H
