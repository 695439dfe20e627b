//===- ReferenceModel.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReferenceModel.h"

#include "segc/Transforms/Passes.h"

using namespace mlir;

namespace segc::random_networks {

using reference::HostTensor;

llvm::Expected<std::unique_ptr<ReferenceModel>>
ReferenceModel::create(const std::string &file, const Configuration &options) {
  std::unique_ptr<ReferenceModel> result(new ReferenceModel());
  DialectRegistry registry;
  reference::registerReferenceModels(registry);
  result->context.appendDialectRegistry(registry);
  auto module = readModule(result->context, file);
  if (!module)
    return module.takeError();
  result->module = std::move(*module);
  CompileOptions compile;
  compile.input = file;
  compile.pipeline = options.compile.pipeline;
  compile.pipeline.batch = options.batch;
  for (const auto &[phase, passes] : options.compile.insertedPasses)
    if (isQuantization(passes))
      compile.insertedPasses.push_back({phase, passes});
  if (llvm::Error error = runPhases(*result->module, 0, *findPhase("fusion"),
                                    compile, compile.pipeline))
    return error;
  return result;
}

/// Reads the value of an argument from its region.
static HostTensor readArgument(RankedTensorType type, StringRef region,
                               StringRef name, int64_t offset,
                               const CallMemory &memory) {
  HostTensor tensor(type.getShape(),
                    *reference::elementKind(type.getElementType()));
  auto floats = [&](ArrayRef<float> from) {
    llvm::copy(from.slice(offset / 4, tensor.size()), tensor.values().begin());
    return tensor;
  };
  if (region == "parameters")
    return floats(memory.parameters);
  if (region == "states")
    return floats(memory.states);
  if (region == "gradients")
    return floats(memory.gradients);
  if (region == "optimizer")
    return floats(memory.optimizer);
  if (region == "inputs" && name == "image")
    return floats(memory.image);
  if (region == "inputs") {
    llvm::copy(ArrayRef<int32_t>(memory.label).take_front(tensor.size()),
               tensor.integers().begin());
    return tensor;
  }
  const segc_scalars &scalars = memory.scalars;
  if (!reference::isFloat(tensor.kind()))
    tensor.integers()[0] = name == "step"   ? scalars.step
                           : name == "seed" ? scalars.seed
                                            : scalars.sample_offset;
  else
    tensor[0] = name == "learning_rate"  ? scalars.learning_rate
                : name == "momentum"     ? scalars.momentum
                : name == "weight_decay" ? scalars.weight_decay
                                         : scalars.loss_scale;
  return tensor;
}

llvm::Expected<std::vector<ReferenceResult>>
ReferenceModel::evaluate(StringRef entry, const CallMemory &memory) {
  auto function = module->lookupSymbol<func::FuncOp>(entry);
  if (!function)
    return llvm::createStringError("no entry " + entry);
  std::vector<HostTensor> inputs;
  for (BlockArgument argument : function.getArguments()) {
    DictionaryAttr attrs = function.getArgAttrDict(argument.getArgNumber());
    inputs.push_back(readArgument(
        cast<RankedTensorType>(argument.getType()),
        attrs.getAs<StringAttr>(regionAttrName).getValue(),
        attrs.getAs<StringAttr>(nameAttrName).getValue(),
        attrs.getAs<IntegerAttr>(offsetAttrName).getInt(), memory));
  }
  auto exact =
      reference::evaluate(function, inputs, reference::Precision::Exact);
  auto stored =
      reference::evaluate(function, inputs, reference::Precision::Storage);
  if (failed(exact) || failed(stored))
    return llvm::createStringError("no reference evaluation of " + entry);
  std::vector<ReferenceResult> results;
  for (unsigned i = 0; i < function.getNumResults(); ++i) {
    DictionaryAttr attrs = function.getResultAttrDict(i);
    results.push_back({attrs.getAs<StringAttr>(regionAttrName).str(),
                       attrs.getAs<StringAttr>(nameAttrName).str(),
                       attrs.getAs<IntegerAttr>(offsetAttrName).getInt() / 4,
                       std::move((*exact)[i]), std::move((*stored)[i])});
  }
  return results;
}

} // namespace segc::random_networks
