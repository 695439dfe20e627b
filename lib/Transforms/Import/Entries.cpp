//===- Entries.cpp --------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Entries.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace segc {

/// Alignment of parameters and states in bytes.
static constexpr int64_t flatAlignment = 64;

static int64_t place(int64_t &end, RankedTensorType type) {
  int64_t offset = end;
  end = llvm::alignTo(end + type.getNumElements() * 4, flatAlignment);
  return offset;
}

/// The parameters in the order of their first use. The gradients of later ones
/// are computed earlier, and those that lie together are averaged together.
static SmallVector<seg::ParamOp> inOrderOfUse(seg::NetworkOp network) {
  llvm::DenseMap<Operation *, int64_t> positions;
  network.getForward().walk(
      [&](Operation *op) { positions[op] = positions.size(); });
  auto firstUse = [&](seg::ParamOp param) {
    int64_t first = positions.size();
    for (Operation *user : param->getUsers())
      first = std::min(first, positions.lookup(user));
    return first;
  };
  SmallVector<seg::ParamOp> params;
  network.getForward().walk(
      [&](seg::ParamOp param) { params.push_back(param); });
  llvm::sort(params, [&](seg::ParamOp a, seg::ParamOp b) {
    return std::pair(firstUse(a), positions.lookup(a)) <
           std::pair(firstUse(b), positions.lookup(b));
  });
  return params;
}

Layout::Layout(seg::NetworkOp network) {
  // Parameters with weight decay come first, so that an index separates them.
  for (bool decay : {true, false}) {
    for (seg::ParamOp param : inOrderOfUse(network))
      if (param.getDecay() == decay)
        params.push_back({param, place(paramBytes, param.getType())});
    if (decay)
      decayBytes = paramBytes;
  }
  network.getForward().walk([&](seg::StateOp state) {
    states.push_back({state, place(stateBytes, state.getType())});
  });
}

EntryBuilder::EntryBuilder(ModuleOp module, StringRef name, Location loc)
    : builder(OpBuilder::atBlockEnd(module.getBody())), loc(loc) {
  function =
      func::FuncOp::create(builder, loc, name, builder.getFunctionType({}, {}));
  block = function.addEntryBlock();
  builder.setInsertionPointToEnd(block);
}

Value EntryBuilder::argument(Type type, StringRef region, StringRef name,
                             int64_t offset) {
  (void)function.insertArgument(block->getNumArguments(), type,
                                attributes(region, name, offset), loc);
  return block->getArguments().back();
}

Value EntryBuilder::scalar(StringRef name) {
  Type element = name == "step" || name == "seed" || name == "sample_offset"
                     ? Type(builder.getI64Type())
                     : Type(builder.getF32Type());
  return argument(RankedTensorType::get({}, element), "scalars", name);
}

void EntryBuilder::result(Value value, StringRef region, StringRef name,
                          int64_t offset) {
  results.push_back(value);
  resultAttrs.push_back(attributes(region, name, offset));
}

func::FuncOp EntryBuilder::finish() {
  func::ReturnOp::create(builder, loc, results);
  function.setFunctionType(builder.getFunctionType(
      block->getArgumentTypes(), ValueRange(results).getTypes()));
  for (auto [i, attrs] : llvm::enumerate(resultAttrs))
    function.setResultAttrs(i, attrs);
  return function;
}

DictionaryAttr EntryBuilder::attributes(StringRef region, StringRef name,
                                        int64_t offset) {
  return builder.getDictionaryAttr(
      {builder.getNamedAttr(regionAttrName, builder.getStringAttr(region)),
       builder.getNamedAttr(nameAttrName, builder.getStringAttr(name)),
       builder.getNamedAttr(offsetAttrName,
                            builder.getI64IntegerAttr(offset))});
}

} // namespace segc
