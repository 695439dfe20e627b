//===- CpuTarget.h - Description of a processor -----------------*- C++ -*-===//
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

/// A version of the CPU's kernels: an instruction set and sizes of a core.
struct CpuTarget : TargetVersion {
  std::string llvmCpu;      ///< -mcpu.
  std::string llvmFeatures; ///< -mattr, in addition to the features of
                            ///< `llvmCpu`.
  int64_t lanes = 8;        ///< f32 lanes of a vector register.
  int64_t registers = 16;   ///< Vector registers.
  int64_t l1Bytes = 32 << 10;
  int64_t l2Bytes = 1 << 20; ///< L2 cache of one core.
  // Round figures of a server's core, for estimates of time. The estimates
  // decide whether recomputation pays, in prologues and to save memory.
  double clockHz = 4e9;
  double fmaUnits = 2;
  bool fusedMultiplyAdd = true;
  /// Compiled for where no version is asked for: processors of today.
  bool isDefault = true;
};

/// "armv8-a" (NEON), "x86-64-v2" (SSE4.2), "x86-64-v3" (AVX2, FMA), "x86-64-v4"
/// (AVX-512 F, BW, CD, DQ, VL), "x86-64-v4-vnni" (and AVX512-VNNI),
/// "x86-64-v4-bf16" (and AVX512-BF16) and "x86-64-v4-fp16" (and AVX512-FP16),
/// those of x86-64 with what those before them have; null for other names.
std::optional<CpuTarget> lookupCpuTarget(llvm::StringRef name);
/// Names that lookupCpuTarget accepts, the best last.
llvm::ArrayRef<llvm::StringRef> cpuTargetNames();
/// The names, of those that are compiled by default, whose kernels differ for
/// these multiply types.
std::vector<llvm::StringRef> cpuTargetNames(MultiplyTypeSet multiplyTypes);
/// The best target that the host supports; null if it supports none. Of those
/// whose kernels are the same for these multiply types, the least.
std::optional<CpuTarget> hostCpuTarget(MultiplyTypeSet multiplyTypes);

} // namespace segc

#endif // SEGC_CODEGEN_CPU_CPUTARGET_H
