//===- CpuTarget.h - What a kernel may count on -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_CPU_CPUTARGET_H
#define SEGC_CODEGEN_CPU_CPUTARGET_H

#include "segc/Target/TargetVersion.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace segc {

/// One instruction-set version of the kernels.
struct CpuTarget : TargetVersion {
  std::string llvmCpu;      ///< -mcpu.
  std::string llvmFeatures; ///< -mattr, beside those of the CPU.
  int64_t lanes = 8;      ///< f32 lanes of a vector register.
  int64_t registers = 16; ///< Vector registers.
  int64_t l1Bytes = 32 << 10;
  int64_t l2Bytes = 1 << 20; ///< A core's own.
  // Round figures of a core of a server, for a first guess at times. They
  // decide what is worth computing again: in prologues, and to save memory.
  double clockHz = 4e9;
  double fmaUnits = 2;
};

/// "x86-64-v3" (AVX2, FMA), "x86-64-v4" (AVX-512 F, BW, CD, DQ, VL),
/// "x86-64-v4-vnni" (and AVX512-VNNI), "x86-64-v4-bf16" (and AVX512-BF16) and
/// "x86-64-v4-fp16" (and AVX512-FP16), each with what those before it have;
/// null for other names.
std::optional<CpuTarget> lookupCpuTarget(llvm::StringRef name);
/// Names that lookupCpuTarget knows, best last.
llvm::ArrayRef<llvm::StringRef> cpuTargetNames();
/// Those that differ for kernels of these products.
std::vector<llvm::StringRef> cpuTargetNames(MultiplyTypeSet multiplyTypes);
/// The best of those that runs here, or null on older processors.
std::optional<CpuTarget> hostCpuTarget(MultiplyTypeSet multiplyTypes);

} // namespace segc

#endif // SEGC_CODEGEN_CPU_CPUTARGET_H
