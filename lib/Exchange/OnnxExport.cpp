//===- OnnxExport.cpp - A network as an ONNX model ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Names ops, because it translates each into one of another set.

#include "OnnxWriter.h"
#include "segc/Base/Json.h"
#include "segc/Base/Version.h"
#include "segc/Dialect/Seg/IR/AttributeJson.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "segc/Exchange/Onnx.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace segc;

namespace {

using Names = llvm::Expected<std::vector<std::string>>;

/// Translates the ops that the logits of a network depend on.
class OnnxExporter {
public:
  OnnxExporter(seg::NetworkOp network, const SafetensorsFile &weights);

  llvm::Expected<std::string> run();

private:
  llvm::Error translate(Operation *op);
  llvm::Error translateConv(seg::ConvOp op);
  llvm::Error translateConvTranspose(seg::ConvTransposeOp op);
  llvm::Error translateBatchNorm(seg::BatchNormOp op);
  llvm::Error translateNorm(seg::NormOp op);
  llvm::Error translatePool(seg::AvgPoolOp op);
  llvm::Error translateBroadcast(Operation *op, StringRef type);
  llvm::Error translateSlice(Operation *op, ArrayRef<int64_t> starts,
                             ArrayRef<int64_t> sizes, int64_t firstAxis);
  llvm::Error translatePad(seg::PadOp op);
  llvm::Error translateResize(seg::ResizeOp op);
  /// A node whose operands are the op's.
  llvm::Expected<OnnxNode> node(Operation *op, StringRef type);
  template <typename Op>
  llvm::Expected<OnnxNode> convolution(Op op, StringRef type,
                                       ForeignLayout filter);
  llvm::Error finish(Operation *logits);
  std::string pipeline();

  seg::NetworkOp network;
  const SafetensorsFile &weights;
  onnx::ModelProto model;
  OnnxWriter writer;
};

} // namespace

static RankedTensorType imageType(seg::NetworkOp network) {
  return cast<RankedTensorType>(network.getForward().getArgument(0).getType());
}

OnnxExporter::OnnxExporter(seg::NetworkOp network,
                           const SafetensorsFile &weights)
    : network(network), weights(weights),
      writer(*model.mutable_graph(), weights,
             seg::spatialDims(imageType(network)).size()) {}

/// [low..., high...], as ONNX pads.
static SmallVector<int64_t> pads(ArrayRef<int64_t> low,
                                 ArrayRef<int64_t> high) {
  SmallVector<int64_t> result(low);
  llvm::append_range(result, high);
  return result;
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

llvm::Expected<OnnxNode> OnnxExporter::node(Operation *op, StringRef type) {
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
llvm::Expected<OnnxNode> OnnxExporter::convolution(Op op, StringRef type,
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

llvm::Error OnnxExporter::translateConv(seg::ConvOp op) {
  // A transposed filter is [taps, out, in].
  return errorOf(convolution(op, "Conv",
                             op.getTransposeFilter()
                                 ? ForeignLayout::InputFirst
                                 : ForeignLayout::OutputFirst));
}

llvm::Error OnnxExporter::translateConvTranspose(seg::ConvTransposeOp op) {
  return errorOf(convolution(op, "ConvTranspose", ForeignLayout::InputFirst));
}

llvm::Error OnnxExporter::translateBatchNorm(seg::BatchNormOp op) {
  llvm::Expected<OnnxNode> norm = node(op, "BatchNormalization");
  if (!norm)
    return norm.takeError();
  norm->set("epsilon", op.getEpsilon().convertToDouble())
      .set("momentum", op.getMomentum().convertToDouble());
  return llvm::Error::success();
}

llvm::Error OnnxExporter::translateNorm(seg::NormOp op) {
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

llvm::Error OnnxExporter::translatePool(seg::AvgPoolOp op) {
  llvm::Expected<OnnxNode> pool = node(op, "AveragePool");
  if (!pool)
    return pool.takeError();
  pool->set("kernel_shape", op.getWindow())
      .set("strides", op.getStrides())
      .set("pads", pads(op.getPadLow(), op.getPadHigh()))
      .set("count_include_pad", int64_t{op.getCountIncludePad()});
  return llvm::Error::success();
}

llvm::Error OnnxExporter::translateBroadcast(Operation *op, StringRef type) {
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

llvm::Error OnnxExporter::translateSlice(Operation *op,
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

llvm::Error OnnxExporter::translatePad(seg::PadOp op) {
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

llvm::Error OnnxExporter::translateResize(seg::ResizeOp op) {
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

/// Whether translate() has a case for it.
static bool isTranslated(Operation *op) {
  return isa<seg::ParamOp, seg::StateOp, seg::NetworkDropoutOp, seg::ConvOp,
             seg::ConvTransposeOp, seg::BatchNormOp, seg::NormOp, seg::ReluOp,
             seg::LeakyReluOp, seg::PReluOp, seg::SigmoidOp, seg::SoftmaxOp,
             seg::ScaleOp, seg::AddOp, seg::SubOp, seg::MulOp, seg::MaxPoolOp,
             seg::AvgPoolOp, seg::ConcatOp, seg::SliceChannelsOp, seg::CropOp,
             seg::PadOp, seg::ResizeOp>(op);
}

llvm::Error OnnxExporter::translate(Operation *op) {
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

//===----------------------------------------------------------------------===//
// The model
//===----------------------------------------------------------------------===//

/// Fails with all kinds of ops that have no counterpart.
static llvm::Error checkOps(const llvm::SetVector<Operation *> &ops) {
  llvm::MapVector<StringRef, int64_t> counts;
  for (Operation *op : ops)
    if (!isTranslated(op))
      ++counts[op->getName().getStringRef()];
  if (counts.empty())
    return llvm::Error::success();
  std::string text;
  for (auto [name, count] : counts)
    text += (text.empty() ? "" : ", ") + name.str() + " (" +
            std::to_string(count) + ")";
  return llvm::createStringError(
      "ops without a counterpart in ONNX: " + text +
      "; docs/Exchange.md lists those that are exported");
}

static void setType(onnx::ValueInfoProto &value, StringRef name,
                    RankedTensorType type) {
  value.set_name(name.str());
  onnx::TypeProto::Tensor &tensor =
      *value.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(onnx::TensorProto::FLOAT);
  onnx::TensorShapeProto &shape = *tensor.mutable_shape();
  shape.add_dim()->set_dim_param("batch");
  shape.add_dim()->set_dim_value(seg::channels(type));
  for (int64_t size : seg::spatialDims(type))
    shape.add_dim()->set_dim_value(size);
}

/// The data pipeline as JSON, with what the weights record.
std::string OnnxExporter::pipeline() {
  std::string text;
  llvm::raw_string_ostream(text) << seg::toJson(network.getPipeline());
  OrderedJson json = OrderedJson::parse(text);
  recordOrientation(weights, json);
  return json.dump();
}

llvm::Expected<std::string> OnnxExporter::run() {
  Block &forward = network.getForward().front();
  Value logits = forward.getTerminator()->getOperand(0);
  if (!logits.getDefiningOp())
    return llvm::createStringError("the logits are the image: nothing to "
                                   "export");
  model.set_ir_version(onnxIrVersion);
  model.set_producer_name("segc");
  model.set_producer_version(versionText());
  model.add_opset_import()->set_version(onnxOpset);
  onnx::GraphProto &graph = *model.mutable_graph();
  graph.set_name(network.getSymName().str());

  for (Operation &op : forward)
    if (auto param = dyn_cast<seg::ParamOp>(op))
      writer.reserve(param.getName());
    else if (auto state = dyn_cast<seg::StateOp>(op))
      writer.reserve(state.getName());
  for (StringRef name : {"image", "probabilities"})
    writer.reserve(name);
  writer.setName(forward.getArgument(0), "image");
  setType(*graph.add_input(), "image", imageType(network));

  // Lower heads and what they alone depend on stay behind.
  llvm::SetVector<Operation *> needed;
  BackwardSliceOptions options;
  options.inclusive = true;
  if (failed(getBackwardSlice(logits, &needed, options)))
    return llvm::createStringError("cannot find what the logits depend on");
  if (llvm::Error error = checkOps(needed))
    return error;
  for (Operation &op : forward)
    if (needed.contains(&op))
      if (llvm::Error error = translate(&op))
        return error;

  llvm::Expected<std::string> last = writer.name(logits);
  if (!last)
    return last.takeError();
  OnnxNode activation = writer.addNode(
      network.getSigmoid() ? "Sigmoid" : "Softmax", *last, "probabilities");
  if (!network.getSigmoid())
    activation.set("axis", int64_t{1});
  setType(*graph.add_output(), "probabilities",
          cast<RankedTensorType>(logits.getType()));
  onnx::StringStringEntryProto &entry = *model.add_metadata_props();
  entry.set_key(onnxPipelineKey.str());
  entry.set_value(pipeline());

  std::string bytes;
  if (model.ByteSizeLong() > maxOnnxBytes || !model.SerializeToString(&bytes))
    return llvm::createStringError(
        "the model has " + std::to_string(model.ByteSizeLong()) +
        " bytes, and an ONNX file at most " + std::to_string(maxOnnxBytes));
  return bytes;
}

llvm::Expected<std::string> segc::exportOnnx(seg::NetworkOp network,
                                             const SafetensorsFile &weights) {
  const int64_t rank = imageType(network).getRank();
  if (rank != 4 && rank != 5)
    return llvm::createStringError(
        "expected a network of planes or volumes, got an image of " +
        seg::shapeText(imageType(network).getShape()));
  return OnnxExporter(network, weights).run();
}
