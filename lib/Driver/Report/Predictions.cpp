//===- Predictions.cpp - Predicted times on devices -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/Report/Predictions.h"

#include "segc/Codegen/Common/KernelRunner.h"
#include "segc/Codegen/Common/StrategySelection.h"
#include "segc/Driver/UsageError.h"
#include "segc/Program/Programs.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace segc::report {

llvm::Error checkDevices(llvm::ArrayRef<Target> targets,
                         const CompileOptions &options) {
  const std::vector<std::string> &devices = options.devices;
  if (devices.empty())
    return options.countBytes
               ? usageError("--count-bytes: expected --performance-model "
                            "beside it, whose table has them")
               : llvm::Error::success();
  auto gpu = llvm::find_if(targets, [](const Target &target) {
    return target.backend->performanceModel();
  });
  std::string option = "--performance-model " + llvm::join(devices, ",");
  if (gpu == targets.end())
    return usageError(option + ": expected --target cuda beside it");
  llvm::ArrayRef<llvm::StringRef> known =
      gpu->backend->performanceModel()->devices();
  for (llvm::StringRef device : devices)
    if (!llvm::is_contained(known, device))
      return usageError(option + ": unknown device " + device.str() +
                        ", expected " + llvm::join(known, ", "));
  return llvm::Error::success();
}

/// The cheapest strategy that the context allows; null if the fusion has but
/// one.
static seg::StrategyAttr cheapest(seg::FusionOp fusion,
                                  const StrategyContext &context) {
  Operation *root = fusion.getRoot();
  if (!root)
    return {};
  return cheapestProposal(context.target.backend->modelsOf(root), fusion,
                          context)
      .strategy;
}

/// Predicts the kernel of a launch with the strategy that was compiled, and
/// with the best of the verified kernels or of all, whichever it was not chosen
/// from.
static Prediction predict(const PerformanceModel &model, exec::LaunchOp launch,
                          const Kernel &kernel, int64_t batch, StringRef device,
                          const StrategyContext &compiled,
                          MultiplyType products) {
  // Entries share the computation, some of which prepare its operand.
  OwningOpRef<seg::FusionOp> own = computationOf(launch.getFusion()).clone();
  seg::FusionOp fusion = *own;
  if (launch.isPrepared())
    fusion.setStrategyAttr(fusion.getStrategyAttr().withPrepared(true));
  const TargetVersion &version = *compiled.target.version;
  SmallVector<LaunchFacts> launches;
  for (const Launch &each : kernel.launches)
    launches.push_back({each.tasksFixed + each.tasksPerSample * batch,
                        each.threads, each.sharedBytes, each.resources,
                        each.counts});
  Prediction result;
  result.kernel = model.predict(fusion, version, device, launches,
                                kernel.mainLaunch, products);
  result.verifiedSeconds = result.allSeconds = result.kernel.seconds;
  StrategyContext others = compiled;
  others.unverifiedKernels = !compiled.unverifiedKernels;
  others.constantOperand = launch.isPrepared();
  seg::StrategyAttr other = cheapest(fusion, others);
  if (!other || other == fusion.getStrategyAttr())
    return result;
  // Of launches that were not compiled only the number is known.
  OwningOpRef<seg::FusionOp> changed = fusion.clone();
  changed->setStrategyAttr(other.withPrepared(isPrepared(other, others)));
  SmallVector<LaunchFacts> unknown(launches.size());
  double seconds = model
                       .predict(*changed, version, device, unknown,
                                launches.size(), products)
                       .seconds;
  (others.unverifiedKernels ? result.allSeconds : result.verifiedSeconds) =
      seconds;
  return result;
}

/// Counts what the kernels do with the programs' batch. Those that entries
/// share are run once.
static llvm::Error countBytes(Version &version, const Target &counting,
                              ModuleOp module) {
  constexpr int64_t tasks = 8;
  struct Run {
    seg::FusionOp fusion;
    int64_t batch;
    std::vector<KernelCounts> counts;
  };
  llvm::MapVector<StringRef, Run> runs;
  for (Entry &entry : version.entries) {
    exec::ProgramOp program = findProgram(module, entry.name);
    for (auto [kernel, launch] :
         llvm::zip_equal(entry.kernels, launchesOf(program)))
      runs.insert({kernel.launches.front().function,
                   Run{computationOf(launch.getFusion()),
                       static_cast<int64_t>(program.getBatch()),
                       {}}});
  }
  for (auto &[name, run] : runs) {
    auto runner = KernelRunner::compile(run.fusion, counting);
    if (!runner)
      return runner.takeError();
    auto counts = (*runner)->count(/*fusion=*/0, run.batch, tasks);
    if (!counts)
      return counts.takeError();
    run.counts = std::move(*counts);
  }
  for (Entry &entry : version.entries)
    for (Kernel &kernel : entry.kernels) {
      // What the entry `prepare` launches is first, and not the kernel's.
      ArrayRef<KernelCounts> counts =
          runs.find(kernel.launches.front().function)->second.counts;
      for (auto [launch, count] : llvm::zip_equal(
               kernel.launches, counts.take_back(kernel.launches.size())))
        launch.counts = count;
    }
  return llvm::Error::success();
}

llvm::Error addPredictions(Version &version, const Target &target,
                           ModuleOp module, const CompileOptions &options) {
  const PerformanceModel *model = target.backend->performanceModel();
  if (!model || options.devices.empty())
    return llvm::Error::success();
  if (options.countBytes)
    if (llvm::Error error =
            countBytes(version, model->countingTarget(*target.version), module))
      return error;
  PipelineOptions pipeline = pipelineFor(target, options);
  FailureOr<StrategyContext> compiled = strategyContext(
      module, pipeline.target, pipeline.winograd, pipeline.multiplyType,
      pipeline.threads, pipeline.unverifiedKernels, pipeline.conv);
  if (failed(compiled))
    return llvm::createStringError("no strategies for predictions");
  // The fastest that the precision allows; models know quantized factors.
  MultiplyType products =
      pipeline.precision == "int8"
          ? MultiplyType::Bf16
          : lookupMultiplyType(pipeline.precision).value_or(MultiplyType::F32);
  version.devices = options.devices;
  for (Entry &entry : version.entries) {
    exec::ProgramOp program = findProgram(module, entry.name);
    for (auto [kernel, launch] :
         llvm::zip_equal(entry.kernels, launchesOf(program)))
      for (const std::string &device : version.devices)
        kernel.predictions.push_back(predict(*model, launch, kernel,
                                             program.getBatch(), device,
                                             *compiled, products));
  }
  return llvm::Error::success();
}

PredictedTime &PredictedTime::operator+=(const PredictedTime &other) {
  verifiedSeconds += other.verifiedSeconds;
  allSeconds += other.allSeconds;
  boundSeconds += other.boundSeconds;
  return *this;
}

PredictedTime predictedTime(const Entry &entry, size_t device) {
  PredictedTime sum;
  for (const Kernel &kernel : entry.kernels) {
    const Prediction &prediction = kernel.predictions[device];
    sum += {prediction.verifiedSeconds, prediction.allSeconds,
            prediction.kernel.boundSeconds};
  }
  return sum;
}

} // namespace segc::report
