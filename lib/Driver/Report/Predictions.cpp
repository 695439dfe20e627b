//===- Predictions.cpp - Predicted times on devices -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/Report/Predictions.h"

#include "segc/Codegen/Common/StrategySelection.h"
#include "segc/Driver/UsageError.h"
#include "segc/Program/Programs.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace segc::report {

llvm::Error checkDevices(llvm::ArrayRef<Target> targets,
                         const CompileOptions &options) {
  const std::vector<std::string> &devices = options.devices;
  if (devices.empty())
    return llvm::Error::success();
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

/// Predicts the kernel with the strategy that was compiled, and with the best
/// of the verified kernels or of all, whichever it was not chosen from.
static Prediction predict(const PerformanceModel &model, seg::FusionOp fusion,
                          const Kernel &kernel, int64_t batch, StringRef device,
                          const StrategyContext &compiled,
                          MultiplyType products) {
  const TargetVersion &version = *compiled.target.version;
  SmallVector<LaunchFacts> launches;
  for (const Launch &launch : kernel.launches)
    launches.push_back({launch.tasksFixed + launch.tasksPerSample * batch,
                        launch.threads, launch.sharedBytes, launch.resources});
  Prediction result;
  result.kernel = model.predict(fusion, version, device, launches,
                                kernel.mainLaunch, products);
  result.verifiedSeconds = result.allSeconds = result.kernel.seconds;
  StrategyContext others = compiled;
  others.unverifiedKernels = !compiled.unverifiedKernels;
  seg::StrategyAttr other = cheapest(fusion, others);
  if (!other || other == fusion.getStrategyAttr())
    return result;
  // Of launches that were not compiled only the number is known.
  OwningOpRef<seg::FusionOp> changed = fusion.clone();
  changed->setStrategyAttr(other);
  SmallVector<LaunchFacts> unknown(launches.size());
  double seconds = model
                       .predict(*changed, version, device, unknown,
                                launches.size(), products)
                       .seconds;
  (others.unverifiedKernels ? result.allSeconds : result.verifiedSeconds) =
      seconds;
  return result;
}

void addPredictions(Version &version, const Target &target, ModuleOp module,
                    const CompileOptions &options) {
  const PerformanceModel *model = target.backend->performanceModel();
  if (!model)
    return;
  PipelineOptions pipeline = pipelineFor(target, options);
  FailureOr<StrategyContext> compiled = strategyContext(
      module, pipeline.target, pipeline.winograd, pipeline.multiplyType,
      pipeline.threads, pipeline.unverifiedKernels, pipeline.conv);
  if (failed(compiled))
    return;
  // The fastest that the precision allows.
  MultiplyType products =
      lookupMultiplyType(pipeline.precision).value_or(MultiplyType::F32);
  version.devices = options.devices;
  for (Entry &entry : version.entries) {
    exec::ProgramOp program = findProgram(module, entry.name);
    for (auto [kernel, launch] :
         llvm::zip_equal(entry.kernels, launchesOf(program)))
      for (const std::string &device : version.devices)
        kernel.predictions.push_back(
            predict(*model, computationOf(launch.getFusion()), kernel,
                    program.getBatch(), device, *compiled, products));
  }
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
