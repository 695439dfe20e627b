//===- TopKKernels.cpp - Mean of the k largest values ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelHelpers.h"
#include "segc/Codegen/CPU/CpuKernels.h"
#include "segc/Codegen/Common/TopK.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace segc;

namespace {

struct TopKMeanKernel : CpuOpModel<seg::TopKMeanOp> {
  int64_t tempBytes(seg::FusionOp fusion) const override {
    return 4 * TopKPasses(fusion.getRoot(), taskElements).floats();
  }

  LogicalResult emitKernels(Operation *op,
                            FusionEmitter &emitter) const override {
    TopKPasses passes(op, taskElements);
    for (int64_t pass = 0; pass <= TopKPasses::lastPass; ++pass) {
      emitTiles(emitter, passes, pass);
      emitter.launch({1, 0}, 0, [&](KernelBody &k) {
        if (pass == TopKPasses::lastPass)
          passes.emitResults(k);
        else
          passes.emitNextBound(k, pass, emitDigit(k, passes, pass));
      });
    }
    return success();
  }

private:
  static void emitTiles(FusionEmitter &emitter, const TopKPasses &passes,
                        int64_t pass) {
    int64_t lanes = cpuTarget(emitter).lanes;
    emitter.launch({0, passes.getTiles()}, 0, [&](KernelBody &k) {
      Tile tile = sampleTile(k, passes.getElements(), passes.getTileElements());
      Value base = k.mul(tile.sample, passes.getElements()),
            memref = inputOf(k, passes.getInput());
      SmallVector<Value> bounds;
      for (Value bound : passes.emitBounds(k, pass))
        bounds.push_back(k.splat(bound, lanes));
      SmallVector<Value> sums(passes.getSumCount(pass), k.zeroVector(lanes));
      sums = addPixelVectors(
          k, k.add(base, tile.begin), k.add(base, tile.end), lanes, sums,
          [&](Value element, Value, Value mask) {
            return passes.emitTerms(
                k, pass, k.load(memref, element, lanes, mask), bounds);
          });
      Value row = passes.tileRow(k, tile.sample, tile.index);
      for (auto [number, sum] : llvm::enumerate(sums))
        k.storeScalar(sumLanes(k, sum), k.sums(),
                      k.add(row, static_cast<int64_t>(number)));
    });
  }

  /// Emits the number of candidates of a pass that k values reach.
  static Value emitDigit(KernelBody &k, const TopKPasses &passes,
                         int64_t pass) {
    return k.loop(
        k.index(0), k.index(passes.getSumCount(pass)), 1, {k.scalarConstant(0)},
        [&](Value number, ValueRange digit) -> SmallVector<Value> {
          return {arith::AddFOp::create(k.builder(), k.loc(), digit[0],
                                        passes.emitReached(k, number))};
        })[0];
  }
};

} // namespace

void segc::addTopKModels(KernelModels &models) {
  models.push_back(std::make_unique<TopKMeanKernel>());
}
