//===- FakeTensorMaps.cpp - Tensor maps of the fake driver ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rules are those of cuTensorMapEncodeTiled in the CUDA Driver API
// reference manual, for tiles that are not interleaved.
//
//===----------------------------------------------------------------------===//

#include "FakeState.h"

using namespace fakecuda;

/// Marks what this driver has encoded.
static constexpr uint64_t magic = 0x7365676d6170; // "segmap"

static unsigned bytesOf(int type) {
  return type == TensorMapF32                            ? 4
         : type == TensorMapF16 || type == TensorMapBf16 ? 2
                                                         : 0;
}

static unsigned swizzleBytes(int swizzle) {
  return swizzle == TensorMapSwizzleNone ? 0 : 16u << swizzle;
}

Result fakecuda::cuTensorMapEncodeTiled(TensorMap *encoded, int type,
                                        unsigned rank, void *address,
                                        const uint64_t *sizes,
                                        const uint64_t *strides,
                                        const unsigned *box,
                                        const unsigned *steps, int interleave,
                                        int swizzle, int promotion, int fill) {
  FAKE_ENTER();
  auto refuse = [](const std::string &text) {
    return driver().misuse("a tensor map " + text, ErrorInvalidValue);
  };
  const auto start = reinterpret_cast<uintptr_t>(address);
  const unsigned bytes = bytesOf(type);
  if (reinterpret_cast<uintptr_t>(encoded) % 64)
    return refuse("that is not aligned");
  if (!bytes || rank < 1 || rank > SEGC_MAX_TENSOR_RANK ||
      interleave != TensorMapInterleaveNone || swizzle < TensorMapSwizzleNone ||
      swizzle > TensorMapSwizzle128 || promotion < 0 ||
      promotion > TensorMapPromotion256 || fill != TensorMapFillZeros)
    return refuse("of an unknown kind");
  TensorMapOfTensor map = {start, {}};
  map.shape.type = type == TensorMapF32   ? SEGC_F32
                   : type == TensorMapF16 ? SEGC_F16
                                          : SEGC_BF16;
  map.shape.rank = rank;
  map.shape.swizzle = swizzleBytes(swizzle);
  map.shape.sample_dimension = rank;
  uint64_t end = start + bytes;
  for (unsigned i = 0; i < rank; ++i) {
    const uint64_t stride = i ? strides[i - 1] : bytes;
    if (sizes[i] < 1 || sizes[i] > uint64_t{1} << 32 || box[i] < 1 ||
        box[i] > 256 || steps[i] < 1 || steps[i] > 8)
      return refuse("with sizes, boxes or steps outside of the limits");
    if (i && (stride % 16 || stride >= uint64_t{1} << 40))
      return refuse("with a stride of " + std::to_string(stride));
    map.shape.sizes[i] = sizes[i];
    map.shape.strides[i] = stride;
    map.shape.box[i] = box[i];
    map.shape.steps[i] = steps[i];
    end += (sizes[i] - 1) * stride;
  }
  if (start % 16 || !driver().translate(start, end - start))
    return refuse("of a tensor that is not aligned or in one allocation");
  const unsigned row = box[0] * bytes;
  if (row % 16 || (swizzle && row > swizzleBytes(swizzle)))
    return refuse("with rows of " + std::to_string(row) + " bytes");
  encoded->opaque[0] = magic;
  encoded->opaque[1] = driver().tensorMaps.size();
  driver().tensorMaps.push_back(map);
  return Success;
}

std::optional<TensorMapOfTensor> fakecuda::tensorMapOf(const void *parameter) {
  const auto &encoded = *static_cast<const TensorMap *>(parameter);
  if (encoded.opaque[0] != magic ||
      encoded.opaque[1] >= driver().tensorMaps.size()) {
    driver().misuse("a parameter that is no tensor map", ErrorInvalidValue);
    return std::nullopt;
  }
  return driver().tensorMaps[encoded.opaque[1]];
}
