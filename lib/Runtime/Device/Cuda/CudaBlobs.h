//===- CudaBlobs.h - Which code of a model a GPU runs -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDABLOBS_H
#define SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDABLOBS_H

#include "CudaContext.h"
#include "segc/model.h"

#include <optional>
#include <string_view>
#include <vector>

namespace segc::cuda {

/// "sm_90a": instructions of compute capability 9.0 that only this one has.
struct Architecture {
  int capability = 0; ///< 10 * major + minor
  char suffix = 0;    ///< 'a': exactly this one, 'f': this family, or 0

  static std::optional<Architecture> parse(std::string_view text);
  /// Whether PTX for it can be compiled for a GPU.
  bool ptxRunsOn(int gpu) const;
  /// Whether machine code for it runs on a GPU.
  bool cubinRunsOn(int gpu) const { return capability == gpu; }
};

/// Returns the version of CUDA whose driver first read PTX of a `.version`,
/// which is 10 * major + minor; 0 if this runtime does not know it.
int cudaVersionOfPtx(int ptxVersion);

/// Returns the blob of a module that runs best: machine code for exactly this
/// GPU, else the PTX with the most instructions of it that the driver compiles.
/// The error says what the blobs are for and what the GPU and the driver are.
StatusOr<const segc_blob *> chooseBlob(const CudaContext &context,
                                       const segc_version &version,
                                       uint32_t module);

/// Returns a digest of the kernels that are launched instead of a call: of
/// their PTX, whatever their names are, and of how they are launched. The call
/// is of one of the versions.
std::string
digestOfAlternatives(const segc_command &call,
                     const std::vector<const segc_version *> &versions);

} // namespace segc::cuda

#endif // SEGC_LIB_RUNTIME_DEVICE_CUDA_CUDABLOBS_H
