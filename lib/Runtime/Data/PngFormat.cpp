//===- PngFormat.cpp - PNG in the registry of formats ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Formats.h"
#include "ImageFile.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Data/OwnFiles.h"
#include "segc/Runtime/Data/Png.h"

using namespace segc;

namespace {

class PngFile : public SliceFile {
public:
  explicit PngFile(PngSlice slice) : slice(std::move(slice)) {}
  int64_t pages() const override { return 1; }
  Size3 size() const override { return {slice.width, slice.height, 1}; }
  std::vector<std::string> warnings() const override { return slice.warnings; }
  StatusOr<Volume> read(int64_t) const override {
    Volume plane;
    plane.geometry.size = size();
    plane.voxels = Voxels(std::string(slice.pixels.begin(), slice.pixels.end()),
                          0, VoxelType::U8);
    return plane;
  }

private:
  PngSlice slice;
};

class PngFormat : public SliceFormat {
public:
  const char *name() const override { return "PNG"; }
  std::vector<std::string_view> endings() const override { return {".png"}; }
  bool recognises(std::string_view start) const override {
    return start.substr(0, 8) == "\x89PNG\r\n\x1a\n";
  }
  bool holdsPictures() const override { return true; }
  StatusOr<std::shared_ptr<const SliceFile>>
  open(const std::string &path, ImageUse use,
       const ImageLimits &limits) const override {
    SEGC_ASSIGN_OR_RETURN(std::string bytes, readImageFile(path, limits));
    SEGC_ASSIGN_OR_RETURN(PngSlice slice, decodePng(bytes, path, use, limits));
    return std::shared_ptr<const SliceFile>(
        std::make_shared<PngFile>(std::move(slice)));
  }
  Status writeMask(const std::string &path, const VolumeGeometry &grid,
                   const std::vector<const uint8_t *> &pages,
                   const std::vector<std::string> &) const override {
    SEGC_ASSIGN_OR_RETURN(std::string bytes,
                          encodePng(grid.size[0], grid.size[1], pages[0]));
    return writeFileAtomically(path, bytes);
  }
  bool hasMark(const std::string &, std::string_view start) const override {
    return start.find("tEXtSoftware" + std::string(1, '\0') +
                      std::string(ownMark)) != std::string_view::npos;
  }
};

} // namespace

std::unique_ptr<const ImageFormat> segc::makePngFormat() {
  return std::make_unique<PngFormat>();
}
