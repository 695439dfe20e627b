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
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace segc {

/// How a kernel multiplies: f32 values; pairs of bf16 values whose products are
/// added in f32; pairs of f16 values whose products are added in f16 for a few
/// steps, then in f32; pairs of 16-bit integers with a scale for each block,
/// whose products are added as integers for some steps, then in f32.
enum class MultiplyType { F32, Bf16, F16, Fixed };

/// "f32", "bf16", "f16" and "fixed", and back; null for other names.
llvm::StringRef multiplyTypeName(MultiplyType multiplyType);
std::optional<MultiplyType> lookupMultiplyType(llvm::StringRef name);

/// A set of products; those of f32 are always in it.
class MultiplyTypeSet {
public:
  MultiplyTypeSet(std::initializer_list<MultiplyType> members) {
    for (MultiplyType multiplyType : members)
      insert(multiplyType);
  }
  void insert(MultiplyType multiplyType) { bits |= bit(multiplyType); }
  void remove(MultiplyType multiplyType) {
    bits &= ~bit(multiplyType) | bit(MultiplyType::F32);
  }
  bool contains(MultiplyType multiplyType) const { return bits & bit(multiplyType); }
  MultiplyTypeSet operator&(MultiplyTypeSet other) const {
    other.bits &= bits;
    return other;
  }
  bool operator==(MultiplyTypeSet other) const { return bits == other.bits; }

private:
  static unsigned bit(MultiplyType multiplyType) {
    return 1u << static_cast<unsigned>(multiplyType);
  }
  unsigned bits = 1;
};

/// What a user may ask for: "auto", all; "f32"; "bf16"; "f16", with bf16 where
/// values are bf16; "fixed". Null for other names.
std::optional<MultiplyTypeSet> lookupMultiplyTypeSet(llvm::StringRef name);

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
  /// Those that it has instructions for.
  MultiplyTypeSet multiplyTypes{MultiplyType::F32};
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

#endif // SEGC_TARGET_CPUTARGET_H
