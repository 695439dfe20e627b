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
#include "segc/Codegen/GPU/Ptxas.h"
#include "segc/Dialect/Exec/IR/ExecDialect.h"
#include "segc/Runtime/Device/CudaDevice.h"

using namespace mlir;

namespace segc {

namespace {

class CudaBackend : public GpuBackendBase {
public:
  CudaBackend() : GpuBackendBase(gpuBackendName.str()) {}

  segc_device device() const override { return SEGC_DEVICE_CUDA; }
  llvm::Expected<std::shared_ptr<const TargetVersion>>
  nativeVersion(MultiplyTypeSet types) const override;
  std::string missingFeature(const TargetVersion &) const override {
    return "kernels of a GPU do not run in this process";
  }
  std::string missingDevice(const TargetVersion &version) const override;
  llvm::StringRef assemblyName() const override { return "ptx"; }
  llvm::Expected<SerializedKernels>
  serialize(ModuleOp kernels, const TargetVersion &version,
            const SerializeOptions &options) const override;
  llvm::Expected<std::unique_ptr<LoadedKernels>>
  load(ModuleOp, const TargetVersion &version) const override {
    return llvm::createStringError(missingFeature(version));
  }
};

} // namespace

static std::string textOfCapability(int capability) {
  return "the GPU has compute capability " + std::to_string(capability / 10) +
         "." + std::to_string(capability % 10);
}

std::string CudaBackend::missingDevice(const TargetVersion &version) const {
  StatusOr<int> capability =
      cudaComputeCapability("take a machine that has one");
  if (!capability)
    return capability.status().message();
  return cudaCompilesPtx(version.name, *capability)
             ? ""
             : textOfCapability(*capability) + ", the kernels are for " +
                   version.name;
}

llvm::Expected<std::shared_ptr<const TargetVersion>>
CudaBackend::nativeVersion(MultiplyTypeSet) const {
  const std::string spec = "--target cuda:native: ";
  StatusOr<int> capability = cudaComputeCapability(
      "name the version of another machine's GPU, such as --target "
      "cuda:" +
      versions().back()->name);
  if (!capability)
    return llvm::createStringError(spec + capability.status().message());
  // All versions, not those of a model for any GPU: the last one that runs has
  // the most instructions.
  for (const auto &version : llvm::reverse(versions()))
    if (cudaCompilesPtx(version->name, *capability))
      return version;
  return llvm::createStringError(spec + textOfCapability(*capability) +
                                 ", expected 8.0 or later");
}

/// Computes how many blocks of each kernel a multiprocessor holds.
static void setResidentBlocks(ModuleOp kernels, const GpuTarget &target,
                              std::vector<KernelResources> &resources) {
  llvm::StringMap<exec::KernelAttr> launches;
  kernels.walk([&](FunctionOpInterface function) {
    if (exec::KernelAttr launch = exec::kernelAttrOf(function))
      launches[SymbolTable::getSymbolName(function)] = launch;
  });
  for (KernelResources &kernel : resources)
    if (exec::KernelAttr launch = launches.lookup(kernel.kernel))
      kernel.residentBlocks = target.residentBlocks(
          launch.getThreads(), kernel.registers, launch.getShared());
}

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
  SmallVector<StringRef> texts;
  module->walk([&](gpu::BinaryOp binary) {
    for (auto object : binary.getObjects().getAsRange<gpu::ObjectAttr>())
      texts.push_back(object.getObject().getValue());
  });
  SerializedKernels result;
  std::optional<std::string> ptxas =
      options.assemble && !options.assembly ? findPtxas() : std::nullopt;
  for (StringRef text : texts) {
    CodeBytes bytes(text.begin(), text.end());
    if (options.assembly) {
      result.objects.push_back(std::move(bytes));
      continue;
    }
    result.blobs.push_back({"ptx", version.name, std::move(bytes)});
    if (!ptxas)
      continue;
    auto assembled = assemblePtx(*ptxas, text, version.name);
    if (!assembled)
      return assembled.takeError();
    result.blobs.push_back(
        {"cubin", version.name, std::move(assembled->cubin)});
    setResidentBlocks(kernels, static_cast<const GpuTarget &>(version),
                      assembled->resources);
    llvm::append_range(result.resources, assembled->resources);
  }
  return result;
}

std::unique_ptr<TargetBackend> makeCudaBackend() {
  return std::make_unique<CudaBackend>();
}

} // namespace segc
