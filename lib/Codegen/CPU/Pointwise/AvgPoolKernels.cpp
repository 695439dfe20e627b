//===- AvgPoolKernels.cpp - Average pooling -------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Average pooling and its gradient, with channels in lanes. Both gather: a task
// computes rows of the result, so that results do not depend on the order of
// tasks where windows overlap.

#include "KernelHelpers.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

using namespace mlir;
using namespace segc;

namespace {

/// Consecutive positions of one dimension. `count` is a constant where it is
/// the same for all positions.
struct Range {
  Value first, count;
};

/// One dimension of a pooling, from `large` elements to `small` windows.
struct PooledDimension {
  int64_t large, small, window, stride, low;

  bool isPadded() const {
    return low > 0 || (small - 1) * stride - low + window > large;
  }
  /// Returns the elements of a window.
  Range elementsOf(KernelBody &k, Value small) const {
    Value first = k.mul(small, stride);
    if (!isPadded())
      return {first, k.index(window)};
    first = k.sub(first, low);
    Value end = k.min(k.add(first, window), k.index(large));
    first = k.max(first, k.index(0));
    return {first, k.sub(end, first)};
  }
  /// Returns the windows of an element. Their count may be negative after the
  /// last window, which loops treat as 0.
  Range windowsOf(KernelBody &k, Value large) const {
    Value position = k.add(large, low);
    if (window == stride && small * stride - low >= this->large)
      return {k.div(position, stride), k.index(1)};
    Value first =
        k.div(k.add(k.max(k.sub(position, window - 1), k.index(0)), stride - 1),
              stride);
    Value end = k.min(k.add(k.div(position, stride), 1), k.index(small));
    return {first, k.sub(end, first)};
  }
};

class AvgPoolEmitter {
public:
  template <typename Op>
  AvgPoolEmitter(Op op, RankedTensorType large, RankedTensorType small)
      : taps(std::accumulate(op.getWindow().begin(), op.getWindow().end(),
                             int64_t{1}, std::multiplies<>())),
        channels(seg::channels(large)), countsPadding(op.getCountIncludePad()) {
    for (auto [n, m, w, s, l] :
         llvm::zip_equal(seg::spatialDims(large), seg::spatialDims(small),
                         op.getWindow(), op.getStrides(), op.getPadLow()))
      dimensions.push_back({n, m, w, s, l});
  }

  /// Emits the mean of each window.
  void emit(FusionEmitter &emitter, seg::AvgPoolOp op) const;
  /// Emits, for each element, the sum of its windows' gradients divided by
  /// their counts.
  void emit(FusionEmitter &emitter, seg::AvgPoolGradOp op) const;

private:
  /// Stores the value of `body` at each position for each vector of the result,
  /// whose elements are sums of about `terms` elements of the operand.
  void
  emitResult(FusionEmitter &emitter, Value result, double terms,
             llvm::function_ref<Value(KernelBody &, ArrayRef<Value> position,
                                      Value sample, Value channel, Value mask)>
                 body) const;
  /// Emits the sum of `term` over a box, in row-major order.
  static Value sumBox(KernelBody &k, ArrayRef<Range> box, Value zero,
                      llvm::function_ref<Value(ArrayRef<Value> position)> term);
  /// Returns 1 / count of the window at a position, in every lane.
  Value share(KernelBody &k, ArrayRef<Value> window, int64_t lanes) const;
  /// Returns the index of an element of the activation whose spatial sizes are
  /// the member `size`.
  Value elementIndex(KernelBody &k, int64_t PooledDimension::*size,
                     Value sample, ArrayRef<Value> position,
                     Value channel) const;

  SmallVector<PooledDimension> dimensions;
  int64_t taps, channels;
  bool countsPadding;
};

Value AvgPoolEmitter::sumBox(
    KernelBody &k, ArrayRef<Range> box, Value zero,
    llvm::function_ref<Value(ArrayRef<Value> position)> term) {
  seg::PointwiseMath m(k.builder(), k.loc(), zero.getType());
  SmallVector<Value> position;
  std::function<Value(Value)> addFrom = [&](Value sum) -> Value {
    if (position.size() == box.size())
      return m.add(sum, term(position));
    const Range &range = box[position.size()];
    auto addAt = [&](Value at, Value sum) {
      position.push_back(at);
      Value result = addFrom(sum);
      position.pop_back();
      return result;
    };
    if (isConstantIntValue(range.count, 1))
      return addAt(range.first, sum);
    return k.loop(
        k.index(0), range.count, 1, {sum}, [&](Value t, ValueRange carried) {
          return SmallVector<Value>{addAt(k.add(range.first, t), carried[0])};
        })[0];
  };
  return addFrom(zero);
}

Value AvgPoolEmitter::share(KernelBody &k, ArrayRef<Value> window,
                            int64_t lanes) const {
  seg::PointwiseMath m(k.builder(), k.loc(), k.vectorType(lanes));
  Value count = k.index(1);
  for (auto [dimension, position] : llvm::zip_equal(dimensions, window))
    count = k.mul(count, dimension.elementsOf(k, position).count);
  if (countsPadding || getConstantIntValue(count))
    return m.constant(1.0 / static_cast<double>(taps));
  seg::PointwiseMath scalars(k.builder(), k.loc(), k.builder().getF64Type());
  return k.splat(
      toFloat(k, scalars.div(scalars.constant(1), indexToDouble(k, count))),
      lanes);
}

Value AvgPoolEmitter::elementIndex(KernelBody &k,
                                   int64_t PooledDimension::*size, Value sample,
                                   ArrayRef<Value> position,
                                   Value channel) const {
  Value index = sample;
  for (auto [dimension, at] : llvm::zip_equal(dimensions, position))
    index = k.add(k.mul(index, dimension.*size), at);
  return k.add(k.mul(index, channels), channel);
}

void AvgPoolEmitter::emitResult(
    FusionEmitter &emitter, Value result, double terms,
    llvm::function_ref<Value(KernelBody &, ArrayRef<Value>, Value, Value,
                             Value)>
        body) const {
  ArrayRef<int64_t> sizes =
      seg::spatialDims(cast<RankedTensorType>(result.getType()));
  int64_t rows = std::accumulate(sizes.begin(), sizes.end() - 1, int64_t{1},
                                 std::multiplies<>());
  double rowWork =
      static_cast<double>(sizes.back() * channels) * std::max(terms, 1.0);
  int64_t tileRows = std::clamp<int64_t>(
      static_cast<int64_t>(taskElements / rowWork), 1, rows);
  int64_t lanes = cpuTarget(emitter).lanes;
  emitter.launch(
      {0, llvm::divideCeilSigned(rows, tileRows)}, 0, [&](KernelBody &k) {
        Value output = outputOf(k, result);
        Tile tile = sampleTile(k, rows, tileRows);
        k.loop(tile.begin, tile.end, 1, [&](Value row) {
          SmallVector<Value> position = k.delinearize(row, sizes.drop_back());
          Value rowIndex = k.add(k.mul(tile.sample, rows), row);
          k.loop(k.index(0), k.index(sizes.back()), 1, [&](Value x) {
            position.push_back(x);
            Value pixel =
                k.mul(k.add(k.mul(rowIndex, sizes.back()), x), channels);
            forRow(k, channels, lanes, [&](Value channel, Value mask) {
              k.store(body(k, position, tile.sample, channel, mask), output,
                      k.add(pixel, channel), mask);
            });
            position.pop_back();
          });
        });
      });
}

void AvgPoolEmitter::emit(FusionEmitter &emitter, seg::AvgPoolOp op) const {
  int64_t lanes = cpuTarget(emitter).lanes;
  emitResult(
      emitter, op.getOutput(), static_cast<double>(taps),
      [&](KernelBody &k, ArrayRef<Value> position, Value sample, Value channel,
          Value mask) {
        Value input = inputOf(k, op.getInput());
        SmallVector<Range> window;
        for (auto [dimension, at] : llvm::zip_equal(dimensions, position))
          window.push_back(dimension.elementsOf(k, at));
        Value sum = sumBox(
            k, window, k.zeroVector(lanes), [&](ArrayRef<Value> element) {
              return k.load(input,
                            elementIndex(k, &PooledDimension::large, sample,
                                         element, channel),
                            lanes, mask);
            });
        seg::PointwiseMath m(k.builder(), k.loc(), k.vectorType(lanes));
        return m.mul(sum, share(k, position, lanes));
      });
}

void AvgPoolEmitter::emit(FusionEmitter &emitter, seg::AvgPoolGradOp op) const {
  int64_t lanes = cpuTarget(emitter).lanes;
  double windows = 1;
  for (const PooledDimension &dimension : dimensions)
    windows *= static_cast<double>(dimension.window) /
               static_cast<double>(dimension.stride);
  emitResult(
      emitter, op.getOutput(), windows,
      [&](KernelBody &k, ArrayRef<Value> position, Value sample, Value channel,
          Value mask) {
        Value grad = inputOf(k, op.getGrad());
        SmallVector<Range> box;
        for (auto [dimension, at] : llvm::zip_equal(dimensions, position))
          box.push_back(dimension.windowsOf(k, at));
        seg::PointwiseMath m(k.builder(), k.loc(), k.vectorType(lanes));
        return sumBox(k, box, k.zeroVector(lanes), [&](ArrayRef<Value> window) {
          Value x = k.load(
              grad,
              elementIndex(k, &PooledDimension::small, sample, window, channel),
              lanes, mask);
          return m.mul(x, share(k, window, lanes));
        });
      });
}

AvgPoolEmitter emitterOf(seg::AvgPoolOp op) {
  return {op, op.getInput().getType(), op.getOutput().getType()};
}
AvgPoolEmitter emitterOf(seg::AvgPoolGradOp op) {
  return {op, op.getOutput().getType(), op.getGrad().getType()};
}

template <typename Op>
struct AvgPoolKernel : CpuOpModel<Op> {
  LogicalResult emitKernels(Operation *op,
                            FusionEmitter &emitter) const override {
    emitterOf(cast<Op>(op)).emit(emitter, cast<Op>(op));
    return success();
  }
};

} // namespace

void segc::addAvgPoolModels(KernelModels &models) {
  models.push_back(std::make_unique<AvgPoolKernel<seg::AvgPoolGradOp>>());
  models.push_back(std::make_unique<AvgPoolKernel<seg::AvgPoolOp>>());
}
