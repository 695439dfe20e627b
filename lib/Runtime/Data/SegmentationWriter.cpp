//===- SegmentationWriter.cpp - Masks and pictures of predictions ---------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/SegmentationWriter.h"
#include "OutputNames.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Data/Overlay.h"
#include "segc/Runtime/Data/OwnFiles.h"
#include "segc/Runtime/Data/Tiff.h"

#include <algorithm>
#include <filesystem>

using namespace segc;

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

Status SegmentationWriter::write(const CaseFiles &files,
                                 const SourceCase &source,
                                 const float *probabilities) {
  const Preprocessor &preprocessor = dataset.preprocessor();
  const VolumeGeometry &grid = source.geometry();
  std::vector<uint8_t> labels = preprocessor.labelsOnGrid(probabilities, grid);
  if (postprocessing)
    postprocessing(labels, grid);
  const AxisOrder order = preprocessor.frameOrder(grid);
  if (files.stack.empty())
    return writeVolume(files, source, labels, order);
  keepPage(files, source, labels, probabilities);
  writeOverlay(files, source, labels, order);
  return Status::success();
}

void SegmentationWriter::keepPage(const CaseFiles &files,
                                  const SourceCase &source,
                                  const std::vector<uint8_t> &labels,
                                  const float *probabilities) {
  const Preprocessor &preprocessor = dataset.preprocessor();
  const VolumeGeometry &grid = source.geometry();
  const std::lock_guard<std::mutex> lock(mutex);
  Stack &stack = stacks[files.stack];
  // Of the last page, in whatever order they come.
  if (stack.masks.empty() || files.page >= stack.masks.rbegin()->first) {
    stack.path = source.path;
    stack.grid = grid;
  }
  std::vector<uint8_t> &mask = stack.masks[files.page];
  mask.clear();
  for (uint8_t label : labels)
    mask.push_back(label ? 255 : 0);
  if (greyMasks)
    stack.greyMasks[files.page] = preprocessor.greyMask(probabilities, grid);
  if (savesProbabilities)
    stack.probabilities[files.page] =
        preprocessor.probabilityMap(probabilities, grid);
}

/// Returns null for volumes.
static const ImageFormat *findSliceFormat(const std::string &image) {
  const ImageFormat *format = findImageFormat(image);
  return format && format->asSlices() ? format : nullptr;
}

const ImageFormat &segc::maskFormatOf(const std::string &image) {
  const ImageFormat *slices = findSliceFormat(image);
  return (slices ? *slices : volumeFormatOf(image)).maskFormat();
}

std::string SegmentationWriter::pathBeside(const CaseFiles &files,
                                           const std::string &ending) const {
  if (folders.mask.empty())
    return folders.predictions + "/" + outputName(files.name, ending);
  return folders.predictions + "/" +
         outputName(imageStem(folders.mask), ending);
}

std::string SegmentationWriter::volumePath(const CaseFiles &files) const {
  if (!folders.mask.empty())
    return folders.mask;
  return pathBeside(files,
                    std::string(maskFormatOf(files.images[0]).endings()[0]));
}

Status SegmentationWriter::writeVolume(const CaseFiles &files,
                                       const SourceCase &source,
                                       const std::vector<uint8_t> &labels,
                                       const AxisOrder &order) const {
  const bool pages = findSliceFormat(source.path) != nullptr;
  const VolumeGeometry &grid = source.geometry();
  std::vector<const uint8_t *> planes = {labels.data()};
  for (int64_t z = 1; pages && z < grid.size[2]; ++z)
    planes.push_back(labels.data() + z * grid.size[0] * grid.size[1]);
  const std::string path = volumePath(files);
  // A folder may hold pictures of any name.
  if (pages && pathExists(path) && !hasOwnMark(path))
    return wrongUsage(path + ": exists and is no mask that segrun wrote; give "
                             "another folder");
  SEGC_RETURN_IF_ERROR(createDirectories(folders.predictions));
  SEGC_RETURN_IF_ERROR(
      maskFormatOf(source.path)
          .writeMask(path, grid, planes, dataset.classNames()));
  writeOverlay(files, source, labels, order);
  return Status::success();
}

Status SegmentationWriter::writeStack(const std::string &name,
                                      const Stack &stack,
                                      std::vector<std::string> &written) const {
  const ImageFormat &format = sliceFormatOf(stack.path).maskFormat();
  const std::string ending(format.endings()[0]);
  const std::string stem =
      folders.mask.empty() ? name : imageStem(folders.mask);
  auto path = [&](const std::string &end) {
    return folders.predictions + "/" + outputName(stem, end);
  };
  auto writeMasks = [&](const std::string &file,
                        const std::map<int64_t, std::vector<uint8_t>> &masks,
                        const std::vector<std::string> &classNames) -> Status {
    std::vector<const uint8_t *> pages;
    for (const auto &page : masks)
      pages.push_back(page.second.data());
    SEGC_RETURN_IF_ERROR(format.writeMask(file, stack.grid, pages, classNames));
    written.push_back(file);
    return Status::success();
  };
  SEGC_RETURN_IF_ERROR(
      writeMasks(folders.mask.empty() ? path("-masks" + ending) : folders.mask,
                 stack.masks, dataset.classNames()));
  if (greyMasks)
    SEGC_RETURN_IF_ERROR(
        writeMasks(path("-masks-grey" + ending), stack.greyMasks, {}));
  if (!savesProbabilities)
    return Status::success();
  std::vector<const float *> pages;
  for (const auto &page : stack.probabilities)
    pages.push_back(page.second.data());
  return writeTiff(path("-probabilities.tif"), stack.grid.size[0],
                   stack.grid.size[1], pages);
}

Status SegmentationWriter::finish() {
  if (!stacks.empty())
    SEGC_RETURN_IF_ERROR(createDirectories(folders.predictions));
  for (const auto &[name, stack] : stacks) {
    std::vector<std::string> written;
    if (Status status = writeStack(name, stack, written); !status.ok()) {
      std::error_code error;
      for (const std::string &path : written)
        std::filesystem::remove(path, error);
      return status;
    }
  }
  return Status::success();
}

//===----------------------------------------------------------------------===//
// Pictures
//===----------------------------------------------------------------------===//

/// A page as it is.
static std::vector<OverlaySlice> pageSlice(const SourceCase &source,
                                           const std::vector<uint8_t> &labels) {
  const std::vector<float> values = source.images[0].voxels.floats();
  OverlaySlice slice;
  slice.width = source.geometry().size[0];
  slice.height = source.geometry().size[1];
  slice.grey.assign(values.begin(), values.end());
  slice.prediction = labels;
  slice.label = source.label;
  return {slice};
}

void SegmentationWriter::writeOverlay(const CaseFiles &files,
                                      const SourceCase &source,
                                      const std::vector<uint8_t> &labels,
                                      const AxisOrder &order) const {
  if (folders.overlays.empty())
    return;
  const Status drawn = drawCase(files, source, labels, order);
  if (!drawn.ok())
    dataset.notes().add("case " + files.name, "no picture: " + drawn.message());
}

Status SegmentationWriter::drawCase(const CaseFiles &files,
                                    const SourceCase &source,
                                    const std::vector<uint8_t> &labels,
                                    const AxisOrder &order) const {
  const std::vector<std::string> &names = dataset.classNames();
  // Labels of regions and the ignore label may be larger than the number of
  // names.
  auto classes = static_cast<int64_t>(names.size());
  for (const std::vector<uint8_t> *of : {&labels, &source.label})
    for (uint8_t label : *of)
      classes = std::max<int64_t>(classes, label + 1);
  const Size3 &size = source.geometry().size;
  std::vector<OverlaySlice> slices;
  if (!files.stack.empty()) {
    slices = pageSlice(source, labels);
  } else {
    // Pictures show all volumes from the same side, whatever their storage
    // order.
    const std::vector<uint8_t> shown = reordered(labels, size, order),
                               truth = reordered(source.label, size, order);
    slices = volumeSlices(reordered(source.channel(0), order), shown.data(),
                          truth.empty() ? nullptr : truth.data(),
                          visibleClasses(names, classes));
  }
  return segc::writeOverlay(folders.overlays, files.name, slices, names,
                            classes);
}
