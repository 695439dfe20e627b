//===- Verify.cpp ---------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/Verify/Verify.h"

#include "ModelKernels.h"
#include "segc/Driver/UsageError.h"
#include "segc/Program/Programs.h"
#include "segc/Reference/Programs.h"
#include "segc/Reference/Reference.h"
#include "segc/Target/Strategy.h"
#include "segc/Transforms/Passes.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Format.h"

using namespace mlir;

namespace segc {

//===----------------------------------------------------------------------===//
// Kernels of a module
//===----------------------------------------------------------------------===//

/// A short description of a strategy: its kind, Winograd tiles and multiply
/// type.
static std::string brief(seg::StrategyAttr strategy) {
  if (!strategy)
    return pointwiseKind.str();
  std::string text = strategy.getKind().str();
  if (ArrayRef<int64_t> tiles = strategy.getInts(strategyTilesName);
      !tiles.empty()) {
    text += " ";
    llvm::raw_string_ostream out(text);
    llvm::interleave(tiles, out, "x");
  }
  if (MultiplyType multiplyType = productWork(strategy).multiplyType;
      multiplyType != MultiplyType::F32)
    text += " " + multiplyTypeName(multiplyType).str();
  return text;
}

namespace {

/// The first launch of distinct kernels, and the buffers that they update in
/// place.
struct DistinctLaunch {
  exec::LaunchOp launch;
  std::string symbol; ///< "k3_conv", as in the model.
  SmallVector<int> inPlace;

  seg::FusionOp fusion() { return computationOf(launch.getFusion()); }
  bool isInPlace() const {
    return llvm::any_of(inPlace, [](int i) { return i >= 0; });
  }
};

} // namespace

static std::vector<DistinctLaunch> distinctLaunches(ModuleOp programs) {
  std::vector<DistinctLaunch> result;
  llvm::StringSet<> seen; // Keys of kernels and their in-place buffers.
  for (auto program : programs.getOps<exec::ProgramOp>())
    for (exec::LaunchOp launch : launchesOf(program)) {
      DistinctLaunch distinct{launch, kernelOf(launch), inPlaceInputs(launch)};
      std::string key = distinct.symbol;
      for (int input : distinct.inPlace)
        key += "," + std::to_string(input);
      if (seen.insert(key).second)
        result.push_back(std::move(distinct));
    }
  return result;
}

static KernelReport describe(DistinctLaunch distinct) {
  exec::LaunchOp launch = distinct.launch;
  seg::FusionOp fusion = distinct.fusion();
  KernelReport report;
  report.kernel = distinct.symbol + (distinct.isInPlace() ? ":in-place" : "");
  report.op = fusion.getMainOp()->getName().getStringRef().str();
  report.entry = launch->getParentOfType<exec::ProgramOp>().getSymName().str();
  report.layer = launch.getLayer().value_or("").str();
  llvm::raw_string_ostream(report.location) << launch.getLoc();
  report.strategy = brief(fusion.getStrategyAttr());
  return report;
}

std::vector<KernelReport>
verifyKernels(ModuleOp programs, const Target &target,
              const KernelCheckOptions &options,
              llvm::function_ref<void(const KernelReport &)> done,
              const KernelSource &source) {
  std::vector<KernelReport> reports;
  std::string missing = target.backend->missingFeature(*target.version);
  for (DistinctLaunch &distinct : distinctLaunches(programs)) {
    KernelReport report = describe(distinct);
    report.skipped = missing;
    if (missing.empty()) {
      seg::FusionOp fusion = distinct.fusion();
      auto deviation =
          source ? checkKernel(fusion, target, distinct.inPlace,
                               source(fusion, distinct.symbol), options)
                 : checkKernel(fusion, target, distinct.inPlace, options);
      if (deviation)
        report.deviation = *deviation;
      else
        report.deviation.fault = llvm::toString(deviation.takeError());
    }
    if (done)
      done(report);
    reports.push_back(std::move(report));
  }
  return reports;
}

//===----------------------------------------------------------------------===//
// The command
//===----------------------------------------------------------------------===//

static void print(const KernelReport &report) {
  const KernelDeviation &deviation = report.deviation;
  llvm::raw_ostream &out = llvm::outs();
  out << llvm::left_justify(report.kernel, 28) << " "
      << llvm::left_justify(report.op, 24) << " ";
  if (!report.skipped.empty())
    out << "skipped: " << report.skipped;
  else
    out << llvm::format("%10lld elements  max %8.2e  rms %8.2e  ",
                        static_cast<long long>(deviation.elements),
                        deviation.largest, deviation.rms)
        << (report.ok() ? "ok" : "FAILED")
        << llvm::format("  bounds %.1e %.1e", deviation.largestBound,
                        deviation.rmsBound);
  if (deviation.compared < deviation.elements)
    out << "  " << deviation.compared << " compared";
  out << "  " << report.entry << (report.layer.empty() ? "" : ":")
      << report.layer << " " << report.location << "  " << report.strategy;
  if (!deviation.fault.empty())
    out << ": " << deviation.fault;
  out << "\n";
  out.flush();
}

llvm::Error VerifyCounts::verdict(bool allowSkipped) const {
  if (bad)
    return llvm::createStringError(std::to_string(bad) + " of " +
                                   std::to_string(checked) +
                                   " kernels differ from the reference");
  if (skipped && !allowSkipped)
    return llvm::createStringError(
        std::to_string(skipped) +
        " kernels were not checked; --allow-skipped accepts that");
  return llvm::Error::success();
}

namespace {

/// One run of `segc verify`.
class Verification {
public:
  explicit Verification(const VerifyOptions &options) : options(options) {}

  llvm::Error run();

private:
  llvm::Error readInput();
  llvm::Error checkVersion(ModuleOp programs, const Target &target);
  llvm::Error checkPrograms(ModuleOp programs, const Target &target,
                            ModuleOp source);
  llvm::Expected<OwningOpRef<ModuleOp>> kernels(ModuleOp programs,
                                                const Target &target);
  llvm::Error conclude() const;

  const VerifyOptions &options;
  CompilerContext context{MLIRContext::Threading::DISABLED};
  CompileOptions compile;
  std::unique_ptr<ModelKernels> model; ///< Model whose kernels are checked;
                                       ///< null: they are compiled here.
  bool versionsAsked = false;          ///< --cpu or --target names versions.
  bool severalVersions = false;
  VerifyCounts counts;
};

} // namespace

/// Reads the network and its options, or those of a model.
llvm::Error Verification::readInput() {
  compile = options.compile;
  bool targetsAsked = !compile.cpus.empty() || !compile.targets.empty();
  versionsAsked = !compile.cpus.empty() ||
                  llvm::any_of(compile.targets, [](StringRef spec) {
                    return spec.contains(':');
                  });
  bool isModel = StringRef(compile.input).ends_with(".so");
  if (isModel && (!compile.recorded.empty() || !options.kernels.empty()))
    return usageError(
        compile.input +
        ": expected no other options than --target, --cpu, "
        "--full and --allow-skipped; it holds those that it was compiled "
        "with");
  std::string kernels = isModel ? compile.input : options.kernels;
  if (StringRef(kernels).ends_with(".so")) {
    llvm::errs() << "segc: note: " << kernels
                 << " is loaded, which runs its code with your rights\n";
    auto loaded = ModelKernels::load(kernels);
    if (!loaded)
      return loaded.takeError();
    model = std::move(*loaded);
  }
  if (isModel) {
    auto compilation = model->compilation();
    if (!compilation)
      return compilation.takeError();
    auto [cpus, targets] = std::pair(compile.cpus, compile.targets);
    compile = *compilation;
    if (targetsAsked)
      std::tie(compile.cpus, compile.targets) = std::pair(cpus, targets);
  } else if (model && !targetsAsked) {
    compile.targets = model->versions();
  }
  auto targets = resolveTargets(compile);
  if (!targets)
    return targets.takeError();
  // By default the versions of `segc compile`, of which --emit prints the
  // first.
  if (!model && !targetsAsked && !kernels.empty()) {
    targets->resize(1);
    compile.targets = {targets->front().spec()};
  }
  for (const Target &target : *targets)
    if (model && target.backend->device() != SEGC_DEVICE_HOST)
      return llvm::createStringError(
          kernels + ": kernels for " + target.spec() +
          " cannot be taken from a model; verify its network: segc verify "
          "NETWORK --target " +
          target.backend->name().str());
  severalVersions = targets->size() > 1;
  return llvm::Error::success();
}

static llvm::Error otherPlan(const std::string &cpu) {
  return llvm::createStringError(
      "the kernels are not those of this plan for " + cpu +
      ": they were compiled with --autotune, with other options or by another "
      "segc");
}

/// Returns the kernels of the programs, or those of the file of --kernels.
llvm::Expected<OwningOpRef<ModuleOp>>
Verification::kernels(ModuleOp programs, const Target &target) {
  if (!options.kernels.empty() && !model) {
    auto read = readModule(context, options.kernels);
    if (!read)
      return read.takeError();
    // Kernels of other shapes would access memory outside their buffers.
    if (kernelDigest(**read) != kernelDigest(programs))
      return otherPlan(target.version->name);
    return read;
  }
  OwningOpRef<ModuleOp> emitted = programs.clone();
  if (llvm::Error error = emitKernelCode(*emitted, compile, target))
    return error;
  return emitted;
}

static int64_t classesOf(ModuleOp programs) {
  auto layout = programs->getAttrOfType<DictionaryAttr>(layoutAttrName);
  auto classes = layout ? layout.getAs<IntegerAttr>("classes") : IntegerAttr();
  return classes ? classes.getInt() : 2;
}

llvm::Error Verification::checkVersion(ModuleOp programs,
                                       const Target &target) {
  if (severalVersions)
    llvm::outs() << target.version->name << "\n";
  if (model &&
      model->planDigest(target.version->name) != kernelDigest(programs))
    return otherPlan(target.version->name);
  KernelCheckOptions check;
  // The batch of the image. Kernels of other entries have the same batch or
  // none.
  for (auto program : programs.getOps<exec::ProgramOp>())
    check.batch =
        std::max(check.batch, static_cast<int64_t>(program.getBatch()));
  check.classes = classesOf(programs);
  check.full = options.full;

  // All kernels are compiled together, as for a model.
  std::unique_ptr<KernelRunner> runner;
  std::vector<std::string> symbols;
  if (target.backend->missingFeature(*target.version).empty()) {
    auto code = kernels(programs, target);
    if (!code)
      return code.takeError();
    std::vector<seg::FusionOp> fusions;
    for (DistinctLaunch &distinct : distinctLaunches(programs)) {
      fusions.push_back(distinct.fusion());
      symbols.push_back(distinct.symbol);
    }
    auto loaded = KernelRunner::load(**code, fusions, symbols, target,
                                     model ? model->kernels(target) : nullptr);
    if (!loaded)
      return loaded.takeError();
    runner = std::move(*loaded);
  }
  for (const KernelReport &report : verifyKernels(
           programs, target, check, print,
           [&](seg::FusionOp, StringRef symbol) -> KernelRun {
             size_t index = llvm::find(symbols, symbol) - symbols.begin();
             return [&runner, &check, index](ArrayRef<void *> operands) {
               return runner->run(index, operands, check.batch);
             };
           }))
    counts.add(report);
  return llvm::Error::success();
}

/// Checks each program by the reference evaluation. `prepare` runs as part of
/// the programs that need it.
llvm::Error Verification::checkPrograms(ModuleOp programs, const Target &target,
                                        ModuleOp source) {
  if (severalVersions)
    llvm::outs() << target.version->name << "\n";
  for (auto program : programs.getOps<exec::ProgramOp>()) {
    if (program.getSymName() == "prepare")
      continue;
    auto entry = source.lookupSymbol<func::FuncOp>(program.getSymName());
    auto fault = reference::checkProgram(program, entry, classesOf(programs));
    if (failed(fault))
      return llvm::createStringError("cannot evaluate the program " +
                                     program.getSymName());
    ++counts.checked;
    counts.bad += !fault->empty();
    llvm::outs() << llvm::left_justify(program.getSymName(), 14) << " "
                 << llvm::range_size(
                        program.getBody().getOps<exec::CommandOpInterface>())
                 << " commands  arena " << program.getArena() << "  "
                 << (fault->empty() ? "ok" : "FAILED: " + *fault) << "\n";
  }
  return llvm::Error::success();
}

llvm::Error Verification::conclude() const {
  if (options.programs) {
    llvm::outs() << counts.checked << " programs checked, " << counts.bad
                 << " FAILED\n";
    llvm::outs().flush();
    return counts.bad
               ? llvm::createStringError(std::to_string(counts.bad) + " of " +
                                         std::to_string(counts.checked) +
                                         " programs differ from the ops that "
                                         "they were made of")
               : llvm::Error::success();
  }
  llvm::outs() << counts.checked << " kernels checked, " << counts.skipped
               << " skipped, " << counts.bad << " FAILED\n";
  llvm::outs().flush(); // Flushed before errors are printed.
  // Versions that were not named, and that the processor cannot run, are
  // skipped.
  bool runsSome = !versionsAsked && counts.checked > 0;
  return counts.verdict(options.allowSkipped || runsSome);
}

llvm::Error Verification::run() {
  DialectRegistry oracle;
  reference::registerReferenceModels(oracle);
  context.appendDialectRegistry(oracle);
  if (llvm::Error error = readInput())
    return error;
  if (llvm::Error error = forEachProgram(
          context, compile,
          [&](ModuleOp programs, const Target &target, ModuleOp source) {
            return options.programs ? checkPrograms(programs, target, source)
                                    : checkVersion(programs, target);
          }))
    return error;
  return conclude();
}

llvm::Error verify(const VerifyOptions &options) {
  return Verification(options).run();
}

} // namespace segc
