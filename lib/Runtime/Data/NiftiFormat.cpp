//===- NiftiFormat.cpp - NIfTI in the registry of formats -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Formats.h"
#include "Gzip.h"
#include "NiftiLayout.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Data/Nifti.h"
#include "segc/Runtime/Data/OwnFiles.h"

#include <cstddef>

using namespace segc;
using namespace std::string_view_literals;

static bool isGzip(std::string_view start) {
  return start.substr(0, 2) == "\x1f\x8b"sv;
}

static bool isNiftiHeader(std::string_view start) {
  for (std::string_view magic :
       {"\x5c\1\0\0"sv, "\0\0\1\x5c"sv, "\x1c\2\0\0"sv, "\0\0\2\x1c"sv})
    if (start.substr(0, 4) == magic)
      return true;
  return false;
}

namespace {

class NiftiFormat : public VolumeFormat {
public:
  const char *name() const override { return "NIfTI"; }
  std::vector<std::string_view> endings() const override {
    return {".nii.gz", ".nii", ".hdr", ".img", ".hdr.gz", ".img.gz"};
  }
  std::vector<std::string> filesOf(const std::string &path) const override {
    const std::optional<nifti::PairFiles> pair = nifti::pairOf(path);
    return pair ? std::vector{pair->header, pair->voxels} : std::vector{path};
  }
  /// By the header or, where it is packed, by gzip.
  bool recognises(std::string_view start) const override {
    return isNiftiHeader(start) || isGzip(start);
  }
  StatusOr<Volume> read(const std::string &path,
                        const ImageLimits &limits) const override {
    return readNifti(path, limits);
  }
  StatusOr<VolumeHeader> readHeader(const std::string &path,
                                    const ImageLimits &) const override {
    return readNiftiHeader(path);
  }
  Status writeMask(const std::string &path, const VolumeGeometry &grid,
                   const std::vector<const uint8_t *> &pages,
                   const std::vector<std::string> &) const override {
    return writeNifti(path, grid, pages[0]);
  }
  Status write(const std::string &path, const Volume &volume) const override {
    return writeNifti(path, volume);
  }
  bool hasMark(const std::string &, std::string_view start) const override {
    std::string header(start);
    if (isGzip(start)) {
      header.assign(sizeof(NiftiHeader), '\0');
      header.resize(GzipReader(start).read(header.data(), header.size()));
    }
    if (header.size() < sizeof(NiftiHeader) || !isNiftiHeader(header))
      return false;
    constexpr size_t place = offsetof(NiftiHeader, intentName);
    const std::string_view name =
        std::string_view(header).substr(place, sizeof(NiftiHeader::intentName));
    return name.substr(0, name.find('\0')) == ownMark;
  }
};

} // namespace

std::unique_ptr<const ImageFormat> segc::makeNiftiFormat() {
  return std::make_unique<NiftiFormat>();
}
