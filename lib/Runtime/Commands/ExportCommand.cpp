//===- ExportCommand.cpp - segrun export ----------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PostprocessOption.h"
#include "segc/Plan/PipelinePlan.h"
#include "segc/Runtime/Commands/Commands.h"
#include "segc/Runtime/Commands/Compile.h"
#include "segc/Runtime/Commands/Outputs.h"
#include "segc/Runtime/Core/CheckpointFiles.h"
#include "segc/Runtime/Core/ModelLibrary.h"
#include "segc/Runtime/Core/StaticModel.h"
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
  SEGC_ASSIGN_OR_RETURN(std::optional<StaticModel> found,
                        readModel(path, ModelMachine::This));
  VersionFilter filter;
  if (found && !found->manifest.versions.empty())
    filter.device = found->manifest.versions.front().device;
  return ModelLibrary::load(path, filter);
}

/// The keys of the pipeline that say how windows are predicted.
static Json windowKeys(const WindowSettings &settings) {
  Json keys = Json::object();
  if (settings.overlap)
    keys["overlap"] = *settings.overlap;
  if (settings.flips)
    keys["tta"] = *settings.flips;
  if (settings.constantWeights)
    keys["window_weights"] =
        *settings.constantWeights ? "constant" : "gaussian";
  if (settings.averageProbabilities)
    keys["average"] =
        *settings.averageProbabilities ? "probabilities" : "logits";
  return keys;
}

/// The steps of post-processing for the classes of a model, as text: those of
/// the option, else those that the cross-validation of the checkpoint chose.
static StatusOr<std::string> stepsOf(const ExportOptions &options,
                                     const DataPipeline &pipeline) {
  std::string text = options.postprocess;
  if (text.empty())
    text = postprocessFileAbove(options.checkpoint);
  if (text.empty())
    return text;
  SEGC_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                        labelNamesOf(pipeline));
  SEGC_ASSIGN_OR_RETURN(const std::vector<PostprocessStep> steps,
                        postprocessSteps(text, {options.checkpoint}, names));
  return steps.empty() ? std::string("none") : postprocessText(steps);
}

/// Says what predictions with the model do, in its pipeline.
static Status addPipeline(const ExportOptions &options,
                          const DataPipeline &pipeline,
                          std::vector<std::string> &words) {
  Json keys = windowKeys(options.windows);
  if (!keys.empty() && !isPlanned(pipeline))
    return wrongUsage("--overlap, --tta, --window-weights and --average have "
                      "no effect: the model takes whole images, and not "
                      "patches in windows; leave them out");
  SEGC_ASSIGN_OR_RETURN(const std::string steps, stepsOf(options, pipeline));
  if (!steps.empty())
    keys["postprocess"] = steps;
  if (!keys.empty())
    words.insert(words.end(), {"--pipeline", jsonText(keys)});
  return Status::success();
}

static bool asksForKeys(const ExportOptions &options) {
  return !options.postprocess.empty() || !windowKeys(options.windows).empty() ||
         !postprocessFileAbove(options.checkpoint).empty();
}

/// The pipeline of a network in text, which segc alone reads.
static StatusOr<DataPipeline> pipelineOfText(const std::string &path) {
  SEGC_ASSIGN_OR_RETURN(const CompiledNetwork compiled,
                        compileCached(path, {"--inference", "-O0"}));
  SEGC_ASSIGN_OR_RETURN(std::optional<StaticModel> model,
                        readModel(compiled.path, ModelMachine::This));
  if (!model)
    return internalError(path + ": segc wrote no description of the model");
  return model->manifest.pipeline;
}

static bool isOnnxOutput(const ExportOptions &options) {
  return fs::path(options.output).extension() == ".onnx";
}

/// Writes the network of a text, whose settings are in `words`, with the
/// weights of the checkpoint.
static Status exportText(const ExportOptions &options, const std::string &text,
                         std::vector<std::string> words) {
  words.insert(words.begin(), {isOnnxOutput(options) ? "export" : "compile",
                               text, "-o", options.output});
  return runSegc(options.model, words);
}

CommandResult segc::runExport(const ExportOptions &options) {
  SEGC_ASSIGN_OR_RETURN(std::string weights, findWeights(options.checkpoint));
  const bool asOnnx = isOnnxOutput(options);
  if (asOnnx && options.features)
    return wrongUsage("--features has no effect: an ONNX model gives the "
                      "probabilities; leave it out");
  CommandPaths paths;
  paths.inputs = {{"--model", options.model}, {"--checkpoint", weights}};
  paths.outputs = {
      {"--output", options.output, asOnnx ? &onnxOutput : &modelOutput}};
  SEGC_RETURN_IF_ERROR(checkOutputs(paths));
  SEGC_RETURN_IF_ERROR(checkOutputPlaces(paths));
  // Fails before the work starts where there is no compiler.
  SEGC_RETURN_IF_ERROR(findCompiler().status());
  std::vector<std::string> words = {"--weights", weights};
  if (!asOnnx)
    words.emplace_back("--inference");
  if (options.features)
    words.emplace_back("--features");
  if (isModuleText(options.model)) {
    if (asksForKeys(options)) {
      SEGC_ASSIGN_OR_RETURN(const DataPipeline pipeline,
                            pipelineOfText(options.model));
      SEGC_RETURN_IF_ERROR(addPipeline(options, pipeline, words));
    }
    return exportText(options, options.model, words);
  }
  SEGC_ASSIGN_OR_RETURN(std::shared_ptr<const ModelLibrary> model,
                        loadAnyDevice(options.model));
  const Manifest &manifest = model->manifest();
  if (model->source().empty())
    return unsupported(options.model +
                       ": carries no source module; give the .mlir that it "
                       "was compiled from");
  SEGC_RETURN_IF_ERROR(addPipeline(options, manifest.pipeline, words));
  SEGC_ASSIGN_OR_RETURN(TemporaryModule source,
                        TemporaryModule::write(model->source()));
  if (!asOnnx) // ONNX has neither kernels nor a batch.
    words.insert(words.end(), {"--target", targetsOf(manifest), "--batch",
                               std::to_string(manifest.batch), "--precision",
                               manifest.precision});
  return exportText(options, source.path, words);
}
