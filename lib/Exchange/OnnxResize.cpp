//===- OnnxResize.cpp - Resampling of ONNX --------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// seg.resize has half-pixel centres. Where an image grows by whole factors,
// several ways of ONNX to find the nearest pixel are the same.

#include "OnnxLayers.h"

#include <cmath>

using namespace mlir;
using namespace segc;
using onnx::NodeProto;

/// The size of the result along each spatial axis, from the node's sizes or
/// scales.
llvm::Expected<seg::Shape> OnnxLayers::resizedDims(const NodeProto &node,
                                                   ArrayRef<int64_t> axes,
                                                   RankedTensorType type) {
  ArrayRef<int64_t> in = seg::spatialDims(type);
  seg::Shape out(in);
  const int64_t rank = static_cast<int64_t>(spatialRank) + 2;
  seg::Shape all(axes);
  if (all.empty())
    for (int64_t axis = 0; axis < rank; ++axis)
      all.push_back(axis);
  auto misfit = [&] {
    return error(node, "expected a size or a scale for each axis, which "
                       "leaves samples and channels as they are");
  };
  const bool sized = has(node, 3);
  std::vector<int64_t> sizes;
  std::vector<float> scales;
  if (sized) {
    auto list = integers(node, 3);
    if (!list)
      return list.takeError();
    sizes = std::move(*list);
  } else {
    const onnx::TensorProto *found =
        has(node, 2) ? tensor(node.input(2)) : nullptr;
    if (!found || found->dims_size() != 1 || found->dims(0) > rank)
      return misfit();
    auto list = file.floats(*found);
    if (!list)
      return list.takeError();
    scales = std::move(*list);
  }
  if ((sized ? sizes.size() : scales.size()) != all.size())
    return misfit();
  for (size_t i = 0; i < all.size(); ++i) {
    const int64_t axis = all[i] < 0 ? all[i] + rank : all[i];
    if (axis < 0 || axis >= rank)
      return misfit();
    if (axis < 2) {
      const int64_t same = axis == 0 ? type.getDimSize(0) : seg::channels(type);
      if (sized ? sizes[i] != same : scales[i] != 1)
        return misfit();
      continue;
    }
    const double scaled =
        sized ? static_cast<double>(sizes[i])
              : std::floor(static_cast<double>(in[axis - 2]) * scales[i]);
    if (!(scaled >= 1 && scaled <= seg::maxStep))
      return error(node, "expected sizes from 1 to " + Twine(seg::maxStep));
    out[axis - 2] = static_cast<int64_t>(scaled);
  }
  return out;
}

llvm::Error OnnxLayers::addResize(const NodeProto &node) {
  llvm::Expected<Value> input = activation(node, 0);
  if (!input)
    return input.takeError();
  OnnxAttributes attributes(node);
  auto type = cast<RankedTensorType>(input->getType());
  ArrayRef<int64_t> in = seg::spatialDims(type);
  auto out = resizedDims(node, attributes.list("axes"), type);
  if (!out)
    return out.takeError();
  bool grows = true;
  for (auto [from, to] : llvm::zip_equal(in, *out))
    grows &= to % from == 0;

  const std::string name = attributes.text("mode", "nearest");
  const std::string centres =
      attributes.text("coordinate_transformation_mode", "half_pixel");
  const std::string rounding =
      attributes.text("nearest_mode", "round_prefer_floor");
  std::optional<seg::ResizeMode> mode = seg::symbolizeResizeMode(name);
  if (!mode)
    attributes.fail(
        "attribute 'mode': expected nearest, linear or cubic, got " + name);
  const bool nearest = mode == seg::ResizeMode::nearest;
  const bool halves = centres == "half_pixel" ||
                      (centres == "pytorch_half_pixel" &&
                       llvm::all_of(*out, [](int64_t n) { return n > 1; }));
  const bool rounds = rounding == "round_prefer_ceil" ||
                      (rounding == "round_prefer_floor" && grows);
  const bool floors = centres == "asymmetric" && rounding == "floor" && grows;
  if (nearest ? !(halves && rounds) && !floors : !halves)
    attributes.fail("expected half_pixel centres (of the nearest pixel with "
                    "round_prefer_ceil, or an image that grows by whole "
                    "factors), got " +
                    centres + (nearest ? " and " + rounding : ""));
  const double coefficient = attributes.number("cubic_coeff_a", -0.75);
  if (mode == seg::ResizeMode::cubic && coefficient != -0.5)
    attributes.fail("attribute 'cubic_coeff_a': expected -0.5");
  // Of another way to place pixels.
  (void)attributes.number("extrapolation_value", 0);
  attributes.expect("antialias", int64_t{0});
  attributes.expect("exclude_outside", int64_t{0});
  attributes.expect("keep_aspect_ratio_policy", "stretch");
  if (llvm::Error wrong = attributes.finish())
    return file.error(llvm::toString(std::move(wrong)));
  auto resized = resultType(node, *input, *out, seg::channels(type));
  if (!resized)
    return resized.takeError();
  return define(node,
                seg::ResizeOp::create(b, at(node), *resized, *input,
                                      mode.value_or(seg::ResizeMode::nearest)));
}
