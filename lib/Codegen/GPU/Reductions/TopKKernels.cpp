//===- TopKKernels.cpp - Mean of the k largest values ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A block takes a tile of values, a thread each of them in turn; the sums of
// its threads are added in a fixed tree. One block merges the tiles, with a
// thread for each candidate.

#include "KernelHelpers.h"

#include "segc/Codegen/Common/TopK.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"

#include <algorithm>

using namespace mlir;
using namespace segc;

namespace {

constexpr int64_t tileThreads = 256;

/// About 512 tiles of a sample, of some values for each thread.
int64_t tileElementsOf(Operation *op) {
  auto type = cast<RankedTensorType>(op->getOperand(0).getType());
  return std::max<int64_t>(
      8 * tileThreads,
      llvm::divideCeilSigned(type.getNumElements() / type.getDimSize(0), 512));
}

struct TopKMeanKernel : GpuOpModel<seg::TopKMeanOp> {
  int64_t tempBytes(seg::FusionOp fusion) const override {
    Operation *op = fusion.getRoot();
    return 4 * TopKPasses(op, tileElementsOf(op)).floats();
  }

  LogicalResult emitKernels(Operation *op,
                            GpuFusionEmitter &emitter) const override {
    TopKPasses passes(op, tileElementsOf(op));
    for (int64_t pass = 0; pass < TopKPasses::lastPass; ++pass) {
      emitTiles(emitter, passes, pass);
      emitBound(emitter, passes, pass);
    }
    emitTiles(emitter, passes, TopKPasses::lastPass);
    emitter.launch({1, 0}, 1, 0,
                   [&](GpuKernelBody &k) { passes.emitResults(k); });
    return success();
  }

private:
  static void emitTiles(GpuFusionEmitter &emitter, const TopKPasses &passes,
                        int64_t pass) {
    int64_t tiles = passes.getTiles(), count = passes.getSumCount(pass);
    emitter.launch(
        {0, tiles}, tileThreads, tileThreads * count, [&](GpuKernelBody &k) {
          Value sample = k.div(k.task(), tiles), tile = k.rem(k.task(), tiles);
          Value base = k.mul(sample, passes.getElements()),
                begin = k.mul(tile, passes.getTileElements()),
                end = k.min(k.add(begin, passes.getTileElements()),
                            k.index(passes.getElements())),
                memref = inputOf(k, passes.getInput());
          SmallVector<Value> bounds = passes.emitBounds(k, pass);
          seg::PointwiseMath m(k.builder(), k.loc(), k.builder().getF32Type());
          SmallVector<Value> sums = k.loop(
              k.add(begin, k.thread()), end, tileThreads,
              SmallVector<Value>(count, k.scalarConstant(0)),
              [&](Value at, ValueRange carried) {
                Value value = k.loadScalar(memref, k.add(base, at));
                SmallVector<Value> next;
                for (auto [sum, term] : llvm::zip_equal(
                         carried, passes.emitTerms(k, pass, value, bounds)))
                  next.push_back(m.add(sum, term));
                return next;
              });
          Value own = k.mul(k.thread(), count);
          for (auto [number, sum] : llvm::enumerate(sums))
            k.storeScalar(sum, k.scratch(),
                          k.add(own, static_cast<int64_t>(number)));
          sumRows(k, tileThreads, count);
          Value row = passes.tileRow(k, sample, tile);
          k.forThreads(count, [&](Value number) {
            k.storeScalar(k.loadScalar(k.scratch(), number), k.sums(),
                          k.add(row, number));
          });
        });
  }

  static void emitBound(GpuFusionEmitter &emitter, const TopKPasses &passes,
                        int64_t pass) {
    constexpr int64_t threads = 32;
    emitter.launch({1, 0}, threads, threads, [&](GpuKernelBody &k) {
      int64_t count = passes.getSumCount(pass);
      k.forThreads(count, [&](Value number) {
        k.storeScalar(passes.emitReached(k, number), k.scratch(), number);
      });
      k.barrier();
      k.ifThen(k.less(k.thread(), k.index(1)), [&] {
        seg::PointwiseMath m(k.builder(), k.loc(), k.builder().getF32Type());
        Value digit = k.scalarConstant(0);
        for (int64_t number = 0; number < count; ++number)
          digit = m.add(digit, k.loadScalar(k.scratch(), k.index(number)));
        passes.emitNextBound(k, pass, digit);
      });
    });
  }
};

} // namespace

void segc::addTopKGpuModels(KernelModels &models) {
  models.push_back(std::make_unique<TopKMeanKernel>());
}
