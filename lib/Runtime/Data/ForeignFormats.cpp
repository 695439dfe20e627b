//===- ForeignFormats.cpp - Names of unsupported file formats -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ForeignFormats.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Data/ImageFormat.h"

#include <filesystem>
#include <fstream>

using namespace segc;

static constexpr char volumesExpected[] =
    ", expected NIfTI (.nii, .nii.gz); convert it, for example with SimpleITK: "
    "WriteImage(ReadImage(\"in\"), \"out.nii.gz\")";
static constexpr char picturesExpected[] =
    ", expected TIFF (.tif; a stack has one slice a page), PNG or NIfTI (.nii, "
    ".nii.gz); convert it, for example with ImageMagick: `convert *.jpg "
    "stack.tif`";

namespace {
/// A kind of file by the bytes at `offset` or by an ending of its name.
struct Kind {
  size_t offset;
  std::string_view magic, ending;
  const char *name, *advice;
};
} // namespace

using namespace std::string_view_literals;
namespace fs = std::filesystem;

static constexpr Kind kinds[] = {
    {0, ""sv, ".mgh", "FreeSurfer MGH", volumesExpected},
    {0, ""sv, ".mgz", "FreeSurfer MGH", volumesExpected},
    {0, "\xff\xd8\xff"sv, ".jpg", "JPEG", picturesExpected},
    {0, "\xff\xd8\xff"sv, ".jpeg", "JPEG", picturesExpected},
    {0, "BM"sv, ".bmp", "BMP", picturesExpected},
    {0, "GIF8"sv, ".gif", "GIF", picturesExpected},
    {0, "\x89HDF"sv, ".h5", "HDF5", volumesExpected},
    {0, "\x93NUMPY"sv, ".npy", "NumPy", volumesExpected},
    {0, "PK\x03\x04"sv, ".zip", "a ZIP archive; unpack it", ""},
    {257, "ustar"sv, ".tar", "a tar archive; unpack it", ""},
    {0, ""sv, ".tgz", "a tar archive; unpack it", ""},
    {0, ""sv, ".tar.gz", "a tar archive; unpack it", ""},
    {0, "BZh"sv, ".bz2", "packed with bzip2; unpack it", ""},
    {0,
     "\xfd"
     "7zXZ"sv,
     ".xz", "packed with xz; unpack it", ""},
    {0, "\x28\xb5\x2f\xfd"sv, ".zst", "packed with Zstandard; unpack it", ""},
    {0, "\x00\x05\x16\x07"sv, "",
     "macOS metadata (a ._ file); leave it out, the image is the file without "
     "\"._\"",
     ""},
    {0, "version https://git-lfs"sv, "",
     "a pointer of Git LFS, not the file itself; run `git lfs pull`", ""},
    {0, "<!DOCTYPE"sv, "", "a web page; download the file again", ""},
    {0, "<html"sv, "", "a web page; download the file again", ""},
};

static bool hasMagic(std::string_view start, const Kind &kind) {
  return !kind.magic.empty() && start.size() > kind.offset &&
         start.compare(kind.offset, kind.magic.size(), kind.magic) == 0;
}

std::string segc::foreignFormat(std::string_view start,
                                const std::string &path) {
  const ImageFormat *named = formatByName(path);
  const ImageFormat *held = formatByContent(start);
  if (named && held && named != held)
    return std::string(held->name()) + " by its content, " + named->name() +
           " by its name; give the file its right ending, for example " +
           std::string(held->endings().front());
  for (const Kind &kind : kinds)
    if (hasMagic(start, kind))
      return std::string(kind.name) + kind.advice;
  for (const Kind &kind : kinds)
    if (!kind.ending.empty() && hasEnding(path, kind.ending))
      return std::string(kind.name) + kind.advice;
  return "";
}

std::string segc::readStart(const std::string &path, size_t most) {
  // A pipe would keep us waiting.
  if (!fileSize(path).ok())
    return "";
  std::string start(most, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<size_t>(file.gcount()));
  return start;
}

std::string segc::foreignFiles(const std::string &folder) {
  std::error_code error;
  fs::recursive_directory_iterator entries(
      folder, fs::directory_options::skip_permission_denied, error);
  const fs::recursive_directory_iterator end;
  // The first files tell; a folder of a million need not be walked.
  for (int seen = 0; !error && entries != end && seen < 1000; ++seen) {
    const std::string path = entries->path().string();
    if (entries.depth() > 1)
      entries.disable_recursion_pending();
    std::string found = foreignFormat(readStart(path), path);
    if (!found.empty())
      return found + " (" + entries->path().filename().string() + ")";
    entries.increment(error);
  }
  return "";
}
