//===- NrrdFormat.cpp - NRRD in the registry of formats -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Formats.h"
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
  StoredVoxels storage;
  SEGC_RETURN_IF_ERROR(readHeader(bytes, where, volume, storage));
  return readStored(std::move(volume), std::move(storage), std::move(bytes),
                    where, limits);
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

StatusOr<std::string>
segc::encodeNrrd(const VolumeGeometry &grid, const uint8_t *labels,
                 const std::vector<std::string> &classNames) {
  std::string header = "NRRD0005\nSoftware:=" + std::string(ownMark) + "\n";
  header += "type: uchar\ndimension: 3\nsizes:";
  for (int64_t size : grid.size)
    header += " " + std::to_string(size);
  header += "\n" + placeText(grid) + "kinds: domain domain domain\n" +
            "encoding: gzip\n";
  header += text::segmentLines(classNames, ":=");
  SEGC_ASSIGN_OR_RETURN(std::string packed,
                        gzip({{reinterpret_cast<const char *>(labels),
                               static_cast<size_t>(grid.voxels())}}));
  return header + "\n" + packed;
}

namespace {

class NrrdFormat : public TextFormat {
public:
  const char *name() const override { return "NRRD"; }
  std::vector<std::string_view> endings() const override {
    return {".nrrd", ".nhdr"};
  }
  bool recognises(std::string_view start) const override {
    return start.substr(0, 7) == "NRRD000";
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

protected:
  Status parse(std::string_view bytes, const std::string &where,
               VolumeHeader &volume, StoredVoxels &stored) const override {
    return nrrd::readHeader(bytes, where, volume, stored);
  }
};

} // namespace

std::unique_ptr<const ImageFormat> segc::makeNrrdFormat() {
  return std::make_unique<NrrdFormat>();
}
