//===- PostprocessChoice.cpp - Choice of post-processing by Dice ----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Metrics/Overlap.h"
#include "segc/Runtime/Postprocess/Postprocess.h"

#include <cmath>

using namespace segc;

namespace {

/// Mean Dice of each class over the cases where it is a number.
class MeanDice {
public:
  explicit MeanDice(int64_t classes)
      : sums(static_cast<size_t>(classes)), counts(sums.size()) {}

  void add(const HeldOutCase &held, const std::vector<uint8_t> &prediction,
           size_t label) {
    std::vector<int32_t> predicted(prediction.begin(), prediction.end()),
        expected(held.label.begin(), held.label.end());
    for (size_t i = 0; held.ignored && i < expected.size(); ++i)
      if (expected[i] == *held.ignored)
        predicted[i] = expected[i] = 0;
    const double dice = countOverlap(predicted.data(), expected.data(),
                                     static_cast<int64_t>(expected.size()),
                                     static_cast<int32_t>(label))
                            .dice();
    if (std::isnan(dice))
      return;
    sums[label] += dice;
    ++counts[label];
  }
  /// NaN if no case has the class.
  double of(size_t label) const {
    return sums[label] / static_cast<double>(counts[label]);
  }
  double foreground() const {
    double sum = 0;
    int64_t measured = 0;
    for (size_t label = 1; label < sums.size(); ++label)
      if (counts[label] > 0) {
        sum += of(label);
        ++measured;
      }
    return measured ? sum / static_cast<double>(measured) : 0;
  }

private:
  std::vector<double> sums;
  std::vector<int64_t> counts;
};

} // namespace

StatusOr<PostprocessChoice> segc::choosePostprocess(
    int64_t cases, int64_t classes,
    const std::function<StatusOr<HeldOutCase>(int64_t)> &caseAt) {
  const PostprocessStep together;
  const auto count = static_cast<size_t>(classes);
  PostprocessChoice choice;
  choice.cases = cases;
  MeanDice before(classes), largest(classes);
  for (int64_t i = 0; i < cases; ++i) {
    SEGC_ASSIGN_OR_RETURN(const HeldOutCase held, caseAt(i));
    std::vector<uint8_t> changed = held.prediction;
    postprocess(changed, held.grid, {together});
    for (size_t label = 1; label < count; ++label) {
      before.add(held, held.prediction, label);
      largest.add(held, changed, label);
    }
  }
  bool better = largest.foreground() > before.foreground();
  for (size_t label = 1; label < count; ++label)
    better &= !(largest.of(label) < before.of(label));
  choice.diceBefore = before.foreground();
  const MeanDice &baseline = better ? largest : before;
  choice.diceAfter = baseline.foreground();
  if (better)
    choice.steps.push_back(together);
  // A single class is all of the foreground.
  if (classes <= 2)
    return choice;
  MeanDice each(classes);
  for (int64_t i = 0; i < cases; ++i) {
    SEGC_ASSIGN_OR_RETURN(HeldOutCase held, caseAt(i));
    postprocess(held.prediction, held.grid, choice.steps);
    for (size_t label = 1; label < count; ++label) {
      PostprocessStep step;
      step.label = static_cast<uint8_t>(label);
      std::vector<uint8_t> changed = held.prediction;
      postprocess(changed, held.grid, {step});
      each.add(held, changed, label);
    }
  }
  double sum = 0;
  int64_t measured = 0;
  for (size_t label = 1; label < count; ++label) {
    const bool raises = each.of(label) > baseline.of(label);
    if (raises) {
      PostprocessStep step;
      step.label = static_cast<uint8_t>(label);
      choice.steps.push_back(step);
    }
    const double dice = raises ? each.of(label) : baseline.of(label);
    if (!std::isnan(dice)) {
      sum += dice;
      ++measured;
    }
  }
  if (measured)
    choice.diceAfter = sum / static_cast<double>(measured);
  return choice;
}
