//===- FilterGradMerge.cpp ------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The last launch of a filter gradient, which adds the copies of its result.

#include "FilterGradGemm.h"

#include "segc/Dialect/Seg/IR/PointwiseMath.h"

using namespace mlir;

namespace segc {
namespace {

/// How the threads of the last launch share a result of so many elements: each
/// has `lanes` of one of the `slices` that the copies are cut into. Where there
/// are few elements, more threads load fewer copies each.
struct CopyMerge {
  int64_t lanes, slices, threads;
  int64_t ofSlice; ///< Copies.

  CopyMerge(const GpuTarget &target, int64_t elements, int64_t copies) {
    constexpr int64_t warp = 32, leastThreads = 128, mostSlices = 16,
                      fewCopies = 8;
    int64_t held = target.multiprocessors * target.residentThreads;
    lanes = elements <= held ? 1 : std::min<int64_t>(4, runLanes({elements}));
    slices = 1;
    while (slices < mostSlices && copies % (2 * slices) == 0 &&
           copies / (2 * slices) >= fewCopies && 2 * slices * elements <= held)
      slices *= 2;
    threads = std::max(leastThreads, warp * slices);
    ofSlice = copies / slices;
  }
  int64_t vectorsOfBlock() const { return threads / slices; }
};

} // namespace

double FilterGradGemm::mergeSeconds(const GpuTarget &target,
                                    const ConvProblem &problem,
                                    int64_t copies) {
  if (copies == 1)
    return 0;
  // Words that a thread has under way: ptxas keeps it to 32 registers.
  constexpr int64_t underWay = 24;
  CopyMerge merge(target, elements(problem), copies);
  const auto rounds =
      static_cast<double>(divideUp(merge.ofSlice * merge.lanes, underWay));
  return target.launchSeconds + rounds * target.loadSeconds;
}

void FilterGradGemm::launchMerge(GpuFusionEmitter &emitter,
                                 const ConvProblem &problem, int64_t copies) {
  int64_t size = elements(problem);
  CopyMerge merge(emitter.getTarget(), size, copies);
  int64_t lanes = merge.lanes, slices = merge.slices,
          ofBlock = merge.vectorsOfBlock(), vectors = size / lanes;
  auto emit = [&](GpuKernelBody &k) {
    Value own = k.rem(k.thread(), ofBlock), slice = k.div(k.thread(), ofBlock);
    Value vector = k.add(k.mul(k.task(), ofBlock), own),
          element = k.mul(vector, lanes);
    Value exists = k.less(vector, k.index(vectors));
    seg::PointwiseMath math(k.builder(), k.loc(), k.vectorType(lanes));
    auto store = [&](Value sum) {
      Operation *root = emitter.getFusion().getRoot();
      k.store(sum, outputOf(k, root->getResult(0)), element);
    };
    k.ifThen(exists, [&] {
      // As many as registers hold are loaded before the first is added.
      constexpr int64_t most = 32;
      int64_t together = std::min(merge.ofSlice, most / lanes),
              whole = merge.ofSlice / together * together;
      auto addCopies = [&](Value sum, Value first, int64_t count) {
        Value start = k.add(
            k.mul(k.add(k.mul(slice, merge.ofSlice), first), size), element);
        SmallVector<Value> shares;
        for (int64_t copy = 0; copy < count; ++copy)
          shares.push_back(k.load(k.temp(), k.add(start, copy * size), lanes));
        for (Value share : shares)
          sum = math.add(sum, share);
        return sum;
      };
      Value sum =
          k.loop(k.index(0), k.index(whole), together, {k.zeroVector(lanes)},
                 [&](Value copy, ValueRange carried) -> SmallVector<Value> {
                   return {addCopies(carried[0], copy, together)};
                 })[0];
      sum = addCopies(sum, k.index(whole), merge.ofSlice - whole);
      if (slices == 1)
        store(sum);
      else
        k.store(sum, k.scratch(), k.thread());
    });
    if (slices == 1)
      return;
    k.barrier();
    k.ifThen(k.both(exists, k.less(k.thread(), k.index(ofBlock))), [&] {
      Value sum = k.load(k.scratch(), own, lanes);
      for (int64_t i = 1; i < slices; ++i)
        sum =
            math.add(sum, k.load(k.scratch(), k.add(own, i * ofBlock), lanes));
      store(sum);
    });
  };
  emitter.launch({divideUp(vectors, ofBlock), 0}, merge.threads,
                 slices == 1 ? 0 : merge.threads, emit, /*maps=*/{},
                 /*narrow=*/true);
}

} // namespace segc
