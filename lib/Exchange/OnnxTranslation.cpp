//===- OnnxTranslation.cpp - Ops as nodes of ONNX -------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Names ops, because it translates each into one of another set.

#include "OnnxTranslation.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace segc;

/// [low..., high...], as ONNX pads.
static SmallVector<int64_t> pads(ArrayRef<int64_t> low,
                                 ArrayRef<int64_t> high) {
  SmallVector<int64_t> result(low);
  llvm::append_range(result, high);
  return result;
}

llvm::Expected<OnnxNode> OnnxTranslation::node(Operation *op, StringRef type) {
  std::vector<std::string> inputs;
  for (Value operand : op->getOperands()) {
    llvm::Expected<std::string> name = writer.name(operand);
    if (!name)
      return name.takeError();
    inputs.push_back(*name);
  }
  return writer.addNode(op, type, inputs);
}

/// The error of a node, or nothing.
static llvm::Error errorOf(llvm::Expected<OnnxNode> node) {
  return node ? llvm::Error::success() : node.takeError();
}

template <typename Op>
llvm::Expected<OnnxNode> OnnxTranslation::convolution(Op op, StringRef type,
                                                      ForeignLayout layout) {
  llvm::Expected<std::string> input = writer.name(op.getInput());
  if (!input)
    return input.takeError();
  llvm::Expected<std::string> filter = writer.name(op.getFilter(), layout);
  if (!filter)
    return filter.takeError();
  std::vector<std::string> inputs = {*input, *filter};
  if (Value value = op.getBias()) {
    llvm::Expected<std::string> bias = writer.name(value);
    if (!bias)
      return bias.takeError();
    inputs.push_back(*bias);
  }
  OnnxNode node = writer.addNode(op, type, inputs);
  auto shape = cast<RankedTensorType>(op.getFilter().getType()).getShape();
  node.set("kernel_shape", shape.drop_back(2))
      .set("strides", op.getStrides())
      .set("pads", pads(op.getPadLow(), op.getPadHigh()))
      .set("group", static_cast<int64_t>(op.getGroups()));
  if (std::optional<ArrayRef<int64_t>> dilations = op.getDilations())
    node.set("dilations", *dilations);
  return node;
}

llvm::Error OnnxTranslation::translateConv(seg::ConvOp op) {
  // A transposed filter is [taps, out, in].
  return errorOf(convolution(op, "Conv",
                             op.getTransposeFilter()
                                 ? ForeignLayout::InputFirst
                                 : ForeignLayout::OutputFirst));
}

llvm::Error OnnxTranslation::translateConvTranspose(seg::ConvTransposeOp op) {
  return errorOf(convolution(op, "ConvTranspose", ForeignLayout::InputFirst));
}

llvm::Error OnnxTranslation::translateBatchNorm(seg::BatchNormOp op) {
  llvm::Expected<OnnxNode> norm = node(op, "BatchNormalization");
  if (!norm)
    return norm.takeError();
  norm->set("epsilon", op.getEpsilon().convertToDouble())
      .set("momentum", op.getMomentum().convertToDouble());
  return llvm::Error::success();
}

llvm::Error OnnxTranslation::translateNorm(seg::NormOp op) {
  if (op.getKind() == seg::NormKind::batch)
    return llvm::createStringError(
        "a norm by the statistics of its own batch has no counterpart in "
        "ONNX; seg.batch_norm has one");
  const bool grouped = op.getKind() == seg::NormKind::group;
  llvm::Expected<OnnxNode> norm =
      node(op, grouped ? "GroupNormalization" : "InstanceNormalization");
  if (!norm)
    return norm.takeError();
  norm->set("epsilon", op.getEpsilon().convertToDouble());
  if (grouped) {
    norm->set("num_groups", static_cast<int64_t>(op.getGroups()));
    model.set_ir_version(onnxGroupNormIrVersion);
    model.mutable_opset_import(0)->set_version(onnxGroupNormOpset);
  }
  return llvm::Error::success();
}

llvm::Error OnnxTranslation::translatePool(seg::AvgPoolOp op) {
  llvm::Expected<OnnxNode> pool = node(op, "AveragePool");
  if (!pool)
    return pool.takeError();
  pool->set("kernel_shape", op.getWindow())
      .set("strides", op.getStrides())
      .set("pads", pads(op.getPadLow(), op.getPadHigh()))
      .set("count_include_pad", int64_t{op.getCountIncludePad()});
  return llvm::Error::success();
}

llvm::Error OnnxTranslation::translateBroadcast(Operation *op, StringRef type) {
  auto result = cast<RankedTensorType>(op->getResult(0).getType());
  std::vector<std::string> inputs;
  for (Value operand : op->getOperands()) {
    auto kind = seg::classifyBroadcast(
        cast<RankedTensorType>(operand.getType()), result);
    const bool perChannel = kind == seg::Broadcast::PerChannel;
    if (kind == seg::Broadcast::PerSample ||
        (perChannel && !operand.getDefiningOp<seg::ParamOp>()))
      return llvm::createStringError(
          "an operand of " + op->getName().getStringRef() + " of " +
          seg::shapeText(cast<RankedTensorType>(operand.getType()).getShape()) +
          " has no counterpart in ONNX; expected a parameter or an operand of "
          "the result's size");
    llvm::Expected<std::string> name = writer.name(
        operand, perChannel ? ForeignLayout::PerChannel : ForeignLayout::Same);
    if (!name)
      return name.takeError();
    inputs.push_back(*name);
  }
  writer.addNode(op, type, inputs);
  return llvm::Error::success();
}

llvm::Error OnnxTranslation::translateSlice(Operation *op,
                                            ArrayRef<int64_t> starts,
                                            ArrayRef<int64_t> sizes,
                                            int64_t firstAxis) {
  llvm::Expected<std::string> input = writer.name(op->getOperand(0));
  if (!input)
    return input.takeError();
  SmallVector<int64_t> ends, axes;
  for (auto [start, size] : llvm::zip_equal(starts, sizes)) {
    ends.push_back(start + size);
    axes.push_back(firstAxis++);
  }
  writer.addNode(op, "Slice",
                 {*input, writer.integers(starts), writer.integers(ends),
                  writer.integers(axes)});
  return llvm::Error::success();
}

llvm::Error OnnxTranslation::translatePad(seg::PadOp op) {
  llvm::Expected<std::string> input = writer.name(op.getInput());
  if (!input)
    return input.takeError();
  ArrayRef<int64_t> low = op.getLow(),
                    in = seg::spatialDims(op.getInput().getType()),
                    out = seg::spatialDims(op.getType());
  // Samples and channels are not padded.
  SmallVector<int64_t> before(2, 0), after(2, 0);
  for (size_t i = 0; i < low.size(); ++i) {
    before.push_back(low[i]);
    after.push_back(out[i] - in[i] - low[i]);
  }
  writer.addNode(op, "Pad", {*input, writer.integers(pads(before, after))});
  return llvm::Error::success();
}

llvm::Error OnnxTranslation::translateResize(seg::ResizeOp op) {
  llvm::Expected<std::string> input = writer.name(op.getInput());
  if (!input)
    return input.takeError();
  ArrayRef<int64_t> sizes = seg::spatialDims(op.getType());
  SmallVector<int64_t> axes;
  for (size_t i = 0; i < sizes.size(); ++i)
    axes.push_back(static_cast<int64_t>(i) + 2);
  OnnxNode node =
      writer.addNode(op, "Resize", {*input, "", "", writer.integers(sizes)});
  node.set("axes", axes)
      .set("mode", seg::stringifyResizeMode(op.getMode()))
      .set("coordinate_transformation_mode", StringRef("half_pixel"));
  if (op.getMode() == seg::ResizeMode::nearest)
    node.set("nearest_mode", StringRef("round_prefer_ceil"));
  if (op.getMode() == seg::ResizeMode::cubic)
    node.set("cubic_coeff_a", -0.5);
  return llvm::Error::success();
}

bool OnnxTranslation::covers(Operation *op) {
  return isa<seg::ParamOp, seg::StateOp, seg::NetworkDropoutOp, seg::ConvOp,
             seg::ConvTransposeOp, seg::BatchNormOp, seg::NormOp, seg::ReluOp,
             seg::LeakyReluOp, seg::PReluOp, seg::SigmoidOp, seg::SoftmaxOp,
             seg::ScaleOp, seg::AddOp, seg::SubOp, seg::MulOp, seg::MaxPoolOp,
             seg::AvgPoolOp, seg::ConcatOp, seg::SliceChannelsOp, seg::CropOp,
             seg::PadOp, seg::ResizeOp>(op);
}

llvm::Error OnnxTranslation::translate(Operation *op) {
  using llvm::Error;
  return llvm::TypeSwitch<Operation *, Error>(op)
      // Tensors are added where they are used.
      .Case<seg::ParamOp, seg::StateOp>([](auto) { return Error::success(); })
      .Case([&](seg::NetworkDropoutOp op) {
        return errorOf(node(op, "Identity"));
      })
      .Case([&](seg::ConvOp op) { return translateConv(op); })
      .Case([&](seg::ConvTransposeOp op) { return translateConvTranspose(op); })
      .Case([&](seg::BatchNormOp op) { return translateBatchNorm(op); })
      .Case([&](seg::NormOp op) { return translateNorm(op); })
      .Case([&](seg::ReluOp op) { return errorOf(node(op, "Relu")); })
      .Case([&](seg::LeakyReluOp op) {
        llvm::Expected<OnnxNode> relu = node(op, "LeakyRelu");
        if (relu)
          relu->set("alpha", op.getSlope().convertToDouble());
        return errorOf(std::move(relu));
      })
      .Case([&](seg::PReluOp op) { return translateBroadcast(op, "PRelu"); })
      .Case([&](seg::SigmoidOp op) { return errorOf(node(op, "Sigmoid")); })
      .Case([&](seg::SoftmaxOp op) {
        llvm::Expected<OnnxNode> softmax = node(op, "Softmax");
        if (softmax)
          softmax->set("axis", int64_t{1});
        return errorOf(std::move(softmax));
      })
      .Case([&](seg::ScaleOp op) -> Error {
        llvm::Expected<std::string> input = writer.name(op.getInput());
        if (!input)
          return input.takeError();
        writer.addNode(
            op, "Mul",
            {*input, writer.number(op.getFactor().convertToDouble())});
        return Error::success();
      })
      .Case([&](seg::AddOp op) { return translateBroadcast(op, "Add"); })
      .Case([&](seg::SubOp op) { return translateBroadcast(op, "Sub"); })
      .Case([&](seg::MulOp op) { return translateBroadcast(op, "Mul"); })
      .Case([&](seg::MaxPoolOp op) {
        llvm::Expected<OnnxNode> pool = node(op, "MaxPool");
        if (pool)
          pool->set("kernel_shape", op.getWindow())
              .set("strides", op.getStrides());
        return errorOf(std::move(pool));
      })
      .Case([&](seg::AvgPoolOp op) { return translatePool(op); })
      .Case([&](seg::ConcatOp op) {
        llvm::Expected<OnnxNode> concat = node(op, "Concat");
        if (concat)
          concat->set("axis", int64_t{1});
        return errorOf(std::move(concat));
      })
      .Case([&](seg::SliceChannelsOp op) {
        return translateSlice(op, static_cast<int64_t>(op.getOffset()),
                              seg::channels(op.getType()), /*firstAxis=*/1);
      })
      .Case([&](seg::CropOp op) {
        return translateSlice(op, op.getOffsets(),
                              seg::spatialDims(op.getType()), /*firstAxis=*/2);
      })
      .Case([&](seg::PadOp op) { return translatePad(op); })
      .Case([&](seg::ResizeOp op) { return translateResize(op); });
}
