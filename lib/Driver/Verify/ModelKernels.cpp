//===- ModelKernels.cpp ---------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelKernels.h"

#include "segc/Driver/CompileCommand.h"
#include "segc/model_tables.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/JSON.h"
#include <dlfcn.h>

namespace segc {

static constexpr llvm::StringLiteral query = "segc_model_query";

static llvm::json::Object manifestOf(const ModelLibrary &library) {
  auto manifest = llvm::json::parse(llvm::StringRef(
      library.model().manifest, library.model().manifest_bytes));
  if (manifest && manifest->getAsObject())
    return std::move(*manifest->getAsObject());
  llvm::consumeError(manifest.takeError());
  return {};
}

llvm::Expected<std::unique_ptr<ModelKernels>>
ModelKernels::load(const std::string &path) {
  auto library = ModelLibrary::load(path);
  if (!library)
    return llvm::createStringError(library.status().message());
  auto file = llvm::object::ObjectFile::createObjectFile(path);
  if (!file)
    return llvm::createStringError(path + ": " +
                                   llvm::toString(file.takeError()));
  auto model = std::make_unique<ModelKernels>();
  model->library = *library;
  for (const llvm::object::SymbolRef &symbol : file->getBinary()->symbols()) {
    auto name = symbol.getName();
    auto address = symbol.getAddress();
    if (name && address)
      model->symbols[*name] = *address;
    llvm::consumeError(name.takeError());
    llvm::consumeError(address.takeError());
  }
  Dl_info loaded;
  if (!dladdr(&(*library)->model(), &loaded) || !model->symbols.contains(query))
    return llvm::createStringError(
        path + ": expected the symbols of its kernels, which a stripped model "
               "lacks");
  uint64_t base = reinterpret_cast<uint64_t>(loaded.dli_fbase);
  for (auto &symbol : model->symbols)
    symbol.second += base;
  return model;
}

llvm::Expected<CompileOptions> ModelKernels::compilation() const {
  CompileOptions options;
  const std::string &path = library->path();
  llvm::json::Object manifest = manifestOf(*library);
  const llvm::json::Array *recorded = manifest.getArray("options");
  if (library->source().empty() || !recorded)
    return llvm::createStringError(
        path +
        ": holds no network with the options that it was compiled with, "
        "as models from --from or of another release; expected them "
        "beside: segc verify NETWORK [options] --kernels " +
        path);
  CLI::App parser;
  addCompileOptions(parser, options);
  std::vector<std::string> arguments;
  for (const llvm::json::Value &argument : *recorded)
    arguments.push_back(argument.getAsString().value_or("").str());
  arguments.push_back(path); // The input file.
  std::reverse(arguments.begin(), arguments.end());
  try {
    parser.parse(arguments);
  } catch (const CLI::ParseError &error) {
    return llvm::createStringError(path + ": its options are " + error.what());
  }
  options.text = std::string(library->source());
  options.targets = versions();
  return options;
}

std::vector<std::string> ModelKernels::versions() const {
  std::vector<std::string> names;
  for (const KernelVersion &version : library->manifest().versions)
    if (version.device == SEGC_DEVICE_HOST)
      names.push_back(std::string(segc_device_name(version.device)) + ":" +
                      version.name);
  return names;
}

std::string ModelKernels::planDigest(llvm::StringRef cpu) const {
  llvm::json::Object manifest = manifestOf(*library);
  if (const llvm::json::Array *versions = manifest.getArray("versions"))
    for (const llvm::json::Value &version : *versions)
      if (const llvm::json::Object *object = version.getAsObject();
          object && object->getString("cpu") == cpu)
        return object->getString("plan").value_or("").str();
  return "";
}

KernelRunner::TaskLookup ModelKernels::kernels(const Target &target) const {
  return [this, prefix = target.version->name + "."](llvm::StringRef kernel) {
    return reinterpret_cast<segc_kernel_fn>(
        symbols.lookup(prefix + kernel.str() + ".task"));
  };
}

} // namespace segc
