//===- VolumePreprocessor.cpp - Resampling and normalisation of volumes ---===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Notes.h"
#include "segc/Runtime/Data/Preprocessor.h"

#include <algorithm>
#include <cmath>

using namespace segc;

/// Mean 0 and population standard deviation 1; false for a constant volume.
static bool zScore(std::vector<float> &image) {
  auto [min, max] = std::minmax_element(image.begin(), image.end());
  if (*min == *max)
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

namespace {

/// Reorders the axes, resamples to the grid of the network and z-scores each
/// channel over the volume (docs/ReferenceBehaviour.md, "V-Net's data").
class VolumePreprocessor : public Preprocessor {
public:
  VolumePreprocessor(const DataPipeline &pipeline,
                     const PreprocessorOptions &options, Notes &notes)
      : options(options), notes(notes),
        shape{pipeline.inputShape[0], pipeline.inputShape[1],
              pipeline.inputShape[2]} {
    labelDims = pipeline.inputShape;
    imageDims = pipeline.inputShape;
    imageDims.push_back(options.channels);
  }

  StatusOr<PreparedSample> prepare(const SourceCase &source) const override;
  void writeSample(const PreparedSample &prepared, float *image,
                   int32_t *label) const override {
    std::copy(prepared.image.begin(), prepared.image.end(), image);
    if (label)
      std::copy(prepared.label.begin(), prepared.label.end(), label);
  }

  std::vector<uint8_t> labelsOnGrid(const float *probabilities,
                                    const VolumeGeometry &grid) const override {
    return labelsAndProbabilities(probabilities, grid, nullptr);
  }
  std::vector<uint8_t> labelsAndProbabilities(const float *probabilities,
                                              const VolumeGeometry &grid,
                                              float *onGrid) const override;
  AxisOrder frameOrder(const VolumeGeometry &grid) const override {
    return options.frame == AxisFrame::Ras ? orderToRas(grid) : AxisOrder();
  }

private:
  size_t voxels() const {
    return static_cast<size_t>(shape[0] * shape[1] * shape[2]);
  }
  void noteFrame(const SourceCase &source) const;

  PreprocessorOptions options;
  Notes &notes;
  Size3 shape;
};

} // namespace

void VolumePreprocessor::noteFrame(const SourceCase &source) const {
  const VolumeGeometry &grid = source.geometry();
  if (grid.placedBy == PlacedBy::Pixdim)
    notes.add(source.path, "does not say where it lies; its axes count as "
                           "right, anterior, superior");
  else if (options.frame == AxisFrame::File && !orderToRas(grid).isIdentity())
    notes.add(source.path,
              "its axes point to " + orientationText(grid) +
                  ", but it is taken in the order of the file, as the "
                  "weights assume (orientation \"file\")");
}

std::vector<uint8_t>
VolumePreprocessor::labelsAndProbabilities(const float *probabilities,
                                           const VolumeGeometry &grid,
                                           float *onGrid) const {
  const AxisOrder order = frameOrder(grid);
  const auto classes = static_cast<int64_t>(options.classNames.size());
  LabelView stored;
  stored.size = grid.size;
  stored.stride = {1, grid.size[0], grid.size[0] * grid.size[1]};
  const LabelView view = reordered(stored, order);
  std::function<void(int64_t, const double *)> write;
  if (onGrid)
    write = [&](int64_t voxel, const double *values) {
      const int64_t place =
          view.first + voxel % view.size[0] * view.stride[0] +
          voxel / view.size[0] % view.size[1] * view.stride[1] +
          voxel / (view.size[0] * view.size[1]) * view.stride[2];
      for (int64_t c = 0; c < classes; ++c)
        onGrid[c * grid.voxels() + place] = static_cast<float>(values[c]);
    };
  return reordered(
      labelsOnSourceGrid(probabilities, shape, classes, view.size, write),
      view.size, order.inverse());
}

StatusOr<PreparedSample>
VolumePreprocessor::prepare(const SourceCase &source) const {
  const AxisOrder order = frameOrder(source.geometry());
  noteFrame(source);
  PreparedSample prepared;
  const size_t channels = source.channels.size();
  prepared.image.resize(voxels() * channels);
  std::vector<float> image(voxels());
  for (size_t c = 0; c < channels; ++c) {
    resampleLinear(reordered(source.channel(c), order), image.data(), shape);
    if (!zScore(image))
      return invalidArgument(
          source.path + " has the same value everywhere" +
          (channels > 1 ? " in channel " + std::to_string(c) : "") +
          ", expected an image that can be normalised");
    for (size_t i = 0; i < image.size(); ++i)
      prepared.image[i * channels + c] = image[i];
  }
  if (source.label.empty())
    return prepared;
  prepared.label.resize(voxels());
  resampleNearest(reordered(source.labelView(), order), prepared.label.data(),
                  shape);
  return prepared;
}

std::unique_ptr<Preprocessor>
segc::makeVolumePreprocessor(const DataPipeline &pipeline,
                             const PreprocessorOptions &options, Notes &notes) {
  return std::make_unique<VolumePreprocessor>(pipeline, options, notes);
}
