//===- CudaContext.h - A GPU and its context --------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDACONTEXT_H
#define SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDACONTEXT_H

#include "CudaDriver.h"

namespace segc::cuda {

/// A GPU, its primary context, and a stream for the work of allocations. All
/// memory, streams and kernels of the GPU share it.
class CudaContext {
public:
  /// An ordinal that the machine lacks is an error that lists its GPUs.
  static StatusOr<std::shared_ptr<CudaContext>> create(int ordinal);
  ~CudaContext();
  CudaContext(const CudaContext &) = delete;
  CudaContext &operator=(const CudaContext &) = delete;

  const CudaDriver &driver() const { return *driver_; }
  int ordinal() const { return ordinal_; }
  /// "cuda:0 (NVIDIA H100 80GB HBM3)".
  const std::string &name() const { return name_; }
  /// The compute capability: 10 * major + minor.
  int capability() const { return capability_; }
  int64_t maxGrid() const { return maxGrid_; }
  /// Bytes of shared memory that a block may have at most.
  int64_t maxSharedMemory() const { return maxSharedMemory_; }
  /// Whether the GPU has addresses without memory.
  bool hasVirtualMemory() const {
    return hasVirtualMemory_ && driver_->hasVirtualMemory();
  }
  StreamHandle serviceStream() const { return service; }

  /// The driver's answer as a Status that begins with the name.
  Status check(Result result, const std::string &what) const {
    return driver_->check(result, name_ + ": " + what);
  }

private:
  friend class CurrentContext;
  explicit CudaContext(std::shared_ptr<const CudaDriver> driver)
      : driver_(std::move(driver)) {}
  Status open(int ordinal);

  std::shared_ptr<const CudaDriver> driver_;
  DeviceHandle device = 0;
  ContextHandle context = nullptr;
  StreamHandle service = nullptr;
  std::string name_;
  int ordinal_ = 0, capability_ = 0;
  int64_t maxGrid_ = 0, maxSharedMemory_ = 0;
  bool hasVirtualMemory_ = false;
};

/// Makes a context the one of this thread until the end of a scope; the context
/// that the caller of the runtime had is there again afterwards.
class CurrentContext {
public:
  explicit CurrentContext(const CudaContext &context)
      : driver(context.driver()),
        status(context.check(driver.cuCtxPushCurrent(context.context),
                             "take the context")) {}
  ~CurrentContext() {
    ContextHandle popped;
    if (status.ok())
      driver.cuCtxPopCurrent(&popped);
  }
  CurrentContext(const CurrentContext &) = delete;
  CurrentContext &operator=(const CurrentContext &) = delete;

private:
  const CudaDriver &driver;

public:
  const Status status;
};

} // namespace segc::cuda

#endif // SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDACONTEXT_H
