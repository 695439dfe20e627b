//===- DecathlonDataset.cpp - Samples and labels of volumes ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DecathlonDataset.h"
#include "Augmentation.h"
#include "OutputNames.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Data/Overlay.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

using namespace segc;
using namespace segc::decathlon;

/// Slices of a volume in its picture.
static constexpr int64_t overlaySlices = 5;

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

StatusOr<CaseContent>
DecathlonDataset::read(const DecathlonIndex::Case &files) const {
  SEGC_ASSIGN_OR_RETURN(CaseContent content, readImage(files, rules()));
  if (!files.label.empty())
    if (Status status = readLabel(files, rules(), content); !status.ok())
      note("case " + files.name, "no truth: " + status.message());
  return content;
}

/// Mean 0 and population standard deviation 1; false for a constant volume.
static bool zScore(std::vector<float> &image) {
  auto [least, most] = std::minmax_element(image.begin(), image.end());
  if (*least == *most)
    return false;
  double sum = 0, squares = 0;
  for (float value : image)
    sum += value;
  const double mean = sum / double(image.size());
  for (float value : image)
    squares += (value - mean) * (value - mean);
  const double deviation = std::sqrt(squares / double(image.size()));
  if (!(deviation > 0) || !std::isfinite(deviation))
    return false;
  for (float &value : image)
    value = static_cast<float>((value - mean) / deviation);
  return true;
}

Status DecathlonDataset::prepare(CachedCase &cached) const {
  const DecathlonIndex::Case &files = cached.files;
  SEGC_ASSIGN_OR_RETURN(CaseContent content, readImage(files, rules()));
  if (!files.label.empty())
    cached.labelStatus = readLabel(files, rules(), content);
  const VolumeGeometry &geometry = content.geometry();
  const AxisOrder order = frameOrder(geometry);
  if (geometry.placedBy == PlacedBy::Pixdim)
    note(files.image, "has neither sform nor qform; its axes count as right, "
                      "anterior, superior");
  else if (frame == AxisFrame::File &&
           !orderToRas(geometry).isIdentity())
    note(files.image, "its axes point to " + orientationText(geometry) +
                          ", but it is taken in the order of the file, as the "
                          "weights assume (orientation \"file\")");
  std::vector<float> image(voxels());
  resampleLinear(reordered(content.image(), order), image.data(), shape);
  if (!zScore(image))
    return invalidArgument(files.image +
                           " has the same value everywhere, expected an image "
                           "that can be normalised");
  if (!content.label.empty()) {
    cached.label.resize(voxels());
    resampleNearest(reordered(LabelView(content.label, geometry.size), order),
                    cached.label.data(), shape);
  }
  cached.image = std::move(image);
  return Status::success();
}

Status DecathlonDataset::ensure(CachedCase &cached) const {
  std::lock_guard<std::mutex> lock(cached.mutex);
  const std::string where = "case " + cached.files.name;
  if (!cached.loaded) {
    cached.status = prepare(cached).withContext(where);
    cached.labelStatus = cached.labelStatus.withContext(where);
  }
  cached.loaded = true;
  return cached.status;
}

Status DecathlonDataset::load(Split split) const {
  Status first;
  std::string faults;
  int64_t bad = 0;
  for (const auto &cached : splits[static_cast<size_t>(split)]) {
    Status status = ensure(*cached);
    if (status.ok())
      status = cached->labelStatus;
    if (status.ok())
      continue;
    first = bad == 0 ? status : first;
    faults += "\n  " + status.message();
    ++bad;
  }
  if (bad <= 1)
    return first;
  return Status(first.code(), std::to_string(bad) + " of " +
                                  std::to_string(count(split)) + " " +
                                  splitName(split) +
                                  " cases cannot be used:" + faults);
}

//===----------------------------------------------------------------------===//
// Samples
//===----------------------------------------------------------------------===//

/// Copies an [x][y][z] array with x or y mirrored.
template <typename T>
static void copyFlipped(const std::vector<T> &source, const Size3 &shape,
                        bool flipX, bool flipY, T *result) {
  for (int64_t x = 0; x < shape[0]; ++x)
    for (int64_t y = 0; y < shape[1]; ++y) {
      int64_t fromX = flipX ? shape[0] - 1 - x : x;
      int64_t fromY = flipY ? shape[1] - 1 - y : y;
      std::copy_n(source.data() + (fromX * shape[1] + fromY) * shape[2],
                  shape[2], result);
      result += shape[2];
    }
}

Status DecathlonDataset::sample(Split split, int64_t index,
                                const AugmentKey &key, float *image,
                                int32_t *label) const {
  CachedCase &cached = at(split, index);
  SEGC_RETURN_IF_ERROR(ensure(cached));
  if (label)
    SEGC_RETURN_IF_ERROR(cached.labelStatus);
  if (label && cached.label.empty())
    return invalidArgument("case " + cached.files.name +
                           ": has no label; only predict with it");
  bool mirrorY = false, mirrorX = false;
  if (key.augment) {
    // Both coins are always thrown: a draw never depends on the pipeline.
    AugmentDraws draws(key);
    mirrorY = draws.coin() && flipY;
    mirrorX = draws.coin() && flipX;
  }
  copyFlipped(cached.image, shape, mirrorX, mirrorY, image);
  if (label)
    copyFlipped(cached.label, shape, mirrorX, mirrorY, label);
  return Status::success();
}

StatusOr<SourceCase> DecathlonDataset::source(Split split,
                                              int64_t index) const {
  SEGC_ASSIGN_OR_RETURN(CaseContent content, read(at(split, index).files));
  SourceCase result;
  result.size = content.geometry().size;
  result.spacing = content.geometry().spacing;
  result.image.resize(static_cast<size_t>(content.geometry().voxels()));
  content.volume.voxels.read(static_cast<size_t>(content.image().first),
                             result.image.size(), result.image.data());
  result.label = std::move(content.label);
  return result;
}

//===----------------------------------------------------------------------===//
// Predictions
//===----------------------------------------------------------------------===//

std::vector<uint8_t>
DecathlonDataset::labelsOf(const float *probabilities,
                           const VolumeGeometry &geometry) const {
  const AxisOrder order = frameOrder(geometry);
  const Size3 size = order.permuted(geometry.size);
  return reordered(labelsOnSourceGrid(probabilities, shape, classes(), size),
                   size, order.inverse());
}

StatusOr<std::vector<uint8_t>>
DecathlonDataset::predictedLabels(Split split, int64_t index,
                                  const float *probabilities) const {
  SEGC_ASSIGN_OR_RETURN(CaseContent content, read(at(split, index).files));
  return labelsOf(probabilities, content.geometry());
}

/// Pictures show all volumes from the same side, whatever their storage order.
Status DecathlonDataset::writeOverlay(const std::string &path,
                                      const CaseContent &content,
                                      const std::vector<uint8_t> &labels) const {
  const Size3 &fileSize = content.geometry().size;
  const AxisOrder order = frameOrder(content.geometry());
  const VoxelView image = reordered(content.image(), order);
  const std::vector<uint8_t> shown = reordered(labels, fileSize, order),
                             truth = reordered(content.label, fileSize, order);
  SEGC_RETURN_IF_ERROR(
      createDirectories(std::filesystem::path(path).parent_path().string()));
  std::vector<bool> visible = visibleClasses(names, classes());
  std::vector<OverlaySlice> slices =
      volumeSlices(image, shown.data(), truth.empty() ? nullptr : truth.data(),
                   visible, overlaySlices);
  const int64_t scale =
      std::max<int64_t>(1, 256 / std::max(image.size[0], image.size[1]));
  SEGC_ASSIGN_OR_RETURN(RgbImage picture,
                        drawOverlay(slices, names, classes(), scale));
  return writePng(path, picture);
}

Status DecathlonDataset::writePrediction(Split split, int64_t index,
                                         const float *probabilities,
                                         const PredictionFolders &folders) {
  const DecathlonIndex::Case &files = at(split, index).files;
  SEGC_ASSIGN_OR_RETURN(CaseContent content, read(files));
  const std::vector<uint8_t> labels =
      labelsOf(probabilities, content.geometry());
  SEGC_RETURN_IF_ERROR(createDirectories(folders.predictions));
  SEGC_RETURN_IF_ERROR(
      writeNifti(folders.predictions + "/" +
                     outputName(files.name, ".nii.gz"),
                 content.geometry(), labels.data()));
  if (folders.overlays.empty())
    return Status::success();
  // The mask is there: a picture that fails is no failed case.
  Status drawn = writeOverlay(folders.overlays + "/" +
                                  outputName(files.name, ".png"),
                              content, labels);
  if (!drawn.ok())
    note("case " + files.name, "no picture: " + drawn.message());
  return Status::success();
}
