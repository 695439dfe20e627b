//===- GpuBackend.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/GPU/GpuBackend.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVM/NVVM/Target.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "segc/Codegen/Common/Formulas.h"
#include "segc/Codegen/Common/KernelsToLLVM.h"
#include "segc/Codegen/GPU/GpuKernels.h"
#include "segc/Codegen/GPU/LowerToPTX.h"
#include "segc/Target/TargetBackend.h"

using namespace mlir;

namespace segc {

namespace {

struct PointwiseModel : KernelModel {
  LogicalResult emit(KernelEmission &emission) const override {
    GpuFusionEmitter emitter(emission);
    return emitGpuPointwiseFusion(emitter);
  }
};

class GpuBackend : public TargetBackend {
public:
  GpuBackend()
      : TargetBackend(gpuBackendName.str(), allVersions(), gpuKernelModels()) {}

  segc_device device() const override { return SEGC_DEVICE_CUDA; }
  std::string missingFeature(const TargetVersion &) const override {
    return "kernels of a GPU do not run in this process";
  }

  const KernelModel &pointwiseModel() const override { return pointwise; }
  /// A separate kernel would store and load the value, and needs a launch.
  bool paysAsPrologue(ArrayRef<Operation *>, size_t kernels) const override {
    return kernels == 1;
  }

  OpBuilder kernelBuilder(ModuleOp module) const override;

  void registerDialects(DialectRegistry &registry) const override;
  void populateLowering(OpPassManager &manager) const override {
    populateLowerToNVVM(manager);
  }
  llvm::StringRef loweredName() const override { return "nvvm"; }
  llvm::StringRef assemblyName() const override { return "ptx"; }
  llvm::Expected<SerializedKernels>
  serialize(ModuleOp kernels, const TargetVersion &version,
            const SerializeOptions &options) const override;
  llvm::Expected<std::unique_ptr<LoadedKernels>>
  load(ModuleOp, const TargetVersion &version) const override {
    return llvm::createStringError(missingFeature(version));
  }

private:
  static Versions allVersions() {
    Versions versions;
    for (StringRef name : gpuTargetNames())
      versions.push_back(std::make_shared<GpuTarget>(*lookupGpuTarget(name)));
    return versions;
  }
  static KernelModels gpuKernelModels() {
    KernelModels models;
    addConvGpuModels(models);
    return models;
  }

  PointwiseModel pointwise;
};

/// In the gpu.module of the module.
OpBuilder GpuBackend::kernelBuilder(ModuleOp module) const {
  constexpr StringLiteral name = "kernels";
  auto kernels = module.lookupSymbol<gpu::GPUModuleOp>(name);
  if (!kernels) {
    OpBuilder b = OpBuilder::atBlockBegin(module.getBody());
    kernels = gpu::GPUModuleOp::create(b, module.getLoc(), name);
  }
  return OpBuilder::atBlockEnd(kernels.getBody());
}

void GpuBackend::registerDialects(DialectRegistry &registry) const {
  registry.insert<arith::ArithDialect, gpu::GPUDialect, LLVM::LLVMDialect,
                  math::MathDialect, memref::MemRefDialect, NVVM::NVVMDialect,
                  scf::SCFDialect, vector::VectorDialect>();
  NVVM::registerNVVMTargetInterfaceExternalModels(registry);
  registerBuiltinDialectTranslation(registry);
  registerGPUDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registerNVVMDialectTranslation(registry);
  registerFormulas(registry);
}

/// Returns the PTX text of the module's kernels.
llvm::Expected<SerializedKernels>
GpuBackend::serialize(ModuleOp kernels, const TargetVersion &version,
                      const SerializeOptions &options) const {
  OwningOpRef<ModuleOp> module = kernels.clone();
  erasePrograms(*module);
  PassManager manager(module->getContext());
  bool lowered = true;
  module->walk([&](gpu::GPUFuncOp) { lowered = false; });
  if (!lowered)
    populateLowerToNVVM(manager);
  populateEmitPTX(manager, static_cast<const GpuTarget &>(version));
  if (failed(manager.run(*module)))
    return llvm::createStringError("the kernels do not translate to PTX");
  SerializedKernels result;
  module->walk([&](gpu::BinaryOp binary) {
    for (auto object : binary.getObjects().getAsRange<gpu::ObjectAttr>()) {
      StringRef text = object.getObject().getValue();
      CodeBytes bytes(text.begin(), text.end());
      if (options.assembly)
        result.objects.push_back(std::move(bytes));
      else
        result.blobs.push_back({"ptx", version.name, std::move(bytes)});
    }
  });
  return result;
}

} // namespace

void registerGpuBackend() {
  registerTargetBackend(std::make_unique<GpuBackend>());
}

} // namespace segc
