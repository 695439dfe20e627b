//===- CudnnCalls.h - Calls of cuDNN on a GPU -------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDNN_CUDNNCALLS_H
#define SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDNN_CUDNNCALLS_H

#include "CudnnPlans.h"
#include "segc/Runtime/Device/Device.h"

#include <map>

namespace segc::cuda {
class CudaDevice;
} // namespace segc::cuda

namespace segc::cudnn {

/// The plans of the calls of a model, and their workspaces. The context of the
/// GPU is current in all of it.
class CudnnCalls {
public:
  /// Opens the library for a GPU.
  static StatusOr<std::unique_ptr<CudnnCalls>> create(cuda::CudaDevice &device,
                                                      int ordinal);
  ~CudnnCalls();
  CudnnCalls(const CudnnCalls &) = delete;
  CudnnCalls &operator=(const CudnnCalls &) = delete;

  /// Finds a plan, once for each call and number of samples, and allocates its
  /// workspace. Returns false if the kernels beside the call are to run
  /// instead; `kernels` returns their digest.
  StatusOr<bool> prepare(const segc_command &command, int64_t batch,
                         const Convolution &convolution,
                         const std::function<std::string()> &kernels);
  /// Remembers that the kernels beside a call run, which has no plan.
  void useKernels(const segc_command &command, int64_t batch) {
    prepared[{&command, batch}] = std::nullopt;
  }
  /// Enqueues a call that was prepared.
  Status enqueue(Stream &stream, const KernelLaunch &call);

private:
  /// What runs a call.
  struct Prepared {
    Plan plan;
    /// Behind the plan's workspace is a filter in cuDNN's layout, where that is
    /// not the model's.
    std::optional<segc_filter_permutation> permutation;
    DeviceBuffer onDevice; ///< The permutation, for the kernel.
    size_t filterOperand = 0;
    uint64_t filterBytes = 0;

    uint64_t filterOffset() const {
      return (plan.workspaceBytes + SEGC_ALIGNMENT - 1) / SEGC_ALIGNMENT *
             SEGC_ALIGNMENT;
    }
    uint64_t workspaceBytes() const {
      return permutation ? filterOffset() + filterBytes : plan.workspaceBytes;
    }
  };

  CudnnCalls(cuda::CudaDevice &device,
             std::shared_ptr<const CudnnLibrary> library, CudnnPlans plans)
      : device(device), library(std::move(library)), plans(std::move(plans)) {}
  StatusOr<Prepared> preparedFor(Plan plan, const Convolution &convolution);
  StatusOr<CudnnPlans::Choice> choose(const segc_command &command,
                                      int64_t batch,
                                      const Convolution &convolution);
  Status run(Stream &stream, const Prepared &call, void *const *operands,
             DeviceAddress workspace);
  Status permute(Stream &stream, const Prepared &call, void *from, void *to);

  cuda::CudaDevice &device;
  std::shared_ptr<const CudnnLibrary> library;
  CudnnPlans plans;
  HandleOfLibrary *handle = nullptr;
  /// Nothing where the kernels were chosen.
  std::map<std::pair<const segc_command *, int64_t>, std::optional<Prepared>>
      prepared;
  /// Those of a program's stream, the largest last. Recorded graphs use the
  /// smaller ones.
  std::map<uint32_t, std::vector<DeviceBuffer>> workspaces;
};

/// The kernel of permutations; its tasks are the samples of a launch.
extern const segc_command permuteFilterCommand;

} // namespace segc::cudnn

#endif // SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDNN_CUDNNCALLS_H
