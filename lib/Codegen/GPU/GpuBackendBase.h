//===- GpuBackendBase.h - What backends of GPUs share -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_GPU_GPUBACKENDBASE_H
#define SEGC_LIB_CODEGEN_GPU_GPUBACKENDBASE_H

#include "segc/Codegen/GPU/GpuKernels.h"
#include "segc/Target/PerformanceModel.h"

namespace segc {

/// Emits and lowers kernels of NVIDIA GPUs. Backends differ in the machine code
/// that these become.
class GpuBackendBase : public TargetBackend {
public:
  const KernelModel &pointwiseModel() const override;
  const KernelModel *horizontalModel() const override;
  /// The best one that later GPUs run as well.
  std::shared_ptr<const TargetVersion> defaultVersion() const override {
    return findVersion("sm_90");
  }
  /// That for any GPU, and that of compute capability 9.0, which has wgmma.
  Versions distinctVersions(MultiplyTypeSet) const override {
    return {findVersion("sm_80"), findVersion("sm_90a")};
  }
  /// A separate kernel would store and load the value, and needs a launch.
  bool paysAsPrologue(llvm::ArrayRef<mlir::Operation *>,
                      size_t kernels) const override {
    return kernels == 1;
  }
  const PerformanceModel *performanceModel() const override {
    return performance.get();
  }
  mlir::OpBuilder kernelBuilder(mlir::ModuleOp module) const override;
  void registerDialects(mlir::DialectRegistry &registry) const override;
  void populateLowering(mlir::OpPassManager &manager) const override;
  llvm::StringRef loweredName() const override { return "nvvm"; }

protected:
  /// `architecture`: of the processors that run kernels (TargetVersion.h).
  explicit GpuBackendBase(std::string name, llvm::StringRef architecture = "");

private:
  std::unique_ptr<PerformanceModel> performance;
};

/// Adds the passes that are left to do for emitted kernels, lowered or not.
void populateLoweringOf(mlir::ModuleOp kernels, mlir::OpPassManager &manager);

/// The performance model of the backend's kernels.
std::unique_ptr<PerformanceModel>
makeGpuPerformanceModel(const TargetBackend &backend);

std::unique_ptr<TargetBackend> makeCudaBackend();
std::unique_ptr<TargetBackend> makeEmulatedCudaBackend();

} // namespace segc

#endif // SEGC_LIB_CODEGEN_GPU_GPUBACKENDBASE_H
