//===- FakeModules.cpp - Modules and launches of the fake driver ----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../../../lib/Runtime/Device/Cuda/Accumulate.h"
#include "../../../lib/Runtime/Device/Cuda/Cudnn/FilterPermutation.h"
#include "FakeNumbers.h"
#include "FakeState.h"
#include "segc/Runtime/Emulator/Emulator.h"
#include "segc/model_tables.h"
#include <cstdio>
#include <cstring>
#include <dlfcn.h>

using namespace fakecuda;

/// The kernels of PTX with the numbers of their parameters: arrays are tensor
/// maps.
static std::map<std::string, Function> functionsOf(const std::string &text) {
  std::map<std::string, Function> functions;
  const std::string entry = ".entry ";
  for (size_t at = text.find(entry); at != std::string::npos;
       at = text.find(entry, at + 1)) {
    const size_t begin = at + entry.size(), open = text.find('(', begin),
                 close = text.find(')', begin);
    if (open == std::string::npos || close == std::string::npos)
      break;
    Function function;
    function.name = text.substr(begin, open - begin);
    const std::string list = text.substr(open, close - open);
    for (size_t p = list.find(".param"); p != std::string::npos;
         p = list.find(".param", p + 1)) {
      const size_t next = list.find(',', p);
      const bool isArray =
          list.substr(p, next - p).find('[') != std::string::npos;
      ++(isArray ? function.maps : function.parameters);
    }
    functions[function.name] = function;
  }
  return functions;
}

Result fakecuda::cuModuleLoadDataEx(ModuleHandle *handle, const void *image,
                                    unsigned count, int *options,
                                    void **values) {
  FAKE_ENTER();
  if (const Result refused = driver().refuseCapture(__func__))
    return refused;
  // The fake's machine code is PTX behind the magic bytes of an ELF file.
  const char *begin = static_cast<const char *>(image);
  const bool isCubin = std::strncmp(begin, "\177ELF", 4) == 0;
  const std::string text = isCubin ? begin + 4 : begin;
  int version = 0, minor = 0, target = 0;
  const size_t atVersion = text.find(".version "),
               atTarget = text.find(".target sm_");
  if (atVersion == std::string::npos || atTarget == std::string::npos ||
      std::sscanf(text.c_str() + atVersion, ".version %d.%d", &version,
                  &minor) != 2 ||
      std::sscanf(text.c_str() + atTarget, ".target sm_%d", &target) != 1) {
    char *log = nullptr;
    size_t bytes = 0;
    for (unsigned i = 0; i < count; ++i) {
      if (options[i] == ErrorLogBuffer)
        log = static_cast<char *>(values[i]);
      if (options[i] == ErrorLogBytes)
        bytes = reinterpret_cast<size_t>(values[i]);
    }
    if (log)
      std::snprintf(log, bytes, "line 1: syntax error");
    return InvalidPtx;
  }
  const int gpu = driver().machine.capability;
  if (isCubin ? target != gpu : target > gpu)
    return driver().misuse("kernels of another GPU are loaded", NoBinaryForGpu);
  driver().loadedModules.push_back((isCubin ? "cubin sm_" : "ptx sm_") +
                                   std::to_string(target));
  auto module = std::make_unique<Module>();
  module->functions = functionsOf(text);
  *handle = driver().modules.add(std::move(module));
  return Success;
}

Result fakecuda::cuModuleUnload(ModuleHandle handle) {
  FAKE_ENTER();
  return driver().modules.remove(handle)
             ? Result(Success)
             : driver().misuse("an unknown module", InvalidHandle);
}

Result fakecuda::cuModuleGetFunction(FunctionHandle *function,
                                     ModuleHandle handle, const char *name) {
  FAKE_ENTER();
  Module *module = driver().modules.find(handle);
  if (!module)
    return driver().misuse("an unknown module", InvalidHandle);
  auto found = module->functions.find(name);
  if (found == module->functions.end())
    return ErrorNotFound;
  *function = reinterpret_cast<FunctionHandle>(&found->second);
  return Success;
}

/// The kernel of a handle, or null and a misuse.
static Function *kernelOf(FunctionHandle handle) {
  for (const auto &[module, owner] : driver().modules.all)
    for (auto &[name, function] : module->functions)
      if (reinterpret_cast<FunctionHandle>(&function) == handle)
        return &function;
  driver().misuse("an unknown kernel", InvalidHandle);
  return nullptr;
}

Result fakecuda::cuFuncGetAttribute(int *value, int attribute,
                                    FunctionHandle handle) {
  FAKE_ENTER();
  const Function *function = kernelOf(handle);
  if (!function)
    return InvalidHandle;
  *value = attribute == MaxThreads               ? 1024
           : attribute == MaxDynamicSharedMemory ? int(function->dynamicLimit)
                                                 : 0;
  return Success;
}

Result fakecuda::cuFuncSetAttribute(FunctionHandle handle, int attribute,
                                    int value) {
  FAKE_ENTER();
  Function *function = kernelOf(handle);
  if (!function)
    return InvalidHandle;
  if (attribute != MaxDynamicSharedMemory ||
      value > driver().machine.sharedMemory)
    return driver().misuse("more shared memory than a block may have",
                           ErrorInvalidValue);
  function->dynamicLimit = static_cast<unsigned>(value);
  return Success;
}

/// finite, scalars
static void advanceScalars(void *const *operands, void *, int64_t, int64_t) {
  segc_advance_scalars(static_cast<segc_scalars *>(operands[1]),
                       *static_cast<const float *>(operands[0]) != 0);
}

/// from, to, segc_filter_permutation; a task for each block
static void permuteFilter(void *const *operands, void *, int64_t,
                          int64_t block) {
  const auto &p = *static_cast<const segc_filter_permutation *>(operands[2]);
  const int64_t elements = p.sizes[0] * p.sizes[1] * p.sizes[2],
                begin = block * SEGC_PERMUTE_FILTER_THREADS;
  for (int64_t i = begin;
       i < begin + SEGC_PERMUTE_FILTER_THREADS && i < elements; ++i)
    store(operands[1], i, p.to_type,
          load(operands[0], segc_permuted_element(&p, i), p.from_type));
}

/// from, divisor, to; the count is the batch
static void accumulate(void *const *operands, void *, int64_t count,
                       int64_t block) {
  const auto *from = static_cast<const float *>(operands[0]);
  const float divisor = *static_cast<const float *>(operands[1]);
  auto *to = static_cast<float *>(operands[2]);
  constexpr int64_t threads = SEGC_ACCUMULATE_THREADS,
                    stride = threads * SEGC_ACCUMULATE_BLOCKS;
  for (int64_t begin = block * threads; begin < count; begin += stride)
    for (int64_t i = begin; i < begin + threads && i < count; ++i)
      to[i] = (to[i] + from[i]) / divisor;
}

static segc_kernel_fn hostFunctionOf(const std::string &name) {
  if (name == "segc_advance_scalars_kernel")
    return advanceScalars;
  if (name == "segc_accumulate_kernel")
    return accumulate;
  if (name == "segc_permute_filter_kernel")
    return permuteFilter;
  auto found = driver().kernels.find(name);
  if (found != driver().kernels.end())
    return found->second.function;
  return driver().kernelLibrary ? reinterpret_cast<segc_kernel_fn>(dlsym(
                                      driver().kernelLibrary, name.c_str()))
                                : nullptr;
}

namespace {
/// A launch with its parameters.
struct LaunchedKernel {
  std::string name;
  unsigned blocks, threads, sharedBytes;
  bool dependent; ///< on the kernel in front
  std::vector<uint64_t> addresses;
  int64_t batch, firstTask;
  std::vector<segc_tensor_map> maps;

  /// The map with the operand that its tensor lies in.
  segc_tensor_map ofOperand(const TensorMapOfTensor &map) const {
    segc_tensor_map shape = map.shape;
    uint64_t nearest = 0;
    for (size_t i = 0; i < addresses.size(); ++i)
      if (addresses[i] <= map.address && addresses[i] > nearest) {
        nearest = addresses[i];
        shape.operand = static_cast<uint32_t>(i);
      }
    shape.offset = map.address - nearest;
    return shape;
  }

  Result emulate(segc_kernel_fn function,
                 const std::vector<void *> &operands) const {
    segc::EmulatedLaunch launch;
    launch.function = function;
    launch.kernel = name.c_str();
    launch.operands = operands.data();
    launch.batch = batch;
    launch.blocks = blocks;
    launch.firstTask = firstTask;
    launch.threads = threads;
    launch.sharedBytes = sharedBytes;
    launch.dependent = dependent;
    launch.maps = maps;
    for (size_t i = 0; i < operands.size(); ++i)
      launch.operandBytes.push_back(driver().bytesFrom(addresses[i]));
    for (int64_t block = blocks; block-- > 0;) {
      const segc::Status status = segc::runEmulatedBlock(launch, block, {});
      if (!status.ok())
        return driver().misuse(status.message(), LaunchFailed);
    }
    return Success;
  }

  Result run() const {
    const int number = ++driver().launchCounts[name];
    driver().milliseconds += 2;
    auto failing = driver().failingKernels.find({name, number});
    if (failing != driver().failingKernels.end())
      return failing->second;
    std::vector<void *> operands;
    for (const uint64_t address : addresses) {
      operands.push_back(driver().translateOperand(address));
      if (!operands.back())
        return IllegalAddress;
    }
    auto emulated = driver().emulated.find(name);
    if (emulated != driver().emulated.end())
      return emulate(emulated->second.function, operands);
    segc_kernel_fn function = hostFunctionOf(name);
    if (!function)
      return driver().misuse("no function of the host is the kernel " + name,
                             LaunchFailed);
    for (const segc_tensor_map &map : maps)
      operands.push_back(const_cast<segc_tensor_map *>(&map));
    // Blocks run in an order that nobody may count on.
    for (unsigned block = blocks; block-- > 0;) {
      std::vector<uint64_t> shared(sharedBytes / 8 + 1,
                                   0x7ff8dead7ff8dead); // NaN
      function(operands.data(), shared.data(), batch, firstTask + block);
    }
    return Success;
  }
};
} // namespace

static bool takesFirstTask(const std::string &kernel) {
  for (const auto *known : {&driver().emulated, &driver().kernels})
    if (const auto found = known->find(kernel); found != known->end())
      return found->second.takesFirstTask;
  return false;
}

/// Enqueues a kernel. A dependent one begins before the kernel in front of it
/// on the stream has ended, of which there must be one.
static Result launchKernel(const LaunchConfig &config, FunctionHandle handle,
                           void **parameters, void **extra, bool dependent) {
  auto [gridX, gridY, gridZ, blockX, blockY, blockZ, sharedBytes, on,
        attributes, attributeCount] = config;
  const Function *function = kernelOf(handle);
  Stream *stream = driver().streams.find(on);
  if (!function || !stream)
    return driver().misuse("a launch on an unknown stream", InvalidHandle);
  if (gridX == 0 || gridX > 0x7fffffff || gridY != 1 || gridZ != 1 ||
      blockX == 0 || blockX > 1024 || blockY != 1 || blockZ != 1 || extra)
    return driver().misuse("a launch of " + function->name +
                               " outside of the limits",
                           ErrorInvalidValue);
  if (sharedBytes > function->dynamicLimit)
    return driver().misuse(function->name + " with " +
                               std::to_string(sharedBytes) +
                               " bytes of shared memory without opt-in",
                           ErrorInvalidValue);
  if (dependent && !stream->endsInKernel)
    return driver().misuse(function->name +
                               " depends on a kernel, and behind none",
                           ErrorInvalidValue);
  driver().dependentCounts[function->name] += dependent;
  driver().shapes[function->name] = {blockX, sharedBytes};
  const size_t numbers = takesFirstTask(function->name) ? 2 : 1;
  if (function->parameters < numbers)
    return driver().misuse(function->name + " has too few parameters",
                           ErrorInvalidValue);
  const auto number = [&](size_t i) {
    return *static_cast<uint64_t *>(parameters[i]);
  };
  const size_t operands = function->parameters - numbers;
  LaunchedKernel launch = {
      function->name, gridX, blockX, sharedBytes, dependent, {}, 0, 0, {}};
  for (size_t i = 0; i < operands; ++i)
    launch.addresses.push_back(number(i));
  launch.batch = static_cast<int64_t>(number(operands));
  if (numbers == 2)
    launch.firstTask = static_cast<int64_t>(number(operands + 1));
  for (size_t i = 0; i < function->maps; ++i)
    if (auto map = tensorMapOf(parameters[function->parameters + i]))
      launch.maps.push_back(launch.ofOperand(*map));
    else
      return ErrorInvalidValue;
  const Result result =
      driver().submit(*stream, [launch] { return launch.run(); });
  stream->endsInKernel = true;
  return result;
}

Result fakecuda::cuLaunchKernel(FunctionHandle handle, unsigned gridX,
                                unsigned gridY, unsigned gridZ, unsigned blockX,
                                unsigned blockY, unsigned blockZ,
                                unsigned sharedBytes, StreamHandle on,
                                void **parameters, void **extra) {
  FAKE_ENTER();
  return launchKernel({gridX, gridY, gridZ, blockX, blockY, blockZ, sharedBytes,
                       on, nullptr, 0},
                      handle, parameters, extra, /*dependent=*/false);
}

Result fakecuda::cuLaunchKernelEx(const LaunchConfig *config,
                                  FunctionHandle handle, void **parameters,
                                  void **extra) {
  FAKE_ENTER();
  if (driver().machine.driver < 12030 || driver().machine.capability < 90)
    return driver().misuse("a dependent launch on a driver or a GPU that has "
                           "none in graphs",
                           ErrorInvalidValue);
  if (config->attributeCount != 1 ||
      config->attributes->kind != ProgrammaticStreamSerialization ||
      config->attributes->value != 1)
    return driver().misuse("a launch with attributes that nobody knows",
                           ErrorInvalidValue);
  return launchKernel(*config, handle, parameters, extra, /*dependent=*/true);
}
