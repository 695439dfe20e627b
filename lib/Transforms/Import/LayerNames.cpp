//===- LayerNames.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Transforms/LayerNames.h"

#include "segc/Transforms/Passes.h"

using namespace mlir;

namespace segc {

/// The layer's part of the name of a parameter, a state or a gradient.
static std::string layerIn(DictionaryAttr attrs) {
  auto region = attrs ? attrs.getAs<StringAttr>(regionAttrName) : StringAttr();
  auto name = attrs ? attrs.getAs<StringAttr>(nameAttrName) : StringAttr();
  if (!region || !name ||
      !llvm::is_contained({"parameters", "states", "gradients"},
                          region.getValue()) ||
      name == region) // The whole region has no layer.
    return "";
  return name.getValue().rsplit('.').first.str();
}

StringRef LayerNames::of(Operation *op) {
  // Producers are visited first and without recursion, because chains can be
  // long.
  SmallVector<Operation *> work = {op};
  while (!work.empty()) {
    Operation *next = work.back();
    size_t before = work.size();
    if (!known.count(next))
      for (Value operand : next->getOperands())
        if (Operation *producer = operand.getDefiningOp();
            producer && !known.count(producer))
          work.push_back(producer);
    if (work.size() > before)
      continue;
    if (!known.count(next))
      known[next] = find(next);
    work.pop_back();
  }
  return known[op];
}

/// The operands of a fusion's root.
static SmallVector<Value> rootOperands(Operation *op) {
  SmallVector<Value> operands;
  auto fusion = dyn_cast<seg::FusionOp>(op);
  if (!fusion)
    return operands;
  llvm::SmallSetVector<Operation *, 4> ops;
  if (Operation *root = fusion.getRoot())
    ops.insert(root);
  for (Operation *reduction : fusion.getReductions())
    ops.insert(reduction);
  for (Operation *inner : ops)
    for (Value operand : inner->getOperands())
      if (auto argument = dyn_cast<BlockArgument>(operand))
        operands.push_back(fusion.getInputs()[argument.getArgNumber()]);
  return operands;
}

/// Finds the layer from those of the producers in `known`.
std::string LayerNames::find(Operation *op) {
  auto ofArgument = [&](ValueRange values) -> std::string {
    for (Value value : values)
      if (auto argument = dyn_cast<BlockArgument>(value))
        if (std::string layer =
                layerIn(entry.getArgAttrDict(argument.getArgNumber()));
            !layer.empty())
          return layer;
    return "";
  };
  if (std::string layer = ofArgument(rootOperands(op)); !layer.empty())
    return layer;
  for (OpOperand &use : op->getUses())
    if (isa<func::ReturnOp>(use.getOwner()))
      if (std::string layer =
              layerIn(entry.getResultAttrDict(use.getOperandNumber()));
          !layer.empty())
        return layer;
  if (std::string layer = ofArgument(op->getOperands()); !layer.empty())
    return layer;
  for (Value operand : op->getOperands())
    if (Operation *producer = operand.getDefiningOp())
      if (const std::string &layer = known[producer]; !layer.empty())
        return layer;
  return "";
}

remark::RemarkOpts remarkOpts(StringRef name, StringRef category,
                              Operation *op) {
  auto entry = dyn_cast<func::FuncOp>(op);
  if (!entry)
    entry = op->getParentOfType<func::FuncOp>();
  return remark::RemarkOpts::name(name).category(category).function(
      entry ? entry.getSymName() : StringRef());
}

void addPlace(remark::detail::InFlightRemark &remark, Operation *op,
              LayerNames &layers) {
  if (remark)
    remark << remark::metric("entry", layers.entryName())
           << remark::metric("layer", layers.of(op));
}

void addPlace(remark::detail::InFlightRemark &remark, seg::FusionOp fusion) {
  auto entry = fusion->getParentOfType<func::FuncOp>();
  if (!remark || !entry)
    return;
  LayerNames layers(entry);
  addPlace(remark, fusion, layers);
}

} // namespace segc
