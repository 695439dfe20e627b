//===- NrrdFormat.cpp - NRRD in the registry of formats -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ForeignFormats.h"
#include "Formats.h"
#include "ImageFile.h"
#include "NrrdHeader.h"
#include "TextHeader.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Data/Nrrd.h"
#include "segc/Runtime/Data/OwnFiles.h"

using namespace segc;
using namespace segc::nrrd;

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

StatusOr<Volume> segc::decodeNrrd(std::string bytes, const std::string &where,
                                  const ImageLimits &limits) {
  Volume volume;
  Storage storage;
  SEGC_RETURN_IF_ERROR(readHeader(bytes, where, volume, storage));
  SEGC_RETURN_IF_ERROR(limits.check(storage.layout.dataBytes(), where));
  std::string path = where;
  uint64_t begin = storage.headerBytes;
  if (!storage.file.empty()) {
    path = storage.file;
    begin = 0;
    SEGC_ASSIGN_OR_RETURN(bytes, readImageFile(path, limits));
  }
  std::string_view rest = std::string_view(bytes).substr(begin);
  for (int64_t line = 0; line < storage.lineSkip; ++line)
    if (!text::takeLine(rest))
      return dataLoss(path + ": " + std::to_string(line) +
                      " lines in front of the voxels, expected " +
                      std::to_string(storage.lineSkip));
  VoxelLayout &layout = storage.layout;
  if (storage.packed) {
    GzipReader reader(rest);
    return unpackVoxels(std::move(volume), reader, "", rest.size(), layout,
                        path, limits);
  }
  if (storage.atEnd && rest.size() >= layout.dataBytes())
    layout.offset = rest.size() - layout.dataBytes();
  layout.offset += bytes.size() - rest.size();
  return takeVoxels(std::move(volume), std::move(bytes), layout, path, limits);
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

static std::string vectorText(double x, double y, double z) {
  return "(" + text::exact(x) + "," + text::exact(y) + "," + text::exact(z) +
         ")";
}

/// In the space that 3D Slicer and ITK write.
static std::string placeText(const VolumeGeometry &grid) {
  const Affine &a = grid.affine;
  if (grid.placedBy == PlacedBy::Pixdim)
    return "spacings: " + text::exact(grid.spacing[0]) + " " +
           text::exact(grid.spacing[1]) + " " + text::exact(grid.spacing[2]) +
           "\n";
  std::string directions;
  for (size_t axis = 0; axis < 3; ++axis)
    directions += " " + vectorText(-a[0][axis], -a[1][axis], a[2][axis]);
  return "space: left-posterior-superior\nspace directions:" + directions +
         "\nspace origin: " + vectorText(-a[0][3], -a[1][3], a[2][3]) + "\n";
}

/// A name without what would end its line or be an escape.
static std::string lineText(std::string name) {
  for (char &c : name)
    if (static_cast<unsigned char>(c) < ' ' || c == '\\')
      c = '_';
  return name;
}

StatusOr<std::string>
segc::encodeNrrd(const VolumeGeometry &grid, const uint8_t *labels,
                 const std::vector<std::string> &classNames) {
  std::string header = "NRRD0005\nSoftware:=" + std::string(ownMark) + "\n";
  header += "type: uchar\ndimension: 3\nsizes:";
  for (int64_t size : grid.size)
    header += " " + std::to_string(size);
  header += "\n" + placeText(grid) + "kinds: domain domain domain\n" +
            "encoding: gzip\n";
  // The background is no segment.
  for (size_t value = 1; value < classNames.size(); ++value) {
    const std::string key = "Segment" + std::to_string(value - 1) + "_";
    header += key + "ID:=Segment_" + std::to_string(value) + "\n" + key +
              "Name:=" + lineText(classNames[value]) + "\n" + key +
              "LabelValue:=" + std::to_string(value) + "\n" + key +
              "Layer:=0\n";
  }
  SEGC_ASSIGN_OR_RETURN(std::string packed,
                        gzip({{reinterpret_cast<const char *>(labels),
                               static_cast<size_t>(grid.voxels())}}));
  return header + "\n" + packed;
}

namespace {

class NrrdFormat : public VolumeFormat {
public:
  const char *name() const override { return "NRRD"; }
  std::vector<std::string_view> endings() const override {
    return {".nrrd", ".nhdr"};
  }
  bool recognises(std::string_view start) const override {
    return start.substr(0, 7) == "NRRD000";
  }
  StatusOr<Volume> read(const std::string &path,
                        const ImageLimits &limits) const override {
    SEGC_ASSIGN_OR_RETURN(std::string bytes, readImageFile(path, limits));
    SEGC_RETURN_IF_ERROR(checkContent(bytes, path));
    return decodeNrrd(std::move(bytes), path, limits);
  }
  StatusOr<VolumeHeader> readHeader(const std::string &path,
                                    const ImageLimits &) const override {
    SEGC_RETURN_IF_ERROR(fileSize(path).status());
    const std::string start = readStart(path, text::maxHeaderBytes + 1);
    SEGC_RETURN_IF_ERROR(checkContent(start, path));
    VolumeHeader header;
    Storage storage;
    SEGC_RETURN_IF_ERROR(nrrd::readHeader(start, path, header, storage));
    return header;
  }
  Status writeMask(const std::string &path, const VolumeGeometry &grid,
                   const std::vector<const uint8_t *> &pages,
                   const std::vector<std::string> &classNames) const override {
    SEGC_ASSIGN_OR_RETURN(std::string bytes,
                          encodeNrrd(grid, pages[0], classNames));
    return writeFileAtomically(path, bytes);
  }
  bool hasMark(const std::string &, std::string_view start) const override {
    return start.find("\nSoftware:=" + std::string(ownMark) + "\n") !=
           std::string_view::npos;
  }

private:
  Status checkContent(std::string_view start, const std::string &path) const {
    if (recognises(start))
      return Status::success();
    const std::string foreign = foreignFormat(start.substr(0, 512), path);
    return foreign.empty() ? invalidArgument(path + ": not an NRRD file")
                           : unsupported(path + ": " + foreign);
  }
};

} // namespace

std::unique_ptr<const ImageFormat> segc::makeNrrdFormat() {
  return std::make_unique<NrrdFormat>();
}
