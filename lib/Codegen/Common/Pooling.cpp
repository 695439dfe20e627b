//===- Pooling.cpp --------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/Pooling.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;

namespace segc {

//===----------------------------------------------------------------------===//
// Max pooling
//===----------------------------------------------------------------------===//

MaxPoolWindows::MaxPoolWindows(seg::MaxPoolOp op)
    : large(seg::spatialDims(op.getInput().getType())),
      small(seg::spatialDims(op.getOutput().getType())), window(op.getWindow()),
      strides(op.getStrides()),
      channels(seg::channels(op.getInput().getType())) {}

MaxPoolWindows::MaxPoolWindows(seg::MaxPoolGradOp op)
    : large(seg::spatialDims(op.getInput().getType())),
      small(seg::spatialDims(op.getGrad().getType())), window(op.getWindow()),
      strides(op.getStrides()),
      channels(seg::channels(op.getInput().getType())) {}

int64_t MaxPoolWindows::product(ArrayRef<int64_t> sizes) {
  int64_t result = 1;
  for (int64_t size : sizes)
    result *= size;
  return result;
}

bool MaxPoolWindows::hasGaps() const {
  for (auto [n, m, w, s] : llvm::zip_equal(large, small, window, strides))
    if (w != s || m * s != n)
      return true;
  return false;
}

SmallVector<Value> MaxPoolWindows::rowsOf(KernelBody &k, Value sample,
                                          ArrayRef<Value> position) const {
  SmallVector<Value> rows{sample};
  for (size_t d = 0; d + 1 < window.size(); ++d) {
    SmallVector<Value> next;
    for (Value outer : rows)
      for (int64_t t = 0; t < window[d]; ++t)
        next.push_back(k.add(k.mul(outer, large[d]),
                             k.add(k.mul(position[d], strides[d]), t)));
    rows = next;
  }
  return rows;
}

SmallVector<Value> MaxPoolWindows::tapsOf(KernelBody &k, ArrayRef<Value> rows,
                                          Value x) const {
  SmallVector<Value> taps;
  for (Value outer : rows)
    for (int64_t t = 0; t < window.back(); ++t) {
      Value pixel =
          k.add(k.mul(outer, large.back()), k.add(k.mul(x, strides.back()), t));
      taps.push_back(k.mul(pixel, channels));
    }
  return taps;
}

void emitMaxPool(KernelBody &k, seg::MaxPoolOp op,
                 const MaxPoolVector &window) {
  Value input = inputOf(k, op.getInput());
  auto [taps, small, lanes, mask] = window;
  seg::PointwiseMath m(k.builder(), k.loc(), k.vectorType(lanes));
  Value best = k.load(input, taps[0], lanes, mask);
  for (Value tap : taps.drop_front())
    best = m.max(best, k.load(input, tap, lanes, mask));
  k.store(best, outputOf(k, op.getOutput()), small, mask);
}

void emitMaxPoolGrad(KernelBody &k, seg::MaxPoolGradOp op,
                     const MaxPoolVector &window) {
  Value input = inputOf(k, op.getInput()), grad = inputOf(k, op.getGrad()),
        output = outputOf(k, op.getOutput());
  auto [taps, small, lanes, mask] = window;
  seg::PointwiseMath m(k.builder(), k.loc(), k.vectorType(lanes));
  Value best = k.load(input, taps[0], lanes, mask),
        g = k.load(grad, small, lanes, mask);
  // Tap t is the first maximum if it is larger than all previous taps and no
  // later tap is larger.
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
}

//===----------------------------------------------------------------------===//
// Average pooling
//===----------------------------------------------------------------------===//

PositionRange PooledDimension::elementsOf(KernelBody &k, Value small) const {
  Value first = k.mul(small, stride);
  if (!isPadded())
    return {first, k.index(window)};
  first = k.sub(first, low);
  Value end = k.min(k.add(first, window), k.index(large));
  first = k.max(first, k.index(0));
  return {first, k.sub(end, first)};
}

PositionRange PooledDimension::windowsOf(KernelBody &k, Value large) const {
  Value position = k.add(large, low);
  if (window == stride && small * stride - low >= this->large)
    return {k.div(position, stride), k.index(1)};
  Value first =
      k.div(k.add(k.max(k.sub(position, window - 1), k.index(0)), stride - 1),
            stride);
  Value end = k.min(k.add(k.div(position, stride), 1), k.index(small));
  return {first, k.sub(end, first)};
}

template <typename Op>
AvgPooling::AvgPooling(Op op, Value operand, bool isGradient,
                       RankedTensorType large, RankedTensorType small)
    : channels(seg::channels(large)), countsPadding(op.getCountIncludePad()),
      isGradient(isGradient), operand(operand), result(op.getOutput()) {
  for (auto [n, m, w, s, l] :
       llvm::zip_equal(seg::spatialDims(large), seg::spatialDims(small),
                       op.getWindow(), op.getStrides(), op.getPadLow())) {
    dimensions.push_back({n, m, w, s, l});
    taps *= w;
  }
}

AvgPooling::AvgPooling(seg::AvgPoolOp op)
    : AvgPooling(op, op.getInput(), /*isGradient=*/false,
                 op.getInput().getType(), op.getOutput().getType()) {}

AvgPooling::AvgPooling(seg::AvgPoolGradOp op)
    : AvgPooling(op, op.getGrad(), /*isGradient=*/true,
                 op.getOutput().getType(), op.getGrad().getType()) {}

double AvgPooling::terms() const {
  if (!isGradient)
    return static_cast<double>(taps);
  double windows = 1;
  for (const PooledDimension &dimension : dimensions)
    windows *= static_cast<double>(dimension.window) /
               static_cast<double>(dimension.stride);
  return windows;
}

/// Emits the sum of `term` over a box, in row-major order.
static Value sumBox(KernelBody &k, ArrayRef<PositionRange> box, Value zero,
                    llvm::function_ref<Value(ArrayRef<Value> position)> term) {
  seg::PointwiseMath m(k.builder(), k.loc(), zero.getType());
  SmallVector<Value> position;
  std::function<Value(Value)> addFrom = [&](Value sum) -> Value {
    if (position.size() == box.size())
      return m.add(sum, term(position));
    const PositionRange &range = box[position.size()];
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

Value AvgPooling::share(KernelBody &k, ArrayRef<Value> window,
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

Value AvgPooling::elementIndex(KernelBody &k, int64_t PooledDimension::*size,
                               Value sample, ArrayRef<Value> position,
                               Value channel) const {
  Value index = sample;
  for (auto [dimension, at] : llvm::zip_equal(dimensions, position))
    index = k.add(k.mul(index, dimension.*size), at);
  return k.add(k.mul(index, channels), channel);
}

Value AvgPooling::valueAt(KernelBody &k, ArrayRef<Value> position, Value sample,
                          Value channel, int64_t lanes, Value mask) const {
  Value memref = inputOf(k, operand);
  seg::PointwiseMath m(k.builder(), k.loc(), k.vectorType(lanes));
  SmallVector<PositionRange> box;
  for (auto [dimension, at] : llvm::zip_equal(dimensions, position))
    box.push_back(isGradient ? dimension.windowsOf(k, at)
                             : dimension.elementsOf(k, at));
  auto load = [&](int64_t PooledDimension::*size, ArrayRef<Value> at) {
    return k.load(memref, elementIndex(k, size, sample, at, channel), lanes,
                  mask);
  };
  if (!isGradient) {
    Value sum =
        sumBox(k, box, k.zeroVector(lanes), [&](ArrayRef<Value> element) {
          return load(&PooledDimension::large, element);
        });
    return m.mul(sum, share(k, position, lanes));
  }
  return sumBox(k, box, k.zeroVector(lanes), [&](ArrayRef<Value> window) {
    Value x = load(&PooledDimension::small, window);
    return m.mul(x, share(k, window, lanes));
  });
}

} // namespace segc
