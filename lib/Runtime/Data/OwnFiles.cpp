//===- OwnFiles.cpp - Which images segrun wrote ---------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/OwnFiles.h"
#include "ForeignFormats.h"
#include "Gzip.h"
#include "TiffHandle.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Data/Nifti.h"

#include <cstddef>

using namespace segc;

/// What TIFFs are looked at, as their fields may lie behind the pixels.
static constexpr uint64_t maxTiffBytes = uint64_t{1} << 30;

bool segc::isImageName(const std::string &path) {
  for (const char *ending : {".nii", ".nii.gz", ".tif", ".tiff"})
    if (hasEnding(path, ending))
      return true;
  return false;
}

static bool isMarkedNifti(std::string_view header) {
  constexpr size_t place = offsetof(NiftiHeader, intentName);
  const std::string_view name =
      header.size() < sizeof(NiftiHeader) || !isNifti(header)
          ? std::string_view()
          : header.substr(place, sizeof(NiftiHeader::intentName));
  return name.substr(0, name.find('\0')) == ownMark;
}

static bool isMarkedTiff(const std::string &path) {
  StatusOr<std::string> bytes = readFile(path, maxTiffBytes);
  if (!bytes.ok())
    return false;
  segc::tiff::MemoryFile file;
  file.input = *bytes;
  segc::tiff::TiffHandle handle = segc::tiff::openTiff(file, "r", maxTiffBytes);
  const char *software = nullptr;
  return handle && TIFFGetField(handle.get(), TIFFTAG_SOFTWARE, &software) &&
         software && software == ownMark;
}

bool segc::hasOwnMark(const std::string &path) {
  const std::string start = readStart(path);
  if (isTiff(start))
    return isMarkedTiff(path);
  if (start.substr(0, 4) == "\x89PNG")
    return start.find("tEXtSoftware" + std::string(1, '\0') +
                      std::string(ownMark)) != std::string::npos;
  if (start.substr(0, 2) != "\x1f\x8b")
    return isMarkedNifti(start);
  std::string header(sizeof(NiftiHeader), '\0');
  header.resize(GzipReader(start).read(header.data(), header.size()));
  return isMarkedNifti(header);
}
