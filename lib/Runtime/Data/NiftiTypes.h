//===- NiftiTypes.h - Codes of nifti1.h -------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_NIFTITYPES_H
#define SEGC_LIB_RUNTIME_DATA_NIFTITYPES_H

#include <cstdint>

namespace segc::nifti {

/// Single files start their voxels here: the header and an empty extension.
constexpr uint64_t dataStart = 352;

enum DataType : int16_t {
  U8 = 2,
  I16 = 4,
  I32 = 8,
  F32 = 16,
  F64 = 64,
  I8 = 256,
  U16 = 512,
  U32 = 768,
};

/// 0 for a type that we do not read.
inline uint64_t elementBytes(int16_t code) {
  switch (code) {
  case U8:
  case I8:
    return 1;
  case I16:
  case U16:
    return 2;
  case I32:
  case U32:
  case F32:
    return 4;
  case F64:
    return 8;
  }
  return 0;
}

/// Millimetres in one unit of the header's xyzt_units; unknown means them.
inline double unitMillimetres(char units) {
  switch (units & 7) {
  case 1:
    return 1000.0;
  case 3:
    return 0.001;
  }
  return 1.0;
}

} // namespace segc::nifti

#endif // SEGC_LIB_RUNTIME_DATA_NIFTITYPES_H
