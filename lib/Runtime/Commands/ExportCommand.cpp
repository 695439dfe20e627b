//===- ExportCommand.cpp - segrun export ----------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Commands/Commands.h"
#include "segc/Runtime/Commands/Compile.h"
#include "segc/Runtime/Commands/Outputs.h"
#include "segc/Runtime/Core/ModelLibrary.h"
#include "segc/Runtime/Core/StaticModel.h"
#include "segc/Runtime/Train/Checkpoint.h"
#include "segc/model_tables.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>
#include <unistd.h>

using namespace segc;
namespace fs = std::filesystem;

namespace {
/// A file that goes when this does.
class TemporaryModule {
public:
  static StatusOr<TemporaryModule> write(std::string_view text) {
    const char *folder = std::getenv("TMPDIR");
    TemporaryModule file;
    file.path = std::string(folder && *folder ? folder : "/tmp") +
                "/segc-export-XXXXXX.mlir";
    int descriptor = ::mkstemps(file.path.data(), 5);
    if (descriptor < 0)
      return ioError(file.path + ": cannot create: " + std::strerror(errno));
    bool whole = ::write(descriptor, text.data(), text.size()) ==
                 static_cast<ssize_t>(text.size());
    ::close(descriptor);
    if (!whole)
      return ioError(file.path + ": cannot write: " + std::strerror(errno));
    return file;
  }
  TemporaryModule(TemporaryModule &&other) noexcept { swap(other); }
  TemporaryModule &operator=(TemporaryModule &&other) noexcept {
    swap(other);
    return *this;
  }
  ~TemporaryModule() {
    if (!path.empty())
      ::unlink(path.c_str());
  }
  std::string path;

private:
  TemporaryModule() = default;
  void swap(TemporaryModule &other) { path.swap(other.path); }
};
} // namespace

/// Names of the devices that a model has kernels for, as segc takes them.
static std::string targetsOf(const Manifest &manifest) {
  std::string names;
  std::set<segc_device> known;
  for (const KernelVersion &version : manifest.versions)
    if (known.insert(version.device).second)
      names += (names.empty() ? "" : ",") +
               std::string(segc_device_name(version.device));
  return names;
}

/// Loads a model for its text, whatever device its kernels are for.
static StatusOr<std::shared_ptr<const ModelLibrary>>
loadAnyDevice(const std::string &path) {
  SEGC_ASSIGN_OR_RETURN(std::optional<StaticModel> found, readModel(path));
  VersionFilter filter;
  if (found && !found->manifest.versions.empty())
    filter.device = found->manifest.versions.front().device;
  return ModelLibrary::load(path, filter);
}

CommandResult segc::runExport(const ExportOptions &options) {
  SEGC_ASSIGN_OR_RETURN(std::string weights, findWeights(options.checkpoint));
  CommandPaths paths;
  paths.inputs = {{"--model", options.model}, {"--checkpoint", weights}};
  paths.outputs = {{"--output", options.output, &modelOutput}};
  SEGC_RETURN_IF_ERROR(checkOutputs(paths));
  SEGC_RETURN_IF_ERROR(checkOutputPlaces(paths));
  // Fails before the work starts where there is no compiler.
  SEGC_RETURN_IF_ERROR(findCompiler().status());
  std::vector<std::string> words = {"--inference", "--weights", weights, "-o",
                                    options.output};
  if (options.features)
    words.emplace_back("--features");
  if (isModuleText(options.model)) {
    words.insert(words.begin(), options.model);
    return runCompiler(options.model, words);
  }
  SEGC_ASSIGN_OR_RETURN(std::shared_ptr<const ModelLibrary> model,
                        loadAnyDevice(options.model));
  if (model->source().empty())
    return unsupported(options.model +
                       ": carries no source module; give the .mlir that it "
                       "was compiled from");
  SEGC_ASSIGN_OR_RETURN(TemporaryModule source,
                        TemporaryModule::write(model->source()));
  words.insert(words.begin(),
               {source.path, "--target", targetsOf(model->manifest()),
                "--batch", std::to_string(model->manifest().batch),
                "--precision", model->manifest().precision});
  return runCompiler(options.model, words);
}
