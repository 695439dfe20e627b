//===- PatchCrops.cpp - Crops that a device renders -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Augment/PatchCrops.h"
#include "AxisTaps.h"
#include "PatchRandom.h"
#include "segc/Plan/AugmentEntry.h"

#include <algorithm>

using namespace segc;

std::vector<TensorSignature> segc::cropTensors(Shape3 largest,
                                               int64_t channels) {
  const auto &[depth, height, width] = largest;
  return {{augment::crop, ElementType::F32, {depth, height, width, channels}},
          {augment::cropLabels, ElementType::I32, {depth, height, width}},
          {augment::maps, ElementType::F32, {augment::mapNumbers}},
          {augment::intensities,
           ElementType::F32,
           {channels, augment::intensityNumbers}},
          {augment::noiseKeys, ElementType::I32, {augment::noiseWords}}};
}

static std::string textOf(const TensorSignature &tensor) {
  return "\"" + tensor.name + "\" " +
         (tensor.type == ElementType::F32 ? "f32 " : "i32 ") +
         shapeText(tensor.shape);
}

StatusOr<std::unique_ptr<PatchCrops>>
PatchCrops::create(const PatchSource &cases, int64_t channels,
                   PatchOptions options, const EntrySignature &entry) {
  Shape3 largest = {1, 1, 1};
  const int crop = entry.findInput(augment::crop);
  if (crop >= 0 && entry.inputs[crop].shape.size() == 5)
    std::copy_n(entry.inputs[crop].shape.begin() + 1, 3, largest.begin());
  std::vector<TensorSignature> signatures = cropTensors(largest, channels);
  const TensorSignature none = {"no more", ElementType::F32, {}};
  for (size_t i = 0; i < std::max(signatures.size(), entry.inputs.size());
       ++i) {
    const TensorSignature found =
        i < entry.inputs.size() ? entry.inputs[i] : none;
    TensorSignature wanted = i < signatures.size() ? signatures[i] : none;
    wanted.shape.insert(wanted.shape.begin(),
                        found.shape.empty() ? 1 : found.shape[0]);
    if (found.name != wanted.name || found.type != wanted.type ||
        found.shape != wanted.shape)
      return invalidArgument("the entry augment has the input " +
                             textOf(found) + ", these cases give " +
                             textOf(wanted) + "; compile the model again");
  }
  SEGC_ASSIGN_OR_RETURN(std::unique_ptr<CaseDraws> draws,
                        CaseDraws::create(cases, channels, std::move(options)));
  return std::unique_ptr<PatchCrops>(
      new PatchCrops(std::move(draws), std::move(signatures)));
}

PatchCrops::PatchCrops(std::unique_ptr<CaseDraws> newDraws,
                       std::vector<TensorSignature> newSignatures)
    : draws(std::move(newDraws)), signatures(std::move(newSignatures)) {
  std::copy_n(signatures[0].shape.begin(), 3, largest.begin());
}

/// Copies the part of a case that a crop covers to the first corner of an array
/// of `largest` voxels of `values` elements; `outside` fills the rest.
template <typename From, typename To>
static void packBox(const From *data, Shape3 caseShape, const PatchDraw &draw,
                    Shape3 largest, int64_t values, To outside, To *target) {
  Shape3 begin, end; // of the covered part, in the crop
  for (size_t axis = 0; axis < 3; ++axis) {
    begin[axis] = std::clamp<int64_t>(-draw.origin[axis], 0, largest[axis]);
    end[axis] = std::clamp<int64_t>(
        std::min(draw.extent[axis], caseShape[axis] - draw.origin[axis]),
        begin[axis], largest[axis]);
  }
  const int64_t row = largest[2] * values;
  for (int64_t z = 0; z < largest[0]; ++z)
    for (int64_t y = 0; y < largest[1]; ++y, target += row) {
      if (z < begin[0] || z >= end[0] || y < begin[1] || y >= end[1]) {
        std::fill_n(target, row, outside);
        continue;
      }
      const From *first =
          data + (((draw.origin[0] + z) * caseShape[1] + draw.origin[1] + y) *
                      caseShape[2] +
                  draw.origin[2] + begin[2]) *
                     values;
      std::fill_n(target, begin[2] * values, outside);
      std::copy_n(first, (end[2] - begin[2]) * values,
                  target + begin[2] * values);
      std::fill(target + end[2] * values, target + row, outside);
    }
}

static void packMap(const PatchDraw &draw, float *numbers) {
  std::fill_n(numbers, augment::mapNumbers, 0.0f);
  for (size_t i = 0; i < 3; ++i) {
    numbers[augment::MapExtent + i] = static_cast<float>(draw.extent[i]);
    numbers[augment::MapFlip + i] = draw.flip[i] ? 1 : 0;
    for (size_t j = 0; j < 3; ++j)
      numbers[augment::MapMatrix + 3 * i + j] =
          static_cast<float>(draw.matrix[i][j]);
  }
  numbers[augment::MapZooms] = draw.map == CropMap::Zoom ? 1 : 0;
}

static void packChannel(const ChannelDraw &draw, bool isMasked, Shape3 patch,
                        float *numbers) {
  std::fill_n(numbers, augment::intensityNumbers, 0.0f);
  numbers[augment::Noise] = draw.noise;
  numbers[augment::Scale] = draw.scale;
  numbers[augment::Shift] = draw.shift;
  numbers[augment::Contrast] = draw.contrast.value_or(1);
  numbers[augment::InvertedGamma] = draw.invertedGamma.value_or(0);
  numbers[augment::Gamma] = draw.gamma.value_or(0);
  numbers[augment::Masked] = isMasked ? 1 : 0;
  for (size_t axis = 0; axis < 3; ++axis) {
    const AxisBlur &blur = draw.blur[axis];
    numbers[augment::BlurSigma + axis] = blur.radius > 0 ? blur.sigma : 0;
    numbers[augment::BlurRadius + axis] = static_cast<float>(blur.radius);
    numbers[augment::LowResolution + axis] = draw.lowResolution[axis];
    numbers[augment::LowResolutionExtent + axis] = static_cast<float>(
        lowResolutionExtent(draw.lowResolution[axis], patch[axis]));
  }
}

Status PatchCrops::write(Split split, int64_t index, const AugmentKey &key,
                         const std::vector<void *> &memory) const {
  SEGC_ASSIGN_OR_RETURN(const CaseDraw drawn, draws->draw(split, index, key));
  const PreparedCase &source = drawn.prepared;
  const PatchDraw &draw = drawn.draw;
  for (size_t axis = 0; axis < 3; ++axis)
    if (draw.extent[axis] > largest[axis])
      return invalidArgument(
          source.name + ": a crop has " + std::to_string(draw.extent[axis]) +
          " voxels along axis " + std::to_string(axis) +
          ", the entry augment takes " + std::to_string(largest[axis]) +
          "; compile the model for these rules (segc compile --augmentation)");
  packBox(source.image, source.shape, draw, largest, source.channels, 0.0f,
          static_cast<float *>(memory[0]));
  packBox(source.labels, source.shape, draw, largest, 1, int32_t{-1},
          static_cast<int32_t *>(memory[1]));
  packMap(draw, static_cast<float *>(memory[2]));
  const PatchOptions &options = draws->options;
  for (size_t channel = 0; channel < draw.channels.size(); ++channel)
    packChannel(draw.channels[channel],
                channel < options.maskedChannels.size() &&
                    options.maskedChannels[channel],
                options.patch,
                static_cast<float *>(memory[3]) +
                    channel * augment::intensityNumbers);
  auto *words = static_cast<uint32_t *>(memory[4]);
  words[augment::KeyLow] = static_cast<uint32_t>(draw.seed);
  words[augment::KeyHigh] = static_cast<uint32_t>(draw.seed >> 32);
  words[augment::CounterSample] = static_cast<uint32_t>(draw.sample);
  words[augment::CounterStream] = noiseStream(draw.sample, 0);
  return Status::success();
}
