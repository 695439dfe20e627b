//===- TiffFormat.cpp - TIFF in the registry of formats -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Formats.h"
#include "TiffHandle.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Data/OwnFiles.h"
#include "segc/Runtime/Data/Tiff.h"

using namespace segc;
using namespace std::string_view_literals;

/// What TIFFs are looked at for the mark, as their fields may lie behind the
/// pixels.
static constexpr uint64_t maxMarkedBytes = uint64_t{1} << 30;

namespace {

class TiffFile : public SliceFile {
public:
  explicit TiffFile(TiffStack stack) : stack(std::move(stack)) {}
  int64_t pages() const override { return stack.pages(); }
  Size3 size() const override { return {stack.width(), stack.height(), 1}; }
  int orientation() const override { return stack.orientation(); }
  std::vector<std::string> warnings() const override {
    return stack.warnings();
  }
  StatusOr<Volume> read(int64_t page) const override {
    SEGC_ASSIGN_OR_RETURN(std::vector<uint8_t> pixels, stack.page(page));
    Volume plane;
    plane.geometry.size = size();
    plane.voxels =
        Voxels(std::string(pixels.begin(), pixels.end()), 0, VoxelType::U8);
    return plane;
  }

private:
  TiffStack stack;
};

class TiffFormat : public SliceFormat {
public:
  const char *name() const override { return "TIFF"; }
  std::vector<std::string_view> endings() const override {
    return {".tif", ".tiff"};
  }
  bool recognises(std::string_view start) const override {
    for (std::string_view magic : {"II*\0"sv, "MM\0*"sv, "II+\0"sv, "MM\0+"sv})
      if (start.substr(0, 4) == magic)
        return true;
    return false;
  }
  StatusOr<std::shared_ptr<const SliceFile>>
  open(const std::string &path, ImageUse use,
       const ImageLimits &limits) const override {
    SEGC_ASSIGN_OR_RETURN(TiffStack stack, TiffStack::read(path, use, limits));
    return std::shared_ptr<const SliceFile>(
        std::make_shared<TiffFile>(std::move(stack)));
  }
  Status writeMask(const std::string &path, const VolumeGeometry &grid,
                   const std::vector<const uint8_t *> &pages,
                   const std::vector<std::string> &) const override {
    return writeTiff(path, grid.size[0], grid.size[1], pages);
  }
  bool hasMark(const std::string &path, std::string_view) const override {
    StatusOr<std::string> bytes = readFile(path, maxMarkedBytes);
    if (!bytes.ok())
      return false;
    segc::tiff::MemoryFile file;
    file.input = *bytes;
    segc::tiff::TiffHandle handle =
        segc::tiff::openTiff(file, "r", maxMarkedBytes);
    const char *software = nullptr;
    return handle && TIFFGetField(handle.get(), TIFFTAG_SOFTWARE, &software) &&
           software && software == ownMark;
  }
};

} // namespace

std::unique_ptr<const ImageFormat> segc::makeTiffFormat() {
  return std::make_unique<TiffFormat>();
}
