//===- FilterCopy.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FilterCopy.h"

#include "ConvOperands.h"
#include "MmaBlock.h"
#include "QuantizedFilter.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/QuantizeOps.h"

using namespace mlir;

namespace segc {

static Value filterOf(seg::FusionOp fusion) {
  return fusion.getRoot()->getOperand(1);
}

bool copiesFilter(seg::FusionOp fusion) {
  seg::StrategyAttr strategy = fusion.getStrategyAttr();
  return strategy && (strategy.has(filterCopyName) ||
                      seg::multipliesInt8(fusion.getRoot()));
}

std::string filterCopyRefusal(seg::FusionOp fusion, MultiplyType multiplyType) {
  if (seg::multipliesInt8(fusion.getRoot()))
    return quantizedRefusal(fusion);
  Value filter = filterOf(fusion);
  if (multiplyType == MultiplyType::Tf32)
    return "expects no filter_copy with multiply_type tf32, whose factors are "
           "read as they are";
  if (!isa<BlockArgument>(filter) || !getElementTypeOrSelf(filter).isF32())
    return "expects filter_copy of a filter that is f32 in memory";
  Operation *root = fusion.getRoot();
  if (ConvFilter::access(copiedProblem(convProblem(root), root)).lanes < 2)
    return "expects filter_copy of a filter whose runs are of two elements or "
           "more";
  return "";
}

ConvProblem copiedProblem(const ConvProblem &problem, Operation *root) {
  if (seg::multipliesInt8(root))
    return quantizedProblem(problem);
  int64_t outputs = problem.groupOutputs();
  ConvProblem copied = problem;
  if (outputs % 2 == 0 || problem.groups != 1 || problem.filterOutStride != 1 ||
      problem.filterInStride != outputs || problem.filterBase != 0 ||
      problem.filterTapStride != problem.groupInputs() * outputs)
    return copied;
  copied.outChannels = copied.filterInStride = roundUp(outputs, 8);
  copied.filterTapStride = problem.groupInputs() * copied.filterInStride;
  return copied;
}

/// Elements of a copy in 16 bits.
static int64_t elementsOf(seg::FusionOp fusion) {
  int64_t elements =
      cast<RankedTensorType>(filterOf(fusion).getType()).getNumElements();
  ConvProblem problem = convProblem(fusion.getRoot());
  return elements / problem.filterTapStride *
         copiedProblem(problem, fusion.getRoot()).filterTapStride;
}

int64_t filterCopyFloats(seg::FusionOp fusion) {
  if (seg::multipliesInt8(fusion.getRoot()))
    return quantizedFilterFloats(convProblem(fusion.getRoot()));
  return divideUp(elementsOf(fusion), 2);
}

double filterCopySeconds(seg::FusionOp fusion, const GpuTarget &target) {
  // What is read a second time, for the scales of 8 bits, is in the L2 cache.
  constexpr int64_t floatBytes = 4;
  int64_t read =
      cast<RankedTensorType>(filterOf(fusion).getType()).getNumElements();
  return target.launchSeconds +
         static_cast<double>(floatBytes * (read + filterCopyFloats(fusion))) /
             target.bytesPerSecond;
}

/// Loads elements of the copy in f32.
static Value loadElements(GpuKernelBody &k, Operation *root, Value element,
                          int64_t lanes) {
  ConvProblem problem = convProblem(root);
  Value filter = inputOf(k, root->getOperand(1));
  int64_t width = copiedProblem(problem, root).filterInStride;
  if (width == problem.filterInStride)
    return k.load(filter, element, lanes);
  SmallVector<Value> values;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    Value at = k.add(element, lane), output = k.rem(at, width);
    values.push_back(k.ifElse(
        k.less(output, k.index(problem.filterInStride)),
        [&] {
          return k.loadScalar(
              filter,
              k.add(k.mul(k.div(at, width), problem.filterInStride), output));
        },
        [&] { return k.scalarConstant(0); }));
  }
  return vector::FromElementsOp::create(k.builder(), k.loc(),
                                        k.vectorType(lanes), values);
}

void launchFilterCopy(GpuFusionEmitter &emitter, MultiplyType multiplyType) {
  if (seg::multipliesInt8(emitter.getFusion().getRoot()))
    return launchFilterQuantization(emitter);
  constexpr int64_t threads = 256;
  seg::FusionOp fusion = emitter.getFusion();
  int64_t elements = elementsOf(fusion),
          lanes = std::min<int64_t>(4, runLanes({elements})),
          runs = elements / lanes;
  emitter.launch({divideUp(runs, threads), 0}, threads, /*sharedFloats=*/0,
                 [&](GpuKernelBody &k) {
                   Value run = k.add(k.mul(k.task(), threads), k.thread());
                   k.ifThen(k.less(run, k.index(runs)), [&] {
                     Value element = k.mul(run, lanes);
                     Value narrow = seg::narrowFloat(
                         k.builder(), k.loc(),
                         loadElements(k, fusion.getRoot(), element, lanes),
                         factorType(fusion.getContext(), multiplyType));
                     Value words = vector::BitCastOp::create(
                         k.builder(), k.loc(), k.vectorType(lanes / 2), narrow);
                     k.store(words, k.temp(), k.div(element, 2));
                   });
                 });
}

} // namespace segc
