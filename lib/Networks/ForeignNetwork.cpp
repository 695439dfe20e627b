//===- ForeignNetwork.cpp - Networks of other origin ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Networks/ForeignNetwork.h"

#include "NetworkBuilder.h"

using namespace mlir;

namespace segc {

llvm::Expected<OwningOpRef<ModuleOp>> buildForeignNetwork(
    MLIRContext *context, StringRef symbol, ArrayRef<int64_t> imageShape,
    llvm::function_ref<llvm::Expected<Value>(OpBuilder &, Value)> addLayers,
    llvm::function_ref<llvm::Expected<ForeignRecipe>(Value)> recipe) {
  // The logits say how many classes there are.
  NetworkBuilder b(context, symbol, /*classes=*/1, imageShape,
                   {/*kernels=*/true, /*biases=*/true, /*norms=*/true});
  llvm::Expected<Value> logits = addLayers(b.getBuilder(), b.image());
  if (!logits)
    return logits.takeError();
  llvm::Expected<ForeignRecipe> found = recipe(*logits);
  if (!found)
    return found.takeError();
  b.setClasses(seg::channels(cast<RankedTensorType>(logits->getType())));
  b.objective(*logits, found->loss, {"loss", "dice_loss", "ce_loss", "dice"});
  return b.finish(found->optimizer, found->pipeline);
}

} // namespace segc
