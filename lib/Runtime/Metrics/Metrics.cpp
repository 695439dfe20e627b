//===- Metrics.cpp - Dice scores and percentiles --------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Metrics/Metrics.h"
#include "segc/Runtime/Metrics/Statistics.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

using namespace segc;

std::vector<ClassCounts> segc::countClasses(const int32_t *predicted,
                                            const int32_t *expected,
                                            int64_t voxels, int64_t classes) {
  std::vector<ClassCounts> counts(classes);
  for (int64_t i = 0; i < voxels; ++i) {
    int32_t p = predicted[i], e = expected[i];
    if (e < 0 || e >= classes)
      continue;
    ++counts[e].expected;
    if (p >= 0 && p < classes)
      ++counts[p].predicted;
    if (p == e)
      ++counts[e].both;
  }
  return counts;
}

std::vector<ClassCounts> segc::countRegions(const float *probabilities,
                                            const int32_t *expected,
                                            int64_t voxels,
                                            const LabelClasses &classes) {
  std::vector<ClassCounts> counts;
  for (const std::vector<int64_t> &values : classes.regions) {
    ClassCounts &of = counts.emplace_back();
    for (int64_t i = 0; i < voxels; ++i) {
      if (expected[i] == classes.ignored)
        continue;
      const bool p = probabilities[i] > 0.5f,
                 e = std::find(values.begin(), values.end(), expected[i]) !=
                     values.end();
      of.predicted += p;
      of.expected += e;
      of.both += p && e;
    }
    probabilities += voxels;
  }
  return counts;
}

/// |P|, |L| and |P and L| of a class give 2TP/(2TP+FP+FN); NaN if there are
/// none.
static double diceOf(const ClassCounts &counts) {
  return 2.0 * static_cast<double>(counts.both) /
         static_cast<double>(counts.predicted + counts.expected);
}

std::vector<double> segc::hardDice(const std::vector<ClassCounts> &counts) {
  std::vector<double> dice;
  for (const ClassCounts &of : counts)
    dice.push_back(of.expected == 0 ? (of.predicted == 0 ? 1 : 0) : diceOf(of));
  return dice;
}

std::vector<bool> segc::classesIn(const int32_t *labels, int64_t voxels,
                                  int64_t classes) {
  std::vector<bool> present(classes);
  for (int64_t i = 0; i < voxels; ++i)
    if (labels[i] >= 0 && labels[i] < classes)
      present[labels[i]] = true;
  return present;
}

void segc::argmaxRows(const float *values, int64_t rows, int64_t classes,
                      int32_t *result) {
  for (int64_t row = 0; row < rows; ++row, values += classes)
    result[row] = static_cast<int32_t>(
        std::max_element(values, values + classes) - values);
}

double segc::percentile(std::vector<double> samples, double fraction) {
  if (samples.empty())
    return 0;
  std::sort(samples.begin(), samples.end());
  double at = fraction * static_cast<double>(samples.size() - 1);
  auto below = static_cast<size_t>(at);
  size_t above = std::min(below + 1, samples.size() - 1);
  return samples[below] +
         (samples[above] - samples[below]) * (at - static_cast<double>(below));
}

double segc::mean(const std::vector<double> &values) {
  double sum = 0;
  for (double value : values)
    sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

double segc::meanOfPresent(const std::vector<double> &values) {
  std::vector<double> present;
  std::copy_if(values.begin(), values.end(), std::back_inserter(present),
               [](double value) { return !std::isnan(value); });
  return present.empty() ? std::nan("") : mean(present);
}

bool Evaluation::isPresent(size_t classIndex) const {
  return std::any_of(cases.begin(), cases.end(), [&](const Case &c) {
    return c.present.empty() || c.present[classIndex];
  });
}

std::vector<std::string> Evaluation::absentClasses() const {
  std::vector<std::string> names;
  for (size_t i = 0; i < classNames.size(); ++i)
    if (!isPresent(i))
      names.push_back(classNames[i]);
  return names;
}

std::vector<double>
Evaluation::withoutAbsent(std::vector<double> values) const {
  for (size_t i = 0; i < values.size(); ++i)
    if (!isPresent(i))
      values[i] = std::nan("");
  return values;
}

std::vector<double> Evaluation::diceByClass() const {
  std::vector<double> sums(classNames.size());
  for (const Case &c : cases)
    for (size_t i = 0; i < sums.size(); ++i)
      sums[i] += c.dice[i] / static_cast<double>(cases.size());
  return withoutAbsent(std::move(sums));
}

double Evaluation::meanDice() const { return meanOfPresent(diceByClass()); }

/// The mean over all classes but the one called background (class 0 if there
/// is none), or over all regions.
static double foregroundMean(const Evaluation &evaluation,
                             std::vector<double> dice) {
  const std::vector<std::string> &classNames = evaluation.classNames;
  auto background =
      std::find(classNames.begin(), classNames.end(), "background");
  if (dice.size() > 1 && !evaluation.ofRegions)
    dice.erase(dice.begin() + (background == classNames.end()
                                   ? 0
                                   : background - classNames.begin()));
  return meanOfPresent(dice);
}

double Evaluation::meanForegroundDice() const {
  return foregroundMean(*this, diceByClass());
}

std::vector<double> Evaluation::foregroundDiceByCase() const {
  std::vector<double> means;
  for (const Case &c : cases)
    means.push_back(foregroundMean(*this, withoutAbsent(c.dice)));
  return means;
}

double Evaluation::pooledForegroundDice() const {
  std::vector<double> dice;
  for (size_t i = 0; i < classNames.size(); ++i) {
    ClassCounts total;
    for (const Case &c : cases) {
      total.predicted += c.counts[i].predicted;
      total.expected += c.counts[i].expected;
      total.both += c.counts[i].both;
    }
    dice.push_back(diceOf(total));
  }
  return foregroundMean(*this, std::move(dice));
}

const Evaluation::Value *Evaluation::find(const std::string &name) const {
  for (const Value &value : values)
    if (value.name == name)
      return &value;
  return nullptr;
}

bool Evaluation::isDiceByClass(const Value &value) const {
  return value.name == "dice" && value.mean.size() == classNames.size();
}

// NaN, which JSON does not have, is written as null.
static OrderedJson byClass(const std::vector<std::string> &names,
                           const std::vector<double> &values) {
  OrderedJson json = OrderedJson::object();
  for (size_t i = 0; i < names.size(); ++i)
    json[names[i]] = values[i];
  return json;
}

/// "total_loss" for "loss": the name that the published logs use.
static std::string recordName(const std::string &output) {
  return output == "loss" ? "total_loss" : output;
}

OrderedJson Evaluation::toJson() const {
  OrderedJson json;
  for (const Value &value : values) {
    OrderedJson &field = json[recordName(value.name)];
    if (value.mean.size() == 1)
      field = value.mean[0];
    else if (isDiceByClass(value)) {
      std::vector<double> dice = withoutAbsent(value.mean);
      field = {{"mean", meanOfPresent(dice)},
               {"classes", byClass(classNames, dice)}};
    } else
      field = value.mean;
  }
  // The soft Dice is that of the objective; this one counts labels.
  json["hard_dice"] = {{"mean", meanDice()},
                       {"mean_foreground", meanForegroundDice()},
                       {"classes", byClass(classNames, diceByClass())}};
  OrderedJson &list = json["cases"] = OrderedJson::array();
  const std::vector<double> foreground = foregroundDiceByCase();
  for (size_t i = 0; i < cases.size(); ++i)
    list.push_back(
        {{"name", cases[i].name},
         {"mean_foreground", foreground[i]},
         {"hard_dice", byClass(classNames, withoutAbsent(cases[i].dice))}});
  return json;
}

std::string Evaluation::toCsv() const {
  auto quoted = [](const std::string &text) {
    std::string result = "\"";
    for (char c : text)
      result += c == '"' ? "\"\"" : std::string(1, c);
    return result + "\"";
  };
  std::string text = "case";
  for (const std::string &name : classNames)
    text += "," + quoted(name);
  auto addRow = [&](const std::string &name, const std::vector<double> &row) {
    text += "\n" + quoted(name);
    for (double value : row) {
      char number[32];
      std::snprintf(number, sizeof(number), ",%.6f", value);
      text += std::isnan(value) ? ",absent" : number;
    }
  };
  for (const Case &c : cases)
    addRow(c.name, withoutAbsent(c.dice));
  addRow("mean", diceByClass());
  return text + "\n";
}

std::string Evaluation::toText() const {
  std::string text = "class                 dice    std     (hard Dice of " +
                     std::to_string(cases.size()) + " cases)\n";
  const auto addRow = [&](const std::string &name,
                          const std::vector<double> &values) {
    const MeanInterval moments = meanInterval(values);
    char line[80];
    std::snprintf(line, sizeof(line), "%-20.20s", name.c_str());
    text += line;
    for (double value : {moments.mean, moments.std}) {
      std::snprintf(line, sizeof(line), "  %-6.4f", value);
      text += std::isnan(value) ? "  -     " : line;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += "\n";
  };
  for (size_t i = 0; i < classNames.size(); ++i) {
    std::vector<double> ofClass;
    for (const Case &c : cases)
      ofClass.push_back(withoutAbsent(c.dice)[i]);
    addRow(classNames[i], ofClass);
  }
  addRow("foreground", foregroundDiceByCase());
  return text;
}

OrderedJson Evaluation::toRecord() const {
  OrderedJson record;
  for (const Value &value : values) {
    if (value.mean.size() == 1) {
      record["eval_" + recordName(value.name)] = value.mean[0];
    } else if (isDiceByClass(value)) {
      std::vector<double> dice = withoutAbsent(value.mean);
      for (size_t i = 0; i < classNames.size(); ++i)
        record[classNames[i] + "_dice"] = dice[i];
      record["eval_dice_score"] = meanOfPresent(dice);
    } else {
      record["eval_" + value.name] = value.mean;
    }
  }
  // Of prepared cases there is no objective, but the Dice of labels.
  if (values.empty())
    for (size_t i = 0; i < classNames.size(); ++i)
      record[classNames[i] + "_dice"] = diceByClass()[i];
  record["eval_hard_dice"] = meanDice();
  record["eval_hard_dice_nobg"] = meanForegroundDice();
  return record;
}
