//===- EmulatedBackend.cpp - Kernels of a GPU for the emulator ------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GpuBackendBase.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "segc/Codegen/Common/JitKernels.h"
#include "segc/Codegen/Common/KernelsToLLVM.h"
#include "segc/Codegen/Common/MachineCode.h"
#include "segc/Codegen/Common/SerializeInParts.h"
#include "segc/Codegen/GPU/GpuBackend.h"
#include "segc/Codegen/GPU/Passes.h"
#include "segc/Runtime/Core/CpuFeatures.h"
#include "segc/Runtime/Emulator/Emulator.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include <mutex>
#include <numeric>
#include <set>

using namespace mlir;

namespace segc {

namespace {

class EmulatedCudaBackend : public GpuBackendBase {
public:
  EmulatedCudaBackend()
      : GpuBackendBase(emulatedGpuBackendName.str(), hostArchitecture) {}

  segc_device device() const override { return SEGC_DEVICE_CUDA_EMULATED; }
  bool trustsUnverifiedKernels() const override { return true; }
  std::string missingFeature(const TargetVersion &) const override {
    return hostTriple().isX86() && !cpuHasFeature("avx2")
               ? "this processor has no avx2"
               : "";
  }
  llvm::Expected<SerializedKernels>
  serialize(ModuleOp kernels, const TargetVersion &version,
            const SerializeOptions &options) const override;
  llvm::Expected<std::unique_ptr<LoadedKernels>>
  load(ModuleOp kernels, const TargetVersion &version) const override;
  LoadedKernels::Task taskOf(segc_kernel_fn function,
                             StringRef kernel) const override;
  unsigned interleavings() const override {
    return emulatorTestOptions().size();
  }

private:
  static llvm::Triple hostTriple() {
    return llvm::Triple(llvm::sys::getDefaultTargetTriple());
  }
  static llvm::Expected<std::unique_ptr<llvm::TargetMachine>> hostMachine() {
    llvm::Triple triple = hostTriple();
    return createTargetMachine(triple, triple.isX86() ? "x86-64-v3" : "");
  }
  static LogicalResult emulate(ModuleOp kernels, const std::string &prefix);
};

/// Functions that were compiled into this process.
class EmulatedKernels : public LoadedKernels {
public:
  EmulatedKernels(const TargetBackend &backend,
                  std::unique_ptr<JitModule> module)
      : backend(backend), module(std::move(module)) {}

  llvm::Expected<Task> lookup(StringRef kernel) override {
    auto function = module->lookup((kernel + ".task").str());
    if (!function)
      return function.takeError();
    return backend.taskOf(reinterpret_cast<segc_kernel_fn>(*function), kernel);
  }

private:
  const TargetBackend &backend;
  std::unique_ptr<JitModule> module;
};

/// Lowers the kernels in place to functions of the host.
LogicalResult EmulatedCudaBackend::emulate(ModuleOp kernels,
                                           const std::string &prefix) {
  erasePrograms(kernels);
  PassManager manager(kernels.getContext());
  populateLoweringOf(kernels, manager);
  EmulateNVVMPassOptions options;
  options.prefix = prefix;
  manager.addPass(createEmulateNVVMPass(options));
  return manager.run(kernels);
}

std::unique_ptr<llvm::Module> translate(ModuleOp kernels,
                                        llvm::LLVMContext &context,
                                        const llvm::TargetMachine &machine) {
  std::unique_ptr<llvm::Module> module =
      translateModuleToLLVMIR(kernels, context);
  if (!module)
    return nullptr;
  module->setTargetTriple(machine.getTargetTriple());
  for (llvm::Function &function : *module)
    if (!function.isDeclaration())
      function.addFnAttr(llvm::Attribute::NoUnwind);
  return module;
}

llvm::Expected<SerializedKernels>
EmulatedCudaBackend::serialize(ModuleOp kernels, const TargetVersion &,
                               const SerializeOptions &options) const {
  OwningOpRef<ModuleOp> lowered = kernels.clone();
  if (failed(emulate(*lowered, options.symbolPrefix)))
    return llvm::createStringError("the kernels do not lower for the emulator");
  return serializeInParts(
      *lowered, options.jobs, [&](ModuleOp part) -> llvm::Expected<CodeBytes> {
        auto machine = hostMachine();
        if (!machine)
          return machine.takeError();
        llvm::LLVMContext context;
        std::unique_ptr<llvm::Module> module =
            translate(part, context, **machine);
        if (!module)
          return llvm::createStringError(
              "the kernels do not translate to LLVM IR");
        optimizeModule(*module, **machine, options.optLevel);
        return emitMachineCode(*module, **machine, options.assembly);
      });
}

llvm::Expected<std::unique_ptr<LoadedKernels>>
EmulatedCudaBackend::load(ModuleOp kernels, const TargetVersion &) const {
  if (failed(verify(kernels)) || failed(emulate(kernels, /*prefix=*/"")))
    return llvm::createStringError("lowering failed");
  auto machine = hostMachine();
  if (!machine)
    return machine.takeError();
  auto context = std::make_unique<llvm::LLVMContext>();
  std::unique_ptr<llvm::Module> module =
      translate(kernels, *context, **machine);
  if (!module)
    return llvm::createStringError("translation failed");
  // A launch takes less time than the optimizations of -O2 would.
  auto code = JitModule::create(std::move(context), std::move(module),
                                **machine, /*level=*/1);
  if (!code)
    return code.takeError();
  return std::make_unique<EmulatedKernels>(*this, std::move(*code));
}

namespace {

/// The accesses of a kernel's tasks. Tests call no task twice in a launch.
class Accesses {
public:
  /// Returns the accesses of the launch that the call belongs to.
  LaunchAccesses *of(const TaskCall &call) {
    std::lock_guard<std::mutex> lock(mutex);
    bool isNew = ArrayRef<void *>(buffers) != call.buffers ||
                 batch != call.batch || !tasks.insert(call.task).second;
    if (isNew) {
      accesses.beginLaunch();
      buffers.assign(call.buffers.begin(), call.buffers.end());
      batch = call.batch;
      tasks = {call.task};
    }
    return &accesses;
  }

private:
  std::mutex mutex;
  std::vector<void *> buffers;
  int64_t batch = 0;
  std::set<int64_t> tasks; ///< That were called in the launch.
  LaunchAccesses accesses;
};

} // namespace

/// A task is a block of threads.
LoadedKernels::Task EmulatedCudaBackend::taskOf(segc_kernel_fn function,
                                                StringRef kernel) const {
  return [function, name = kernel.str(),
          accesses = std::make_shared<Accesses>()](const TaskCall &call) {
    EmulatedLaunch launch;
    launch.function = function;
    launch.kernel = name.c_str();
    launch.operands = call.buffers.data();
    launch.operandBytes = call.bytes.vec();
    launch.batch = call.batch;
    launch.blocks = call.tasks;
    launch.firstTask = call.first;
    launch.threads = call.threads;
    launch.sharedBytes = call.sharedBytes;
    launch.dependent = call.dependent;
    for (void *map : call.buffers.drop_front(call.bytes.size()))
      launch.maps.push_back(*static_cast<const segc_tensor_map *>(map));
    // Which accesses conflict does not depend on how threads are interleaved.
    constexpr uint64_t mostBytes = 16 << 20;
    if (call.interleaving == 0 && !call.counts &&
        std::accumulate(call.bytes.begin(), call.bytes.end(), uint64_t{0}) <=
            mostBytes)
      launch.accesses = accesses->of(call);
    EmulatorOptions options = emulatorTestOptions()[call.interleaving];
    options.counts = call.counts;
    return runEmulatedBlock(launch, call.task, options);
  };
}

} // namespace

std::unique_ptr<TargetBackend> makeEmulatedCudaBackend() {
  return std::make_unique<EmulatedCudaBackend>();
}

} // namespace segc
