//===- DicomFormat.cpp - DICOM in the registry of formats -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Formats.h"
#include "segc/Runtime/Data/DicomSeries.h"

#include <algorithm>
#include <filesystem>

using namespace segc;
namespace fs = std::filesystem;

/// The folder of a series by its path or that of one of its files.
static std::string folderOf(const std::string &path) {
  std::error_code error;
  fs::path folder = path;
  // A folder may be written "name/".
  if (!fs::is_directory(folder, error) || folder.filename().empty())
    folder = folder.parent_path();
  return folder.empty() ? "." : folder.string();
}

namespace {

/// An image is a folder; each of its files names it.
class DicomFormat : public VolumeFormat {
public:
  const char *name() const override { return "DICOM"; }
  std::vector<std::string_view> endings() const override { return {".dcm"}; }
  bool recognises(std::string_view start) const override {
    return start.size() >= 132 && start.substr(128, 4) == "DICM";
  }
  bool readsFolders() const override { return true; }
  std::vector<std::string> filesOf(const std::string &path) const override {
    std::vector<std::string> files = {folderOf(path)};
    std::error_code error;
    for (fs::directory_iterator entry(files[0], error), end;
         !error && entry != end; entry.increment(error))
      if (fs::is_regular_file(entry->path(), error))
        files.push_back(entry->path().string());
    std::sort(files.begin() + 1, files.end());
    return files;
  }
  StatusOr<Volume> read(const std::string &path,
                        const ImageLimits &limits) const override {
    return readDicomSeries(folderOf(path), limits);
  }
  StatusOr<VolumeHeader> readHeader(const std::string &path,
                                    const ImageLimits &) const override {
    return readDicomHeader(folderOf(path));
  }
  /// A segmentation goes into one file that every tool reads.
  const ImageFormat &maskFormat() const override { return *imageFormats()[0]; }
  Status writeMask(const std::string &path, const VolumeGeometry &grid,
                   const std::vector<const uint8_t *> &pages,
                   const std::vector<std::string> &classNames) const override {
    return maskFormat().writeMask(path, grid, pages, classNames);
  }
  bool hasMark(const std::string &, std::string_view) const override {
    return false;
  }
};

} // namespace

std::unique_ptr<const ImageFormat> segc::makeDicomFormat() {
  return std::make_unique<DicomFormat>();
}
