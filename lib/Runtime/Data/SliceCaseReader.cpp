//===- SliceCaseReader.cpp - Reading of slices as cases -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SliceCaseReader.h"
#include "segc/Runtime/Data/Notes.h"

#include <array>

using namespace segc;

StatusOr<SliceCaseReader::File> SliceCaseReader::open(const std::string &path,
                                                      ImageUse use) {
  SEGC_ASSIGN_OR_RETURN(File file,
                        sliceFormatOf(path).open(path, use, rules.limits));
  noteWarnings(path, *file);
  return file;
}

void SliceCaseReader::noteWarnings(const std::string &name,
                                   const SliceFile &file) {
  for (const std::string &warning : file.warnings())
    rules.notes.add(name, warning);
}

StatusOr<int64_t> SliceCaseReader::openImage(const std::string &path) {
  SEGC_ASSIGN_OR_RETURN(File file, open(path, ImageUse::Image));
  const int64_t pages = file->pages();
  images[path] = std::move(file);
  return pages;
}

int64_t SliceCaseReader::addImage(const std::string &name, File file) {
  noteWarnings(name, *file);
  const int64_t pages = file->pages();
  images[name] = std::move(file);
  return pages;
}

Status SliceCaseReader::openLabel(const std::string &path,
                                  const std::string &image) {
  StatusOr<File> file = open(path, ImageUse::Label);
  Status &status = labelStatus[path];
  status =
      file.ok() ? checkLabels(*images.at(image), **file, path) : file.status();
  if (status.ok())
    labels[path] = *file;
  return status;
}

static std::string sizeText(const SliceFile &file) {
  return std::to_string(file.size()[0]) + "x" + std::to_string(file.size()[1]);
}

Status SliceCaseReader::checkLabels(const SliceFile &image,
                                    const SliceFile &label,
                                    const std::string &path) {
  const std::vector<std::string> &names = rules.classNames;
  if (image.size() != label.size() || image.pages() != label.pages())
    return invalidArgument(path + ": " + std::to_string(label.pages()) +
                           " pages of " + sizeText(label) + ", expected " +
                           std::to_string(image.pages()) + " of " +
                           sizeText(image) + " like train-volume.tif");
  if (image.orientation() != label.orientation())
    return invalidArgument(
        path + ": orientation " + std::to_string(label.orientation()) +
        ", expected " + std::to_string(image.orientation()) +
        " like train-volume.tif; turn the pixels instead of noting it");
  // Where a value was seen first, or -1.
  std::array<int64_t, 256> seen;
  seen.fill(-1);
  for (int64_t page = 0; page < label.pages(); ++page) {
    SEGC_ASSIGN_OR_RETURN(Volume pixels, label.read(page));
    for (float value : pixels.voxels.floats())
      if (int64_t &first = seen[static_cast<uint8_t>(value)]; first < 0)
        first = page;
  }
  const bool unit = seen[1] >= 0;
  if (unit)
    rules.notes.add(path, "labels are 0 and 1: 0 is taken for " + names[0] +
                              ", 1 for " + names[1]);
  std::string found;
  int64_t wrong = -1;
  for (size_t value = 0; value < seen.size(); ++value) {
    if (seen[value] < 0)
      continue;
    found += (found.empty() ? "" : ", ") + std::to_string(value);
    if (value != 0 && value != (unit ? size_t{1} : size_t{255}) && wrong < 0)
      wrong = static_cast<int64_t>(value);
  }
  if (wrong < 0)
    return Status::success();
  return invalidArgument(
      path + ": page " + std::to_string(seen[static_cast<size_t>(wrong)]) +
      ": label value " + std::to_string(wrong) + ", expected 0 (" + names[0] +
      ") and 255 (" + names[1] + "), or 0 and 1 throughout; the file has " +
      found);
}

StatusOr<SourceCase> SliceCaseReader::readImage(const CaseFiles &files) const {
  SourceCase content;
  content.path = files.images[0];
  SEGC_ASSIGN_OR_RETURN(Volume page, images.at(content.path)->read(files.page));
  content.images.push_back(std::move(page));
  content.channels.emplace_back();
  return content;
}

Status SliceCaseReader::readLabel(const CaseFiles &files,
                                  SourceCase &content) const {
  SEGC_RETURN_IF_ERROR(labelStatus.at(files.label));
  SEGC_ASSIGN_OR_RETURN(Volume page, labels.at(files.label)->read(files.page));
  for (float value : page.voxels.floats())
    content.label.push_back(value != 0);
  return Status::success();
}
