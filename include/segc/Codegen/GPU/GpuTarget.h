//===- GpuTarget.h - Description of an NVIDIA GPU ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_GPU_GPUTARGET_H
#define SEGC_CODEGEN_GPU_GPUTARGET_H

#include "segc/Target/TargetVersion.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
#include <string>

namespace segc {

/// One architecture that kernels are compiled for.
struct GpuTarget : TargetVersion {
  /// Shared memory of a block without opt-in at launch.
  int64_t sharedBytes = 48 << 10;
  int64_t blockThreads = 1024; ///< Maximum number of threads of a block.
  int64_t lanes = 4;           ///< f32 elements of the widest load of a thread.
};

/// "sm_80" (A100) and "sm_90" (H100, H200); null for other names.
std::optional<GpuTarget> lookupGpuTarget(llvm::StringRef chip);
/// Names that lookupGpuTarget accepts, the newest last.
llvm::ArrayRef<llvm::StringRef> gpuTargetNames();

} // namespace segc

#endif // SEGC_CODEGEN_GPU_GPUTARGET_H
