//===- Floats.h - Numbers of 16 bits as f32 ---------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_BASE_FLOATS_H
#define SEGC_BASE_FLOATS_H

#include <cstdint>
#include <cstring>

namespace segc {

inline float floatOf(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

inline uint32_t bitsOf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

inline float floatOfHalf(uint16_t half) {
  uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16,
           magnitude = half & 0x7fff;
  if (magnitude >= 0x7c00) // infinity, NaN
    return floatOf(sign | 0x7f800000 | (magnitude & 0x3ff) << 13);
  // Multiplication by 2^112 makes subnormal numbers right as well.
  return floatOf(sign | magnitude << 13) * 0x1p112f;
}

inline float floatOfBF16(uint16_t bits) {
  return floatOf(static_cast<uint32_t>(bits) << 16);
}

/// The nearest number of 16 bits, of two the even one.
inline uint16_t halfOf(float value) {
  const uint32_t bits = bitsOf(value), sign = bits >> 16 & 0x8000,
                 magnitude = bits & 0x7fffffff;
  uint32_t half =
      (magnitude + 0xfff + (magnitude >> 13 & 1) - 0x38000000) >> 13;
  if (magnitude < 0x38800000) // The addition rounds to subnormal numbers.
    half = bitsOf(floatOf(magnitude) + 0.5f) - bitsOf(0.5f);
  if (magnitude >= 0x477ff000) // nearer to infinity than to 65504
    half = 0x7c00;
  if (magnitude > 0x7f800000)
    half = 0x7e00;
  return static_cast<uint16_t>(sign | half);
}

inline uint16_t bf16Of(float value) {
  const uint32_t bits = bitsOf(value);
  const bool isNaN = (bits & 0x7fffffff) > 0x7f800000;
  return static_cast<uint16_t>(
      (isNaN ? bits | 0x400000 : bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/// Tensor cores ignore the low bits.
inline float floatOfTF32(uint32_t bits) { return floatOf(bits & 0xffffe000); }

} // namespace segc

#endif // SEGC_BASE_FLOATS_H
