//===- Grouping.h - Partition of ops into fusions ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_TRANSFORMS_FUSION_GROUPING_H
#define SEGC_LIB_TRANSFORMS_FUSION_GROUPING_H

#include "LibraryRoots.h"
#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"
#include "segc/Target/FusionPolicy.h"
#include "segc/Target/TargetBackend.h"
#include "segc/Transforms/LayerNames.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"
#include <memory>

namespace segc {

/// Ops that become one seg.fusion.
struct FusionGroup {
  /// Ops of other groups that are recomputed here, in program order.
  llvm::SmallVector<mlir::Operation *> prologue;
  llvm::SmallVector<mlir::Operation *> ops; ///< The ops of the group in program
                                            ///< order.
  mlir::Operation *root = nullptr; ///< The root; null for pointwise ops alone.
  llvm::SmallVector<mlir::Operation *> reductions; ///< Reductions of values of
                                                   ///< the group.
  llvm::ArrayRef<int64_t> space; ///< Shape of the iteration space.
  /// If not empty: all readers of the group's values, which recompute them in
  /// their prologues. The group then becomes no kernel.
  llvm::SetVector<FusionGroup *> prologueConsumers;
  /// Ops of the prologue that pointwise ops outside the root's operands read.
  llvm::DenseSet<mlir::Operation *> beside;

  /// Whether the op is computed at the points of the root's result.
  bool isBeside(mlir::Operation *op) const {
    return beside.contains(op) || (op != root && llvm::is_contained(ops, op));
  }
};

/// Switches of the kinds of fusion.
struct FusionSwitches {
  bool epilogues, reductions, prologues;
  bool reads; ///< Widening casts join the ops that read them.
};

/// Partitions the ops of a block into groups, with a remark for every pair of a
/// producer and a user that might have been fused.
class FusionGrouping {
public:
  /// Nothing but casts is fused with the roots of libraries.
  FusionGrouping(mlir::Block &block, const TargetBackend &backend,
                 const LibraryRoots &libraryRoots, const FusionPolicy *policy,
                 const FusionSwitches &switches);

  /// Returns the groups in topological order, otherwise in the order of their
  /// first ops.
  llvm::SmallVector<FusionGroup *> ordered();
  int64_t fusedCount = 0, missedCount = 0;

private:
  void add(mlir::Operation *op);
  void addPointwise(mlir::Operation *op);
  void addReduction(mlir::Operation *op, mlir::Value reduced);
  /// Reasons against the fusion of a pair; null where there is none.
  struct Objections {
    const char *off = nullptr;     ///< It is switched off.
    const char *refusal = nullptr; ///< No kernel can compute both ops.
    const char *cost = nullptr;    ///< It does not pay.
  };
  bool recordDecision(mlir::Value operand, mlir::Operation *user,
                      Objections objections, FusionPolicy::Answer answer);
  bool recordDecision(mlir::Value operand, mlir::Operation *user,
                      Objections objections) {
    return recordDecision(operand, user, objections, ask(operand, user));
  }
  FusionPolicy::Answer ask(mlir::Value operand, mlir::Operation *user) const;
  void sinkIntoConsumers(FusionGroup *group);
  void explainRoots(FusionGroup *group);

  // Why the op may not join the group of `producer`; null if it may.
  const char *refusal(FusionGroup *producer, mlir::Operation *op);
  const char *pointwiseRefusal(FusionGroup *producer, mlir::Operation *op);
  const char *reductionRefusal(FusionGroup *producer, mlir::Operation *op,
                               mlir::Value reduced);
  const char *hostRefusal(FusionGroup *group, FusionGroup *host,
                          mlir::OpOperand &use);
  bool reachesFromOutside(FusionGroup *from, FusionGroup *to);
  void merge(FusionGroup *into, FusionGroup *from);
  void visit(FusionGroup *group, llvm::SetVector<FusionGroup *> &order);
  FusionGroup *groupOf(mlir::Value value) const {
    return value.getDefiningOp() ? owner.lookup(value.getDefiningOp())
                                 : nullptr;
  }

  const TargetBackend &backend;
  const LibraryRoots &libraryRoots;
  const FusionPolicy *policy;
  FusionSwitches switches;
  LayerNames layers;
  /// Groups; some become empty.
  llvm::SmallVector<std::unique_ptr<FusionGroup>> groups;
  llvm::DenseMap<mlir::Operation *, FusionGroup *> owner;
  llvm::DenseMap<mlir::Operation *, int> position;
};

} // namespace segc

#endif // SEGC_LIB_TRANSFORMS_FUSION_GROUPING_H
