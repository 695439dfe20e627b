//===- Verify.cpp ---------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/Verify/Verify.h"

#include "ModelKernels.h"
#include "segc/Codegen/CPU/Passes.h"
#include "segc/Driver/UsageError.h"
#include "segc/Reference/Reference.h"
#include "segc/Runtime/Core/CpuFeatures.h"
#include "segc/Target/Strategy.h"
#include "segc/Transforms/LayerNames.h"
#include "segc/Transforms/Passes.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Format.h"

using namespace mlir;

namespace segc {

//===----------------------------------------------------------------------===//
// Kernels of a module
//===----------------------------------------------------------------------===//

/// The kind of a strategy, its Winograd tiles and its products.
static std::string brief(DictionaryAttr strategy) {
  if (!strategy)
    return "pointwise";
  auto kind = strategy.getAs<StringAttr>(strategyKindName);
  std::string text = kind ? kind.str() : "no kind";
  if (auto tiles = strategy.getAs<DenseI64ArrayAttr>(strategyTilesName)) {
    text += " ";
    llvm::raw_string_ostream out(text);
    llvm::interleave(tiles.asArrayRef(), out, "x");
  }
  if (MultiplyType multiplyType = productWork(strategy).multiplyType;
      multiplyType != MultiplyType::F32)
    text += " " + multiplyTypeName(multiplyType).str();
  return text;
}

/// What this processor lacks of the target's.
static std::string missingFeature(const CpuTarget &target) {
  for (const std::string &feature : target.features)
    if (!cpuHasFeature(feature))
      return "this processor has no " + feature;
  return "";
}

namespace {

/// A distinct fusion of a planned module, with what is computed in place.
struct DistinctFusion {
  seg::FusionOp fusion;
  std::string symbol; ///< "k3_conv", as in the model.
  bool inPlace;
  std::string layer;
};

} // namespace

static std::vector<DistinctFusion> distinctFusions(ModuleOp planned) {
  std::vector<DistinctFusion> result;
  llvm::StringMap<size_t> kernels; // By key; numbers as in the model.
  llvm::StringSet<> seen;          // Keys with what is computed in place.
  for (auto entry : planned.getOps<func::FuncOp>()) {
    LayerNames layers(entry);
    for (auto fusion : entry.getOps<seg::FusionOp>()) {
      std::string key = kernelKey(fusion);
      std::string symbol = kernelName(
          fusion, kernels.try_emplace(key, kernels.size()).first->second);
      SmallVector<int> inputs = inPlaceInputs(fusion);
      for (int input : inputs)
        key += "," + std::to_string(input);
      if (seen.insert(key).second)
        result.push_back({fusion, symbol,
                          llvm::any_of(inputs, [](int i) { return i >= 0; }),
                          layers.of(fusion).str()});
    }
  }
  return result;
}

static KernelReport describe(const DistinctFusion &distinct) {
  seg::FusionOp fusion = distinct.fusion;
  Operation *lead = fusion.getMainOp();
  KernelReport report;
  report.kernel = distinct.symbol + (distinct.inPlace ? ":in-place" : "");
  report.op = lead->getName().getStringRef().str();
  report.entry = fusion->getParentOfType<func::FuncOp>().getSymName().str();
  report.layer = distinct.layer;
  llvm::raw_string_ostream(report.location) << lead->getLoc();
  report.strategy = brief(fusion.getStrategyAttr());
  return report;
}

std::vector<KernelReport>
verifyKernels(ModuleOp planned, const CpuTarget &target,
              const KernelCheckOptions &options,
              llvm::function_ref<void(const KernelReport &)> done,
              const KernelSource &source) {
  std::vector<KernelReport> reports;
  std::string missing = missingFeature(target);
  for (const DistinctFusion &distinct : distinctFusions(planned)) {
    KernelReport report = describe(distinct);
    report.skipped = missing;
    if (missing.empty()) {
      auto deviation =
          source ? checkKernel(distinct.fusion, inPlaceInputs(distinct.fusion),
                               source(distinct.fusion, distinct.symbol),
                               options)
                 : checkKernel(distinct.fusion, target, options);
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

/// Samples of the entries: the first dimension of an image.
static int64_t batchOf(ModuleOp planned) {
  for (auto entry : planned.getOps<func::FuncOp>())
    if (entry.getNumArguments())
      if (auto image = dyn_cast<RankedTensorType>(entry.getArgumentTypes()[0]);
          image && image.getRank() > 2)
        return image.getDimSize(0);
  return 1;
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
  llvm::Error checkVersion(ModuleOp planned, const CpuTarget &target);
  llvm::Expected<OwningOpRef<ModuleOp>> outlined(ModuleOp planned,
                                                 const CpuTarget &target);
  llvm::Error conclude() const;

  const VerifyOptions &options;
  CompilerContext context{MLIRContext::Threading::DISABLED};
  CompileOptions compile;
  std::unique_ptr<ModelKernels> model; ///< Whose kernels are checked, if any.
  bool versionsAsked = false;          ///< By --cpu.
  VerifyCounts counts;
};

} // namespace

/// The network and its options, or those that a model holds.
llvm::Error Verification::readInput() {
  compile = options.compile;
  versionsAsked = !compile.cpus.empty();
  bool isModel = StringRef(compile.input).ends_with(".so");
  if (isModel && (!compile.recorded.empty() || !options.kernels.empty()))
    return usageError(
        compile.input + ": expected no other options than --cpu, --full and "
                        "--allow-skipped; it holds those that it was compiled "
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
    std::vector<std::string> cpus = compile.cpus;
    compile = *compilation;
    if (!cpus.empty())
      compile.cpus = cpus;
    return llvm::Error::success();
  }
  if (versionsAsked)
    return llvm::Error::success();
  // Else those that `segc compile` makes, of which --emit prints the first.
  if (model) {
    compile.cpus = model->versions();
  } else if (!kernels.empty()) {
    auto targets = resolveCpus({}, compile.pipeline);
    if (!targets)
      return targets.takeError();
    compile.cpus = {targets->front().name};
  }
  return llvm::Error::success();
}

static llvm::Error otherPlan(const std::string &cpu) {
  return llvm::createStringError(
      "the kernels are not those of this plan for " + cpu +
      ": they were compiled with --autotune, with other options or by another "
      "segc");
}

/// The kernels of the plan, or those of the file that were asked for.
llvm::Expected<OwningOpRef<ModuleOp>>
Verification::outlined(ModuleOp planned, const CpuTarget &target) {
  if (!options.kernels.empty() && !model) {
    auto kernels = readModule(context, options.kernels);
    if (!kernels)
      return kernels.takeError();
    // Kernels of other shapes would access what is not theirs.
    auto plan = (**kernels)->getAttrOfType<StringAttr>(planAttrName);
    if (!plan || plan.getValue() != planDigest(planned))
      return otherPlan(target.name);
    return kernels;
  }
  OwningOpRef<ModuleOp> kernels = planned.clone();
  if (llvm::Error error = outlineKernels(*kernels, compile, target))
    return error;
  return kernels;
}

llvm::Error Verification::checkVersion(ModuleOp planned,
                                       const CpuTarget &target) {
  if (compile.cpus.size() != 1)
    llvm::outs() << target.name << "\n";
  if (model && model->planDigest(target.name) != planDigest(planned))
    return otherPlan(target.name);
  auto layout = planned->getAttrOfType<DictionaryAttr>(layoutAttrName);
  auto classes =
      layout ? layout.getAs<IntegerAttr>("classes") : IntegerAttr();
  KernelCheckOptions check;
  check.batch = batchOf(planned);
  check.classes = classes ? classes.getInt() : 2;
  check.full = options.full;

  // All kernels at once, as a model has them.
  std::unique_ptr<KernelRunner> runner;
  std::vector<std::string> symbols;
  if (missingFeature(target).empty()) {
    auto kernels = outlined(planned, target);
    if (!kernels)
      return kernels.takeError();
    std::vector<seg::FusionOp> fusions;
    for (const DistinctFusion &distinct : distinctFusions(planned)) {
      fusions.push_back(distinct.fusion);
      symbols.push_back(distinct.symbol);
    }
    auto loaded =
        KernelRunner::load(**kernels, fusions, symbols, target,
                           model ? model->kernels(target) : nullptr);
    if (!loaded)
      return loaded.takeError();
    runner = std::move(*loaded);
  }
  for (const KernelReport &report : verifyKernels(
           planned, target, check, print,
           [&](seg::FusionOp, StringRef symbol) -> KernelRun {
             size_t index = llvm::find(symbols, symbol) - symbols.begin();
             return [&runner, &check, index](ArrayRef<void *> operands) {
               return runner->run(index, operands, check.batch);
             };
           }))
    counts.add(report);
  return llvm::Error::success();
}

llvm::Error Verification::conclude() const {
  llvm::outs() << counts.checked << " kernels checked, " << counts.skipped
               << " skipped, " << counts.bad << " FAILED\n";
  llvm::outs().flush(); // Errors come after it.
  // Of several versions a processor runs what it can.
  bool runsSome = !versionsAsked && counts.checked > 0;
  return counts.verdict(options.allowSkipped || runsSome);
}

llvm::Error Verification::run() {
  DialectRegistry oracle;
  reference::registerReferenceModels(oracle);
  context.appendDialectRegistry(oracle);
  if (llvm::Error error = readInput())
    return error;
  if (llvm::Error error = forEachPlan(
          context, compile, [&](ModuleOp planned, const CpuTarget &target) {
            return checkVersion(planned, target);
          }))
    return error;
  return conclude();
}

llvm::Error verify(const VerifyOptions &options) {
  return Verification(options).run();
}

} // namespace segc
