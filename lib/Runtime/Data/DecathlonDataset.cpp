//===- DecathlonDataset.cpp - Samples and labels of volumes ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DecathlonDataset.h"
#include "Augmentation.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Data/Overlay.h"

#include <algorithm>
#include <cmath>
#include <optional>

using namespace segc;
using namespace segc::decathlon;

/// Slices of a volume in its picture.
static constexpr int64_t overlaySlices = 5;

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// "(x, y, z)" of a voxel in file order.
static std::string voxelAt(const VolumeGeometry &geometry, size_t place) {
  auto voxel = static_cast<int64_t>(place);
  const auto &size = geometry.size;
  return "(" + std::to_string(voxel % size[0]) + ", " +
         std::to_string(voxel / size[0] % size[1]) + ", " +
         std::to_string(voxel / size[0] / size[1]) + ")";
}

static std::string sizeText(const VolumeGeometry &geometry) {
  return std::to_string(geometry.size[0]) + "x" +
         std::to_string(geometry.size[1]) + "x" +
         std::to_string(geometry.size[2]);
}

Expected<CaseContent>
DecathlonDataset::read(const DecathlonIndex::Case &files) const {
  const std::string where = "case " + files.name + ": ";
  SEGC_ASSIGN_OR_RETURN(Volume image, readNifti(files.image));
  for (const std::string &warning : image.warnings)
    note(warning);
  CaseContent content;
  content.volume = std::move(image);
  const VolumeGeometry &geometry = content.geometry();
  const auto first = static_cast<size_t>(content.image().first);
  const auto count = static_cast<size_t>(geometry.voxels());
  const Voxels &voxels = content.volume.voxels;
  if (std::optional<size_t> bad = voxels.firstNotFinite(first, count))
    return Status(StatusCode::NonFinite,
                  where + files.image + " is " + std::to_string(voxels[*bad]) +
                      " at voxel " + voxelAt(geometry, *bad - first) +
                      ", expected numbers; repair or leave out the case");
  if (files.label.empty())
    return content;

  SEGC_ASSIGN_OR_RETURN(Volume label, readNifti(files.label));
  for (const std::string &warning : label.warnings)
    note(warning);
  if (label.geometry.size != geometry.size)
    return invalidArgument(where + files.label + " has the size " +
                           sizeText(label.geometry) + ", expected " +
                           sizeText(geometry) + " like " + files.image);
  const VoxelView classes = label.channel(label.channels - 1);
  for (size_t i = 0; i < count; ++i) {
    const float value = label.voxels[static_cast<size_t>(classes.first) + i];
    if (!(value >= 0 && value < static_cast<float>(names.size())) ||
        value != std::floor(value))
      return invalidArgument(where + files.label + " has the value " +
                             std::to_string(value) + " at voxel " +
                             voxelAt(geometry, i) + ", expected a class 0.." +
                             std::to_string(names.size() - 1));
    content.label.push_back(static_cast<uint8_t>(value));
  }
  return content;
}

/// Mean 0 and population standard deviation 1; false for a constant volume.
static bool zScore(std::vector<float> &image) {
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
  SEGC_ASSIGN_OR_RETURN(CaseContent content, read(cached.files));
  std::vector<float> image(voxels());
  resampleLinear(content.image(), image.data(), shape);
  if (!zScore(image))
    return invalidArgument("case " + cached.files.name + ": " +
                           cached.files.image +
                           " has the same value everywhere, expected an image "
                           "that can be normalised");
  if (!content.label.empty()) {
    cached.label.resize(voxels());
    resampleNearest({content.label, content.geometry().size},
                    cached.label.data(), shape);
  }
  cached.image = std::move(image);
  return Status::success();
}

Status DecathlonDataset::ensure(CachedCase &cached) const {
  std::lock_guard<std::mutex> lock(cached.mutex);
  if (!cached.loaded)
    cached.status = prepare(cached);
  cached.loaded = true;
  return cached.status;
}

Status DecathlonDataset::load(Split split) const {
  for (const auto &cached : splits[static_cast<size_t>(split)])
    SEGC_RETURN_IF_ERROR(ensure(*cached));
  return Status::success();
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

Expected<SourceCase> DecathlonDataset::source(Split split,
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

Expected<std::vector<uint8_t>>
DecathlonDataset::predictedLabels(Split split, int64_t index,
                                  const float *probabilities) const {
  SEGC_ASSIGN_OR_RETURN(CaseContent content, read(at(split, index).files));
  return labelsOnSourceGrid(probabilities, shape, classes(),
                            content.geometry().size);
}

Status DecathlonDataset::writePrediction(Split split, int64_t index,
                                         const float *probabilities,
                                         const PredictionFolders &folders) {
  const DecathlonIndex::Case &files = at(split, index).files;
  SEGC_ASSIGN_OR_RETURN(CaseContent content, read(files));
  const Size3 &size = content.geometry().size;
  std::vector<uint8_t> labels =
      labelsOnSourceGrid(probabilities, shape, classes(), size);
  SEGC_RETURN_IF_ERROR(createDirectories(folders.predictions));
  SEGC_RETURN_IF_ERROR(
      writeNifti(folders.predictions + "/" + files.name + ".nii.gz",
                 content.geometry(), labels.data()));
  if (folders.overlays.empty())
    return Status::success();
  SEGC_RETURN_IF_ERROR(createDirectories(folders.overlays));
  std::vector<bool> visible = visibleClasses(names, classes());
  std::vector<OverlaySlice> slices =
      volumeSlices(content.image(), labels.data(),
                   content.label.empty() ? nullptr : content.label.data(),
                   visible, overlaySlices);
  const int64_t scale = std::max<int64_t>(1, 256 / std::max(size[0], size[1]));
  return writePng(folders.overlays + "/" + files.name + ".png",
                  drawOverlay(slices, visible, scale));
}
