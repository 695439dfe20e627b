//===- CudaKernels.h - Kernels of a model on a GPU --------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDAKERNELS_H
#define SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDAKERNELS_H

#include "CudaContext.h"
#include "segc/model.h"

#include <map>
#include <unordered_map>

namespace segc::cuda {

/// The modules of one version of a model, loaded, and the kernels of its
/// commands.
class CudaKernels {
public:
  /// Whether a GPU and its driver run the version; the error names what they
  /// lack.
  static Status supports(const CudaContext &context,
                         const segc_version &version);
  /// Loads the modules that the launches of `version` name, and checks that the
  /// GPU has the threads and the shared memory for each.
  static StatusOr<std::unique_ptr<CudaKernels>>
  load(std::shared_ptr<const CudaContext> context, const segc_version &version);
  /// Loads one module of PTX, with one kernel.
  static StatusOr<std::unique_ptr<CudaKernels>>
  loadText(std::shared_ptr<const CudaContext> context, const char *ptx,
           const segc_command &command);
  ~CudaKernels();
  CudaKernels(const CudaKernels &) = delete;
  CudaKernels &operator=(const CudaKernels &) = delete;

  /// Returns the kernel of a launch; null if it was not loaded.
  FunctionHandle find(const segc_command *command) const {
    auto found = kernels.find(command);
    return found == kernels.end() ? nullptr : found->second;
  }

private:
  explicit CudaKernels(std::shared_ptr<const CudaContext> context)
      : context(std::move(context)) {}
  Status addModule(uint32_t module, const segc_blob &blob);
  Status addKernel(const segc_command &command);

  std::shared_ptr<const CudaContext> context;
  std::map<uint32_t, ModuleHandle> modules;
  std::unordered_map<const segc_command *, FunctionHandle> kernels;
  /// Dynamic shared memory that a function was allowed.
  std::map<FunctionHandle, uint32_t> allowed;
};

} // namespace segc::cuda

#endif // SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDAKERNELS_H
