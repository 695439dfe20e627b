//===- MemorySlices.cpp - Slices in memory --------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MemorySlices.h"
#include "GreyPixels.h"

#include <cstring>

using namespace segc;

namespace {

/// Grey pixels of all pages.
class MemorySlices : public SliceFile {
public:
  MemorySlices(Size3 extents, std::vector<std::string> warnings)
      : extents(extents), said(std::move(warnings)) {}

  int64_t pages() const override { return extents[2]; }
  Size3 size() const override { return {extents[0], extents[1], 1}; }
  std::vector<std::string> warnings() const override { return said; }
  StatusOr<Volume> read(int64_t page) const override {
    const auto bytes = static_cast<size_t>(extents[0] * extents[1]);
    Volume plane;
    plane.geometry.size = size();
    plane.voxels = Voxels(grey.substr(static_cast<size_t>(page) * bytes, bytes),
                          0, VoxelType::U8);
    return plane;
  }

  std::string grey;

private:
  Size3 extents;
  std::vector<std::string> said;
};

} // namespace

static PixelFormat formatOf(VoxelType type, const Size3 &size) {
  PixelFormat format;
  format.width = size[0];
  format.height = size[1];
  format.bits = static_cast<uint16_t>(8 * voxelBytes(type));
  format.isReal = type == VoxelType::F32 || type == VoxelType::F64;
  format.isSigned =
      type == VoxelType::I8 || type == VoxelType::I16 || type == VoxelType::I32;
  return format;
}

static Status checkChannel(const Volume &volume, std::optional<int64_t> channel,
                           const std::string &where) {
  const std::string count = where + ": " + std::to_string(volume.channels) +
                            (volume.channels == 1 ? " channel" : " channels");
  const std::string advice =
      "; choose one from 0 to " + std::to_string(volume.channels - 1);
  if (!channel && volume.channels > 1)
    return invalidArgument(count + ", slices have one" + advice);
  const int64_t chosen = channel.value_or(0);
  if (chosen >= volume.channels)
    return invalidArgument(count + ", but channel " + std::to_string(chosen) +
                           " is beyond them" + advice);
  return Status::success();
}

StatusOr<std::shared_ptr<const SliceFile>>
segc::slicesOf(const Volume &volume, std::optional<int64_t> channel,
               const std::string &where) {
  SEGC_RETURN_IF_ERROR(checkChannel(volume, channel, where));
  const Size3 &size = volume.geometry.size;
  const Voxels &given = volume.voxels;
  const bool scaled = given.scaleSlope() != 1 || given.scaleIntercept() != 0;
  const Voxels real = scaled ? Voxels(given.floats()) : Voxels();
  const Voxels &voxels = scaled ? real : given;
  const PixelFormat format = formatOf(voxels.type(), size);
  const auto pages = static_cast<uint64_t>(size[2]);
  const std::string_view stored = voxels.stored().substr(
      static_cast<uint64_t>(channel.value_or(0)) * pages * format.bytes());
  std::vector<uint8_t> page(format.bytes());
  GreyScale range(format, ImageUse::Image);
  for (uint64_t i = 0; !range.isFixed() && i < pages; ++i) {
    std::memcpy(page.data(), stored.data() + i * page.size(), page.size());
    SEGC_RETURN_IF_ERROR(
        range.add(format, page, where + ": plane " + std::to_string(i)));
  }
  std::vector<std::string> warnings;
  SEGC_ASSIGN_OR_RETURN(const double factor, range.factor(where, warnings));
  auto slices = std::make_shared<MemorySlices>(size, std::move(warnings));
  slices->grey.reserve(static_cast<size_t>(volume.geometry.voxels()));
  for (uint64_t i = 0; i < pages; ++i) {
    std::memcpy(page.data(), stored.data() + i * page.size(), page.size());
    forEachPixel(format, page, [&](double value) {
      slices->grey.push_back(static_cast<char>(greyLevel(value, factor)));
    });
  }
  return std::shared_ptr<const SliceFile>(std::move(slices));
}
