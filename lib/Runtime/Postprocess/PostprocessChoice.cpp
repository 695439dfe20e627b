//===- PostprocessChoice.cpp - Choice of post-processing by Dice ----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Metrics/Overlap.h"
#include "segc/Runtime/Postprocess/Postprocess.h"

#include <cmath>
#include <numeric>

using namespace segc;

namespace {

/// Mean Dice of each class or region over the cases where it is a number.
class MeanDice {
public:
  MeanDice(size_t count, const LabelClasses &classes)
      : classes(&classes), sums(count), counts(count) {}

  /// Measures some classes of a case.
  void add(const HeldOutCase &held, const std::vector<uint8_t> &prediction,
           const std::vector<size_t> &some) {
    std::vector<int32_t> predicted(prediction.begin(), prediction.end()),
        expected(held.label.begin(), held.label.end());
    classes->clearIgnored(predicted, expected);
    for (size_t number : some) {
      const double dice =
          overlap(predicted, expected, static_cast<int32_t>(number)).dice();
      if (std::isnan(dice))
        continue;
      sums[number] += dice;
      ++counts[number];
    }
  }
  /// NaN if no case has the class.
  double of(size_t number) const {
    return sums[number] / static_cast<double>(counts[number]);
  }
  void take(const MeanDice &other, size_t number) {
    sums[number] = other.sums[number];
    counts[number] = other.counts[number];
  }
  double foreground() const {
    double sum = 0;
    int64_t measured = 0;
    for (size_t number = 1; number < sums.size(); ++number)
      if (counts[number] > 0) {
        sum += of(number);
        ++measured;
      }
    return measured ? sum / static_cast<double>(measured) : 0;
  }

private:
  Overlap overlap(const std::vector<int32_t> &predicted,
                  const std::vector<int32_t> &expected, int32_t number) const {
    const auto voxels = static_cast<int64_t>(expected.size());
    if (!classes->haveRegions())
      return countOverlap(predicted.data(), expected.data(), voxels, number);
    return countOverlap(classes->regionMask(predicted, number).data(),
                        classes->regionMask(expected, number).data(), voxels,
                        1);
  }

  const LabelClasses *classes;
  std::vector<double> sums;
  std::vector<int64_t> counts;
};

class Chooser {
public:
  using CaseAt = std::function<StatusOr<HeldOutCase>(int64_t)>;

  Chooser(int64_t cases, int64_t count, const LabelClasses &classes,
          const CaseAt &caseAt)
      : classes(classes), caseAt(caseAt),
        baseline(static_cast<size_t>(count), classes),
        all(static_cast<size_t>(count) - 1) {
    choice.cases = cases;
    std::iota(all.begin(), all.end(), 1);
  }

  /// All of the foreground together.
  Status chooseTogether();
  /// Then each class or region alone.
  Status chooseEach();
  /// Steps that change no other's Dice, so that one pass over the cases tells.
  Status chooseAmong(const std::vector<size_t> &candidates);
  PostprocessChoice result() {
    choice.diceAfter = baseline.foreground();
    return std::move(choice);
  }

private:
  PostprocessStep stepOf(size_t number) const;

  const LabelClasses &classes;
  const CaseAt &caseAt;
  PostprocessChoice choice;
  MeanDice baseline; ///< With the steps that were chosen.
  std::vector<size_t> all;
};

} // namespace

PostprocessStep Chooser::stepOf(size_t number) const {
  PostprocessStep step;
  if (classes.haveRegions())
    step.labels.assign(classes.regions[number - 1].begin(),
                       classes.regions[number - 1].end());
  else
    step.labels = {static_cast<uint8_t>(number)};
  return step;
}

Status Chooser::chooseTogether() {
  const PostprocessStep together;
  MeanDice largest(all.size() + 1, classes);
  for (int64_t i = 0; i < choice.cases; ++i) {
    SEGC_ASSIGN_OR_RETURN(const HeldOutCase held, caseAt(i));
    std::vector<uint8_t> changed = held.prediction;
    postprocess(changed, held.grid, {together});
    baseline.add(held, held.prediction, all);
    largest.add(held, changed, all);
  }
  choice.diceBefore = baseline.foreground();
  bool better = largest.foreground() > baseline.foreground();
  for (size_t number : all)
    better &= !(largest.of(number) < baseline.of(number));
  if (better) {
    choice.steps.push_back(together);
    baseline = std::move(largest);
  }
  return Status::success();
}

Status Chooser::chooseEach() {
  // A single class is all of the foreground.
  if (all.size() <= 1)
    return Status::success();
  if (!classes.haveRegions())
    return chooseAmong(all);
  // A region's voxels are those of others, too.
  for (size_t number : all)
    SEGC_RETURN_IF_ERROR(chooseAmong({number}));
  return Status::success();
}

Status Chooser::chooseAmong(const std::vector<size_t> &candidates) {
  auto changedBy = [&](size_t candidate) {
    return classes.haveRegions() ? all : std::vector<size_t>{candidate};
  };
  MeanDice each(all.size() + 1, classes);
  for (int64_t i = 0; i < choice.cases; ++i) {
    SEGC_ASSIGN_OR_RETURN(HeldOutCase held, caseAt(i));
    postprocess(held.prediction, held.grid, choice.steps);
    for (size_t candidate : candidates) {
      std::vector<uint8_t> changed = held.prediction;
      postprocess(changed, held.grid, {stepOf(candidate)});
      each.add(held, changed, changedBy(candidate));
    }
  }
  for (size_t candidate : candidates) {
    if (!(each.of(candidate) > baseline.of(candidate)))
      continue;
    choice.steps.push_back(stepOf(candidate));
    for (size_t number : changedBy(candidate))
      baseline.take(each, number);
  }
  return Status::success();
}

StatusOr<PostprocessChoice> segc::choosePostprocess(
    int64_t cases, int64_t count, const LabelClasses &classes,
    const std::function<StatusOr<HeldOutCase>(int64_t)> &caseAt) {
  Chooser chooser(cases, count, classes, caseAt);
  SEGC_RETURN_IF_ERROR(chooser.chooseTogether());
  SEGC_RETURN_IF_ERROR(chooser.chooseEach());
  return chooser.result();
}
