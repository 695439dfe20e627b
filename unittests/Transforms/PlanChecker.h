//===- PlanChecker.h - A second opinion on memory plans ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Lifetimes are computed again from the planned text, by another rule than the
// planner's: tick by tick, the values that a later fusion reads are alive.

#ifndef SEGC_UNITTESTS_TRANSFORMS_PLANCHECKER_H
#define SEGC_UNITTESTS_TRANSFORMS_PLANCHECKER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"

namespace segc {

/// Checks the plan of one entry; failures are those of the running test.
class PlanChecker {
public:
  explicit PlanChecker(mlir::func::FuncOp entry);
  void check();

  int64_t arena = 0, bound = 0, inPlace = 0;

private:
  /// One range of the arena, with the value it is for; null for a temporary.
  struct Range {
    int64_t low, high;
    mlir::Value value;
    bool overlaps(const Range &other) const {
      return low < other.high && other.low < high;
    }
  };
  llvm::SmallVector<Range> ranges(seg::FusionOp fusion);
  void checkPair(seg::FusionOp fusion, int tick, const Range &old,
                 const Range &fresh);
  void checkOverwrites();
  bool isReadAfter(const Range &range, int tick);
  int64_t liveBytes(llvm::ArrayRef<Range> after, seg::FusionOp fusion,
                    llvm::ArrayRef<Range> born);

  mlir::func::FuncOp entry;
  llvm::SmallVector<seg::FusionOp> fusions;
  llvm::DenseMap<mlir::Operation *, int> tickOf;
};

} // namespace segc

#endif // SEGC_UNITTESTS_TRANSFORMS_PLANCHECKER_H
