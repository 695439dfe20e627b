/*===- half_conversions.h - 16-bit floats without instructions ------*- C -*-===
 *
 * Part of segc, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What LLVM calls to convert f16 on x86-64 processors without F16C, by the
 * names of the compiler's runtime library, which models do not link.
 *
 *===----------------------------------------------------------------------===*/

#ifndef SEGC_CODEGEN_CPU_SUPPORT_HALF_CONVERSIONS_H
#define SEGC_CODEGEN_CPU_SUPPORT_HALF_CONVERSIONS_H

#include <stdint.h>

static uint32_t bits_of(float value) {
  union {
    float value;
    uint32_t bits;
  } both = {value};
  return both.bits;
}

static float float_of(uint32_t bits) {
  union {
    uint32_t bits;
    float value;
  } both = {bits};
  return both.value;
}

static uint16_t bits_of_half(_Float16 value) {
  union {
    _Float16 value;
    uint16_t bits;
  } both = {value};
  return both.bits;
}

static _Float16 half_of(uint32_t bits) {
  union {
    uint16_t bits;
    _Float16 value;
  } both = {(uint16_t)bits};
  return both.value;
}

/* Exact. NaNs become quiet. */
float __extendhfsf2(_Float16 half) {
  const uint32_t bits = bits_of_half(half);
  const uint32_t sign = (bits & 0x8000) << 16, fraction = bits & 0x3ff;
  const uint32_t exponent = bits >> 10 & 31;
  if (exponent == 31)
    return float_of(sign | 0x7f800000 | fraction << 13 |
                    (fraction ? 0x400000 : 0));
  if (exponent == 0)
    return float_of(sign | bits_of((float)fraction * 0x1p-24f));
  return float_of(sign | (exponent + 112) << 23 | fraction << 13);
}

/* To nearest, ties to even. */
_Float16 __truncsfhf2(float value) {
  const uint32_t bits = bits_of(value), sign = bits >> 16 & 0x8000;
  const uint32_t size = bits & 0x7fffffff;
  if (size > 0x7f800000) /* NaN */
    return half_of(sign | 0x7e00 | (size >> 13 & 0x1ff));
  if (size >= bits_of(0x1p16f))
    return half_of(sign | 0x7c00);
  /* The last place of f16 below 2^-14 is that of f32 from 0.5 on. */
  if (size < bits_of(0x1p-14f))
    return half_of(sign | (bits_of(float_of(size) + 0.5f) - bits_of(0.5f)));
  const uint32_t rounded = size + 0xfff + (size >> 13 & 1);
  return half_of(sign | (rounded - (112u << 23)) >> 13);
}

#endif /* SEGC_CODEGEN_CPU_SUPPORT_HALF_CONVERSIONS_H */
