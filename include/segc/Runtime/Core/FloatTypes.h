//===- FloatTypes.h - Numbers of the types of the C interface ---*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_CORE_FLOATTYPES_H
#define SEGC_RUNTIME_CORE_FLOATTYPES_H

#include "segc/Base/Floats.h"
#include "segc/model.h"

namespace segc {

/// @name How values of a type are read and written
/// @{
struct F32 {
  using Stored = float;
  static float load(float value) { return value; }
  static float store(float value) { return value; }
};
struct F16 {
  using Stored = uint16_t;
  static float load(uint16_t value) { return floatOfHalf(value); }
  static uint16_t store(float value) { return halfOf(value); }
};
struct BF16 {
  using Stored = uint16_t;
  static float load(uint16_t value) { return floatOfBF16(value); }
  static uint16_t store(float value) { return bf16Of(value); }
};
/// f32 in memory, of the values that a shorter type has.
template <typename Type>
struct RoundedTo {
  using Stored = float;
  static float load(float value) { return Type::load(Type::store(value)); }
  static float store(float value) { return load(value); }
};
/// @}

inline bool isFloatType(uint32_t type) {
  return type == SEGC_F32 || type == SEGC_F16 || type == SEGC_BF16;
}

/// Calls `function` with the type of values that isFloatType().
template <typename Function>
auto withFloatType(uint32_t type, Function &&function) {
  return type == SEGC_F16    ? function(F16())
         : type == SEGC_BF16 ? function(BF16())
                             : function(F32());
}

/// Rounds or widens `count` values.
inline void convertFloats(const void *from, uint32_t fromType, void *to,
                          uint32_t toType, uint64_t count) {
  withFloatType(fromType, [&](auto source) {
    withFloatType(toType, [&](auto target) {
      using Source = decltype(source);
      using Target = decltype(target);
      const auto *values = static_cast<const typename Source::Stored *>(from);
      auto *converted = static_cast<typename Target::Stored *>(to);
      for (uint64_t i = 0; i < count; ++i)
        converted[i] = Target::store(Source::load(values[i]));
    });
  });
}

} // namespace segc

#endif // SEGC_RUNTIME_CORE_FLOATTYPES_H
