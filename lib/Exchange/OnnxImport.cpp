//===- OnnxImport.cpp - An ONNX model as a network ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OnnxLayers.h"
#include "segc/Exchange/Onnx.h"
#include "segc/Networks/ForeignNetwork.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace segc;

namespace {
/// The image of a model: its name and its shape N x spatial x channels.
struct ImageInput {
  std::string name;
  seg::Shape shape;
};
} // namespace

/// "batch x 1 x 32 x 32", for messages.
static std::string dimsText(const onnx::TensorShapeProto &shape) {
  std::string text;
  for (const onnx::TensorShapeProto::Dimension &dim : shape.dim())
    text += (text.empty() ? "" : " x ") +
            (dim.has_dim_value() ? std::to_string(dim.dim_value())
             : dim.has_dim_param() && !dim.dim_param().empty() ? dim.dim_param()
                                                               : "?");
  return text;
}

static llvm::Expected<ImageInput> findImage(const OnnxFile &file,
                                            ArrayRef<int64_t> patch) {
  // Old files list their tensors among the inputs.
  SmallVector<const onnx::ValueInfoProto *> inputs;
  for (const onnx::ValueInfoProto &input : file.graph().input())
    if (!file.find(input.name()))
      inputs.push_back(&input);
  if (inputs.size() != 1)
    return file.error("expected one input, the image, got " +
                      Twine(inputs.size()));
  const onnx::TypeProto::Tensor &tensor = inputs.front()->type().tensor_type();
  const onnx::TensorShapeProto &dims = tensor.shape();
  if (tensor.elem_type() != onnx::TensorProto::FLOAT ||
      (dims.dim_size() != 4 && dims.dim_size() != 5))
    return file.error("input '" + inputs.front()->name() +
                      "': expected floats of samples x channels x two or "
                      "three dimensions, got " +
                      dimsText(dims));
  ImageInput image{inputs.front()->name(), {}};
  auto size = [&](int i) { return dims.dim(i).dim_value(); };
  const int spatialRank = dims.dim_size() - 2;
  if (!patch.empty() && static_cast<int>(patch.size()) != spatialRank)
    return file.error("--patch: expected " + Twine(spatialRank) +
                      " sizes, got " + Twine(patch.size()));
  image.shape.push_back(std::max<int64_t>(size(0), 1));
  for (int i = 0; i < spatialRank; ++i) {
    const int64_t fixed = size(i + 2);
    if (fixed < 1 && patch.empty())
      return file.error("input '" + image.name + "' is " + dimsText(dims) +
                        ", which leaves its size open; give --patch");
    if (fixed > 0 && !patch.empty() && patch[i] != fixed)
      return file.error("--patch: expected " + Twine(fixed) + " along axis " +
                        Twine(i) + " of the image, got " + Twine(patch[i]));
    image.shape.push_back(patch.empty() ? fixed : patch[i]);
  }
  image.shape.push_back(size(1));
  constexpr int64_t maxExtent = int64_t{1} << 16;
  for (int64_t extent : image.shape)
    if (extent < 1 || extent > maxExtent)
      return file.error("input '" + image.name + "' is " + dimsText(dims) +
                        ", expected sizes from 1 to " + Twine(maxExtent));
  return image;
}

/// A name that a symbol may have, from the graph's.
static std::string symbolOf(const OnnxFile &file) {
  std::string symbol;
  for (char c : file.graph().name())
    symbol += llvm::isAlnum(c) ? c : '_';
  return symbol.empty() || llvm::isDigit(symbol.front()) ? "network" + symbol
                                                         : symbol;
}

/// The pipeline that the file holds, or one of patches of the image's size.
static llvm::Expected<DataPipeline> pipelineOf(const OnnxFile &file,
                                               RankedTensorType image,
                                               RankedTensorType logits) {
  for (const onnx::StringStringEntryProto &entry :
       file.model().metadata_props())
    if (entry.key() == onnxPipelineKey) {
      StatusOr<Json> json = parseJson(entry.value(), onnxPipelineKey.str());
      if (!json)
        return file.error(json.status().message());
      StatusOr<DataPipeline> pipeline =
          DataPipeline::fromJson(*json, onnxPipelineKey.str());
      if (!pipeline)
        return file.error(pipeline.status().message());
      return std::move(*pipeline);
    }
  if (seg::spatialDims(image) != seg::spatialDims(logits))
    return file.error("expected a result of the image's size, " +
                      seg::shapeText(seg::spatialDims(image)) + ", got " +
                      seg::shapeText(seg::spatialDims(logits)));
  DataPipeline pipeline;
  pipeline.kind = "nnunet";
  pipeline.dim = image.getRank() - 2;
  pipeline.patch.assign(seg::spatialDims(image).begin(),
                        seg::spatialDims(image).end());
  pipeline.spacing.assign(pipeline.patch.size(), 1);
  pipeline.modality = "MRI";
  for (int64_t i = 0; i < seg::channels(logits); ++i)
    pipeline.classNames.push_back(i == 0 ? "background"
                                         : "class_" + std::to_string(i));
  return pipeline;
}

/// The losses of a network to be trained further: those of nnU-Net.
static ForeignRecipe recipeOf(int64_t classes, bool sigmoid) {
  const NNUNetOptions defaults;
  ForeignRecipe recipe;
  recipe.loss = defaults.loss;
  recipe.optimizer = defaults.optimizer;
  if (sigmoid) {
    recipe.loss.includeBackground = true;
    for (int64_t label = 1; label <= classes; ++label)
      recipe.loss.regions.push_back({label});
  } else if (classes == 1) {
    recipe.loss.includeBackground = true;
  }
  return recipe;
}

llvm::Expected<ImportedNetwork>
segc::importOnnx(MLIRContext *context, StringRef bytes, const std::string &path,
                 const OnnxImportOptions &options) {
  auto file = OnnxFile::parse(bytes, path);
  if (!file)
    return file.takeError();
  if (llvm::Error error = OnnxLayers::checkSupported(*file))
    return error;
  auto image = findImage(*file, options.patch);
  if (!image)
    return image.takeError();
  if (file->graph().output_size() != 1)
    return file->error("expected one result, logits or probabilities, got " +
                       Twine(file->graph().output_size()));

  ImportedNetwork result;
  bool sigmoid = false;
  auto addLayers = [&](OpBuilder &builder,
                       Value input) -> llvm::Expected<Value> {
    OnnxLayers layers(builder, *file, image->name, input);
    for (const onnx::NodeProto &node : file->graph().node())
      if (llvm::Error error = layers.add(node))
        return error;
    auto last = layers.result(file->graph().output(0).name());
    if (!last)
      return last.takeError();
    result.weights = layers.takeWeights();
    return layers.dropActivation(*last, sigmoid);
  };
  auto recipe = [&](Value logits) -> llvm::Expected<ForeignRecipe> {
    auto type = cast<RankedTensorType>(logits.getType());
    ForeignRecipe recipe = recipeOf(seg::channels(type), sigmoid);
    auto inputType = RankedTensorType::get(image->shape, type.getElementType());
    auto pipeline = pipelineOf(*file, inputType, type);
    if (!pipeline)
      return pipeline.takeError();
    recipe.pipeline = std::move(*pipeline);
    return recipe;
  };
  auto module = buildForeignNetwork(context, symbolOf(*file), image->shape,
                                    addLayers, recipe);
  if (!module)
    return module.takeError();
  result.module = std::move(*module);

  std::string reason;
  ScopedDiagnosticHandler handler(context, [&](Diagnostic &diagnostic) {
    if (!reason.empty())
      return success();
    if (auto name = dyn_cast<NameLoc>(diagnostic.getLocation()))
      reason = ("'" + name.getName().strref() + "': ").str();
    reason += diagnostic.str();
    return success();
  });
  if (failed(verify(*result.module)))
    return file->error(reason);
  return result;
}
