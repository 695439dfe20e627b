//===- Elements.h - Element types of the C interface ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_CORE_ELEMENTS_H
#define SEGC_RUNTIME_CORE_ELEMENTS_H

#include "segc/model.h"

#include <cstdint>

namespace segc {

/// Returns the size of a segc_element in bytes; 1 for an unknown one.
inline uint64_t elementBytes(uint32_t type) {
  switch (type) {
  case SEGC_I64:
    return 8;
  case SEGC_F32:
  case SEGC_I32:
    return 4;
  case SEGC_F16:
  case SEGC_BF16:
    return 2;
  default:
    return 1;
  }
}

} // namespace segc

#endif // SEGC_RUNTIME_CORE_ELEMENTS_H
