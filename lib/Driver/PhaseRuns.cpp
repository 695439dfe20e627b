//===- PhaseRuns.cpp ------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PhaseRuns.h"

#include "Reproducer.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "segc/Base/PrivateFolders.h"
#include "segc/Driver/UsageError.h"
#include "segc/Pipelines/PhaseForms.h"
#include "segc/Pipelines/SourceText.h"
#include "segc/Program/Manifest.h"
#include "segc/Program/Passes.h"
#include "segc/Transforms/Passes.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"
#include <mutex>

using namespace mlir;

namespace segc {

llvm::Expected<OwningOpRef<ModuleOp>> readModule(MLIRContext &context,
                                                 llvm::StringRef path) {
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context);
  return parseText(context, sources, path);
}

llvm::Expected<OwningOpRef<ModuleOp>>
parseInput(MLIRContext &context, llvm::SourceMgr &sources,
           const CompileOptions &options) {
  if (options.text.empty())
    return parseText(context, sources, options.input);
  auto module =
      parseSourceString<ModuleOp>(options.text, &context, options.input);
  if (!module)
    return llvm::createStringError("cannot read " + options.input);
  return module;
}

llvm::Error printModule(ModuleOp module, llvm::StringRef path) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream);
  stream << "\n";
  return writeOutput(path, text);
}

std::vector<NamedFile> inputsOf(const CompileOptions &options) {
  std::vector<NamedFile> files = {
      {"the network", options.input},
      {"--weights", options.weights},
      {"--precision-lists", options.pipeline.precisionLists}};
  for (const std::string &profile : options.profiles)
    files.push_back({"--profile", profile});
  for (const std::string &plugin : options.plugins)
    files.push_back({"--load-pass-plugin", plugin});
  llvm::erase_if(files,
                 [](const NamedFile &file) { return file.path.empty(); });
  return files;
}
std::vector<NamedFile> outputsOf(const CompileOptions &options) {
  std::vector<NamedFile> files = {{"-o", options.output},
                                  {"--remarks", options.remarks},
                                  {"--report", options.report}};
  llvm::erase_if(files,
                 [](const NamedFile &file) { return file.path.empty(); });
  return files;
}

llvm::Error checkDestination(const CompileOptions &options) {
  if (options.emit.empty() && options.output.empty())
    return usageError("where to? give -o MODEL.so, or --emit PHASE for text");
  return llvm::Error::success();
}

static llvm::Error dumpPhase(ModuleOp module, size_t index,
                             const CompileOptions &options,
                             const PipelineOptions &pipeline) {
  if (options.dumpTo.empty())
    return llvm::Error::success();
  llvm::SmallString<128> path(options.dumpTo);
  std::string name = std::to_string(index) + "-" + phases()[index].name.str();
  if (index > *findPhase(lastCommonPhase)) {
    auto [backend, version] = llvm::StringRef(pipeline.target).split(':');
    if (options.targets.size() > 1)
      name += ("-" + backend).str();
    if (!version.empty())
      name += ("-" + version).str();
  }
  llvm::sys::path::append(path, name + ".mlir");
  std::vector<NamedFile> files = inputsOf(options);
  llvm::append_range(files, outputsOf(options));
  if (llvm::Error error =
          checkOutputs({{"--dump-to", path.str().str()}}, files))
    return error;
  return printModule(module, path);
}

/// Adds the passes that --run-after inserts after the phase.
static llvm::Error insertPasses(OpPassManager &manager, StringRef phase,
                                const CompileOptions &options) {
  for (const auto &[after, pipeline] : options.insertedPasses) {
    std::string error;
    llvm::raw_string_ostream stream(error);
    if (after == phase && failed(parsePassPipeline(pipeline, manager, stream)))
      return llvm::createStringError("--run-after " + after + "=" + pipeline +
                                     ": " + llvm::StringRef(error).rtrim());
  }
  return llvm::Error::success();
}

llvm::Error registerPasses(const CompileOptions &options) {
  if (options.plugins.empty() && options.insertedPasses.empty())
    return llvm::Error::success();
  static std::once_flag own;
  std::call_once(own, registerAllPasses);
  for (const std::string &path : options.plugins) {
    llvm::Expected<PassPlugin> plugin = PassPlugin::load(path);
    if (!plugin)
      return llvm::createStringError(
          "cannot load the pass plugin " + path + ": " +
          llvm::toString(plugin.takeError()) +
          "; expected a library built against this segc (examples/plugin)");
    plugin->registerPassRegistryCallbacks();
  }
  return llvm::Error::success();
}

llvm::Error runPhases(ModuleOp module, size_t first, size_t last,
                      const CompileOptions &options,
                      const PipelineOptions &pipeline) {
  for (size_t i = first; i <= last; ++i) {
    PassManager manager(module.getContext());
    Reproducer reproducer(module.getContext(), options);
    manager.enableCrashReproducerGeneration(reproducer.factory());
    populatePhase(manager, phases()[i].name, pipeline);
    if (llvm::Error error = insertPasses(manager, phases()[i].name, options))
      return error;
    if (failed(manager.run(module)))
      return reproducer.error(phases()[i].name);
    if (llvm::Error error = dumpPhase(module, i, options, pipeline))
      return error;
  }
  return llvm::Error::success();
}

/// The folder of measured times; empty, and nothing is kept, if the user has no
/// cache folder.
static std::string autotuneFolder() {
  auto folder = privateCacheFolder("autotune");
  if (folder)
    return *folder;
  llvm::errs() << "segc: warning: " << folder.status().message()
               << "; measured times are not kept\n";
  return "";
}

CompileOptions completed(CompileOptions options) {
  PipelineOptions &pipeline = options.pipeline;
  // Norms can only be folded into constant weights.
  pipeline.foldNorms |= !pipeline.training && !options.weights.empty();
  pipeline.memoryTable |= !options.report.empty() || !options.remarks.empty();
  if (pipeline.autotune && pipeline.autotuneCache.empty())
    pipeline.autotuneCache = autotuneFolder();
  return options;
}

llvm::Expected<size_t> phasesDone(ModuleOp module,
                                  const CompileOptions &options) {
  std::optional<size_t> from = findPhase(options.from);
  if (!from && !options.from.empty())
    return llvm::createStringError("unknown phase '" + options.from +
                                   "' in --from");
  if (llvm::Error error = checkPhaseForm(module, options.from))
    return llvm::createStringError(options.input + ": " +
                                   llvm::toString(std::move(error)));
  return from ? *from + 1 : 0;
}

/// Runs a verification pass on the module; `what` names the part of the input
/// in errors.
static llvm::Error check(ModuleOp module, std::unique_ptr<Pass> pass,
                         StringRef what, const CompileOptions &options,
                         const PipelineOptions &pipeline) {
  PassManager manager(module.getContext());
  manager.addPass(std::move(pass));
  if (failed(manager.run(module)))
    return llvm::createStringError("the " + what + " of " + options.input +
                                   " for " + pipeline.target + " is refused");
  return llvm::Error::success();
}

llvm::Error runToProgram(ModuleOp module, size_t done,
                         const CompileOptions &options,
                         const PipelineOptions &pipeline) {
  size_t plan = *findPhase("plan"), program = *findPhase("program");
  if (done <= plan)
    if (llvm::Error error = runPhases(module, done, plan, options, pipeline))
      return error;
  if (done <= program) {
    if (llvm::Error error =
            check(module, createVerifyPlanPass(), "plan", options, pipeline))
      return error;
    if (llvm::Error error =
            runPhases(module, program, program, options, pipeline))
      return error;
  }
  return check(module, createVerifyProgramsPass(), "program", options,
               pipeline);
}

llvm::Error runToPlan(ModuleOp module, size_t done,
                      const CompileOptions &options,
                      const PipelineOptions &pipeline) {
  size_t plan = *findPhase("plan");
  if (llvm::Error error = runPhases(module, done, plan, options, pipeline))
    return error;
  OwningOpRef<ModuleOp> copy = module.clone();
  CompileOptions quiet = options;
  quiet.dumpTo.clear();
  return runToProgram(*copy, plan + 1, quiet, pipeline);
}

/// Whether --run-after inserts passes after the phase.
static bool hasInsertions(const CompileOptions &options, StringRef phase) {
  return llvm::any_of(options.insertedPasses, [&](const auto &insertion) {
    return insertion.first == phase;
  });
}

size_t lastPhase(const CompileOptions &options) {
  return *findPhase(hasInsertions(options, "llvm") ? "llvm" : "kernels");
}

void adoptPrecision(ModuleOp module, size_t done, PipelineOptions &pipeline) {
  if (done > *findPhase("precision"))
    pipeline.precision = storedPrecision(module).str();
}

llvm::Error emitKernelCode(ModuleOp programs, const CompileOptions &options,
                           const Target &target) {
  return runPhases(programs, *findPhase("kernels"), lastPhase(options), options,
                   pipelineFor(target, options));
}

llvm::Error forEachTarget(
    ModuleOp module, size_t done, ArrayRef<Target> targets,
    const CompileOptions &options,
    llvm::function_ref<llvm::Error(ModuleOp, size_t, const Target &)> visit) {
  size_t common = *findPhase(lastCommonPhase), fusion = *findPhase("fusion");
  if (done > fusion && targets.front().backend != targets.back().backend)
    return usageError("--from " + options.from +
                      ": expected the one --target that its text is for");
  if (done <= common)
    if (llvm::Error error =
            runPhases(module, done, common, options, options.pipeline))
      return error;
  done = std::max(done, common + 1);
  const TargetBackend *backend = nullptr;
  OwningOpRef<ModuleOp> fused;
  for (const Target &target : targets) {
    if (target.backend != backend) {
      backend = target.backend;
      fused = module.clone();
      if (done <= fusion)
        if (llvm::Error error = runPhases(*fused, done, fusion, options,
                                          pipelineFor(*backend, options)))
          return error;
    }
    if (llvm::Error error = visit(*fused, std::max(done, fusion + 1), target))
      return error;
  }
  return llvm::Error::success();
}

llvm::Error forEachProgram(
    MLIRContext &context, const CompileOptions &given,
    llvm::function_ref<llvm::Error(ModuleOp, const Target &, ModuleOp)> visit) {
  CompileOptions options = completed(given);
  Fuel fuel(context, options.fuel);
  // The handler also prints warnings and remarks of passes.
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context);
  if (llvm::Error error = registerPasses(options))
    return error;
  auto parsed = parseInput(context, sources, options);
  if (!parsed)
    return parsed.takeError();
  OwningOpRef<ModuleOp> module = std::move(*parsed);
  if (llvm::Error error = checkPrecision(options.pipeline))
    return error;
  auto done = phasesDone(*module, options);
  if (!done)
    return done.takeError();
  adoptPrecision(*module, *done, options.pipeline);
  auto targets = resolveTargets(options);
  if (!targets)
    return targets.takeError();
  if (*done > *findPhase("kernels"))
    return usageError(
        "--from " + options.from +
        ": expected a phase up to program; later ones have kernels already");
  return forEachTarget(
      *module, *done, *targets, options,
      [&](ModuleOp fused, size_t done, const Target &target) -> llvm::Error {
        OwningOpRef<ModuleOp> programs = fused.clone();
        if (llvm::Error error = runToProgram(*programs, done, options,
                                             pipelineFor(target, options)))
          return error;
        return visit(*programs, target, fused);
      });
}

} // namespace segc
