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

/// How a kernel multiplies, by rising preference: f32 values; pairs of bf16
/// values whose products are added in f32; pairs of f16 values whose products
/// are added in f16 for a few steps, then in f32.
enum class Products { F32, Bf16, F16 };

/// "f32", "bf16" and "f16", and back; null for other names.
llvm::StringRef productsName(Products products);
std::optional<Products> lookupProducts(llvm::StringRef name);

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
  /// Has f16 arithmetic.
  bool f16Products = false;
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
  /// The best products that it has instructions for, none beyond `most`.
  Products bestProducts(Products most) const;
};

/// "x86-64-v3" (AVX2, FMA), "x86-64-v4" (AVX-512 F, BW, CD, DQ, VL),
/// "x86-64-v4-bf16" (and AVX512-BF16) and "x86-64-v4-fp16" (and AVX512-FP16);
/// null for other names.
std::optional<CpuTarget> lookupCpuTarget(llvm::StringRef name);
/// Names that lookupCpuTarget knows, best last.
llvm::ArrayRef<llvm::StringRef> cpuTargetNames();
/// Those that differ for kernels of no products beyond `most`.
llvm::ArrayRef<llvm::StringRef> cpuTargetNames(Products most);
/// The best of those that runs here, or null on older processors.
std::optional<CpuTarget> hostCpuTarget(Products most);

} // namespace segc

#endif // SEGC_TARGET_CPUTARGET_H
