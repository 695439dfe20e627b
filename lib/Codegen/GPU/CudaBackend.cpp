//===- CudaBackend.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GpuBackendBase.h"
#include "mlir/Pass/PassManager.h"
#include "segc/Codegen/Common/KernelsToLLVM.h"
#include "segc/Codegen/GPU/GpuBackend.h"
#include "segc/Codegen/GPU/LowerToPTX.h"

using namespace mlir;

namespace segc {

namespace {

class CudaBackend : public GpuBackendBase {
public:
  CudaBackend() : GpuBackendBase(gpuBackendName.str()) {}

  segc_device device() const override { return SEGC_DEVICE_CUDA; }
  std::string missingFeature(const TargetVersion &) const override {
    return "kernels of a GPU do not run in this process";
  }
  llvm::StringRef assemblyName() const override { return "ptx"; }
  llvm::Expected<SerializedKernels>
  serialize(ModuleOp kernels, const TargetVersion &version,
            const SerializeOptions &options) const override;
  llvm::Expected<std::unique_ptr<LoadedKernels>>
  load(ModuleOp, const TargetVersion &version) const override {
    return llvm::createStringError(missingFeature(version));
  }
};

/// Returns the PTX text of the module's kernels.
llvm::Expected<SerializedKernels>
CudaBackend::serialize(ModuleOp kernels, const TargetVersion &version,
                       const SerializeOptions &options) const {
  OwningOpRef<ModuleOp> module = kernels.clone();
  erasePrograms(*module);
  PassManager manager(module->getContext());
  populateLoweringOf(*module, manager);
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

std::unique_ptr<TargetBackend> makeCudaBackend() {
  return std::make_unique<CudaBackend>();
}

} // namespace segc
