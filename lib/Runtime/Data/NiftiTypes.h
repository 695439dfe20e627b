//===- NiftiTypes.h - Codes of nifti1.h -------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_NIFTITYPES_H
#define SEGC_LIB_RUNTIME_DATA_NIFTITYPES_H

#include "segc/Runtime/Data/Voxels.h"

#include <cstdint>
#include <optional>

namespace segc::nifti {

/// Single files start their voxels here: the header and an empty extension.
constexpr uint64_t dataStart = 352;
constexpr int32_t nifti2HeaderBytes = 540;
constexpr uint64_t nifti2DataStart = 544;

/// Those that we write.
enum DataType : int16_t { U8 = 2, F32 = 16 };

/// None for a type that we do not read.
inline std::optional<VoxelType> voxelType(int16_t code) {
  switch (code) {
  case U8:
    return VoxelType::U8;
  case 4:
    return VoxelType::I16;
  case 8:
    return VoxelType::I32;
  case F32:
    return VoxelType::F32;
  case 64:
    return VoxelType::F64;
  case 256:
    return VoxelType::I8;
  case 512:
    return VoxelType::U16;
  case 768:
    return VoxelType::U32;
  case 1024:
    return VoxelType::I64;
  case 1280:
    return VoxelType::U64;
  }
  return std::nullopt;
}

/// The code of a type that we read.
inline int16_t dataTypeOf(VoxelType type) {
  for (int16_t code : {2, 4, 8, 16, 64, 256, 512, 768, 1024, 1280})
    if (voxelType(code) == type)
      return code;
  return 0;
}

/// What the standard calls a type that we do not read; null if it has none.
inline const char *foreignTypeName(int16_t code) {
  switch (code) {
  case 1:
    return "1-bit";
  case 32:
    return "complex (complex64)";
  case 128:
    return "RGB (RGB24)";
  case 1536:
    return "128-bit real (float128)";
  case 1792:
    return "complex (complex128)";
  case 2048:
    return "complex (complex256)";
  case 2304:
    return "RGBA (RGBA32)";
  }
  return nullptr;
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
