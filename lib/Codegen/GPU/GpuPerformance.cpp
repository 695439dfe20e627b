//===- GpuPerformance.cpp - Predicted times of kernels --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The seconds are those of the kernel models' own cost models, with the figures
// of the device and with registers and resident blocks as ptxas says; what they
// do not know of kernels that stream through memory is added here.

#include "GpuBackendBase.h"
#include "segc/Codegen/GPU/GpuBackend.h"
#include "segc/Dialect/Seg/IR/QuantizeOps.h"
#include "segc/Target/PerformanceModel.h"

using namespace mlir;

namespace segc {
namespace {

/// What kernels reach of the rate of a copy: a chain of pointwise ops took
/// 32.6 us for 68.8 MB on an H100 (docs/Gpu.md), of which one launch.
constexpr double reachedBandwidth = 0.75;
/// Bytes that a thread has asked for and waits for: two vectors.
constexpr double bytesInFlight = 32;

class GpuPerformanceModel : public PerformanceModel {
public:
  explicit GpuPerformanceModel(const TargetBackend &backend)
      : backend(backend) {}

  ArrayRef<StringRef> devices() const override { return gpuDeviceNames(); }
  Target countingTarget(const TargetVersion &version) const override {
    const TargetBackend *emulated = findTargetBackend(emulatedGpuBackendName);
    return {emulated, emulated->findVersion(version.name)};
  }
  KernelPrediction predict(seg::FusionOp fusion, const TargetVersion &version,
                           StringRef device, ArrayRef<LaunchFacts> launches,
                           size_t mainLaunch,
                           MultiplyType products) const override;

private:
  const TargetBackend &backend;
};

/// The fastest that so many blocks move bytes: each thread waits for its loads.
double latencyBoundRate(const GpuTarget &device, const LaunchFacts &launch,
                        int64_t resident) {
  double blocks =
      std::min<double>(launch.blocks, resident * device.multiprocessors);
  return blocks * launch.threads * bytesInFlight / device.loadSeconds;
}

} // namespace

KernelPrediction
GpuPerformanceModel::predict(seg::FusionOp fusion, const TargetVersion &version,
                             StringRef device, ArrayRef<LaunchFacts> launches,
                             size_t mainLaunch, MultiplyType products) const {
  const GpuTarget target =
      *gpuOnDevice(static_cast<const GpuTarget &>(version), device);
  KernelPrediction result;
  MultiplyType multiplied = productWork(fusion.getStrategyAttr()).multiplyType;
  Operation *root = fusion.getRoot();
  bool isInt8 = root && seg::multipliesInt8(root);
  result.arithmetic = isInt8 ? "int8" : multiplyTypeName(multiplied).str();
  if (isInt8 || multiplied != MultiplyType::F32)
    result.arithmetic += " tensor cores";
  result.flops = fusion.flops();
  result.bytes = fusion.bytes();
  result.boundSeconds =
      target.modelledSeconds(
          result.flops * ProductWork{/*share=*/1, products, isInt8}.on(target),
          result.bytes, /*cores=*/1) +
      target.launchSeconds;

  // Launches are counted below, whichever model has which of them.
  GpuTarget reached = target;
  reached.launchSeconds = 0;
  reached.bytesPerSecond *= reachedBandwidth;
  double seconds = 0;
  if (mainLaunch < launches.size()) {
    const LaunchFacts &main = launches[mainLaunch];
    if (main.resources) {
      reached.kernelRegisters = main.resources->registers;
      int64_t resident = main.resources->residentBlocks;
      result.waves = static_cast<double>(main.blocks) /
                     static_cast<double>(resident * target.multiprocessors);
      if (result.flops == 0)
        seconds = result.bytes / latencyBoundRate(target, main, resident);
    }
  }
  double counted = 0;
  for (const LaunchFacts &launch : launches)
    if (launch.counts)
      counted += countedBytes(*launch.counts) / target.l2BytesPerSecond;
  seconds = std::max(
      {seconds, backend.seconds(fusion, reached), counted, target.loadSeconds});
  result.seconds =
      seconds + std::max<size_t>(1, launches.size()) * target.launchSeconds;
  return result;
}

std::unique_ptr<PerformanceModel>
makeGpuPerformanceModel(const TargetBackend &backend) {
  return std::make_unique<GpuPerformanceModel>(backend);
}

} // namespace segc
