//===- SlicePreprocessor.cpp - Resizing and padding of slices -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SlicePadding.h"
#include "segc/Runtime/Data/Preprocessor.h"

#include <cmath>

using namespace segc;

namespace {

/// Scales grey values to [-1, 1], resizes, and centres on a canvas of zeros
/// (docs/ReferenceBehaviour.md, "U-Net's data").
class SlicePreprocessor : public Preprocessor {
public:
  SlicePreprocessor(const DataPipeline &pipeline, PixelRule rule)
      : resize(pipeline.resize), canvas(pipeline.padTo), rule(rule) {
    imageDims = {canvas.height, canvas.width, 1};
    labelDims = {resize.height, resize.width};
  }

  StatusOr<PreparedSample> prepare(const SourceCase &source) const override;
  void writeSample(const PreparedSample &prepared, float *image,
                   int32_t *label) const override {
    padPlane(prepared.image, resize, canvas, false, false, image);
    if (label)
      std::copy(prepared.label.begin(), prepared.label.end(), label);
  }
  std::vector<uint8_t> labelsOnGrid(const float *probabilities,
                                    const VolumeGeometry &grid) const override;
  std::vector<uint8_t> labelsAndProbabilities(const float *probabilities,
                                              const VolumeGeometry &grid,
                                              float *onGrid) const override;
  std::vector<float> probabilityMap(const float *probabilities,
                                    const VolumeGeometry &grid) const override;
  std::vector<uint8_t> greyMask(const float *probabilities,
                                const VolumeGeometry &grid) const override;

private:
  /// A plane of the network's output on the grid of a page.
  std::vector<float> pageOf(const std::vector<float> &plane,
                            const VolumeGeometry &grid) const {
    std::vector<float> full(static_cast<size_t>(grid.voxels()));
    resizeBilinear(plane.data(), resize.height, resize.width, full.data(),
                   grid.size[1], grid.size[0], rule);
    return full;
  }
  std::vector<float> resized(const std::vector<float> &page,
                             const VolumeGeometry &grid) const {
    std::vector<float> result(resize.size());
    resizeBilinear(page.data(), grid.size[1], grid.size[0], result.data(),
                   resize.height, resize.width, rule);
    return result;
  }

  Extent resize, canvas;
  PixelRule rule;
};

} // namespace

StatusOr<PreparedSample>
SlicePreprocessor::prepare(const SourceCase &source) const {
  const VolumeGeometry &grid = source.geometry();
  std::vector<float> page = source.images[0].voxels.floats();
  for (float &value : page)
    value = value / 127.5f - 1.0f;
  PreparedSample prepared;
  prepared.image = resized(page, grid);
  if (source.label.empty())
    return prepared;
  const std::vector<float> label(source.label.begin(), source.label.end());
  for (float share : resized(label, grid))
    prepared.label.push_back(share >= 0.5f);
  return prepared;
}

std::vector<uint8_t>
SlicePreprocessor::labelsOnGrid(const float *probabilities,
                                const VolumeGeometry &grid) const {
  // Two classes: one plane of differences decides.
  std::vector<float> lead(resize.size());
  for (size_t i = 0; i < lead.size(); ++i)
    lead[i] = probabilities[2 * i + 1] - probabilities[2 * i];
  std::vector<uint8_t> labels;
  for (float value : pageOf(lead, grid))
    labels.push_back(value > 0);
  return labels;
}

std::vector<uint8_t>
SlicePreprocessor::labelsAndProbabilities(const float *probabilities,
                                          const VolumeGeometry &grid,
                                          float *onGrid) const {
  const std::vector<float> foreground = probabilityMap(probabilities, grid);
  for (size_t i = 0; i < foreground.size(); ++i) {
    onGrid[i] = 1 - foreground[i];
    onGrid[foreground.size() + i] = foreground[i];
  }
  return labelsOnGrid(probabilities, grid);
}

std::vector<float>
SlicePreprocessor::probabilityMap(const float *probabilities,
                                  const VolumeGeometry &grid) const {
  std::vector<float> foreground(resize.size());
  for (size_t i = 0; i < foreground.size(); ++i)
    foreground[i] = probabilities[2 * i + 1];
  return pageOf(foreground, grid);
}

// Decided first, then resized and rounded.
std::vector<uint8_t>
SlicePreprocessor::greyMask(const float *probabilities,
                            const VolumeGeometry &grid) const {
  std::vector<float> decided(resize.size());
  for (size_t i = 0; i < decided.size(); ++i)
    decided[i] = probabilities[2 * i + 1] > probabilities[2 * i] ? 255.0f : 0;
  std::vector<uint8_t> mask;
  for (float value : pageOf(decided, grid))
    mask.push_back(static_cast<uint8_t>(std::lround(value)));
  return mask;
}

std::unique_ptr<Preprocessor>
segc::makeSlicePreprocessor(const DataPipeline &pipeline,
                            const PreprocessorOptions &options) {
  return std::make_unique<SlicePreprocessor>(pipeline, options.pixelRule);
}
