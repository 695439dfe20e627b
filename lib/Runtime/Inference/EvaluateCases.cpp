//===- EvaluateCases.cpp - Dice of prepared cases -------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/EvaluateCases.h"
#include "segc/Base/Signals.h"
#include "segc/Runtime/Inference/WindowPredictor.h"

#include <algorithm>

using namespace segc;

StatusOr<Evaluation> segc::evaluateCases(ModelRunner &runner,
                                         const PatchSource &cases,
                                         const WindowOptions &windows,
                                         int64_t batch) {
  if (cases.cases() == 0)
    return invalidArgument("no prepared cases to evaluate");
  WeightEnsemble weights(runner);
  SEGC_ASSIGN_OR_RETURN(
      WindowPredictor predictor,
      WindowPredictor::create(weights, windows, Scores::Probabilities, batch));
  Evaluation evaluation;
  evaluation.classNames = runner.manifest().classNames();
  const int64_t classes = runner.manifest().classes;
  for (int64_t i = 0; i < cases.cases(); ++i) {
    if (stopSignal())
      return Status(StatusCode::Interrupted, "interrupted while evaluating");
    SEGC_ASSIGN_OR_RETURN(const PreparedCase prepared, cases.at(i));
    const auto voxels = static_cast<size_t>(prepared.voxels());
    std::vector<uint8_t> labels(voxels);
    SEGC_RETURN_IF_ERROR(predictor.predict(prepared.name, prepared.image,
                                           GridReturn::identity(prepared.shape),
                                           {labels.data(), nullptr}));
    const std::vector<int32_t> predicted(labels.begin(), labels.end());
    std::vector<int32_t> expected(voxels);
    std::transform(prepared.labels, prepared.labels + voxels, expected.begin(),
                   [](int16_t label) { return std::max<int32_t>(label, 0); });
    std::vector<ClassCounts> counts = countClasses(
        predicted.data(), expected.data(), prepared.voxels(), classes);
    std::vector<double> dice = hardDice(counts);
    evaluation.cases.push_back(
        {prepared.name, std::move(dice),
         classesIn(expected.data(), prepared.voxels(), classes),
         std::move(counts)});
  }
  return evaluation;
}
