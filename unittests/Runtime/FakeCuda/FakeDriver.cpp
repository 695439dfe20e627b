//===- FakeDriver.cpp - Start, devices and control of the fake driver -----===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeState.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <sstream>

using namespace fakecuda;

static thread_local std::vector<ContextHandle> current;

static void addKernels(Driver &state, const std::string &library) {
  state.kernelLibrary = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!state.kernelLibrary) {
    std::fprintf(stderr, "fake CUDA driver: %s\n", dlerror());
    return;
  }
  auto query = reinterpret_cast<segc_model_query_fn>(
      dlsym(state.kernelLibrary, "segc_model_query"));
  const segc_model *model = query ? query(SEGC_ABI_VERSION) : nullptr;
  for (uint32_t v = 0; model && v < model->version_count; ++v) {
    const segc_version &version = model->versions[v];
    if (version.device != SEGC_DEVICE_CUDA_EMULATED)
      continue;
    for (uint32_t p = 0; p < version.program_count; ++p) {
      const segc_program &program = version.programs[p];
      for (uint32_t i = 0; i < program.command_count; ++i)
        if (const segc_command &command = program.commands[i];
            command.kind == SEGC_COMMAND_LAUNCH)
          state.emulated[command.name] = {
              command.function,
              (command.launch_flags & SEGC_LAUNCH_FIRST_TASK) != 0};
    }
  }
}

/// "devices=2,init=34,kernel-fails=adam:3:700,kernels=/path/model.so".
static void configure(Driver &state, const char *text) {
  std::istringstream words(text ? text : "");
  for (std::string word; std::getline(words, word, ',');) {
    const size_t equals = word.find('=');
    const std::string key = word.substr(0, equals);
    const std::string value =
        equals == std::string::npos ? "" : word.substr(equals + 1);
    const auto number = std::strtoull(value.c_str(), nullptr, 10);
    char name[64];
    int count = 0, code = 0;
    const bool failure =
        std::sscanf(value.c_str(), "%63[^:]:%d:%d", name, &count, &code) == 3;
    if (key == "devices")
      state.machine.devices = static_cast<int>(number);
    else if (key == "init")
      state.machine.init = static_cast<int>(number);
    else if (key == "driver")
      state.machine.driver = static_cast<int>(number);
    else if (key == "capability")
      state.machine.capability = static_cast<int>(number);
    else if (key == "memory")
      state.machine.memory = number;
    else if (key == "call-fails" && failure)
      state.failingCalls[{name, count}] = code;
    else if (key == "kernel-fails" && failure)
      state.failingKernels[{name, count}] = code;
    else if (key == "kernels")
      addKernels(state, value);
    else
      std::fprintf(stderr, "FAKE_CUDA: unknown word %s\n", word.c_str());
  }
}

Driver &fakecuda::driver() {
  // Never destroyed: handles are closed at any time until the process ends.
  static Driver &state = *[] {
    auto *created = new Driver;
    configure(*created, std::getenv("FAKE_CUDA"));
    return created;
  }();
  return state;
}

ContextHandle fakecuda::theContext() {
  static char context;
  return reinterpret_cast<ContextHandle>(&context);
}

Result Driver::misuse(const std::string &text, Result code) {
  misuses.push_back(text);
  if (std::getenv("FAKE_CUDA"))
    std::fprintf(stderr, "fake CUDA driver: %s\n", text.c_str());
  return code;
}

Result Driver::enter(const char *function, bool needsContext) {
  const int number = ++callCounts[function];
  if (!initialised)
    return misuse(std::string(function) + " before cuInit", NotInitialized);
  if (needsContext && current.empty())
    return misuse(std::string(function) + " without a context", InvalidContext);
  if (fault)
    return fault;
  auto failing = failingCalls.find({function, number});
  return failing == failingCalls.end() ? Result(Success) : failing->second;
}

//===----------------------------------------------------------------------===//
// Exported
//===----------------------------------------------------------------------===//

extern "C" Result cuInit(unsigned) {
  driver().initialised = driver().machine.init == 0;
  return driver().machine.init;
}

extern "C" Result cuDriverGetVersion(int *version) {
  *version = driver().machine.driver;
  return Success;
}

extern "C" Result cuGetProcAddress_v2(const char *name, void **address,
                                      int version, uint64_t, int *) {
  if (version > driver().machine.driver)
    return ErrorInvalidValue;
  static const std::map<std::string, void *> functions = {
#define SEGC_CUDA_FUNCTION(name, ...)                                          \
  {#name, reinterpret_cast<void *>(&fakecuda::name)},
#include "../../../lib/Runtime/Device/Cuda/DriverFunctions.def"
  };
  auto found = functions.find(name);
  const Machine &machine = driver().machine;
  if (found == functions.end() ||
      (found->first == "cuLaunchKernelEx" && !machine.hasLaunchKernelEx) ||
      (found->first == "cuMemMap" && !machine.hasVirtualMemory))
    return ErrorNotFound;
  *address = found->second;
  return Success;
}

//===----------------------------------------------------------------------===//
// Devices and contexts
//===----------------------------------------------------------------------===//

static const std::map<Result, std::pair<const char *, const char *>> errors = {
    {ErrorInvalidValue, {"CUDA_ERROR_INVALID_VALUE", "invalid argument"}},
    {ErrorOutOfMemory, {"CUDA_ERROR_OUT_OF_MEMORY", "out of memory"}},
    {InvalidPtx, {"CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"}},
    {ErrorNotFound, {"CUDA_ERROR_NOT_FOUND", "named symbol not found"}},
    {IllegalAddress,
     {"CUDA_ERROR_ILLEGAL_ADDRESS",
      "an illegal memory access was encountered"}},
    {LaunchFailed, {"CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"}},
    {CaptureInvalidated,
     {"CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
      "operation failed due to a previous error during capture"}},
};

Result fakecuda::cuGetErrorName(Result code, const char **text) {
  auto found = errors.find(code);
  *text = found == errors.end() ? nullptr : found->second.first;
  return *text ? Success : ErrorInvalidValue;
}

Result fakecuda::cuGetErrorString(Result code, const char **text) {
  auto found = errors.find(code);
  *text = found == errors.end() ? nullptr : found->second.second;
  return *text ? Success : ErrorInvalidValue;
}

Result fakecuda::cuDeviceGetCount(int *count) {
  FAKE_ENTER(false);
  *count = driver().machine.devices;
  return Success;
}

Result fakecuda::cuDeviceGet(DeviceHandle *device, int ordinal) {
  FAKE_ENTER(false);
  if (ordinal < 0 || ordinal >= driver().machine.devices)
    return driver().misuse("cuDeviceGet of a GPU that is not there",
                           InvalidDevice);
  *device = ordinal;
  return Success;
}

Result fakecuda::cuDeviceGetName(char *name, int bytes, DeviceHandle) {
  FAKE_ENTER(false);
  std::snprintf(name, static_cast<size_t>(bytes), "Fake GPU");
  return Success;
}

Result fakecuda::cuDeviceGetAttribute(int *value, int attribute, DeviceHandle) {
  FAKE_ENTER(false);
  const Machine &machine = driver().machine;
  switch (attribute) {
  case MaxGridX:
    *value = 0x7fffffff;
    return Success;
  case ComputeCapabilityMajor:
    *value = machine.capability / 10;
    return Success;
  case ComputeCapabilityMinor:
    *value = machine.capability % 10;
    return Success;
  case MaxSharedMemoryOptIn:
    *value = machine.sharedMemory;
    return Success;
  case HasVirtualMemory:
    *value = machine.hasVirtualMemory;
    return Success;
  default:
    return driver().misuse("an unknown attribute", ErrorInvalidValue);
  }
}

Result fakecuda::cuDevicePrimaryCtxRetain(ContextHandle *context,
                                          DeviceHandle) {
  FAKE_ENTER(false);
  ++driver().contexts;
  *context = theContext();
  return Success;
}

Result fakecuda::cuDevicePrimaryCtxRelease(DeviceHandle) {
  ++driver().callCounts[__func__];
  if (driver().contexts-- > 0)
    return Success;
  return driver().misuse("a context is released twice", InvalidContext);
}

Result fakecuda::cuCtxPushCurrent(ContextHandle context) {
  if (context != theContext() || driver().contexts == 0)
    return driver().misuse("a context that is not retained", InvalidContext);
  current.push_back(context);
  return Success;
}

Result fakecuda::cuCtxPopCurrent(ContextHandle *context) {
  if (current.empty())
    return driver().misuse("no context to pop", InvalidContext);
  *context = current.back();
  current.pop_back();
  return Success;
}

//===----------------------------------------------------------------------===//
// Control
//===----------------------------------------------------------------------===//

void fakecuda::reset(const Machine &machine) {
  driver().~Driver();
  new (&driver()) Driver;
  driver().machine = machine;
}

void fakecuda::addKernel(const std::string &name, segc_kernel_fn function,
                         bool takesFirstTask) {
  driver().kernels[name] = {function, takesFirstTask};
}

void fakecuda::addKernelsOf(const std::string &library) {
  addKernels(driver(), library);
}

void fakecuda::failCall(const std::string &function, int number, int code) {
  driver().failingCalls[{function, number}] = code;
}

void fakecuda::failKernel(const std::string &kernel, int number, int code) {
  driver().failingKernels[{kernel, number}] = code;
}

int fakecuda::calls(const std::string &function) {
  return driver().callCounts[function];
}

int fakecuda::launches(const std::string &kernel) {
  return driver().launchCounts[kernel];
}

int fakecuda::dependentLaunches(const std::string &kernel) {
  return driver().dependentCounts[kernel];
}

std::vector<std::string> fakecuda::modules() { return driver().loadedModules; }

std::pair<unsigned, unsigned> fakecuda::shapeOf(const std::string &kernel) {
  return driver().shapes[kernel];
}

std::vector<std::string> fakecuda::misuses() { return driver().misuses; }

std::string fakecuda::alive() {
  const Driver &state = driver();
  std::string text;
  auto add = [&](size_t count, const char *what) {
    if (count)
      text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + what;
  };
  add(static_cast<size_t>(state.contexts), "contexts");
  add(state.memory.size(), "allocations");
  add(state.reservations.size(), "reserved addresses");
  add(state.physical.size(), "mapped memories");
  add(state.pinned.size(), "pinned buffers");
  add(state.streams.all.size(), "streams");
  add(state.events.all.size(), "events");
  add(state.graphs.all.size(), "graphs");
  add(state.executables.all.size(), "executable graphs");
  add(state.modules.all.size(), "modules");
  return text;
}
