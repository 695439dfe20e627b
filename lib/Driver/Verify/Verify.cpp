//===- Verify.cpp ---------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/Verify/Verify.h"

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
  if (Products products = productWork(strategy).products;
      products != Products::F32)
    text += " " + productsName(products).str();
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

/// Goes through the distinct fusions of a planned module.
class Verifier {
public:
  Verifier(const CpuTarget &target, const KernelCheckOptions &options)
      : target(target), options(options), missing(missingFeature(target)) {}

  /// The report of a fusion, unless one of its kind has one.
  std::optional<KernelReport> visit(seg::FusionOp fusion, LayerNames &layers);

private:
  void check(seg::FusionOp fusion, KernelReport &report) const;

  const CpuTarget &target;
  const KernelCheckOptions &options;
  std::string missing;
  llvm::StringMap<size_t> kernels; ///< By key; numbers as in the model.
  llvm::StringSet<> seen;          ///< Keys with what is computed in place.
};

std::optional<KernelReport> Verifier::visit(seg::FusionOp fusion,
                                            LayerNames &layers) {
  std::string key = kernelKey(fusion);
  KernelReport report;
  report.kernel = kernelName(
      fusion, kernels.try_emplace(key, kernels.size()).first->second);
  for (int input : inPlaceInputs(fusion)) {
    key += "," + std::to_string(input);
    if (input >= 0 && !StringRef(report.kernel).ends_with("in-place"))
      report.kernel += ":in-place";
  }
  if (!seen.insert(key).second)
    return std::nullopt;
  Operation *lead = fusionLead(fusion);
  report.op = lead->getName().getStringRef().str();
  report.entry = fusion->getParentOfType<func::FuncOp>().getSymName().str();
  report.layer = layers.of(fusion).str();
  llvm::raw_string_ostream(report.location) << lead->getLoc();
  report.strategy = brief(fusion.getStrategyAttr());
  check(fusion, report);
  return report;
}

void Verifier::check(seg::FusionOp fusion, KernelReport &report) const {
  report.skipped = missing;
  if (!missing.empty())
    return;
  llvm::Expected<KernelDeviation> deviation =
      checkKernel(fusion, target, options);
  if (deviation)
    report.deviation = *deviation;
  else
    report.deviation.fault = llvm::toString(deviation.takeError());
}

} // namespace

std::vector<KernelReport>
verifyKernels(ModuleOp planned, const CpuTarget &target,
              const KernelCheckOptions &options,
              llvm::function_ref<void(const KernelReport &)> done) {
  std::vector<KernelReport> reports;
  Verifier verifier(target, options);
  for (auto entry : planned.getOps<func::FuncOp>()) {
    LayerNames layers(entry);
    for (auto fusion : entry.getOps<seg::FusionOp>())
      if (std::optional<KernelReport> report = verifier.visit(fusion, layers)) {
        if (done)
          done(*report);
        reports.push_back(std::move(*report));
      }
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

namespace {
struct Counts {
  size_t checked = 0, skipped = 0, bad = 0;
};
} // namespace

static llvm::Error verifyVersion(ModuleOp planned, const CpuTarget &target,
                                 bool full, Counts &counts) {
  auto layout = planned->getAttrOfType<DictionaryAttr>(layoutAttrName);
  auto classes =
      layout ? layout.getAs<IntegerAttr>("classes") : IntegerAttr();
  KernelCheckOptions options;
  options.batch = batchOf(planned);
  options.classes = classes ? classes.getInt() : 2;
  options.full = full;
  for (const KernelReport &report :
       verifyKernels(planned, target, options, print)) {
    ++(report.skipped.empty() ? counts.checked : counts.skipped);
    counts.bad += report.skipped.empty() && !report.ok();
  }
  return llvm::Error::success();
}

llvm::Error verify(const VerifyOptions &options) {
  CompileOptions compile = options.compile;
  if (compile.cpus.empty())
    compile.cpus = {"native"};
  if (compile.pipeline.batch == 0)
    compile.pipeline.batch = 1;
  CompilerContext context(MLIRContext::Threading::DISABLED);
  DialectRegistry oracle;
  reference::registerReferenceModels(oracle);
  context.appendDialectRegistry(oracle);
  Counts counts;
  if (llvm::Error error = forEachPlan(
          context, compile,
          [&](ModuleOp planned, const CpuTarget &target) -> llvm::Error {
            if (compile.cpus.size() > 1)
              llvm::outs() << target.name << "\n";
            return verifyVersion(planned, target, options.full, counts);
          }))
    return error;
  llvm::outs() << counts.checked << " kernels checked, " << counts.skipped
               << " skipped, " << counts.bad << " FAILED\n";
  if (counts.bad)
    return llvm::createStringError(std::to_string(counts.bad) + " of " +
                                   std::to_string(counts.checked) +
                                   " kernels differ from the reference");
  if (counts.skipped && !options.allowSkipped)
    return llvm::createStringError(
        std::to_string(counts.skipped) +
        " kernels were not checked; --allow-skipped accepts that");
  return llvm::Error::success();
}

} // namespace segc
