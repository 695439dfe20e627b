//===- Voxels.h - Voxels in the type of their file --------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//
// A volume of 8-bit voxels as f32 would take four times its memory. Voxels
// keeps the bytes of the file and converts what is looked at.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_VOXELS_H
#define SEGC_RUNTIME_DATA_VOXELS_H

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace segc {

using Size3 = std::array<int64_t, 3>; ///< x, y, z

enum class VoxelType { U8, I8, U16, I16, U32, I32, U64, I64, F32, F64 };

uint64_t voxelBytes(VoxelType type);
const char *voxelTypeName(VoxelType type);

/// An array of numbers of one type in this machine's byte order, read as
/// f32 with the file's scale applied.
class Voxels {
public:
  Voxels() = default;
  /// The numbers start at `offset` of `bytes`, which ends behind them.
  Voxels(std::string bytes, size_t offset, VoxelType type);
  explicit Voxels(const std::vector<float> &values);

  /// By default a voxel is its number.
  void setScale(double newSlope, double newIntercept) {
    slope = newSlope;
    intercept = newIntercept;
  }

  VoxelType type() const { return type_; }
  /// The numbers as they are stored, without the scale.
  std::string_view stored() const {
    return std::string_view(bytes).substr(offset);
  }
  double scaleSlope() const { return slope; }
  double scaleIntercept() const { return intercept; }
  size_t size() const { return count; }
  float operator[](size_t place) const;
  /// Writes `length` voxels from `first` on, each `step` behind the one before.
  void read(size_t first, size_t length, float *result, int64_t step = 1) const;
  std::vector<float> floats() const;
  /// The first of `length` voxels from `first` on that is NaN or infinite.
  std::optional<size_t> firstNotFinite(size_t first, size_t length) const;

private:
  std::string bytes;
  size_t offset = 0, count = 0;
  VoxelType type_ = VoxelType::F32;
  double slope = 1, intercept = 0;
};

/// A grid of x, y and z on an array: strides may be negative, so that another
/// order or direction of the axes needs no copy.
template <typename Array>
struct GridView {
  const Array *array = nullptr;
  Size3 size = {0, 0, 0};
  int64_t first = 0; ///< Place of (0, 0, 0).
  Size3 stride = {0, 0, 0};

  GridView() = default;
  /// File order: x runs fastest, then y and z.
  GridView(const Array &array, Size3 size, int64_t first = 0)
      : array(&array), size(size), first(first),
        stride{1, size[0], size[0] * size[1]} {}

  auto at(int64_t x, int64_t y, int64_t z) const {
    return (*array)[static_cast<size_t>(first + x * stride[0] + y * stride[1] +
                                        z * stride[2])];
  }
  int64_t voxels() const { return size[0] * size[1] * size[2]; }
};

using VoxelView = GridView<Voxels>;
using LabelView = GridView<std::vector<uint8_t>>;

} // namespace segc

#endif // SEGC_RUNTIME_DATA_VOXELS_H
