//===- Exchange.cpp -------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/Exchange.h"

#include "Outputs.h"
#include "segc/Base/Files.h"
#include "segc/Driver/CompileSession.h"
#include "segc/Driver/UsageError.h"
#include "segc/Exchange/Onnx.h"
#include "segc/Networks/Networks.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace segc {

llvm::Error exportNetwork(const OnnxExportOptions &options) {
  if (llvm::Error error = checkOutputs(
          {{"--output", options.output}},
          {{"NETWORK", options.network}, {"--weights", options.weights}}))
    return error;
  CompilerContext context;
  auto module = readModule(context, options.network);
  if (!module)
    return module.takeError();
  auto networks = llvm::to_vector((*module)->getOps<seg::NetworkOp>());
  if (networks.size() != 1)
    return llvm::createStringError(options.network +
                                   ": expected one seg.network, got " +
                                   std::to_string(networks.size()));
  StatusOr<SafetensorsFile> weights = SafetensorsFile::map(options.weights);
  if (!weights)
    return llvm::createStringError(weights.status().message());
  llvm::Expected<std::string> bytes =
      exportOnnx(networks.front(), *weights, options.pipelineKeys);
  if (!bytes)
    return llvm::createStringError(options.network + ": " +
                                   llvm::toString(bytes.takeError()));
  return writeOutput(options.output, *bytes);
}

/// Refuses files that run code when they are read.
static llvm::Error refusePickle(StringRef path, StringRef bytes) {
  if (!isPickle(bytes))
    return llvm::Error::success();
  return llvm::createStringError(
      path + ": a pickle, which runs code when it is read; convert it to "
             "safetensors with the three lines of Python in docs/Exchange.md");
}

static llvm::Error writeImported(const ImportedNetwork &network,
                                 const std::string &output,
                                 const std::string &weights) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  printNetwork(*network.module, stream);
  std::vector<TensorSource> tensors;
  for (const NamedTensor &tensor : network.weights)
    tensors.push_back({tensor.name, "F32", tensor.shape, tensor.values.data()});
  if (Status status = writeSafetensors(weights, tensors, {}); !status.ok())
    return llvm::createStringError("cannot write " + status.message());
  return writeOutput(output, text);
}

llvm::Error importNetwork(const NetworkImportOptions &options) {
  std::string weights = options.weights;
  if (weights.empty() && options.output == "-")
    return usageError("--weights: expected a file for the weights, as the "
                      "network goes to the standard output");
  if (weights.empty()) {
    SmallString<128> beside(options.output);
    llvm::sys::path::replace_extension(beside, ".safetensors");
    weights = beside.str().str();
  }
  if (llvm::Error error =
          checkOutputs({{"--output", options.output}, {"--weights", weights}},
                       {{"MODEL", options.input}}))
    return error;
  StatusOr<std::string> bytes = readFile(options.input, uint64_t{1} << 31);
  if (!bytes)
    return llvm::createStringError(bytes.status().message());
  if (llvm::Error error = refusePickle(options.input, *bytes))
    return error;
  CompilerContext context;
  llvm::Expected<ImportedNetwork> network =
      importOnnx(&context, *bytes, options.input, {options.patch});
  if (!network)
    return network.takeError();
  return writeImported(*network, options.output, weights);
}

} // namespace segc
