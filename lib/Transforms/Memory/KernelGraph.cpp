//===- KernelGraph.cpp - The memory of an entry, as numbers ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Transforms/KernelGraph.h"

#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "segc/Target/Strategy.h"
#include "segc/Transforms/Passes.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace segc {

namespace {

/// Whether the fusion reads the value only element by element, at the place it
/// writes, and not in a prologue: the result may then overwrite it.
bool readsPointwiseOnly(seg::FusionOp fusion, Value value, Value result) {
  if (value.getType() != result.getType())
    return false;
  return llvm::all_of(
      llvm::enumerate(fusion.getInputs()), [&](const auto &input) {
        return input.value() != value || fusion.readsElementwise(input.index());
      });
}

/// Region and offset, for arguments and results that lie in a named region.
std::optional<std::pair<StringRef, int64_t>> placeOf(DictionaryAttr attrs) {
  auto region = attrs ? attrs.getAs<StringAttr>(regionAttrName) : StringAttr();
  auto offset =
      attrs ? attrs.getAs<IntegerAttr>(offsetAttrName) : IntegerAttr();
  if (!region || !offset)
    return std::nullopt;
  return std::pair(region.getValue(), offset.getInt());
}

class GraphReader {
public:
  explicit GraphReader(func::FuncOp entry)
      : entry(entry), fusions(llvm::to_vector(entry.getOps<seg::FusionOp>())) {
    for (auto [i, fusion] : llvm::enumerate(fusions))
      addKernel(fusion, i);
    for (Value returned : terminator()->getOperands())
      if (auto it = valueIndex.find(returned); it != valueIndex.end())
        graph.values[it->second].inArena = false;
    orderOverwrites();
  }

  KernelGraph graph;

private:
  Operation *terminator() { return entry.getBody().front().getTerminator(); }
  void addKernel(seg::FusionOp fusion, int index);
  void orderOverwrites();

  func::FuncOp entry;
  SmallVector<seg::FusionOp> fusions;
  DenseMap<Value, int> valueIndex;
  DenseMap<Operation *, int> kernelIndex;
};

void GraphReader::addKernel(seg::FusionOp fusion, int index) {
  kernelIndex[fusion] = index;
  KernelGraph::Kernel kernel;
  for (Value input : fusion.getInputs()) {
    auto it = valueIndex.find(input);
    kernel.inputs.push_back(it == valueIndex.end() ? -1 : it->second);
  }
  for (Value result : fusion.getResults()) {
    int number = graph.values.size();
    valueIndex[result] = number;
    kernel.results.push_back(number);
    graph.values.push_back({seg::tensorBytes(result), index});
    for (auto [input, value] : llvm::zip(kernel.inputs, fusion.getInputs()))
      if (input >= 0 && readsPointwiseOnly(fusion, value, result))
        kernel.inPlace.push_back({input, number});
  }
  // Without prepared filters: they outlive the call, in a region of their own.
  kernel.temporary = arenaTempBytes(fusion.getStrategyAttr());
  graph.kernels.push_back(std::move(kernel));
}

/// A parameter or state and what an entry makes of it share their place: the
/// kernel that writes it comes after all others that read it, and those cannot
/// be repeated.
void GraphReader::orderOverwrites() {
  for (auto [i, returned] : llvm::enumerate(terminator()->getOperands())) {
    auto writer = returned.getDefiningOp<seg::FusionOp>();
    auto place = placeOf(entry.getResultAttrDict(i));
    if (!writer || !place)
      continue;
    for (BlockArgument argument : entry.getArguments()) {
      if (placeOf(entry.getArgAttrDict(argument.getArgNumber())) != place)
        continue;
      for (Operation *user : argument.getUsers())
        if (auto it = kernelIndex.find(user); it != kernelIndex.end()) {
          graph.kernels[it->second].repeatable = false;
          if (user != writer)
            graph.kernels[kernelIndex.lookup(writer)].after.push_back(
                it->second);
        }
    }
  }
}

} // namespace

KernelGraph readKernelGraph(func::FuncOp entry) {
  return GraphReader(entry).graph;
}

void applyKernelOrder(func::FuncOp entry, const KernelGraph &graph,
                      const KernelOrder &order) {
  auto fusions = llvm::to_vector(entry.getOps<seg::FusionOp>());
  for (const KernelGraph::Kernel &kernel :
       ArrayRef(graph.kernels).drop_front(fusions.size())) {
    OpBuilder builder(fusions.back());
    builder.setInsertionPointAfter(fusions.back());
    fusions.push_back(
        cast<seg::FusionOp>(builder.clone(*fusions[kernel.copyOf])));
  }
  SmallVector<Value> values;
  for (seg::FusionOp fusion : fusions)
    llvm::append_range(values, fusion.getResults());
  Operation *terminator = entry.getBody().front().getTerminator();
  for (int index : order) {
    seg::FusionOp fusion = fusions[index];
    for (auto [i, input] : llvm::enumerate(graph.kernels[index].inputs))
      if (input >= 0)
        fusion.getInputsMutable()[i].set(values[input]);
    fusion->moveBefore(terminator);
  }
}

} // namespace segc
