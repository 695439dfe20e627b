//===- CudnnCalls.h - Calls of cuDNN on a GPU -------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDNN_CUDNNCALLS_H
#define SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDNN_CUDNNCALLS_H

#include "../CudaContext.h"
#include "CudnnPlans.h"
#include "segc/Runtime/Device/Device.h"

#include <map>

namespace segc::cudnn {

/// The plans of the calls of a model, and their workspaces. The context of the
/// GPU is current in all of it.
class CudnnCalls {
public:
  /// Opens the library for a GPU. `allocate` returns memory of it.
  static StatusOr<std::unique_ptr<CudnnCalls>>
  create(const cuda::CudaContext &context,
         std::function<StatusOr<DeviceBuffer>(uint64_t bytes)> allocate);
  ~CudnnCalls();
  CudnnCalls(const CudnnCalls &) = delete;
  CudnnCalls &operator=(const CudnnCalls &) = delete;

  /// Finds a plan, once for each call and number of samples, and allocates its
  /// workspace.
  Status prepare(const segc_command &command, int64_t batch);
  /// Enqueues a call that was prepared.
  Status enqueue(cuda::StreamHandle stream, const KernelLaunch &call);

private:
  CudnnCalls(std::shared_ptr<const CudnnLibrary> library, CudnnPlans plans)
      : library(std::move(library)), plans(std::move(plans)) {}

  std::shared_ptr<const CudnnLibrary> library;
  CudnnPlans plans;
  HandleOfLibrary *handle = nullptr;
  std::function<StatusOr<DeviceBuffer>(uint64_t bytes)> allocate;
  std::map<std::pair<const segc_command *, int64_t>, Plan> prepared;
  /// Those of a program's stream, the largest last. Recorded graphs use the
  /// smaller ones.
  std::map<uint32_t, std::vector<DeviceBuffer>> workspaces;
};

} // namespace segc::cudnn

#endif // SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDNN_CUDNNCALLS_H
