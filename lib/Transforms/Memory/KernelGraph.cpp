//===- KernelGraph.cpp - Graph of an entry's kernels and values -----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Transforms/KernelGraph.h"

#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "segc/Transforms/Passes.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace segc {

namespace {

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
      : entry(entry),
        steps(llvm::to_vector(entry.getOps<seg::ScheduledOpInterface>())) {
    for (auto [i, step] : llvm::enumerate(steps))
      addKernel(step, i);
    for (Value returned : terminator()->getOperands())
      if (auto it = valueIndex.find(returned); it != valueIndex.end())
        graph.values[it->second].inArena = false;
    orderOverwrites();
  }

  KernelGraph graph;

private:
  Operation *terminator() { return entry.getBody().front().getTerminator(); }
  void addKernel(seg::ScheduledOpInterface step, int index);
  void orderOverwrites();

  func::FuncOp entry;
  SmallVector<seg::ScheduledOpInterface> steps;
  DenseMap<Value, int> valueIndex;
  DenseMap<Operation *, int> kernelIndex;
};

void GraphReader::addKernel(seg::ScheduledOpInterface step, int index) {
  kernelIndex[step] = index;
  KernelGraph::Kernel kernel;
  for (Value input : step.getReads()) {
    auto it = valueIndex.find(input);
    kernel.inputs.push_back(it == valueIndex.end() ? -1 : it->second);
  }
  for (Value result : step.getWrites()) {
    int number = graph.values.size();
    valueIndex[result] = number;
    kernel.results.push_back(number);
    graph.values.push_back({seg::tensorBytes(result), index});
    for (auto [input, value] : llvm::zip(kernel.inputs, step.getReads()))
      if (input >= 0 && step.mayOverwrite(value, result))
        kernel.inPlace.push_back({input, number});
  }
  // Prepared filters are not counted: they outlive the call, in their own
  // region.
  kernel.temporary = step.getWorkspaceBytes();
  kernel.adjacentResults = step.hasAdjacentResults();
  kernel.repeatable = step.isRepeatable();
  graph.kernels.push_back(std::move(kernel));
}

/// A parameter or state and its new value share a buffer: the kernel that
/// writes it must run after all readers, and the readers cannot be repeated.
void GraphReader::orderOverwrites() {
  for (auto [i, returned] : llvm::enumerate(terminator()->getOperands())) {
    auto writer = returned.getDefiningOp<seg::ScheduledOpInterface>();
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
  auto steps = llvm::to_vector(entry.getOps<seg::ScheduledOpInterface>());
  for (const KernelGraph::Kernel &kernel :
       ArrayRef(graph.kernels).drop_front(steps.size())) {
    OpBuilder builder(steps.back());
    builder.setInsertionPointAfter(steps.back());
    steps.push_back(
        cast<seg::ScheduledOpInterface>(builder.clone(*steps[kernel.copyOf])));
  }
  SmallVector<Value> values;
  for (seg::ScheduledOpInterface step : steps)
    llvm::append_range(values, step.getWrites());
  Operation *terminator = entry.getBody().front().getTerminator();
  for (int index : order) {
    seg::ScheduledOpInterface step = steps[index];
    unsigned first = step.getReads().getBeginOperandIndex();
    for (auto [i, input] : llvm::enumerate(graph.kernels[index].inputs))
      if (input >= 0)
        step->setOperand(first + i, values[input]);
    step->moveBefore(terminator);
  }
}

} // namespace segc
