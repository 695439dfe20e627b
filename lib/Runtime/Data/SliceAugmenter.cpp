//===- SliceAugmenter.cpp - Augmentation of slices ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Augmentation.h"
#include "SlicePadding.h"

using namespace segc;

namespace {

/// Applies flips, a random crop resized to the canvas, and a change of
/// brightness (docs/ReferenceBehaviour.md, "U-Net's data").
class SliceAugmenter : public Augmenter {
public:
  explicit SliceAugmenter(const DataPipeline &pipeline)
      : resize(pipeline.resize), canvas(pipeline.padTo) {}

  void writeSample(const PreparedSample &prepared, const AugmentKey &key,
                   float *image, int32_t *label) const override;

private:
  Extent resize, canvas;
};

} // namespace

void SliceAugmenter::writeSample(const PreparedSample &prepared,
                                 const AugmentKey &key, float *image,
                                 int32_t *label) const {
  AugmentDraws draws(key);
  const bool flipX = draws.coin(), flipY = draws.coin();
  CropBox box;
  box.left = draws.uniform(0, 0.3f);
  box.top = draws.uniform(0, 0.3f);
  box.right = 1 - draws.uniform(0, 0.3f);
  box.bottom = 1 - draws.uniform(0, 0.3f);
  const float brightness = draws.uniform(-0.2f, 0.2f);

  std::vector<float> padded(canvas.size());
  padPlane(prepared.image, resize, canvas, flipX, flipY, padded.data());
  cropAndResize(padded.data(), canvas.height, canvas.width, box, image,
                canvas.height, canvas.width);
  for (size_t i = 0; i < canvas.size(); ++i)
    image[i] = std::clamp(image[i] + brightness, -1.0f, 1.0f);
  if (!label)
    return;

  padPlane(prepared.label, resize, canvas, flipX, flipY, padded.data());
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
}

std::unique_ptr<Augmenter>
segc::makeSliceAugmenter(const DataPipeline &pipeline) {
  return std::make_unique<SliceAugmenter>(pipeline);
}
