//===- CompileSession.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/CompileSession.h"

#include "MemoryFile.h"
#include "PhaseRuns.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Remark/RemarkStreamer.h"
#include "segc/Base/Files.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Driver/ObjectEmission.h"
#include "segc/Driver/PipelineKeys.h"
#include "segc/Driver/Report/Collect.h"
#include "segc/Driver/Report/KernelRemarks.h"
#include "segc/Driver/Report/Predictions.h"
#include "segc/Driver/Report/Profile.h"
#include "segc/Driver/UsageError.h"
#include "segc/Driver/Weights.h"
#include "segc/Pipelines/SourceText.h"
#include "segc/Program/Manifest.h"
#include "segc/Program/Programs.h"
#include "segc/Runtime/Core/Manifest.h"
#include "segc/Runtime/Core/MemoryPlan.h"
#include "segc/Runtime/Core/ThreadPool.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/SourceMgr.h"
#include <chrono>

using namespace mlir;

namespace segc {

llvm::Error checkPrecision(const PipelineOptions &options) {
  if (options.precision == "f32" && !options.precisionLists.empty())
    return usageError("--precision-lists " + options.precisionLists +
                      ": expected --precision f16, bf16 or tf32 beside it, got "
                      "f32");
  if (options.precision == "int8" && options.training)
    return usageError("--precision int8: expected --inference beside it: 8-bit "
                      "integers are for predictions");
  return llvm::Error::success();
}

/// Whether any convolution has a shape that Winograd tiles support.
static bool hasWinogradShapes(ModuleOp module) {
  auto suits = [](auto conv) {
    ArrayRef<int64_t> taps = conv.getFilter().getType().getShape().drop_back(2);
    return llvm::all_of(conv.getStrides(), [](int64_t s) { return s == 1; }) &&
           llvm::all_of(taps, [](int64_t t) { return t == 1 || t == 3; }) &&
           llvm::count(taps, 3) > 1;
  };
  WalkResult found = module.walk([&](Operation *op) {
    auto conv = dyn_cast<seg::ConvOp>(op);
    auto transposed = dyn_cast<seg::ConvTransposeOp>(op);
    return (conv && suits(conv)) || (transposed && suits(transposed))
               ? WalkResult::interrupt()
               : WalkResult::advance();
  });
  return found.wasInterrupted();
}

/// Checks that each version for a device fits --device-memory.
static llvm::Error checkDeviceMemory(const Manifest &manifest,
                                     const CompileOptions &options) {
  const std::string entry = manifest.canTrain() ? "train_step" : "predict";
  for (const KernelVersion &version : manifest.versions) {
    auto arena = version.arenaBytes.find(entry);
    if (version.device == SEGC_DEVICE_HOST || options.deviceMemory < 0 ||
        arena == version.arenaBytes.end())
      continue;
    MemoryPlan plan(manifest, entry, static_cast<uint64_t>(arena->second),
                    manifest.canTrain());
    Status status = plan.checkFits(static_cast<uint64_t>(options.deviceMemory),
                                   version.name + ", --device-memory is " +
                                       std::to_string(options.deviceMemory));
    if (!status.ok())
      return llvm::createStringError(options.input + ": " + status.message());
  }
  return llvm::Error::success();
}

namespace {

/// One run of `segc compile`.
class Session {
public:
  explicit Session(const CompileOptions &options)
      : options(options), fuel(context, options.fuel) {}

  llvm::Error run();

private:
  llvm::Error prepare();
  /// Closes the remark stream and writes the file.
  llvm::Error writeRemarks();
  llvm::Error emitText();
  llvm::Error emitModel();
  std::optional<std::vector<std::string>> recordedOptions() const;
  llvm::Error addVersion(ModuleOp fused, size_t phasesDone,
                         const Target &target);
  llvm::Error writeReport(const ModelContents &contents);
  bool wantsReport() const {
    return !options.report.empty() || !options.remarks.empty();
  }
  /// Adds the wall time since the last call to the time of a step.
  void clock(llvm::StringRef step);

  CompileOptions options;
  /// Declared before the context, whose destructor still writes to it.
  std::optional<MemoryFile> remarks;
  CompilerContext context;
  Fuel fuel;
  llvm::SourceMgr sources;
  OwningOpRef<ModuleOp> module;
  std::string source; ///< Printed text of the network.
  size_t done = 0;    ///< Number of phases that have run.
  std::vector<OwningOpRef<ModuleOp>> modules;
  std::vector<ModelVersion> versions;
  report::Report report;
  report::KernelRemarks kernelRemarks;
  std::chrono::steady_clock::time_point lap = std::chrono::steady_clock::now();
};

void Session::clock(llvm::StringRef step) {
  auto now = std::chrono::steady_clock::now();
  double seconds = std::chrono::duration<double>(now - lap).count();
  lap = now;
  auto known = llvm::find_if(report.compileSeconds, [&](const auto &entry) {
    return entry.first == step;
  });
  if (known == report.compileSeconds.end())
    report.compileSeconds.emplace_back(step.str(), seconds);
  else
    known->second += seconds;
}

llvm::Error Session::writeRemarks() {
  if (!remarks)
    return llvm::Error::success();
  context.setRemarkEngine(nullptr);
  auto text = remarks->read();
  llvm::Error error =
      text ? writeOutput(options.remarks, *text) : text.takeError();
  return error ? llvm::createStringError("cannot write remarks to " +
                                         options.remarks + ": " +
                                         llvm::toString(std::move(error)))
               : llvm::Error::success();
}

llvm::Error Session::prepare() {
  // The folder is created before outputs are checked, because they may be in
  // it.
  if (std::error_code error =
          options.dumpTo.empty()
              ? std::error_code()
              : llvm::sys::fs::create_directories(options.dumpTo))
    return llvm::createStringError(error, "cannot make " + options.dumpTo +
                                              ": " + error.message());
  if (llvm::Error error = checkOutputs(outputsOf(options), inputsOf(options)))
    return error;
  if (!options.profiles.empty() && !wantsReport())
    return usageError("--profile " + options.profiles.front() +
                      ": expected --report or --remarks beside "
                      "it, which say measured times");
  if (options.report.empty() && !options.devices.empty())
    return usageError("--performance-model " +
                      llvm::join(options.devices, ",") +
                      ": expected --report beside it, which has the table");
  if (llvm::StringRef(options.report).ends_with_insensitive(".txt") &&
      options.devices.empty())
    return usageError("--report " + options.report +
                      ": expected --performance-model beside it, whose table "
                      "is what a text has; others end in .html or .json");
  if (llvm::Error error = checkPrecision(options.pipeline))
    return error;
  if (!options.remarks.empty()) {
    // Single-threaded, because the remark streamer has no lock and the order
    // must be fixed.
    context.disableMultithreading();
    // Remarks of a kind without a pattern are not emitted.
    remark::RemarkCategories categories{std::nullopt, ".*", ".*", ".*", ".*"};
    auto file = MemoryFile::create("remarks.yaml");
    if (!file)
      return file.takeError();
    if (failed(remark::enableOptimizationRemarksWithLLVMStreamer(
            context, file->path(), llvm::remarks::Format::YAML,
            std::make_unique<remark::RemarkEmittingPolicyAll>(), categories)))
      return llvm::createStringError("cannot collect remarks");
    remarks.emplace(std::move(*file));
  }
  auto parsed = parseInput(context, sources, options);
  if (!parsed)
    return parsed.takeError();
  module = std::move(*parsed);
  auto first = phasesDone(*module, options);
  if (!first)
    return first.takeError();
  done = *first;
  adoptPrecision(*module, done, options.pipeline);
  if (options.pipeline.precision == "int8" &&
      storedPrecision(*module) != "int8")
    return usageError("--precision int8: " + options.input +
                      " has no scales (seg.input_scale): expected --calibrate "
                      "DATA beside it");
  if (options.pipeline.winograd != PipelineOptions().winograd &&
      done <= *findPhase("plan") && !hasWinogradShapes(*module))
    llvm::errs() << "segc: warning: --winograd has no effect: no convolution "
                    "has 3 taps in 2 dimensions and stride 1\n";
  if (std::optional<size_t> last = findPhase(options.emit);
      last && *last + 1 < done)
    return usageError("--emit " + options.emit + ": comes before --from " +
                      options.from);
  return llvm::Error::success();
}

llvm::Error Session::emitText() {
  auto targets = resolveTargets(options);
  if (!targets)
    return targets.takeError();
  const Target &target = targets->front();
  PipelineOptions pipeline = pipelineFor(target, options);
  bool lowered = options.emit == target.backend->loweredName();
  std::optional<size_t> last = findPhase(lowered ? "llvm" : options.emit);
  bool assembly =
      options.emit == "asm" || options.emit == target.backend->assemblyName();
  if (!last && !assembly)
    return usageError("--emit " + options.emit + ": the target " +
                      target.backend->name().str() + " has " +
                      target.backend->loweredName().str() + " and " +
                      target.backend->assemblyName().str() +
                      ", expected one of them or a phase");
  size_t plan = *findPhase("plan"), program = *findPhase("program"),
         end = assembly ? *findPhase("kernels") : *last;
  if (done <= program + 1 && end >= plan) {
    auto run = end == plan ? runToPlan : runToProgram;
    if (llvm::Error error = run(*module, done, options, pipeline))
      return error;
    done = std::max(done, std::min(end, program) + 1);
  }
  if (llvm::Error error = runPhases(*module, done, end, options, pipeline))
    return error;
  std::string output = options.output.empty() ? "-" : options.output;
  if (!assembly)
    return printModule(*module, output);
  SerializeOptions asText;
  asText.optLevel = options.optLevel;
  asText.assembly = true;
  auto text = target.backend->serialize(*module, *target.version, asText);
  if (!text)
    return text.takeError();
  const CodeBytes &code = text->objects.front();
  return writeOutput(output, llvm::StringRef(code.data(), code.size()));
}

/// Compiles the module for the target, from the phase after `phasesDone`.
llvm::Error Session::addVersion(ModuleOp fused, size_t phasesDone,
                                const Target &target) {
  PipelineOptions pipeline = pipelineFor(target, options);
  modules.push_back(fused.clone());
  size_t kernels = *findPhase("kernels");
  if (phasesDone <= kernels)
    if (llvm::Error error =
            runToProgram(*modules.back(), phasesDone, options, pipeline))
      return error;
  if (llvm::Error error =
          runPhases(*modules.back(), std::max(phasesDone, kernels),
                    lastPhase(options), options, pipeline))
    return error;
  if (failed(verifyModel(*modules.back())))
    return llvm::createStringError("no model can be made of " + options.input);
  versions.push_back({target, *modules.back(), target.version->name + "."});
  if (wantsReport())
    kernelRemarks.note(*modules.back(), target.version->name);
  clock("kernels");
  return llvm::Error::success();
}

llvm::Error Session::writeReport(const ModelContents &contents) {
  llvm::Expected<llvm::json::Value> manifest =
      llvm::json::parse(contents.manifest);
  if (!manifest)
    return manifest.takeError();
  report.manifest = std::move(*manifest->getAsObject());
  for (const std::string &profile : options.profiles) {
    StatusOr<std::string> text = readFile(profile);
    Status status =
        text.ok() ? report::addProfile(report, *text, profile) : text.status();
    if (!status.ok())
      return llvm::createStringError(status.message());
  }
  kernelRemarks.emit(report);
  return options.report.empty() ? llvm::Error::success()
                                : report::write(report, options.report);
}

/// The options that compile the source to the same kernels on any machine.
std::optional<std::vector<std::string>> Session::recordedOptions() const {
  std::vector<std::string> recorded = options.recorded;
  if (options.pipeline.threads == 0 && isForThisMachine(options))
    recorded.insert(recorded.end(),
                    {"--threads", std::to_string(availableCores())});
  return recorded;
}

llvm::Error Session::emitModel() {
  auto targets = resolveTargets(options);
  if (!targets)
    return targets.takeError();
  if (llvm::Error error = report::checkDevices(*targets, options))
    return error;
  if (done == 0) {
    if (llvm::Error error = runPhases(*module, 0, 0, options, options.pipeline))
      return error;
    done = 1;
    llvm::raw_string_ostream(source) << *module;
  }
  std::vector<CodeBytes> objects;
  unsigned jobs = options.jobs ? options.jobs : availableCores();
  auto compileVersion = [&](ModuleOp fused, size_t phasesDone,
                            const Target &target) -> llvm::Error {
    clock("network");
    if (llvm::Error error = addVersion(fused, phasesDone, target))
      return error;
    auto kernels =
        target.backend->serialize(versions.back().module, *target.version,
                                  {versions.back().symbolPrefix,
                                   options.optLevel, jobs, options.assemble});
    if (!kernels)
      return kernels.takeError();
    std::move(kernels->objects.begin(), kernels->objects.end(),
              std::back_inserter(objects));
    versions.back().blobs = std::move(kernels->blobs);
    versions.back().resources = std::move(kernels->resources);
    if (wantsReport()) {
      report.versions.push_back(report::collectVersion(versions.back()));
      if (llvm::Error error =
              addCommunication(report.versions.back(), target,
                               versions.back().module, options.pipeline))
        return error;
      if (llvm::Error error = addPredictions(report.versions.back(), target,
                                             versions.back().module, options))
        return error;
    }
    clock("machine code");
    return llvm::Error::success();
  };
  if (llvm::Error error =
          forEachTarget(*module, done, *targets, options, compileVersion))
    return error;
  ModelContents contents;
  contents.batch = largestBatch(versions.front().module);
  contents.manifest =
      buildManifest(versions, contents.batch, options.pipeline.precision,
                    source.empty() ? std::nullopt : recordedOptions());
  // The manifest is checked before linking, because such an error concerns it
  // alone.
  if (StatusOr<Manifest> read = parseManifest(contents.manifest, "manifest");
      !read)
    return llvm::createStringError("the model could not be loaded: " +
                                   read.status().message());
  else if (llvm::Error error = checkDeviceMemory(*read, options))
    return error;
  contents.source = source;
  if (!options.weights.empty())
    if (llvm::Error error =
            embedWeights(options.weights, versions.front().module, contents))
      return error;
  if (!options.pipelineKeys.empty())
    if (llvm::Error error = setPipelineKeys(options.pipelineKeys, contents))
      return error;
  auto header = emitModelObject(versions, contents);
  if (!header)
    return header.takeError();
  objects.push_back(std::move(*header));
  if (llvm::Error error = linkModel(objects, options.output))
    return error;
  clock("link");
  return wantsReport() ? writeReport(contents) : llvm::Error::success();
}

llvm::Error Session::run() {
  SourceMgrDiagnosticHandler handler(sources, &context);
  if (llvm::Error error = prepare())
    return error;
  if (llvm::Error error = checkDestination(options))
    return error;
  if (llvm::Error error = options.emit.empty() ? emitModel() : emitText())
    return error;
  return writeRemarks();
}

} // namespace

llvm::Error compile(const CompileOptions &given) {
  CompileOptions options = completed(given);
  if (llvm::Error error = registerPasses(options))
    return error;
  return Session(options).run();
}

} // namespace segc
