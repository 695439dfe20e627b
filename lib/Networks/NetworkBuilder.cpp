//===- NetworkBuilder.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NetworkBuilder.h"
#include "segc/Networks/Networks.h"

using namespace mlir;
using namespace segc::seg;

namespace segc {

/// The format of seg.network that these builders write.
static constexpr uint64_t networkFormat = 1;

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// Padding before and after each axis of a convolution.
static std::pair<Shape, Shape> paddingOf(ArrayRef<int64_t> in,
                                         const ConvLayer &layer) {
  Shape low(in.size(), 0), high(in.size(), 0);
  if (layer.padding == Padding::Valid)
    return {low, high};
  for (size_t axis = 0; axis < in.size(); ++axis) {
    if (layer.padding == Padding::Symmetric) {
      low[axis] = high[axis] = (layer.taps[axis] - 1) / 2;
      continue;
    }
    int64_t stride = layer.strides[axis];
    int64_t out = llvm::divideCeil(in[axis], stride);
    int64_t total =
        std::max<int64_t>((out - 1) * stride + layer.taps[axis] - in[axis], 0);
    low[axis] = total / 2;
    high[axis] = total - low[axis];
  }
  return {low, high};
}

DecayRule decayRule(const OptimizerOptions &options, DecayRule published) {
  switch (options.decayScope) {
  case DecayScope::Published:
    return published;
  case DecayScope::All:
    return {/*kernels=*/true, /*biases=*/true, /*norms=*/true};
  case DecayScope::Kernels:
    return {/*kernels=*/true, /*biases=*/false, /*norms=*/false};
  }
  llvm_unreachable("all scopes are known");
}

NetworkBuilder::NetworkBuilder(MLIRContext *context, StringRef symbol,
                               int64_t classes, ArrayRef<int64_t> imageShape,
                               DecayRule decay, NormConstants norms)
    : builder(context), decay(decay), norms(norms) {
  context->loadDialect<SegDialect>();
  module = ModuleOp::create(builder.getUnknownLoc());
  builder.setInsertionPointToEnd(module->getBody());
  network = NetworkOp::create(
      builder, at(symbol), symbol, networkFormat, classes, /*sigmoid=*/false,
      builder.getArrayAttr({}), dictionary({}), dictionary({}));
  auto type = RankedTensorType::get(imageShape, builder.getF32Type());
  Block *forward =
      builder.createBlock(&network.getForward(), {}, {type}, {at("image")});
  imageValue = forward->getArgument(0);
}

OwningOpRef<ModuleOp> NetworkBuilder::finish(const OptimizerOptions &options,
                                             const DataPipeline &pipeline) {
  NamedAttrList entries;
  entries.append("kind", attribute(options.kind));
  entries.append("learning_rate", attribute(options.learningRate));
  entries.append("momentum", attribute(options.momentum));
  entries.append("weight_decay", attribute(options.weightDecay));
  if (const Optimizer *optimizer = findOptimizer(options.kind)) {
    for (const Optimizer::Number &number : optimizer->numbers)
      entries.append(number.key, attribute(options.*number.value));
    for (const Optimizer::Flag &flag : optimizer->flags)
      entries.append(flag.key, builder.getBoolAttr(options.*flag.value));
  }
  if (options.clipNorm > 0)
    entries.append("clip_norm", attribute(options.clipNorm));
  if (options.lookahead) {
    entries.append("lookahead_sync", attribute(options.lookaheadSync));
    entries.append("lookahead_alpha", attribute(options.lookaheadAlpha));
  }
  network.setOptimizerAttr(entries.getDictionary(builder.getContext()));
  NamedAttrList data;
  forEachValue(pipeline, [&](const char *name, const auto &value) {
    data.append(name, attribute(value));
  });
  network.setPipelineAttr(data.getDictionary(builder.getContext()));
  return std::move(module);
}

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

Location NetworkBuilder::at(const Twine &name) {
  return NameLoc::get(builder.getStringAttr(name));
}

Value NetworkBuilder::parameter(const Twine &name, ArrayRef<int64_t> shape,
                                InitKind init, double value, bool decays) {
  auto type = RankedTensorType::get(shape, builder.getF32Type());
  return ParamOp::create(builder, at(name), type, name.str(), init,
                         APFloat(value), decays);
}

Value NetworkBuilder::state(const Twine &name, int64_t size, double value) {
  auto type = RankedTensorType::get({size}, builder.getF32Type());
  return StateOp::create(builder, at(name), type, name.str(), APFloat(value));
}

std::pair<Value, Value> NetworkBuilder::filter(Value input, const Twine &name,
                                               const ConvLayer &layer) {
  Shape shape(layer.taps);
  shape.push_back(channels(typeOf(input)));
  shape.push_back(layer.filters);
  Value weight = parameter(name + ".weight", shape, layer.init, layer.initValue,
                           decay.kernels);
  Value bias;
  bool uniform = layer.init == InitKind::uniform;
  if (layer.bias)
    bias = parameter(name + ".bias", {layer.filters},
                     uniform ? InitKind::uniform : InitKind::constant,
                     uniform ? layer.initValue : 0, decay.biases);
  return {weight, bias};
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

Value NetworkBuilder::conv(Value input, const Twine &name,
                           const ConvLayer &layer) {
  RankedTensorType in = typeOf(input);
  auto [weight, bias] = filter(input, name, layer);
  auto [low, high] = paddingOf(spatialDims(in), layer);
  Shape out =
      convOutputSpatial(spatialDims(in), layer.taps, layer.strides, low, high);
  return ConvOp::create(builder, at(name),
                        activationType(in, out, layer.filters), input, weight,
                        bias, layer.strides, low, high, /*dilations=*/nullptr);
}

Value NetworkBuilder::convTranspose(Value input, const Twine &name,
                                    const ConvLayer &layer) {
  RankedTensorType in = typeOf(input);
  auto [weight, bias] = filter(input, name, layer);
  // The convolution whose transpose this is goes from the output to the input.
  Shape out(spatialDims(in));
  for (auto [size, stride] : llvm::zip_equal(out, layer.strides))
    size *= stride;
  auto [low, high] = paddingOf(out, layer);
  return ConvTransposeOp::create(
      builder, at(name), activationType(in, out, layer.filters), input, weight,
      bias, layer.strides, low, high, /*dilations=*/nullptr);
}

/// The type of a pooling whose windows do not overlap.
static RankedTensorType pooledType(RankedTensorType in,
                                   ArrayRef<int64_t> window) {
  const Shape none(window.size(), 0);
  return activationType(
      in, convOutputSpatial(spatialDims(in), window, window, none, none),
      channels(in));
}

Value NetworkBuilder::maxPool(Value input, const Twine &name,
                              ArrayRef<int64_t> window) {
  return MaxPoolOp::create(builder, at(name), pooledType(typeOf(input), window),
                           input, window, window);
}

Value NetworkBuilder::avgPool(Value input, const Twine &name,
                              ArrayRef<int64_t> window) {
  const Shape none(window.size(), 0);
  return AvgPoolOp::create(builder, at(name), pooledType(typeOf(input), window),
                           input, window, window, none, none,
                           /*count_include_pad=*/false);
}

Value NetworkBuilder::norm(Value input, const Twine &name, NetworkNorm kind,
                           double initialGamma) {
  if (kind == NetworkNorm::None)
    return input;
  RankedTensorType type = typeOf(input);
  int64_t size = channels(type);
  Value gamma = parameter(name + ".gamma", {size}, InitKind::constant,
                          initialGamma, decay.norms);
  Value beta =
      parameter(name + ".beta", {size}, InitKind::constant, 0, decay.norms);
  if (kind == NetworkNorm::Batch) {
    Value mean = state(name + ".running_mean", size, 0);
    Value variance = state(name + ".running_variance", size, 1);
    return BatchNormOp::create(builder, at(name), type, input, gamma, beta,
                               mean, variance, APFloat(norms.epsilon),
                               APFloat(norms.runningMomentum));
  }
  auto statistics =
      RankedTensorType::get({type.getDimSize(0), size}, type.getElementType());
  bool grouped = kind == NetworkNorm::Group;
  return NormOp::create(builder, at(name), type, statistics, statistics, input,
                        gamma, beta,
                        grouped ? NormKind::group : NormKind::instance,
                        grouped ? nnunetGroups : 0, APFloat(norms.epsilon))
      .getOutput();
}

Value NetworkBuilder::relu(Value input, const Twine &name) {
  return ReluOp::create(builder, at(name), input);
}

Value NetworkBuilder::leakyRelu(Value input, const Twine &name, double slope) {
  if (slope == 0)
    return relu(input, name);
  return LeakyReluOp::create(builder, at(name), input, APFloat(slope));
}

Value NetworkBuilder::dropout(Value input, const Twine &name, double rate) {
  return NetworkDropoutOp::create(builder, at(name), input, APFloat(rate));
}

Value NetworkBuilder::add(Value lhs, Value rhs, const Twine &name) {
  return AddOp::create(builder, at(name), lhs.getType(), lhs, rhs);
}

Value NetworkBuilder::concat(Value first, Value second, const Twine &name) {
  RankedTensorType type = typeOf(first);
  auto out = activationType(type, spatialDims(type),
                            channels(type) + channels(typeOf(second)));
  return ConcatOp::create(builder, at(name), out, ValueRange{first, second});
}

Value NetworkBuilder::repeatChannels(Value input, int64_t count,
                                     const Twine &name) {
  RankedTensorType type = typeOf(input);
  if (count == 1)
    return input;
  auto out = activationType(type, spatialDims(type), channels(type) * count);
  SmallVector<Value> copies(count, input);
  return ConcatOp::create(builder, at(name), out, copies);
}

Value NetworkBuilder::centralCrop(Value input, Value like, const Twine &name) {
  RankedTensorType type = typeOf(input);
  ArrayRef<int64_t> out = spatialDims(typeOf(like));
  Shape offsets;
  for (auto [large, small] : llvm::zip_equal(spatialDims(type), out))
    offsets.push_back((large - small) / 2);
  return CropOp::create(builder, at(name),
                        activationType(type, out, channels(type)), input,
                        offsets);
}

//===----------------------------------------------------------------------===//
// Attributes and text
//===----------------------------------------------------------------------===//

Attribute NetworkBuilder::attribute(const std::vector<std::string> &values) {
  SmallVector<StringRef> views(values.begin(), values.end());
  return builder.getStrArrayAttr(views);
}

std::vector<std::string> classNames(const std::vector<std::string> &known,
                                    int64_t classes) {
  if (static_cast<int64_t>(known.size()) == classes)
    return known;
  std::vector<std::string> names{"background"};
  for (int64_t i = 1; i < classes; ++i)
    names.push_back("class_" + std::to_string(i));
  return names;
}

void printNetwork(ModuleOp module, llvm::raw_ostream &os) {
  module.print(os, OpPrintingFlags().printNameLocAsPrefix());
  os << '\n';
}

} // namespace segc
