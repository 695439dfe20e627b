//===- Preprocessor.h - Resampling and normalisation of cases ---*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_PREPROCESSOR_H
#define SEGC_RUNTIME_DATA_PREPROCESSOR_H

#include "segc/Plan/DataPipeline.h"
#include "segc/Runtime/Data/CaseReader.h"
#include "segc/Runtime/Data/Resample.h"

namespace segc {

/// A case resampled and normalised: image channels-last, classes.
struct PreparedSample {
  std::vector<float> image;
  std::vector<int32_t> label; ///< Empty where the truth is unknown.
};

/// Brings cases into the frame and onto the grid of the network, and
/// probabilities back: frame of axes, resampling, normalisation, padding. May
/// be called from several threads.
class Preprocessor {
public:
  virtual ~Preprocessor() = default;

  /// Channels-last shapes of one sample, without the batch.
  const std::vector<int64_t> &imageShape() const { return imageDims; }
  const std::vector<int64_t> &labelShape() const { return labelDims; }

  virtual StatusOr<PreparedSample> prepare(const SourceCase &source) const = 0;
  /// The sample as it is: imageShape() values, and labelShape() classes unless
  /// `label` is null.
  virtual void writeSample(const PreparedSample &prepared, float *image,
                           int32_t *label) const = 0;

  /// The way back from labelShape() + [classes] probabilities: classes on the
  /// grid of the case, in its storage order.
  virtual std::vector<uint8_t>
  labelsOnGrid(const float *probabilities,
               const VolumeGeometry &grid) const = 0;
  /// The same, which also writes the probabilities on that grid: [classes] +
  /// its voxels.
  virtual std::vector<uint8_t>
  labelsAndProbabilities(const float *probabilities, const VolumeGeometry &grid,
                         float *onGrid) const = 0;
  /// The order of axes in which a case reaches the network.
  virtual AxisOrder frameOrder(const VolumeGeometry &) const { return {}; }
  /// The probability of class 1 of slices on the grid of the case; empty for
  /// volumes.
  virtual std::vector<float> probabilityMap(const float *,
                                            const VolumeGeometry &) const {
    return {};
  }
  /// The mask of slices as the published example writes it, with the
  /// interpolated grey edges; empty for volumes.
  virtual std::vector<uint8_t> greyMask(const float *,
                                        const VolumeGeometry &) const {
    return {};
  }

protected:
  std::vector<int64_t> imageDims, labelDims;
};

struct PreprocessorOptions {
  int64_t channels = 1;
  std::vector<std::string> classNames;
  AxisFrame frame = AxisFrame::File;          ///< Volumes.
  PixelRule pixelRule = PixelRule::HalfPixel; ///< Slices.
};

/// For a pipeline that validate() has passed. `notes` outlives it.
std::unique_ptr<Preprocessor>
makeVolumePreprocessor(const DataPipeline &pipeline,
                       const PreprocessorOptions &options, Notes &notes);
std::unique_ptr<Preprocessor>
makeSlicePreprocessor(const DataPipeline &pipeline,
                      const PreprocessorOptions &options);

} // namespace segc

#endif // SEGC_RUNTIME_DATA_PREPROCESSOR_H
