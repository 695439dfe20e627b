//===- AvgPoolKernels.cpp - Average pooling -------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Average pooling and its gradient, with channels in lanes. A task computes
// rows of the result.

#include "KernelHelpers.h"

#include "segc/Codegen/Common/Pooling.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

using namespace mlir;
using namespace segc;

namespace {

template <typename Op>
struct AvgPoolKernel : CpuOpModel<Op> {
  LogicalResult emitKernels(Operation *op,
                            FusionEmitter &emitter) const override {
    AvgPooling pooling(cast<Op>(op));
    auto type = cast<RankedTensorType>(pooling.getResult().getType());
    ArrayRef<int64_t> sizes = seg::spatialDims(type);
    int64_t channels = seg::channels(type);
    int64_t rows = std::accumulate(sizes.begin(), sizes.end() - 1, int64_t{1},
                                   std::multiplies<>());
    double rowWork = static_cast<double>(sizes.back() * channels) *
                     std::max(pooling.terms(), 1.0);
    int64_t tileRows = std::clamp<int64_t>(
        static_cast<int64_t>(taskElements / rowWork), 1, rows);
    int64_t lanes = cpuTarget(emitter).lanes;
    emitter.launch(
        {0, llvm::divideCeilSigned(rows, tileRows)}, 0, [&](KernelBody &k) {
          Value output = outputOf(k, pooling.getResult());
          Tile tile = sampleTile(k, rows, tileRows);
          k.loop(tile.begin, tile.end, 1, [&](Value row) {
            SmallVector<Value> position = k.delinearize(row, sizes.drop_back());
            Value rowIndex = k.add(k.mul(tile.sample, rows), row);
            k.loop(k.index(0), k.index(sizes.back()), 1, [&](Value x) {
              position.push_back(x);
              Value pixel =
                  k.mul(k.add(k.mul(rowIndex, sizes.back()), x), channels);
              forRow(k, channels, lanes, [&](Value channel, Value mask) {
                k.store(pooling.valueAt(k, position, tile.sample, channel,
                                        lanes, mask),
                        output, k.add(pixel, channel), mask);
              });
              position.pop_back();
            });
          });
        });
    return success();
  }
};

} // namespace

void segc::addAvgPoolModels(KernelModels &models) {
  models.push_back(std::make_unique<AvgPoolKernel<seg::AvgPoolGradOp>>());
  models.push_back(std::make_unique<AvgPoolKernel<seg::AvgPoolOp>>());
}
