//===- MetaImageFormat.cpp - MetaImage in the registry of formats ---------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Formats.h"
#include "MetaImageHeader.h"
#include "TextHeader.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Data/MetaImage.h"
#include "segc/Runtime/Data/OwnFiles.h"

#include <zlib.h>

using namespace segc;

StatusOr<Volume> segc::decodeMetaImage(std::string bytes,
                                       const std::string &where,
                                       const ImageLimits &limits) {
  Volume volume;
  StoredVoxels stored;
  SEGC_RETURN_IF_ERROR(metaimage::readHeader(bytes, where, volume, stored));
  return readStored(std::move(volume), std::move(stored), std::move(bytes),
                    where, limits);
}

/// The matrix has a row for the direction of each axis.
static std::string placeText(const VolumeGeometry &grid) {
  if (grid.placedBy == PlacedBy::Pixdim)
    return "";
  std::string matrix, offset;
  for (size_t axis = 0; axis < 3; ++axis)
    for (size_t row = 0; row < 3; ++row)
      matrix += " " + text::exact((row < 2 ? -1 : 1) * grid.affine[row][axis] /
                                  grid.spacing[axis]);
  for (size_t row = 0; row < 3; ++row)
    offset += " " + text::exact((row < 2 ? -1 : 1) * grid.affine[row][3]);
  return "TransformMatrix =" + matrix + "\nOffset =" + offset +
         "\nCenterOfRotation = 0 0 0\n";
}

StatusOr<std::string>
segc::encodeMetaImage(const VolumeGeometry &grid, const uint8_t *labels,
                      const std::vector<std::string> &classNames) {
  const auto count = static_cast<uLong>(grid.voxels());
  uLongf packedBytes = compressBound(count);
  std::string packed(packedBytes, '\0');
  if (compress(reinterpret_cast<Bytef *>(packed.data()), &packedBytes, labels,
               count) != Z_OK)
    return internalError("zlib failed to pack");
  packed.resize(packedBytes);
  std::string spacing, sizes;
  for (size_t axis = 0; axis < 3; ++axis) {
    spacing += " " + text::exact(grid.spacing[axis]);
    sizes += " " + std::to_string(grid.size[axis]);
  }
  return "ObjectType = Image\nComment = " + std::string(ownMark) +
         "\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
         "CompressedData = True\nCompressedDataSize = " +
         std::to_string(packed.size()) + "\n" + placeText(grid) +
         "ElementSpacing =" + spacing + "\nDimSize =" + sizes + "\n" +
         text::segmentLines(classNames, " = ") +
         "ElementType = MET_UCHAR\nElementDataFile = LOCAL\n" + packed;
}

namespace {

class MetaImageFormat : public TextFormat {
public:
  const char *name() const override { return "MetaImage"; }
  std::vector<std::string_view> endings() const override {
    return {".mha", ".mhd"};
  }
  bool recognises(std::string_view start) const override {
    for (std::string_view field : {"ObjectType", "NDims"})
      if (start.substr(0, field.size()) == field &&
          text::trimmed(start.substr(field.size(), 8)).substr(0, 1) == "=")
        return true;
    return false;
  }
  Status writeMask(const std::string &path, const VolumeGeometry &grid,
                   const std::vector<const uint8_t *> &pages,
                   const std::vector<std::string> &classNames) const override {
    SEGC_ASSIGN_OR_RETURN(std::string bytes,
                          encodeMetaImage(grid, pages[0], classNames));
    return writeFileAtomically(path, bytes);
  }
  bool hasMark(const std::string &, std::string_view start) const override {
    return start.find("\nComment = " + std::string(ownMark) + "\n") !=
           std::string_view::npos;
  }

protected:
  Status parse(std::string_view bytes, const std::string &where,
               VolumeHeader &volume, StoredVoxels &stored) const override {
    return metaimage::readHeader(bytes, where, volume, stored);
  }
};

} // namespace

std::unique_ptr<const ImageFormat> segc::makeMetaImageFormat() {
  return std::make_unique<MetaImageFormat>();
}
