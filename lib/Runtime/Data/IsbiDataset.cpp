//===- IsbiDataset.cpp - Samples and masks of ISBI slices -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IsbiDataset.h"
#include "Augmentation.h"
#include "OutputNames.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Data/Overlay.h"

#include <algorithm>
#include <cmath>

using namespace segc;
using namespace segc::isbi;

//===----------------------------------------------------------------------===//
// Samples
//===----------------------------------------------------------------------===//

/// Puts a plane into the middle of a canvas of zeros, mirrored with the canvas.
template <typename T>
static void pad(const std::vector<T> &plane, const Extent &from,
                const Extent &to, bool flipX, bool flipY, float *result) {
  std::fill(result, result + to.size(), 0.0f);
  const int64_t top = (to.height - from.height) / 2;
  const int64_t left = (to.width - from.width) / 2;
  for (int64_t y = 0; y < from.height; ++y) {
    const int64_t row = flipY ? to.height - 1 - (top + y) : top + y;
    for (int64_t x = 0; x < from.width; ++x) {
      const int64_t column = flipX ? to.width - 1 - (left + x) : left + x;
      result[row * to.width + column] =
          static_cast<float>(plane[static_cast<size_t>(y * from.width + x)]);
    }
  }
}

Status IsbiDataset::sample(Split split, int64_t index, const AugmentKey &key,
                           float *image, int32_t *label) const {
  const Place &at = place(split, index);
  SEGC_RETURN_IF_ERROR(stacks[at.stack].status);
  auto known = prepared.find(at);
  Prepared fresh;
  if (known == prepared.end()) {
    SEGC_ASSIGN_OR_RETURN(fresh, prepare(at));
  }
  const Prepared &page = known == prepared.end() ? fresh : known->second;
  if (label)
    SEGC_RETURN_IF_ERROR(stacks[at.stack].labelStatus);
  if (label && page.label.empty())
    return invalidArgument(caseName(split, index) +
                           ": has no label; only predict with it");
  if (!key.augment) {
    pad(page.image, resize, canvas, false, false, image);
    if (label)
      std::copy(page.label.begin(), page.label.end(), label);
    return Status::success();
  }

  AugmentDraws draws(key);
  const bool flipX = draws.coin(), flipY = draws.coin();
  CropBox box;
  box.left = draws.uniform(0, 0.3f);
  box.top = draws.uniform(0, 0.3f);
  box.right = 1 - draws.uniform(0, 0.3f);
  box.bottom = 1 - draws.uniform(0, 0.3f);
  const float brightness = draws.uniform(-0.2f, 0.2f);

  std::vector<float> padded(canvas.size());
  pad(page.image, resize, canvas, flipX, flipY, padded.data());
  cropAndResize(padded.data(), canvas.height, canvas.width, box, image,
                canvas.height, canvas.width);
  for (size_t i = 0; i < canvas.size(); ++i)
    image[i] = std::clamp(image[i] + brightness, -1.0f, 1.0f);
  if (!label)
    return Status::success();

  pad(page.label, resize, canvas, flipX, flipY, padded.data());
  std::vector<float> cropped(canvas.size());
  cropAndResize(padded.data(), canvas.height, canvas.width, box, cropped.data(),
                canvas.height, canvas.width);
  const int64_t top = (canvas.height - resize.height) / 2;
  const int64_t left = (canvas.width - resize.width) / 2;
  for (int64_t y = 0; y < resize.height; ++y)
    for (int64_t x = 0; x < resize.width; ++x)
      *label++ =
          cropped[static_cast<size_t>((top + y) * canvas.width + left + x)] >=
          0.5f;
  return Status::success();
}

std::string IsbiDataset::caseName(Split split, int64_t index) const {
  const Place &at = place(split, index);
  if (!stacks[at.stack].status.ok())
    return stacks[at.stack].name;
  std::string number = std::to_string(at.page);
  return stacks[at.stack].name + "-" +
         std::string(number.size() < 2 ? 2 - number.size() : 0, '0') + number;
}

StatusOr<SourceCase> IsbiDataset::source(Split split, int64_t index) const {
  const Place &at = place(split, index);
  const TiffStack &stack = stacks[at.stack].image;
  SourceCase result;
  result.size = {stack.width(), stack.height(), 1};
  SEGC_ASSIGN_OR_RETURN(std::vector<uint8_t> page, imageAt(at));
  result.image.assign(page.begin(), page.end());
  SEGC_ASSIGN_OR_RETURN(result.label, labelAt(at));
  return result;
}

//===----------------------------------------------------------------------===//
// Predictions
//===----------------------------------------------------------------------===//

StatusOr<std::vector<uint8_t>>
IsbiDataset::predictedLabels(Split split, int64_t index,
                             const float *probabilities) const {
  const TiffStack &stack = stacks[place(split, index).stack].image;
  // Two classes: one plane of differences decides.
  std::vector<float> lead(resize.size());
  for (size_t i = 0; i < lead.size(); ++i)
    lead[i] = probabilities[2 * i + 1] - probabilities[2 * i];
  std::vector<float> full(static_cast<size_t>(stack.pageSize()));
  resizeBilinear(lead.data(), resize.height, resize.width, full.data(),
                 stack.height(), stack.width(), pixelRule());
  std::vector<uint8_t> labels;
  for (float value : full)
    labels.push_back(value > 0);
  return labels;
}

/// The published mask: decided first, then resized and rounded.
static std::vector<uint8_t> greyMask(const float *probabilities,
                                     const Extent &from, const TiffStack &to,
                                     PixelRule rule) {
  std::vector<float> decided(from.size());
  for (size_t i = 0; i < decided.size(); ++i)
    decided[i] = probabilities[2 * i + 1] > probabilities[2 * i] ? 255.0f : 0;
  std::vector<float> full(static_cast<size_t>(to.pageSize()));
  resizeBilinear(decided.data(), from.height, from.width, full.data(),
                 to.height(), to.width(), rule);
  std::vector<uint8_t> mask;
  for (float value : full)
    mask.push_back(static_cast<uint8_t>(std::lround(value)));
  return mask;
}

Status IsbiDataset::writeOverlay(const std::string &folder, Split split,
                                 int64_t index,
                                 std::vector<uint8_t> labels) const {
  const Place &at = place(split, index);
  const TiffStack &stack = stacks[at.stack].image;
  SEGC_RETURN_IF_ERROR(createDirectories(folder));
  OverlaySlice slice;
  slice.width = stack.width();
  slice.height = stack.height();
  SEGC_ASSIGN_OR_RETURN(slice.grey, imageAt(at));
  SEGC_ASSIGN_OR_RETURN(slice.label, labelAt(at));
  slice.prediction = std::move(labels);
  const int64_t scale =
      std::max<int64_t>(1, 256 / std::max(stack.width(), stack.height()));
  SEGC_ASSIGN_OR_RETURN(RgbImage picture,
                        drawOverlay({slice}, names, 2, scale));
  return writePng(folder + "/" + outputName(caseName(split, index), ".png"),
                  picture);
}

Status IsbiDataset::writePrediction(Split split, int64_t index,
                                    const float *probabilities,
                                    const PredictionFolders &folders) {
  const Place &at = place(split, index);
  const TiffStack &stack = stacks[at.stack].image;
  SEGC_ASSIGN_OR_RETURN(std::vector<uint8_t> labels,
                        predictedLabels(split, index, probabilities));
  std::vector<uint8_t> mask;
  for (uint8_t label : labels)
    mask.push_back(label ? 255 : 0);
  {
    std::lock_guard<std::mutex> lock(mutex);
    masks[{split, at}] = std::move(mask);
    if (options.greyMasks)
      greyMasks[{split, at}] =
          greyMask(probabilities, resize, stack, pixelRule());
  }
  if (folders.overlays.empty())
    return Status::success();
  // The mask is there: a picture that fails is no failed case.
  Status drawn =
      writeOverlay(folders.overlays, split, index, std::move(labels));
  if (!drawn.ok())
    note("case " + caseName(split, index), "no picture: " + drawn.message());
  return Status::success();
}

Status IsbiDataset::finishPredictions(const PredictionFolders &folders) {
  std::lock_guard<std::mutex> lock(mutex);
  SEGC_RETURN_IF_ERROR(writeMasks(folders, "-masks.tif", masks));
  return writeMasks(folders, "-masks-grey.tif", greyMasks);
}

Status IsbiDataset::writeMasks(
    const PredictionFolders &folders, const char *ending,
    const std::map<std::pair<Split, Place>, std::vector<uint8_t>> &pages)
    const {
  std::map<std::string, std::vector<const uint8_t *>> files;
  std::map<std::string, const TiffStack *> sources;
  for (const auto &[key, mask] : pages) {
    const auto &[split, at] = key;
    const Slices &slices = stacks[at.stack];
    const std::string name =
        split == Split::Test ? slices.name : splitName(split);
    files[name].push_back(mask.data());
    sources[name] = &slices.image;
  }
  if (!files.empty())
    SEGC_RETURN_IF_ERROR(createDirectories(folders.predictions));
  for (const auto &[name, masks] : files)
    SEGC_RETURN_IF_ERROR(
        writeTiff(folders.predictions + "/" + outputName(name, ending),
                  sources[name]->width(), sources[name]->height(), masks));
  return Status::success();
}
