//===- GpuBackend.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/GPU/GpuBackend.h"

#include "GpuBackendBase.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Target/LLVM/NVVM/Target.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "segc/Codegen/Common/Formulas.h"
#include "segc/Codegen/GPU/GpuKernels.h"
#include "segc/Codegen/GPU/LowerToPTX.h"
#include "segc/Dialect/Exec/IR/ExecDialect.h"

using namespace mlir;

namespace segc {

static TargetBackend::Versions allVersions(StringRef architecture) {
  TargetBackend::Versions versions;
  for (StringRef name : gpuTargetNames())
    if (std::optional<GpuTarget> target = lookupGpuTarget(name)) {
      target->architecture = architecture.str();
      versions.push_back(std::make_shared<GpuTarget>(std::move(*target)));
    }
  return versions;
}

GpuBackendBase::GpuBackendBase(std::string name, StringRef architecture)
    : TargetBackend(std::move(name), allVersions(architecture),
                    gpuKernelModels()),
      performance(makeGpuPerformanceModel(*this)) {}

const KernelModel &GpuBackendBase::pointwiseModel() const {
  return gpuPointwiseModel();
}

const KernelModel *GpuBackendBase::horizontalModel() const {
  return &gpuHorizontalModel();
}

void GpuBackendBase::populateLowering(OpPassManager &manager) const {
  populateLowerToNVVM(manager);
}

/// In the gpu.module of the module.
OpBuilder GpuBackendBase::kernelBuilder(ModuleOp module) const {
  constexpr StringLiteral name = "kernels";
  auto kernels = module.lookupSymbol<gpu::GPUModuleOp>(name);
  if (!kernels) {
    OpBuilder b = OpBuilder::atBlockBegin(module.getBody());
    kernels = gpu::GPUModuleOp::create(b, module.getLoc(), name);
  }
  return OpBuilder::atBlockEnd(kernels.getBody());
}

void GpuBackendBase::registerDialects(DialectRegistry &registry) const {
  registry.insert<arith::ArithDialect, exec::ExecDialect, gpu::GPUDialect,
                  LLVM::LLVMDialect, math::MathDialect, memref::MemRefDialect,
                  NVVM::NVVMDialect, nvgpu::NVGPUDialect, scf::SCFDialect,
                  vector::VectorDialect>();
  NVVM::registerNVVMTargetInterfaceExternalModels(registry);
  registerBuiltinDialectTranslation(registry);
  registerGPUDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registerNVVMDialectTranslation(registry);
  registerFormulas(registry);
}

void populateLoweringOf(ModuleOp kernels, OpPassManager &manager) {
  bool lowered = true;
  kernels.walk([&](gpu::GPUFuncOp) { lowered = false; });
  if (!lowered)
    populateLowerToNVVM(manager);
}

void registerGpuBackend() {
  registerTargetBackend(makeCudaBackend());
  registerTargetBackend(makeEmulatedCudaBackend());
}

} // namespace segc
