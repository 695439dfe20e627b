//===- FakeNumbers.h - Elements of the fake GPU's memory --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RUNTIME_FAKECUDA_FAKENUMBERS_H
#define SEGC_UNITTESTS_RUNTIME_FAKECUDA_FAKENUMBERS_H

#include "segc/model.h"

#include <cstring>

namespace fakecuda {

inline float load(const void *from, int64_t i, uint32_t type) {
  if (type == SEGC_F16)
    return static_cast<float>(static_cast<const _Float16 *>(from)[i]);
  if (type != SEGC_BF16)
    return static_cast<const float *>(from)[i];
  const uint32_t bits =
      static_cast<uint32_t>(static_cast<const uint16_t *>(from)[i]) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// Rounds to the nearest, ties to even.
inline void store(void *to, int64_t i, uint32_t type, float value) {
  if (type == SEGC_F16) {
    static_cast<_Float16 *>(to)[i] = static_cast<_Float16>(value);
  } else if (type == SEGC_BF16) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    bits =
        value != value ? bits | 0x400000u : bits + 0x7fffu + (bits >> 16 & 1u);
    static_cast<uint16_t *>(to)[i] = static_cast<uint16_t>(bits >> 16);
  } else {
    static_cast<float *>(to)[i] = value;
  }
}

} // namespace fakecuda

#endif // SEGC_UNITTESTS_RUNTIME_FAKECUDA_FAKENUMBERS_H
