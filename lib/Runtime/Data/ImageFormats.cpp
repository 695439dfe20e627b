//===- ImageFormats.cpp - The registry of image formats -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ForeignFormats.h"
#include "Formats.h"
#include "segc/Base/Files.h"

#include <filesystem>

using namespace segc;

namespace {

struct Registry {
  Registry() {
    // The first of volumes and the first of slices are the defaults.
    add(makeNiftiFormat());
    add(makeTiffFormat());
    add(makeNrrdFormat());
    add(makeMetaImageFormat());
    add(makePngFormat());
    add(makeDicomFormat());
  }
  void add(std::unique_ptr<const ImageFormat> format) {
    all.push_back(format.get());
    owned.push_back(std::move(format));
  }
  std::vector<std::unique_ptr<const ImageFormat>> owned;
  std::vector<const ImageFormat *> all;
};

Registry &registry() {
  static Registry registry;
  return registry;
}

} // namespace

const std::vector<const ImageFormat *> &segc::imageFormats() {
  return registry().all;
}

void segc::registerImageFormat(std::unique_ptr<const ImageFormat> format) {
  registry().add(std::move(format));
}

const ImageFormat *segc::formatByName(const std::string &path) {
  for (const ImageFormat *format : imageFormats())
    for (std::string_view ending : format->endings())
      if (hasEnding(path, ending))
        return format;
  return nullptr;
}

const ImageFormat *segc::formatByContent(std::string_view start) {
  for (const ImageFormat *format : imageFormats())
    if (format->recognises(start))
      return format;
  return nullptr;
}

const ImageFormat *segc::formatOfFolder(const std::string &folder) {
  std::error_code error;
  std::filesystem::directory_iterator entries(folder, error), end;
  // The first files tell; others may lie beside those of an image.
  for (int seen = 0; !error && entries != end && seen < 100; ++seen) {
    const ImageFormat *format =
        formatByContent(readStart(entries->path().string()));
    if (format && format->readsFolders())
      return format;
    entries.increment(error);
  }
  return nullptr;
}

const ImageFormat *segc::findImageFormat(const std::string &path) {
  if (const ImageFormat *named = formatByName(path))
    return named;
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    return formatOfFolder(path);
  const std::string start = readStart(path);
  return foreignFormat(start, path).empty() ? formatByContent(start) : nullptr;
}

std::vector<std::string> segc::imageFiles(const std::string &path) {
  const ImageFormat *format = findImageFormat(path);
  return format ? format->filesOf(path) : std::vector<std::string>{path};
}

Status segc::checkImageExists(const std::string &path) {
  const std::string first = imageFiles(path).front();
  return formatOfFolder(first) ? Status::success() : fileSize(first).status();
}

const VolumeFormat &segc::volumeFormatOf(const std::string &path) {
  const ImageFormat *format = findImageFormat(path);
  if (format && format->asVolumes())
    return *format->asVolumes();
  return *imageFormats()[0]->asVolumes();
}

const SliceFormat &segc::sliceFormatOf(const std::string &path) {
  const ImageFormat *format = findImageFormat(path);
  if (format && format->asSlices())
    return *format->asSlices();
  return *imageFormats()[1]->asSlices();
}

static std::string listEndings(bool volumes) {
  std::string text;
  for (const ImageFormat *format : imageFormats())
    if (volumes == (format->asVolumes() != nullptr))
      for (std::string_view ending : format->endings())
        text += (text.empty() ? "" : ", ") + std::string(ending);
  return text;
}
std::string segc::volumeEndings() { return listEndings(true); }
std::string segc::sliceEndings() { return listEndings(false); }

std::string segc::imageStem(const std::string &path) {
  std::filesystem::path file = path;
  // A folder may be named as the current one is.
  if (!path.empty() && (file.filename().empty() || file.filename() == "." ||
                        file.filename() == "..")) {
    file = std::filesystem::absolute(file).lexically_normal();
    if (file.filename().empty())
      file = file.parent_path();
  }
  const std::string name = file.filename().string();
  std::string_view longest;
  for (const ImageFormat *format : imageFormats())
    for (std::string_view ending : format->endings())
      if (ending.size() > longest.size() && name.size() > ending.size() &&
          hasEnding(name, ending))
        longest = ending;
  return name.substr(0, name.size() - longest.size());
}
