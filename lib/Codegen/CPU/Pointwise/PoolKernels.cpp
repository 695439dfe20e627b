//===- PoolKernels.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Max pooling and its gradient. A task computes rows of windows, with channels
// in lanes.

#include "KernelHelpers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace segc;

namespace {

/// The windows of an op. `large` are the spatial sizes of their elements,
/// `small` those of the tensor with one value for each window.
struct Windows {
  Windows(RankedTensorType large, RankedTensorType small,
          ArrayRef<int64_t> window, ArrayRef<int64_t> strides)
      : large(seg::spatialDims(large)), small(seg::spatialDims(small)),
        window(window), strides(strides), channels(seg::channels(large)) {}

  int64_t taps() const { return product(window); }
  int64_t rows() const { return product(small.drop_back()); }
  int64_t tileRows() const {
    return std::max<int64_t>(1,
                             taskElements / (small.back() * channels * taps()));
  }
  int64_t tiles() const { return llvm::divideCeilSigned(rows(), tileRows()); }
  /// Returns whether some elements are in no window.
  bool hasGaps() const {
    for (auto [n, m, w, s] : llvm::zip_equal(large, small, window, strides))
      if (w != s || m * s != n)
        return true;
    return false;
  }
  static int64_t product(ArrayRef<int64_t> sizes) {
    int64_t result = 1;
    for (int64_t size : sizes)
      result *= size;
    return result;
  }

  ArrayRef<int64_t> large, small, window, strides;
  int64_t channels;
};

/// Calls `body` for vectors of channels of all windows of a task, with the
/// linear index of the window's value and of each of its taps in row-major
/// order.
void emitWindows(
    KernelBody &k, const Windows &windows, int64_t lanes,
    llvm::function_ref<void(Value small, ArrayRef<Value> taps, Value mask)>
        body) {
  Tile tile = sampleTile(k, windows.rows(), windows.tileRows());
  size_t rank = windows.window.size();
  k.loop(tile.begin, tile.end, 1, [&](Value row) {
    SmallVector<Value> position = k.delinearize(row, windows.small.drop_back());
    // The first elements of the rows that the window spans.
    SmallVector<Value> rows{tile.sample};
    for (size_t d = 0; d + 1 < rank; ++d) {
      SmallVector<Value> next;
      for (Value outer : rows)
        for (int64_t t = 0; t < windows.window[d]; ++t)
          next.push_back(
              k.add(k.mul(outer, windows.large[d]),
                    k.add(k.mul(position[d], windows.strides[d]), t)));
      rows = next;
    }
    Value smallRow = k.add(k.mul(tile.sample, windows.rows()), row);
    k.loop(k.index(0), k.index(windows.small.back()), 1, [&](Value x) {
      Value small = k.mul(k.add(k.mul(smallRow, windows.small.back()), x),
                          windows.channels);
      SmallVector<Value> taps;
      for (Value outer : rows)
        for (int64_t t = 0; t < windows.window.back(); ++t) {
          Value pixel = k.add(k.mul(outer, windows.large.back()),
                              k.add(k.mul(x, windows.strides.back()), t));
          taps.push_back(k.mul(pixel, windows.channels));
        }
      forRow(k, windows.channels, lanes, [&](Value channel, Value mask) {
        SmallVector<Value> elements;
        for (Value tap : taps)
          elements.push_back(k.add(tap, channel));
        body(k.add(small, channel), elements, mask);
      });
    });
  });
}

struct MaxPoolKernel : CpuOpModel<seg::MaxPoolOp> {
  static Windows windowsOf(seg::MaxPoolOp op) {
    return {op.getInput().getType(), op.getOutput().getType(), op.getWindow(),
            op.getStrides()};
  }
  LogicalResult emitKernels(Operation *op,
                            FusionEmitter &emitter) const override {
    auto pool = cast<seg::MaxPoolOp>(op);
    Windows windows = windowsOf(pool);
    int64_t lanes = cpuTarget(emitter).lanes;
    emitter.launch({0, windows.tiles()}, 0, [&](KernelBody &k) {
      Value input = inputOf(k, pool.getInput()),
            output = outputOf(k, pool.getOutput());
      seg::PointwiseMath m(k.builder(), k.loc(), k.vectorType(lanes));
      emitWindows(k, windows, lanes,
                  [&](Value small, ArrayRef<Value> taps, Value mask) {
                    Value best = k.load(input, taps[0], lanes, mask);
                    for (Value tap : taps.drop_front())
                      best = m.max(best, k.load(input, tap, lanes, mask));
                    k.store(best, output, small, mask);
                  });
    });
    return success();
  }
};

/// Emits a launch that clears the result before the launch that computes the
/// windows.
void emitZeros(FusionEmitter &emitter, Value result) {
  auto type = cast<RankedTensorType>(result.getType());
  int64_t size = type.getNumElements() / type.getDimSize(0),
          lanes = cpuTarget(emitter).lanes;
  emitter.launch(
      {0, llvm::divideCeilSigned(size, taskElements)}, 0, [&](KernelBody &k) {
        Tile tile = sampleTile(k, size, taskElements);
        Value base = k.mul(tile.sample, size), output = outputOf(k, result);
        forVectors(k, tile.begin, tile.end, lanes, 4, [&](Value i, Value mask) {
          k.store(k.zeroVector(lanes), output, k.add(base, i), mask);
        });
      });
}

struct MaxPoolGradKernel : CpuOpModel<seg::MaxPoolGradOp> {
  static Windows windowsOf(seg::MaxPoolGradOp op) {
    return {op.getInput().getType(), op.getGrad().getType(), op.getWindow(),
            op.getStrides()};
  }
  LogicalResult emitKernels(Operation *op,
                            FusionEmitter &emitter) const override {
    auto pool = cast<seg::MaxPoolGradOp>(op);
    Windows windows = windowsOf(pool);
    int64_t lanes = cpuTarget(emitter).lanes;
    if (windows.hasGaps())
      emitZeros(emitter, pool.getOutput());
    emitter.launch({0, windows.tiles()}, 0, [&](KernelBody &k) {
      Value input = inputOf(k, pool.getInput()),
            grad = inputOf(k, pool.getGrad());
      Value output = outputOf(k, pool.getOutput());
      seg::PointwiseMath m(k.builder(), k.loc(), k.vectorType(lanes));
      emitWindows(k, windows, lanes,
                  [&](Value small, ArrayRef<Value> taps, Value mask) {
                    Value best = k.load(input, taps[0], lanes, mask),
                          g = k.load(grad, small, lanes, mask);
                    // Tap t is the first maximum if it is larger than all
                    // previous taps and no later tap is larger.
                    SmallVector<Value> beats{Value()};
                    for (Value tap : taps.drop_front()) {
                      Value x = k.load(input, tap, lanes, mask);
                      beats.push_back(m.greater(x, best));
                      best = m.select(beats.back(), x, best);
                    }
                    Value zero = k.zeroVector(lanes), rest = g;
                    for (size_t t = taps.size(); t-- > 0;) {
                      Value share = t ? m.select(beats[t], rest, zero) : rest;
                      if (t)
                        rest = m.select(beats[t], zero, rest);
                      k.store(share, output, taps[t], mask);
                    }
                  });
    });
    return success();
  }
};

} // namespace

void segc::addPoolModels(KernelModels &models) {
  models.push_back(std::make_unique<MaxPoolGradKernel>());
  models.push_back(std::make_unique<MaxPoolKernel>());
  addAvgPoolModels(models);
}
