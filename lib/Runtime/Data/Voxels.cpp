//===- Voxels.cpp - Voxels in the type of their file ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Voxels.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace segc;

/// Calls f with a value of the C++ type behind `type`.
template <typename F>
static auto withType(VoxelType type, F f) {
  switch (type) {
  case VoxelType::U8:
    return f(uint8_t());
  case VoxelType::I8:
    return f(int8_t());
  case VoxelType::U16:
    return f(uint16_t());
  case VoxelType::I16:
    return f(int16_t());
  case VoxelType::U32:
    return f(uint32_t());
  case VoxelType::I32:
    return f(int32_t());
  case VoxelType::U64:
    return f(uint64_t());
  case VoxelType::I64:
    return f(int64_t());
  case VoxelType::F32:
    return f(float());
  case VoxelType::F64:
    return f(double());
  }
  __builtin_unreachable();
}

uint64_t segc::voxelBytes(VoxelType type) {
  return withType(type, [](auto value) -> uint64_t { return sizeof(value); });
}

const char *segc::voxelTypeName(VoxelType type) {
  static constexpr const char *names[] = {"u8",  "i8",  "u16", "i16", "u32",
                                          "i32", "u64", "i64", "f32", "f64"};
  return names[static_cast<size_t>(type)];
}

Voxels::Voxels(std::string bytes, size_t offset, VoxelType type)
    : bytes(std::move(bytes)), offset(offset),
      count((this->bytes.size() - offset) / voxelBytes(type)), type_(type) {}

Voxels::Voxels(const std::vector<float> &values)
    : Voxels({reinterpret_cast<const char *>(values.data()),
              values.size() * sizeof(float)},
             0, VoxelType::F32) {}

void Voxels::read(size_t first, size_t length, float *result,
                  int64_t step) const {
  withType(type_, [&](auto value) {
    const char *source = bytes.data() + offset + first * sizeof(value);
    const int64_t stepBytes = step * static_cast<int64_t>(sizeof(value));
    const bool scaled = slope != 1 || intercept != 0;
    auto convert = [&](int64_t distance) {
      for (int64_t i = 0; i < static_cast<int64_t>(length); ++i) {
        std::memcpy(&value, source + i * distance, sizeof(value));
        result[i] = scaled ? static_cast<float>(
                                 static_cast<double>(value) * slope + intercept)
                           : static_cast<float>(value);
      }
    };
    // A distance that the compiler knows makes a loop of vectors.
    if (step == 1)
      convert(sizeof(value));
    else
      convert(stepBytes);
  });
}

float Voxels::operator[](size_t place) const {
  float value = 0;
  read(place, 1, &value);
  return value;
}

std::vector<float> Voxels::floats() const {
  std::vector<float> values(count);
  read(0, count, values.data());
  return values;
}

std::optional<size_t> Voxels::firstNotFinite(size_t first,
                                             size_t length) const {
  const bool integers = type_ != VoxelType::F32 && type_ != VoxelType::F64;
  if (integers && slope == 1 && intercept == 0)
    return std::nullopt;
  std::array<float, 4096> chunk;
  for (size_t done = 0; done < length; done += chunk.size()) {
    const size_t part = std::min(chunk.size(), length - done);
    read(first + done, part, chunk.data());
    for (size_t i = 0; i < part; ++i)
      if (!std::isfinite(chunk[i]))
        return first + done + i;
  }
  return std::nullopt;
}
