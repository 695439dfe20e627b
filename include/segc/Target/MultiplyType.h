//===- MultiplyType.h - Types that kernels multiply in ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_TARGET_MULTIPLYTYPE_H
#define SEGC_TARGET_MULTIPLYTYPE_H

#include "llvm/ADT/StringRef.h"
#include <initializer_list>
#include <optional>

namespace segc {

/// How a kernel multiplies: f32 values; f32 values whose mantissa is rounded to
/// 10 bits (tf32), with sums in f32; pairs of bf16 values whose products are
/// added in f32; pairs of f16 values whose products are added in f16 for a few
/// steps, then in f32; pairs of 16-bit integers with a scale for each block,
/// whose products are added as integers for some steps, then in f32.
enum class MultiplyType { F32, Bf16, F16, Fixed, Tf32 };

/// "f32", "bf16", "f16", "fixed" and "tf32", and back; null for other names.
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
  bool contains(MultiplyType multiplyType) const {
    return bits & bit(multiplyType);
  }
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

/// What a user may ask for: "auto", all; "f32"; "tf32"; "bf16"; "f16", with
/// bf16 where values are bf16; "fixed". Null for other names.
std::optional<MultiplyTypeSet> lookupMultiplyTypeSet(llvm::StringRef name);

} // namespace segc

#endif // SEGC_TARGET_MULTIPLYTYPE_H
