//===- CudaContext.cpp - A GPU and its context ----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudaContext.h"

#include "segc/Runtime/Device/CudaDevice.h"

using namespace segc;
using namespace segc::cuda;

/// "cuda:0 (NVIDIA H100 80GB HBM3)".
static StatusOr<std::string> nameOf(const CudaDriver &driver, int ordinal,
                                    DeviceHandle &device) {
  const std::string spec = "cuda:" + std::to_string(ordinal);
  SEGC_RETURN_IF_ERROR(
      driver.check(driver.cuDeviceGet(&device, ordinal), spec));
  char model[256] = {};
  SEGC_RETURN_IF_ERROR(driver.check(
      driver.cuDeviceGetName(model, sizeof(model) - 1, device), spec));
  return spec + " (" + model + ")";
}

StatusOr<int> segc::cudaDeviceCount(const std::string &alternative) {
  SEGC_ASSIGN_OR_RETURN(std::shared_ptr<const CudaDriver> driver,
                        CudaDriver::open("libcuda.so.1", alternative));
  return driver->deviceCount();
}

StatusOr<int> segc::cudaComputeCapability(const std::string &alternative) {
  SEGC_ASSIGN_OR_RETURN(std::shared_ptr<const CudaDriver> driver,
                        CudaDriver::open("libcuda.so.1", alternative));
  const std::string what = "cuda: the compute capability of the first GPU";
  DeviceHandle device = 0;
  int major = 0, minor = 0;
  SEGC_RETURN_IF_ERROR(driver->check(driver->cuDeviceGet(&device, 0), what));
  SEGC_RETURN_IF_ERROR(driver->check(
      driver->cuDeviceGetAttribute(&major, ComputeCapabilityMajor, device),
      what));
  SEGC_RETURN_IF_ERROR(driver->check(
      driver->cuDeviceGetAttribute(&minor, ComputeCapabilityMinor, device),
      what));
  return 10 * major + minor;
}

StatusOr<std::shared_ptr<CudaContext>> CudaContext::create(int ordinal) {
  SEGC_ASSIGN_OR_RETURN(std::shared_ptr<const CudaDriver> driver,
                        CudaDriver::open());
  std::shared_ptr<CudaContext> context(new CudaContext(std::move(driver)));
  SEGC_RETURN_IF_ERROR(context->open(ordinal));
  return context;
}

Status CudaContext::open(int ordinal) {
  if (ordinal < 0 || ordinal >= driver_->deviceCount()) {
    std::string present;
    for (int i = 0; i < driver_->deviceCount(); ++i) {
      SEGC_ASSIGN_OR_RETURN(std::string other, nameOf(*driver_, i, device));
      present += (i ? ", " : "") + other;
    }
    return wrongUsage("--device cuda:" + std::to_string(ordinal) +
                      ": no such GPU, this machine has " + present);
  }
  ordinal_ = ordinal;
  SEGC_ASSIGN_OR_RETURN(name_, nameOf(*driver_, ordinal, device));
  auto attribute = [&](DeviceAttribute which, auto &value) {
    int answer = 0;
    Status status = check(driver_->cuDeviceGetAttribute(&answer, which, device),
                          "attribute " + std::to_string(which) + " of the GPU");
    value = answer;
    return status;
  };
  int minor = 0;
  SEGC_RETURN_IF_ERROR(attribute(ComputeCapabilityMajor, capability_));
  SEGC_RETURN_IF_ERROR(attribute(ComputeCapabilityMinor, minor));
  capability_ = 10 * capability_ + minor;
  SEGC_RETURN_IF_ERROR(attribute(MaxGridX, maxGrid_));
  SEGC_RETURN_IF_ERROR(attribute(MaxSharedMemoryOptIn, maxSharedMemory_));
  SEGC_RETURN_IF_ERROR(attribute(HasVirtualMemory, hasVirtualMemory_));
  SEGC_RETURN_IF_ERROR(
      check(driver_->cuDevicePrimaryCtxRetain(&context, device),
            "open the GPU (`nvidia-smi` shows who uses it)"));
  const CurrentContext current(*this);
  SEGC_RETURN_IF_ERROR(current.status);
  return check(driver_->cuStreamCreate(&service, StreamNonBlocking),
               "create a stream");
}

CudaContext::~CudaContext() {
  // Nothing can be done about an error: after a fault of a kernel every call
  // fails, and the driver frees all at the end of the process.
  if (service) {
    const CurrentContext current(*this);
    driver_->cuStreamDestroy(service);
  }
  if (context)
    driver_->cuDevicePrimaryCtxRelease(device);
}
