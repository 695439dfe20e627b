//===- CpuTarget.h - What a kernel may count on -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_TARGET_CPUTARGET_H
#define SEGC_TARGET_CPUTARGET_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace segc {

/// One instruction-set version of the kernels.
struct CpuTarget {
  std::string name;         ///< "x86-64-v3", "x86-64-v4"; goes into symbols.
  std::string llvmCpu;      ///< -mcpu.
  std::string llvmFeatures; ///< -mattr, beside those of the CPU.
  /// What the processor must have, in the names of model.h's manifest.
  std::vector<std::string> features;
  int64_t lanes = 8;      ///< f32 lanes of a vector register.
  int64_t registers = 16; ///< Vector registers.
  int64_t l1Bytes = 32 << 10;
  int64_t l2Bytes = 1 << 20; ///< A core's own.
  /// Has instructions for products of pairs of bf16 that are added to f32.
  bool bf16Products = false;
  // Round figures of a core of a server, for a first guess at times. They
  // decide what is worth computing again: in prologues, and to save memory.
  double clockHz = 4e9;
  double fmaUnits = 2;
  double bytesPerSecond = 12e9; ///< From memory.

  double peakFlops() const {
    return 2 * fmaUnits * static_cast<double>(lanes) * clockHz;
  }
  /// The roofline: whichever takes longer, computing or moving.
  double modelledSeconds(double flops, double bytes, double cores) const;
};

/// "x86-64-v3" (AVX2, FMA), "x86-64-v4" (AVX-512 F, BW, CD, DQ, VL) and
/// "x86-64-v4-bf16" (and AVX512-BF16); null for other names.
std::optional<CpuTarget> lookupCpuTarget(llvm::StringRef name);
/// Names that lookupCpuTarget knows, best last.
llvm::ArrayRef<llvm::StringRef> cpuTargetNames();
/// Those that differ for kernels which multiply in f32 alone, or for all.
llvm::ArrayRef<llvm::StringRef> cpuTargetNames(bool shortProducts);
/// The best of those that runs here, or null on older processors.
std::optional<CpuTarget> hostCpuTarget(bool shortProducts);

} // namespace segc

#endif // SEGC_TARGET_CPUTARGET_H
