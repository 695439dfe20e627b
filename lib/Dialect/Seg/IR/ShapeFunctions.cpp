//===- ShapeFunctions.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace segc::seg {

bool hasBoundedShape(RankedTensorType type) {
  constexpr int64_t maxElements = int64_t{1} << 40;
  int64_t elements = 1;
  for (int64_t size : type.getShape()) {
    if (ShapedType::isDynamic(size) || size < 1 ||
        size > maxElements / elements)
      return false;
    elements *= size;
  }
  return !type.getEncoding();
}

ArrayRef<int64_t> spatialDims(RankedTensorType type) {
  return type.getRank() < 2 ? ArrayRef<int64_t>()
                            : type.getShape().drop_front().drop_back();
}

ArrayRef<int64_t> positionDims(RankedTensorType type) {
  return type.getRank() < 1 ? ArrayRef<int64_t>() : type.getShape().drop_back();
}

int64_t spatialSize(RankedTensorType type) {
  int64_t product = 1;
  for (int64_t size : spatialDims(type))
    product *= size;
  return product;
}

int64_t channels(RankedTensorType type) {
  return type.getRank() < 1 ? 1 : type.getShape().back();
}

int64_t tensorBytes(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.getNumElements() * type.getElementTypeBitWidth() / 8;
}

Shape dilatedTaps(ArrayRef<int64_t> taps,
                  std::optional<ArrayRef<int64_t>> dilations) {
  Shape result(taps);
  if (dilations)
    for (auto [size, dilation] : llvm::zip_equal(result, *dilations))
      size = (size - 1) * dilation + 1;
  return result;
}

Shape convOutputSpatial(ArrayRef<int64_t> in, ArrayRef<int64_t> taps,
                        ArrayRef<int64_t> strides, ArrayRef<int64_t> low,
                        ArrayRef<int64_t> high) {
  Shape out;
  for (auto [n, k, s, l, h] : llvm::zip_equal(in, taps, strides, low, high))
    out.push_back(n + l + h < k ? 0 : (n + l + h - k) / s + 1);
  return out;
}

Shape convTransposeOutputSpatial(ArrayRef<int64_t> in, ArrayRef<int64_t> taps,
                                 ArrayRef<int64_t> strides,
                                 ArrayRef<int64_t> low,
                                 ArrayRef<int64_t> high) {
  Shape out;
  for (auto [n, k, s, l, h] : llvm::zip_equal(in, taps, strides, low, high))
    out.push_back((n - 1) * s + k - l - h);
  return out;
}

RankedTensorType activationType(RankedTensorType like,
                                ArrayRef<int64_t> spatial, int64_t channels) {
  Shape shape{like.getShape().front()};
  shape.append(spatial.begin(), spatial.end());
  shape.push_back(channels);
  return RankedTensorType::get(shape, like.getElementType());
}

Broadcast classifyBroadcast(RankedTensorType operand, RankedTensorType result) {
  ArrayRef<int64_t> from = operand.getShape(), to = result.getShape();
  if (from == to)
    return Broadcast::None;
  if (from.empty())
    return Broadcast::Scalar;
  if (from.size() == to.size() && from.back() == 1 &&
      from.drop_back() == to.drop_back())
    return Broadcast::Channel;
  if (from.size() == 1 && to.size() > 1 && from[0] == to.back())
    return Broadcast::PerChannel;
  if (from.size() == 2 && to.size() > 2 && from[0] == to.front() &&
      from[1] == to.back())
    return Broadcast::PerSample;
  return Broadcast::Invalid;
}

std::string shapeText(ArrayRef<int64_t> shape) {
  return llvm::join(
      llvm::map_range(shape, [](int64_t n) { return std::to_string(n); }), "x");
}

} // namespace segc::seg
