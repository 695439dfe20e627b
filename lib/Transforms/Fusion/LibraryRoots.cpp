//===- LibraryRoots.cpp - Roots that libraries compute --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LibraryRoots.h"

#include "Casts.h"

using namespace mlir;

namespace segc {

/// Adds the bias to the convolution's result, which is rounded as before where
/// its only user rounds it: a library stores it.
template <typename ConvOp>
static void separateBias(ConvOp conv) {
  Value bias = conv.getBias();
  if (!bias)
    return;
  conv.getBiasMutable().clear();
  Value result = conv.getOutput();
  OpBuilder b(conv->getContext());
  b.setInsertionPointAfter(conv);
  Operation *user = result.hasOneUse() ? *result.user_begin() : nullptr;
  Value stored = result;
  llvm::SmallPtrSet<Operation *, 2> own;
  if (user && isRounding(user, conv)) {
    Value rounded = seg::CastOp::create(b, conv.getLoc(),
                                        user->getResult(0).getType(), result);
    stored = seg::CastOp::create(b, conv.getLoc(), result.getType(), rounded);
    own.insert(rounded.getDefiningOp());
  }
  auto sum =
      seg::AddOp::create(b, conv.getLoc(), result.getType(), stored, bias);
  own.insert(sum);
  result.replaceAllUsesExcept(sum.getResult(), own);
}

LibraryRoots separateLibraryRoots(Block &block,
                                  const StrategyContext &context) {
  LibraryRoots roots;
  if (context.conv == ConvImplementation::Generated)
    return roots;
  for (Operation &op : llvm::make_early_inc_range(block.without_terminator())) {
    if (!llvm::any_of(context.target.backend->modelsOf(&op),
                      [&](const KernelModel *model) {
                        return model->computesAlone(&op, context);
                      }))
      continue;
    roots.insert(&op);
    if (auto conv = dyn_cast<seg::ConvOp>(op))
      separateBias(conv);
    else if (auto conv = dyn_cast<seg::ConvTransposeOp>(op))
      separateBias(conv);
  }
  return roots;
}

} // namespace segc
