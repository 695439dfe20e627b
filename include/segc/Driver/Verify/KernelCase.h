//===- KernelCase.h - Kernels to check on a device --------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRIVER_VERIFY_KERNELCASE_H
#define SEGC_DRIVER_VERIFY_KERNELCASE_H

#include "segc/Driver/Verify/KernelCheck.h"
#include "llvm/Support/JSON.h"

namespace segc {

/// Writes what a machine with a GPU needs to check the kernels of a fusion, and
/// no compiler there: FOLDER/NAME.ptx and FOLDER/NAME.expected. Returns how
/// inputs are drawn, and how the kernels are launched
/// (read by bench/gpu/kernel_case.py). `emulated` runs the same kernels for the
/// values that reductions read, and so holds them against the reference first.
llvm::Expected<llvm::json::Object>
writeKernelCase(seg::FusionOp fusion, const Target &device,
                const Target &emulated, const KernelCheckOptions &options,
                llvm::StringRef folder, llvm::StringRef name);

} // namespace segc

#endif // SEGC_DRIVER_VERIFY_KERNELCASE_H
