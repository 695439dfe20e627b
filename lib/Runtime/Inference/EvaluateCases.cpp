//===- EvaluateCases.cpp - Dice of prepared cases -------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/EvaluateCases.h"
#include "segc/Base/Signals.h"
#include "segc/Runtime/Data/Overlay.h"
#include "segc/Runtime/Inference/WindowPredictor.h"

#include <algorithm>

using namespace segc;

namespace {

/// Predicts one case after the other and counts its voxels.
class CaseCounter {
public:
  CaseCounter(WindowPredictor predictor, int64_t outputs, LabelClasses classes)
      : predictor(std::move(predictor)), outputs(outputs),
        classes(std::move(classes)) {}

  StatusOr<Evaluation::Case> count(const PreparedCase &prepared);

private:
  StatusOr<std::vector<ClassCounts>> countsOf(const PreparedCase &prepared);

  WindowPredictor predictor;
  int64_t outputs; ///< Classes or regions.
  LabelClasses classes;
};

} // namespace

StatusOr<std::vector<ClassCounts>>
CaseCounter::countsOf(const PreparedCase &prepared) {
  const int64_t voxels = prepared.voxels();
  std::vector<uint8_t> labels(static_cast<size_t>(voxels));
  // Labels of regions would say which one was written last.
  std::vector<float> probabilities(
      static_cast<size_t>(classes.haveRegions() ? voxels * outputs : 0));
  SEGC_RETURN_IF_ERROR(predictor.predict(
      prepared.name, prepared.image, GridReturn::identity(prepared.shape),
      {labels.data(), classes.haveRegions() ? probabilities.data() : nullptr}));
  std::vector<int32_t> expected(labels.size());
  std::transform(prepared.labels, prepared.labels + voxels, expected.begin(),
                 [](int16_t label) { return std::max<int32_t>(label, 0); });
  if (classes.haveRegions())
    return countRegions(probabilities.data(), expected.data(), voxels, classes);
  const std::vector<int32_t> predicted(labels.begin(), labels.end());
  return countClasses(predicted.data(), expected.data(), voxels, outputs);
}

StatusOr<Evaluation::Case> CaseCounter::count(const PreparedCase &prepared) {
  Evaluation::Case result;
  SEGC_ASSIGN_OR_RETURN(result.counts, countsOf(prepared));
  result.name = prepared.name;
  result.dice = hardDice(result.counts);
  for (const ClassCounts &counts : result.counts)
    result.present.push_back(counts.expected > 0);
  return result;
}

StatusOr<Evaluation> segc::evaluateCases(ModelRunner &runner,
                                         const PatchSource &cases,
                                         const DatasetDescription &data,
                                         const WindowOptions &windows,
                                         int64_t batch) {
  if (cases.cases() == 0)
    return invalidArgument("no prepared cases to evaluate");
  WeightEnsemble weights(runner);
  SEGC_ASSIGN_OR_RETURN(
      WindowPredictor predictor,
      WindowPredictor::create(weights, windows, Scores::Probabilities, batch));
  CaseCounter counter(std::move(predictor), runner.manifest().classes,
                      {data.regions, data.ignoreLabel});
  Evaluation evaluation;
  evaluation.classNames = runner.manifest().classNames();
  evaluation.ofRegions = !data.regions.empty();
  for (int64_t i = 0; i < cases.cases(); ++i) {
    if (stopSignal())
      return Status(StatusCode::Interrupted, "interrupted while evaluating");
    SEGC_ASSIGN_OR_RETURN(const PreparedCase prepared, cases.at(i));
    SEGC_ASSIGN_OR_RETURN(Evaluation::Case counted, counter.count(prepared));
    evaluation.cases.push_back(std::move(counted));
  }
  return evaluation;
}

/// Draws a case on the grid of the network, whose last axis runs fastest.
static Status drawCase(const PreparedCase &prepared,
                       const std::vector<uint8_t> &labels,
                       const std::vector<std::string> &labelNames,
                       const std::string &folder) {
  std::vector<float> values(labels.size());
  std::vector<uint8_t> truth(labels.size());
  auto classes = static_cast<int64_t>(labelNames.size());
  for (size_t i = 0; i < labels.size(); ++i) {
    values[i] = prepared.image[i * static_cast<size_t>(prepared.channels)];
    truth[i] =
        static_cast<uint8_t>(std::clamp<int16_t>(prepared.labels[i], 0, 255));
    classes = std::max<int64_t>(classes, std::max(labels[i], truth[i]) + 1);
  }
  const auto &[depth, height, width] = prepared.shape;
  const Voxels voxels(values);
  return writeOverlay(folder, prepared.name,
                      volumeSlices({voxels, {width, height, depth}},
                                   labels.data(), truth.data(),
                                   visibleClasses(labelNames, classes)),
                      labelNames, classes);
}

Status segc::drawCases(ModelRunner &runner, const PatchSource &cases,
                       const std::vector<ExampleCase> &examples,
                       const std::vector<std::string> &labelNames,
                       const WindowOptions &windows, int64_t batch,
                       const std::string &folder) {
  WeightEnsemble weights(runner);
  SEGC_ASSIGN_OR_RETURN(
      WindowPredictor predictor,
      WindowPredictor::create(weights, windows, Scores::Probabilities, batch));
  for (const ExampleCase &example : examples) {
    SEGC_ASSIGN_OR_RETURN(const PreparedCase prepared,
                          cases.at(static_cast<int64_t>(example.index)));
    std::vector<uint8_t> labels(static_cast<size_t>(prepared.voxels()));
    SEGC_RETURN_IF_ERROR(predictor.predict(prepared.name, prepared.image,
                                           GridReturn::identity(prepared.shape),
                                           {labels.data(), nullptr}));
    SEGC_RETURN_IF_ERROR(drawCase(prepared, labels, labelNames, folder));
  }
  return Status::success();
}
