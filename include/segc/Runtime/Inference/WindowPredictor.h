//===- WindowPredictor.h - Prediction of volumes in windows ----*- C++ -*--===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_INFERENCE_WINDOWPREDICTOR_H
#define SEGC_RUNTIME_INFERENCE_WINDOWPREDICTOR_H

#include "segc/Runtime/Core/MemoryPlan.h"
#include "segc/Runtime/Data/PreparedCase.h"
#include "segc/Runtime/Inference/Predictor.h"
#include "segc/Runtime/Inference/StageTimes.h"
#include "segc/Runtime/Inference/WeightEnsemble.h"
#include "segc/Runtime/Inference/WindowSums.h"

#include <functional>

namespace segc {

/// Predicts volumes of any size with a network of patches. The bits of the
/// result do not depend on the number of threads.
class WindowPredictor {
public:
  /// Fails for a model whose `predict` does not take one image of patches and
  /// give probabilities, or features for a head, on its grid. `batch` is at
  /// most that of the model. The ensemble must outlive the predictor and have
  /// all of its members.
  static StatusOr<WindowPredictor> create(WeightEnsemble &ensemble,
                                          const WindowOptions &options,
                                          Scores scores, int64_t batch);

  int64_t channels() const { return imageChannels; }
  /// Depth is 1 in networks of planes.
  const Shape3 &patch() const { return patchShape; }
  /// Returns what a prediction allocates beside its image and the arrays of
  /// its result, and what the model takes.
  MemoryPlan memory(const GridReturn &grid) const;
  /// Returns what weights take at most, in all the forms that they have.
  uint64_t weightBytes() const;
  /// Returns how often the network is run on a sample.
  int64_t samples(const Shape3 &shape) const;

  /// Predicts an image of the shape grid.from. `name` is that of the case in
  /// messages. Of a case that failed the arrays have a part of the result.
  /// `needed`, unless it is null, marks voxels of the image: windows without
  /// one are left out, and only results that depend on marked voxels alone are
  /// those of all windows.
  Status predict(const std::string &name, const ImageRows &image,
                 const GridReturn &grid, SlabLabels::Arrays arrays,
                 const std::vector<uint8_t> *needed = nullptr);
  /// The same of an array [depth][height][width][channels].
  Status predict(const std::string &name, const float *image,
                 const GridReturn &grid, SlabLabels::Arrays arrays,
                 const std::vector<uint8_t> *needed = nullptr);
  /// Says which label each region of a model with sigmoids writes.
  void setRegionLabels(std::vector<uint8_t> labels) {
    layout.regionLabels = std::move(labels);
  }
  /// Sets who is told how many samples of a volume are predicted, between
  /// batches, and may end its prediction.
  void setProgress(std::function<Status(int64_t done, int64_t all)> function) {
    progress = std::move(function);
  }
  /// Sets who is told how long parts of a prediction take.
  void setTimes(StageTimes *newTimes) { times = newTimes; }

private:
  WindowPredictor(WeightEnsemble &ensemble, const WindowOptions &options,
                  Scores scores, int64_t batch)
      : ensemble(&ensemble), options(options), batch(batch) {
    layout.scores = scores;
    layout.channels = ensemble.runner().manifest().classes;
  }

  struct Sample {
    Shape3 place;
    AxisFlips flips;
  };
  WindowTiling tilingOf(const GridReturn &grid) const;
  std::vector<AxisFlips> flipsOfWindow() const;
  /// Finds the head of a model that gives features, of all members.
  Status readHead(const RegionTensor &weight);
  /// Windows of a case that a member predicts.
  struct Pass {
    const std::string &name; ///< Of the case.
    const ImageRows &image;
    const WindowTiling &tiling;
    const std::vector<int64_t> &windows;
    size_t member;
    /// Are called before and after the predictions of a window are added.
    std::function<void(int64_t window)> begin, end;
    int64_t all;   ///< Samples of the case, of all members.
    int64_t &done; ///< Of these.
  };
  Status addWindows(const Pass &pass, WindowSums &sums, AlignedBuffer &inputs);
  void cut(const ImageRows &image, const Shape3 &shape, const Sample &sample,
           float *patch) const;
  ThreadPool &pool() const { return ensemble->runner().device().threadPool(); }

  WeightEnsemble *ensemble;
  WindowOptions options;
  ScoreLayout layout; ///< Of the sums.
  int64_t batch, imageChannels = 0;
  Shape3 patchShape = {1, 1, 1};
  std::vector<int64_t> labelShape;
  StageTimes *times = nullptr;
  std::function<Status(int64_t done, int64_t all)> progress; ///< May be empty.
};

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_WINDOWPREDICTOR_H
