//===- PatchRenderer.cpp - From a case to an augmented patch --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Augment/PatchRenderer.h"
#include "ChannelRenderer.h"

#include <algorithm>

using namespace segc;

PatchRenderer::PatchRenderer(Shape3 patch, int64_t channels,
                             std::vector<bool> maskedChannels,
                             const PatchKernels &kernels)
    : patch(patch), channels(channels),
      maskedChannels(std::move(maskedChannels)), kernels(kernels),
      channelRenderer(std::make_unique<ChannelRenderer>(patch, kernels)),
      labelRow(static_cast<size_t>(paddedRow(patch[2]))) {}

PatchRenderer::PatchRenderer(Shape3 patch, int64_t channels,
                             std::vector<bool> maskedChannels)
    : PatchRenderer(patch, channels, std::move(maskedChannels),
                    patchKernels()) {}

PatchRenderer::~PatchRenderer() = default;

/// The places of an axis of a patch in the case, -1 outside.
static std::vector<int64_t> labelPlaces(const PatchDraw &draw, size_t axis,
                                        int64_t size, int64_t source) {
  std::vector<int64_t> places;
  for (int64_t i = 0; i < size; ++i) {
    const int64_t at = draw.flip[axis] ? size - 1 - i : i;
    const int64_t place =
        draw.origin[axis] + nearestPlace(at, draw.extent[axis], size);
    places.push_back(place >= 0 && place < source ? place : -1);
  }
  return places;
}

namespace {
/// Copies the places of a row. Most rows are runs of the source, forwards or
/// mirrored, with loops that are vector instructions.
class LabelRun {
public:
  explicit LabelRun(const std::vector<int64_t> &places) : places(places) {
    auto inside = [](int64_t place) { return place >= 0; };
    begin = std::find_if(places.begin(), places.end(), inside) - places.begin();
    end = places.rend() - std::find_if(places.rbegin(), places.rend(), inside);
    step = end - begin > 1 ? at(begin + 1) - at(begin) : 1;
    for (int64_t i = begin; i < end; ++i)
      if (at(i) != at(begin) + (i - begin) * step)
        step = 0;
  }

  void copy(const int16_t *row, int32_t *result) const {
    std::fill_n(result, places.size(), -1);
    if (step == 1)
      std::copy_n(row + at(begin), end - begin, result + begin);
    else if (step == -1)
      std::reverse_copy(row + at(end - 1), row + at(begin) + 1, result + begin);
    else
      for (int64_t i = begin; i < end; ++i)
        result[i] = row[at(i)];
  }

private:
  int64_t at(int64_t i) const { return places[static_cast<size_t>(i)]; }

  const std::vector<int64_t> &places;
  int64_t begin, end; ///< Of those inside of the source.
  int64_t step;       ///< 1 or -1, 0 for others.
};
} // namespace

void PatchRenderer::renderLabels(const PreparedCase &source,
                                 const PatchDraw &draw, int32_t *labels) {
  const Shape3 &shape = source.shape;
  if (draw.map == CropMap::Affine) {
    const AffineCrop crop(draw, patch, shape);
    CaseBox<int16_t> box;
    AffineRow row;
    AffineCrop::forEachRow(patch, [&](int64_t z, int64_t y) {
      if (crop.locate(source.labels, 1, z, y, box, row))
        kernels.affineLabels(box, row, patch[2], labelRow.data());
      else
        std::fill(labelRow.begin(), labelRow.end(), -1);
      std::copy_n(labelRow.data(), patch[2],
                  labels + (z * patch[1] + y) * patch[2]);
    });
    return;
  }
  std::vector<int64_t> places[3];
  for (size_t axis = 0; axis < 3; ++axis)
    places[axis] = labelPlaces(draw, axis, patch[axis], shape[axis]);
  const LabelRun run(places[2]);
  for (int64_t z : places[0])
    for (int64_t y : places[1]) {
      if (z < 0 || y < 0)
        std::fill_n(labels, patch[2], -1);
      else
        run.copy(source.labels + (z * shape[1] + y) * shape[2], labels);
      labels += patch[2];
    }
}

Status PatchRenderer::render(const PreparedCase &source, const PatchDraw &draw,
                             float *image, int32_t *labels) {
  if (draw.map == CropMap::Affine &&
      AffineCrop(draw, patch, source.shape).span(channels) > INT32_MAX)
    return unsupported(source.name +
                       ": a crop spans more than 2^31 values of the case; "
                       "choose smaller patches");
  const bool labelled = labels && source.labels;
  if (labelled)
    renderLabels(source, draw, labels);
  for (int64_t channel = 0; channel < channels; ++channel) {
    const auto at = static_cast<size_t>(channel);
    const bool masked =
        labelled && at < maskedChannels.size() && maskedChannels[at];
    channelRenderer->render(source, draw, channel, masked ? labels : nullptr,
                            image);
  }
  if (labelled)
    for (int64_t i = 0; i < patch[0] * patch[1] * patch[2]; ++i)
      labels[i] = std::max(labels[i], 0);
  return Status::success();
}
