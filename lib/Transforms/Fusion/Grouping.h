//===- Grouping.h - Which ops become one kernel -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_TRANSFORMS_FUSION_GROUPING_H
#define SEGC_LIB_TRANSFORMS_FUSION_GROUPING_H

#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"
#include "segc/Target/TargetBackend.h"
#include "segc/Target/FusionPolicy.h"
#include "segc/Transforms/LayerNames.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"
#include <memory>

namespace segc {

/// Ops that will be one kernel.
struct FusionGroup {
  /// Of other groups, computed here again; in program order.
  llvm::SmallVector<mlir::Operation *> prologue;
  llvm::SmallVector<mlir::Operation *> ops; ///< In program order.
  mlir::Operation *root = nullptr; ///< What the others surround, if any.
  llvm::SmallVector<mlir::Operation *> reductions; ///< Of what they compute.
  llvm::ArrayRef<int64_t> space; ///< Shape of the iteration space.
  /// If not empty: all that read the group's values, each of which computes
  /// them in its prologue. The group is no kernel then.
  llvm::SetVector<FusionGroup *> prologueConsumers;
  /// Ops of the prologue that pointwise ops beside the root read.
  llvm::DenseSet<mlir::Operation *> beside;

  /// Whether the op is computed at the root's own points.
  bool isBeside(mlir::Operation *op) const {
    return beside.contains(op) || (op != root && llvm::is_contained(ops, op));
  }
};

/// What may be fused.
struct FusionSwitches {
  bool epilogues, reductions, prologues;
  bool reads; ///< Casts from 16 bits join what reads them.
};

/// Partitions the ops of a block into groups; a remark for every pair of a
/// producer and a user that could have been one kernel.
class FusionGrouping {
public:
  FusionGrouping(mlir::Block &block, const TargetBackend &backend,
                 const FusionPolicy *policy, const FusionSwitches &switches);

  /// Groups so that each comes after those it reads from; otherwise in the
  /// order of their first ops.
  llvm::SmallVector<FusionGroup *> ordered();
  int64_t fusedCount = 0, missedCount = 0;

private:
  void add(mlir::Operation *op);
  void addPointwise(mlir::Operation *op);
  void addReduction(mlir::Operation *op, mlir::Value reduced);
  /// What is against fusing a pair; null: nothing.
  struct Objections {
    const char *off = nullptr;     ///< It is not wanted.
    const char *refusal = nullptr; ///< No kernel can compute both.
    const char *cost = nullptr;    ///< It does not pay.
  };
  bool recordDecision(mlir::Value operand, mlir::Operation *user, Objections objections,
             FusionPolicy::Answer answer);
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
  const FusionPolicy *policy;
  FusionSwitches switches;
  LayerNames layers;
  llvm::SmallVector<std::unique_ptr<FusionGroup>> groups; ///< Some get empty.
  llvm::DenseMap<mlir::Operation *, FusionGroup *> owner;
  llvm::DenseMap<mlir::Operation *, int> position;
};

} // namespace segc

#endif // SEGC_LIB_TRANSFORMS_FUSION_GROUPING_H
