//===- CudaTensorMaps.cpp - Tensor maps of launches -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudaTensorMaps.h"

using namespace segc;
using namespace segc::cuda;

static StatusOr<int> typeOf(uint32_t element) {
  switch (element) {
  case SEGC_F16:
    return TensorMapF16;
  case SEGC_BF16:
    return TensorMapBf16;
  case SEGC_F32:
    return TensorMapF32;
  default:
    return unsupported("elements of type " + std::to_string(element));
  }
}

static int swizzleOf(uint32_t bytes) {
  return bytes == 128  ? TensorMapSwizzle128
         : bytes == 64 ? TensorMapSwizzle64
         : bytes == 32 ? TensorMapSwizzle32
                       : TensorMapSwizzleNone;
}

static Status encode(const CudaDriver &driver, const segc_tensor_map &map,
                     uint64_t address, int64_t batch, TensorMap &encoded,
                     const std::string &what) {
  SEGC_ASSIGN_OR_RETURN(const int type, typeOf(map.type));
  std::array<uint64_t, SEGC_MAX_TENSOR_RANK> sizes;
  for (uint32_t i = 0; i < map.rank; ++i)
    sizes[i] = map.sizes[i] *
               (i == map.sample_dimension ? static_cast<uint64_t>(batch) : 1);
  return driver.check(
      driver.cuTensorMapEncodeTiled(
          &encoded, type, map.rank,
          reinterpret_cast<void *>(static_cast<uintptr_t>(address)),
          sizes.data(), map.strides + 1, map.box, map.steps,
          TensorMapInterleaveNone, swizzleOf(map.swizzle),
          TensorMapPromotion256, TensorMapFillZeros),
      what);
}

Status cuda::encodeTensorMaps(const CudaDriver &driver,
                              const segc_command &command,
                              const uint64_t *addresses, int64_t batch,
                              TensorMaps &maps) {
  for (uint32_t i = 0; i < command.map_count; ++i) {
    const segc_tensor_map &map = command.maps[i];
    SEGC_RETURN_IF_ERROR(
        encode(driver, map, addresses[map.operand] + map.offset, batch, maps[i],
               std::string("kernel ") + command.name + ": encode tensor map " +
                   std::to_string(i)));
  }
  return Status::success();
}
