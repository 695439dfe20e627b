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
  std::string name;    ///< "x86-64-v3", "x86-64-v4"; goes into symbols.
  std::string llvmCpu; ///< -mcpu.
  /// What the processor must have, in the names of model.h's manifest.
  std::vector<std::string> features;
  int64_t lanes = 8;      ///< f32 lanes of a vector register.
  int64_t registers = 16; ///< Vector registers.
  int64_t l1Bytes = 32 << 10;
  int64_t l2Bytes = 1 << 20; ///< A core's own.
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

/// "x86-64-v3" (AVX2, FMA) and "x86-64-v4" (AVX-512 F, BW, CD, DQ, VL); null
/// for other names.
std::optional<CpuTarget> lookupCpuTarget(llvm::StringRef name);
/// Names that lookupCpuTarget knows, best last.
llvm::ArrayRef<llvm::StringRef> cpuTargetNames();
/// The best of them that runs here, or null on older processors.
std::optional<CpuTarget> hostCpuTarget();

} // namespace segc

#endif // SEGC_TARGET_CPUTARGET_H
