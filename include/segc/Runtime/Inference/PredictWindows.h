//===- PredictWindows.h - Prediction of a split in windows -----*- C++ -*--===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_INFERENCE_PREDICTWINDOWS_H
#define SEGC_RUNTIME_INFERENCE_PREDICTWINDOWS_H

#include "segc/Runtime/Data/PreparedCase.h"
#include "segc/Runtime/Inference/Predict.h"
#include "segc/Runtime/Inference/RegionOfInterest.h"
#include "segc/Runtime/Inference/WindowPredictor.h"
#include "segc/Runtime/Postprocess/Postprocess.h"

namespace segc {

/// How the cases of a split are predicted in windows.
struct WindowRun {
  Plan plan;
  PlanConfiguration configuration;
  WindowOptions windows;
  Scores scores = Scores::Logits;
  int64_t batch = 1;
  std::vector<PostprocessStep> postprocessing;
  /// Without a folder for predictions no masks are written.
  PredictionFolders folders;
  /// Is given the labels of each case on the grid of its file, in the order of
  /// the cases.
  std::function<Status(int64_t index, const SourceCase &source,
                       const std::vector<uint8_t> &labels)>
      inspect;
  /// Is asked before the files of a case are read; what is wrong is the status
  /// of the case.
  std::function<Status(int64_t index)> verify;
  CaseQueue *queue = nullptr;     ///< Of what is predicted; null: all cases.
  bool saveProbabilities = false; ///< As folders.predictions/CASE.npy.
  /// Gets the probabilities of the only case, [classes] + the array of its
  /// file, unless it is null.
  float *probabilities = nullptr;
  PredictionProgress progress; ///< May be empty.
  /// A case whose bound is larger fails; cases are not read and written while
  /// others are predicted. Absent: no limit.
  std::optional<uint64_t> maxMemory;
  /// What the limit is called in messages.
  std::string limitName = "--max-memory";
  /// Whether the limit is for the process, not for a prediction among others.
  bool limitsProcess = true;
  /// The runner has the only weights and predicts nothing else later: what is
  /// read of them through the prepared filters alone is given back.
  bool releaseWeights = false;
  /// What the program takes besides the buffers of the model, as part of the
  /// limit.
  uint64_t programBytes = 0;
  /// Where cases are predicted: the foreground of their masks, and what lies
  /// within a margin in millimetres. Absent: everywhere.
  struct Regions {
    std::map<std::string, std::string> masks; ///< Files by name of the case.
    double margin = 0;
    ImageLimits limits;
  };
  std::optional<Regions> regions;
  StageTimes *times = nullptr; ///< Is told how long the stages take.
  /// Is told the bound of each case before its prediction starts, if there is a
  /// limit.
  std::function<void(const std::string &)> say;
};

/// Returns the way back from the network's grid to the array of the case's
/// file, x running fastest.
GridReturn gridReturn(const PreparationRecord &record, PlanRules rules);

/// Predicts the first `count` cases of a split and writes their masks. While
/// one is predicted, the next is read and those before are written. Returns the
/// cases that failed, in their order; a failure that concerns all cases is an
/// error.
StatusOr<std::vector<FailedCase>> predictWindows(WeightEnsemble &ensemble,
                                                 const Dataset &dataset,
                                                 Split split, int64_t count,
                                                 const WindowRun &run);

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_PREDICTWINDOWS_H
