//===- CudaDriver.cpp - The CUDA driver, opened at run time ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudaDriver.h"

#include <dlfcn.h>

using namespace segc;
using namespace segc::cuda;

/// The version of the driver API that the declarations are of. The library's
/// plain symbols are those of older versions, so each function is asked for by
/// this version.
static constexpr int neededVersion = 12000;

std::string segc::cuda::versionText(int version) {
  return std::to_string(version / 1000) + "." +
         std::to_string(version % 1000 / 10);
}

StatusOr<std::shared_ptr<const CudaDriver>>
CudaDriver::open(const std::string &name, const std::string &alternative) {
  void *library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return unsupported(std::string("cuda: no NVIDIA driver: ") + dlerror() +
                       "; install the driver of the GPU, or " + alternative);
  // The library stays open: a driver that has started does not unload.
  std::shared_ptr<CudaDriver> driver(new CudaDriver);
  SEGC_RETURN_IF_ERROR(driver->resolve(library, name, alternative));
  return std::shared_ptr<const CudaDriver>(std::move(driver));
}

Status CudaDriver::resolve(void *library, const std::string &name,
                           const std::string &alternative) {
  const std::string otherwise = ", or " + alternative;
  auto init = reinterpret_cast<Result (*)(unsigned)>(dlsym(library, "cuInit"));
  auto getVersion =
      reinterpret_cast<Result (*)(int *)>(dlsym(library, "cuDriverGetVersion"));
  if (!init || !getVersion)
    return unsupported("cuda: " + name +
                       " has no function cuInit or cuDriverGetVersion: it is "
                       "not an NVIDIA driver; look for another " +
                       name + " in LD_LIBRARY_PATH");
  const Result initialised = init(0);
  if (initialised == ErrorStubLibrary)
    return unsupported("cuda: " + name +
                       " is the stub of the CUDA toolkit, not a driver; take "
                       "the stub's folder out of LD_LIBRARY_PATH" +
                       otherwise);
  if (initialised == ErrorNoDevice)
    return unsupported("cuda: the NVIDIA driver finds no GPU; check "
                       "`nvidia-smi` and CUDA_VISIBLE_DEVICES" +
                       otherwise);
  Result answered = getVersion(&version_);
  auto find =
      reinterpret_cast<Result (*)(const char *, void **, int, uint64_t, int *)>(
          dlsym(library, "cuGetProcAddress_v2"));
  if (answered == Success && (version_ < neededVersion || !find))
    return unsupported("cuda: the NVIDIA driver is of CUDA " +
                       versionText(version_) + ", expected at least " +
                       versionText(neededVersion) + "; update the driver" +
                       otherwise);
  if (initialised != Success || answered != Success)
    return unsupported("cuda: the NVIDIA driver does not start: cuInit "
                       "answered " +
                       std::to_string(initialised ? initialised : answered) +
                       "; check `nvidia-smi`" + otherwise);
  std::string missing;
  auto get = [&](const char *function, auto &pointer, bool isOptional = false) {
    void *address = nullptr;
    int status = 0;
    if (find(function, &address, neededVersion, 0, &status) != Success)
      address = nullptr;
    if (!address && !isOptional)
      missing += std::string(missing.empty() ? "" : ", ") + function;
    pointer = reinterpret_cast<std::decay_t<decltype(pointer)>>(address);
  };
#define SEGC_CUDA_FUNCTION(name, ...) get(#name, name);
#define SEGC_CUDA_OPTIONAL_FUNCTION(name, ...)                                 \
  get(#name, name, /*isOptional=*/true);
#include "DriverFunctions.def"
  if (!missing.empty())
    return unsupported("cuda: the NVIDIA driver of CUDA " +
                       versionText(version_) + " lacks " + missing +
                       "; install a complete driver" + otherwise);
  SEGC_RETURN_IF_ERROR(check(cuDeviceGetCount(&count), "cuda: count the GPUs"));
  return count > 0 ? Status::success()
                   : unsupported("cuda: the NVIDIA driver finds no GPU; check "
                                 "`nvidia-smi` and CUDA_VISIBLE_DEVICES" +
                                 otherwise);
}

std::string CudaDriver::text(Result result) const {
  const char *name = nullptr, *meaning = nullptr;
  const std::string number = std::to_string(result);
  if (cuGetErrorName(result, &name) != Success || !name ||
      cuGetErrorString(result, &meaning) != Success || !meaning)
    return "error " + number + ", which the driver does not know";
  return std::string(meaning) + " (" + name + ", " + number + ")";
}

Status CudaDriver::check(Result result, const std::string &what) const {
  return result == Success
             ? Status::success()
             : Status(StatusCode::IoError, what + ": " + text(result));
}
