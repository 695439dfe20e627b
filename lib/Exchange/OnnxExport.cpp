//===- OnnxExport.cpp - A network as an ONNX model ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OnnxTranslation.h"
#include "segc/Base/Json.h"
#include "segc/Base/Version.h"
#include "segc/Dialect/Seg/IR/AttributeJson.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "segc/Exchange/Onnx.h"
#include "segc/Plan/PipelineKeys.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace segc;

namespace {

/// Translates the ops that the logits of a network depend on.
class OnnxExporter {
public:
  OnnxExporter(seg::NetworkOp network, const SafetensorsFile &weights);

  llvm::Expected<std::string> run(StringRef pipelineKeys);

private:
  llvm::Expected<std::string> pipeline(StringRef keys);

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

/// Fails with all kinds of ops that have no counterpart.
static llvm::Error checkOps(const llvm::SetVector<Operation *> &ops) {
  llvm::MapVector<StringRef, int64_t> counts;
  for (Operation *op : ops)
    if (!OnnxTranslation::covers(op))
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

/// The data pipeline as JSON, with what the weights record and the keys that
/// are set.
llvm::Expected<std::string> OnnxExporter::pipeline(StringRef keys) {
  std::string text;
  llvm::raw_string_ostream(text) << seg::toJson(network.getPipeline());
  OrderedJson json = OrderedJson::parse(text);
  setOrientation(recordedOrientation(weights), json);
  if (!keys.empty())
    if (Status status = setPipelineKeys(keys.str(), json); !status.ok())
      return llvm::createStringError(status.message());
  return json.dump();
}

llvm::Expected<std::string> OnnxExporter::run(StringRef pipelineKeys) {
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
  OnnxTranslation translation(model, writer);
  for (Operation &op : forward)
    if (needed.contains(&op))
      if (llvm::Error error = translation.translate(&op))
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
  llvm::Expected<std::string> described = pipeline(pipelineKeys);
  if (!described)
    return described.takeError();
  entry.set_value(*described);

  std::string bytes;
  if (model.ByteSizeLong() > maxOnnxBytes || !model.SerializeToString(&bytes))
    return llvm::createStringError(
        "the model has " + std::to_string(model.ByteSizeLong()) +
        " bytes, and an ONNX file at most " + std::to_string(maxOnnxBytes));
  return bytes;
}

llvm::Expected<std::string> segc::exportOnnx(seg::NetworkOp network,
                                             const SafetensorsFile &weights,
                                             StringRef pipelineKeys) {
  const int64_t rank = imageType(network).getRank();
  if (rank != 4 && rank != 5)
    return llvm::createStringError(
        "expected a network of planes or volumes, got an image of " +
        seg::shapeText(imageType(network).getShape()));
  return OnnxExporter(network, weights).run(pipelineKeys);
}
