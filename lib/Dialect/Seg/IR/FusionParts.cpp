//===- FusionParts.cpp - Parts of fusions without a root ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Dialect/Seg/IR/FusionParts.h"

#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace segc::seg {

SmallVector<FusionPart> fusionParts(FusionOp fusion) {
  llvm::SetVector<Operation *> ops = fusion.getEpilogue();
  llvm::EquivalenceClasses<Operation *> connected;
  for (Operation *op : ops) {
    connected.insert(op);
    for (Value operand : op->getOperands())
      if (Operation *producer = operand.getDefiningOp())
        connected.unionSets(producer, op);
  }
  llvm::MapVector<Operation *, FusionPart> parts;
  for (Operation *op : ops)
    parts[connected.getLeaderValue(op)].insert(op);
  return llvm::map_to_vector(parts, [](auto &part) { return part.second; });
}

bool readsBeforeWriting(FusionOp fusion, unsigned input, unsigned result) {
  if (!fusion.readsElementwise(input))
    return false;
  if (fusion.getRoot())
    return true;
  // Another part may read the input after this one has overwritten it.
  SmallVector<FusionPart> parts = fusionParts(fusion);
  const FusionPart *own = llvm::find_if(parts, [&](const FusionPart &part) {
    return part.contains(fusion.getSource(result));
  });
  return llvm::all_of(fusion.getBody().getArgument(input).getUsers(),
                      [&](Operation *user) { return own->contains(user); });
}

} // namespace segc::seg
