//===- Casts.cpp ----------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Casts.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace segc {

void copyReads(Block &block) {
  for (seg::CastOp cast : llvm::to_vector(block.getOps<seg::CastOp>())) {
    if (!cast.widens())
      continue;
    llvm::SmallSetVector<Operation *, 4> users(cast->user_begin(),
                                               cast->user_end());
    for (Operation *user : users) {
      OpBuilder builder(user);
      Operation *own = builder.clone(*cast);
      user->replaceUsesOfWith(cast, own->getResult(0));
    }
    cast->erase();
  }
}

bool isRead(Operation *op) {
  auto cast = dyn_cast_or_null<seg::CastOp>(op);
  return cast && cast.widens() && !cast->use_empty() &&
         llvm::all_equal(cast->getUsers()) &&
         !cast->user_begin()->hasTrait<OpTrait::IsTerminator>() &&
         !isa<seg::ScheduledOpInterface>(*cast->user_begin());
}

bool isRounding(Operation *op, Operation *root) {
  auto cast = dyn_cast<seg::CastOp>(op);
  auto result = cast ? dyn_cast<OpResult>(cast.getInput()) : OpResult();
  auto interface = dyn_cast<seg::PrecisionOpInterface>(root);
  return result && !cast.widens() && result.getOwner() == root &&
         result.hasOneUse() && interface &&
         !interface.keepsResultWide(result.getResultNumber());
}

SmallVector<OpOperand *> readingUses(Operation *op) {
  SmallVector<OpOperand *> uses;
  for (OpOperand &use : op->getUses()) {
    if (!isRead(use.getOwner()))
      uses.push_back(&use);
    else
      for (OpOperand &read : use.getOwner()->getUses())
        uses.push_back(&read);
  }
  return uses;
}

int64_t dropRoundings(Block &body) {
  int64_t count = 0;
  for (auto read : llvm::to_vector(body.getOps<seg::CastOp>())) {
    auto rounded = read.getInput().getDefiningOp<seg::CastOp>();
    if (!rounded || !read.widens() || rounded.widens() ||
        rounded.getInput().getType() != read.getType() ||
        llvm::any_of(rounded->getUsers(), llvm::IsaPred<seg::YieldOp>))
      continue;
    read.replaceAllUsesWith(rounded.getInput());
    read.erase();
    if (rounded.use_empty()) {
      rounded.erase();
      ++count;
    }
  }
  return count;
}

} // namespace segc
