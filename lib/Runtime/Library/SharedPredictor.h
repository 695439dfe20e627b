//===- SharedPredictor.h - A model that several threads predict with *- C++
//-*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_LIBRARY_SHAREDPREDICTOR_H
#define SEGC_LIB_RUNTIME_LIBRARY_SHAREDPREDICTOR_H

#include "segc/Runtime/Inference/LoadedModel.h"
#include "segc/Runtime/Inference/PredictWindows.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace segc {

struct SharedPredictorOptions {
  std::string model, device = "cpu";
  std::string checkpoint;          ///< Empty: the weights in the model.
  std::string plan, configuration; ///< WindowPlanChoice
  unsigned threads = 0;            ///< Of a prediction; 0: all cores.
};

/// A model with one copy of its weights, for several predictions at a time.
class SharedPredictor {
public:
  static StatusOr<std::unique_ptr<SharedPredictor>>
  open(const SharedPredictorOptions &options);

  /// Threads, arena and stream of one prediction, which go back when this does.
  class Lease {
  public:
    Lease(SharedPredictor &owner, LoadedModel *model)
        : owner(&owner), leased(model) {}
    Lease(Lease &&other) noexcept
        : owner(other.owner), leased(std::exchange(other.leased, nullptr)) {}
    Lease &operator=(Lease &&) = delete;
    ~Lease();
    ModelRunner &runner() const { return leased->runner; }

  private:
    SharedPredictor *owner;
    LoadedModel *leased;
  };
  /// Takes what a prediction needs, or waits for it on a device whose
  /// predictions take turns. `isCancelled` ends the wait.
  StatusOr<Lease> lease(const std::function<bool()> &isCancelled);
  const Manifest &manifest() const { return weights.runner.manifest(); }
  const ModelLibrary &library() const { return weights.runner.library(); }
  std::optional<AxisFrame> frame() const { return weights.frame; }
  bool isPlanned() const { return planned; }
  /// How windows are predicted unless a prediction says otherwise.
  const WindowRun &windowRun() const { return windows; }
  const std::vector<std::string> &labelNames() const { return labels; }
  /// A JSON object that describes the model.
  std::string description() const;

private:
  SharedPredictor(LoadedModel weights, const SharedPredictorOptions &options)
      : options(options), weights(std::move(weights)) {}
  Status prepare();
  bool sharesWeights() const {
    return weights.runner.device().kind() == SEGC_DEVICE_HOST &&
           weights.runner.device().sharesHostMemory();
  }
  StatusOr<std::unique_ptr<LoadedModel>> makeContext();

  SharedPredictorOptions options;
  LoadedModel weights; ///< Outlives the contexts.
  bool planned = false;
  WindowRun windows;
  std::vector<std::string> labels;
  std::mutex mutex; // Guards what follows, and calls of `weights`.
  std::condition_variable given;
  std::vector<std::unique_ptr<LoadedModel>> contexts;
  std::vector<LoadedModel *> idle;
  size_t leases = 0;
};

} // namespace segc

#endif // SEGC_LIB_RUNTIME_LIBRARY_SHAREDPREDICTOR_H
