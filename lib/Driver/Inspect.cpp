//===- Inspect.cpp --------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/Inspect.h"

#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Driver/CompileSession.h"
#include "segc/Runtime/Core/ModelLibrary.h"
#include "segc/Runtime/Core/StaticModel.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
namespace json = llvm::json;

namespace segc {

static llvm::Expected<json::Value> networkJson(const std::string &path) {
  CompilerContext context;
  auto module = readModule(context, path);
  if (!module)
    return module.takeError();
  auto networks = llvm::to_vector((*module)->getOps<seg::NetworkOp>());
  if (networks.size() != 1)
    return llvm::createStringError(path + ": expected one seg.network, got " +
                                   std::to_string(networks.size()));
  json::Array parameters;
  int64_t count = 0;
  networks.front().getForward().walk([&](seg::ParamOp param) {
    json::Array shape(ArrayRef<int64_t>(param.getType().getShape()));
    parameters.push_back(
        json::Object{{"name", param.getName().str()},
                     {"shape", std::move(shape)},
                     {"elements", param.getType().getNumElements()}});
    count += param.getType().getNumElements();
  });
  return json::Object{
      {"network", networks.front().getSymName().str()},
      {"classes", static_cast<int64_t>(networks.front().getClasses())},
      {"parameter_count", count},
      {"parameters", std::move(parameters)}};
}

/// The manifest from the file, or from the loaded model if `load` is set and
/// needed.
static llvm::Expected<json::Value> modelJson(const std::string &path,
                                             bool load) {
  auto found = readModel(path, ModelMachine::Any);
  if (!found)
    return llvm::createStringError(found.status().message());
  if (*found)
    return json::parse((*found)->manifestText);
  if (!load)
    return llvm::createStringError(
        path + ": nothing that can be read without loading it: no model, or "
               "one of an older segc; `segc inspect --load` runs its code to "
               "ask it, so do that with files that you trust");
  auto model = ModelLibrary::load(path);
  if (!model)
    return llvm::createStringError(model.status().message());
  return json::parse(llvm::StringRef((*model)->model().manifest,
                                     (*model)->model().manifest_bytes));
}

/// "3x3x3x16x32"
static std::string shapeText(const json::Array *numbers) {
  std::string text;
  llvm::raw_string_ostream out(text);
  if (numbers)
    llvm::interleave(
        *numbers, out, [&](const json::Value &n) { out << n; }, "x");
  return text;
}

/// Prints what a library computes, in the words of its call (RuntimeABI.md),
/// and the kernels that a runtime launches instead.
static void printCalls(const json::Object &version) {
  const json::Array *calls = version.getArray("calls");
  for (size_t i = 0; calls && i < calls->size(); ++i) {
    const json::Object *call = (*calls)[i].getAsObject();
    const json::Object *options = call ? call->getObject("options") : nullptr;
    if (!options)
      continue;
    llvm::outs() << "  " << call->getString("entry").value_or("?") << " "
                 << call->getString("layer").value_or("") << ": "
                 << call->getString("library").value_or("?") << " "
                 << options->getString("convolution").value_or("") << " "
                 << options->getString("type").value_or("") << " image "
                 << shapeText(options->getArray("image")) << " filter "
                 << shapeText(options->getArray("filter")) << " strides "
                 << shapeText(options->getArray("strides"))
                 << (options->getBoolean("required").value_or(false)
                         ? ", instead of "
                         : ", or ");
    const json::Array *alternatives = call->getArray("alternatives");
    if (alternatives)
      llvm::interleaveComma(*alternatives, llvm::outs(),
                            [](const json::Value &kernel) {
                              llvm::outs() << kernel.getAsString().value_or("");
                            });
    llvm::outs() << "\n";
  }
}

/// Prints what the kernels of GPUs occupy, as far as the manifest knows.
static void printGpuVersions(const json::Object &object) {
  const json::Array *versions = object.getArray("versions");
  if (!versions)
    return;
  for (const json::Value &value : *versions) {
    const json::Object *version = value.getAsObject();
    std::optional<llvm::StringRef> name =
        version ? version->getString("gpu") : std::nullopt;
    if (!name)
      continue;
    llvm::outs() << version->getString("device").value_or("?") << ":" << *name;
    int64_t registers = 0, spills = 0;
    const json::Array *kernels = version->getArray("kernel_resources");
    for (size_t i = 0; kernels && i < kernels->size(); ++i)
      if (const json::Object *kernel = (*kernels)[i].getAsObject()) {
        registers =
            std::max(registers, kernel->getInteger("registers").value_or(0));
        spills += kernel->getInteger("spill_bytes").value_or(0);
      }
    if (kernels)
      llvm::outs() << "  PTX and cubin, " << kernels->size()
                   << " kernels of at most " << registers << " registers, "
                   << spills << " bytes spilled";
    llvm::outs() << "\n";
    printCalls(*version);
  }
}

static void printTable(const json::Object &object) {
  llvm::outs() << "network     " << object.getString("network").value_or("?")
               << "\n";
  llvm::outs() << "classes     " << object.getInteger("classes").value_or(0)
               << "\n";
  llvm::outs() << "parameters  "
               << object.getInteger("parameter_count").value_or(0) << "\n";
  if (std::optional<llvm::StringRef> precision = object.getString("precision"))
    llvm::outs() << "precision   " << *precision << "\n";
  if (const json::Object *entries = object.getObject("entries"))
    for (const auto &[name, entry] : *entries)
      llvm::outs() << llvm::format("%-14s", name.str().c_str()) << " "
                   << entry.getAsObject()->getInteger("kernels").value_or(0)
                   << " kernels, "
                   << llvm::format("%.3f",
                                   entry.getAsObject()
                                           ->getNumber("flops_per_sample")
                                           .value_or(0) *
                                       1e-9)
                   << " GFLOP a sample\n";
  printGpuVersions(object);
  if (const json::Array *parameters = object.getArray("parameters"))
    for (const json::Value &parameter : *parameters) {
      llvm::outs() << "  "
                   << parameter.getAsObject()->getString("name").value_or("?")
                   << " [";
      llvm::interleaveComma(*parameter.getAsObject()->getArray("shape"),
                            llvm::outs(),
                            [](const json::Value &v) { llvm::outs() << v; });
      llvm::outs() << "]\n";
    }
}

llvm::Error inspect(const std::string &path, bool asJson, bool load) {
  auto value = llvm::StringRef(path).ends_with(".mlir") ? networkJson(path)
                                                        : modelJson(path, load);
  if (!value)
    return value.takeError();
  if (asJson)
    llvm::outs() << llvm::formatv("{0:2}", *value) << "\n";
  else
    printTable(*value->getAsObject());
  return llvm::Error::success();
}

} // namespace segc
