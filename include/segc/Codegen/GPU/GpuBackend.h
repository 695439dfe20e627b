//===- GpuBackend.h - Registration of GPUs ----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_GPU_GPUBACKEND_H
#define SEGC_CODEGEN_GPU_GPUBACKEND_H

#include "llvm/ADT/StringRef.h"

namespace segc {

inline constexpr llvm::StringLiteral gpuBackendName = "cuda";
/// The same kernels as functions of the host, for the emulator.
inline constexpr llvm::StringLiteral emulatedGpuBackendName = "cuda-emulated";

/// Registers the backends `cuda` and `cuda-emulated` (TargetBackend.h).
void registerGpuBackend();

} // namespace segc

#endif // SEGC_CODEGEN_GPU_GPUBACKEND_H
