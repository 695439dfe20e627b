//===- CaseTables.cpp - Metrics of cases on the pages of runs -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CaseTables.h"
#include "segc/Base/Files.h"
#include "segc/Base/Html.h"
#include "segc/Runtime/Data/Overlay.h"
#include "segc/Runtime/Metrics/Metrics.h"
#include "segc/Runtime/Metrics/Statistics.h"
#include "segc/Runtime/Train/Report.h"

#include <cmath>

using namespace segc;

/// More rows are folded away.
static constexpr size_t maxCaseRows = 20;

OrderedJson segc::readResults(const std::string &path) {
  const StatusOr<std::string> text = readFile(path);
  return text.ok() ? OrderedJson::parse(*text, nullptr, false) : OrderedJson();
}

/// The cases of either file that have names.
static std::vector<const OrderedJson *> casesOf(const OrderedJson &metrics) {
  std::vector<const OrderedJson *> cases;
  for (const OrderedJson &one : memberOf(metrics, "cases"))
    if (memberOf(one, "name").is_string())
      cases.push_back(&one);
  return cases;
}

static std::string nameOf(const OrderedJson &entry) {
  return memberOf(entry, "name").get<std::string>();
}

/// A table of cases, which a click shows where it is long.
static std::string foldedRows(size_t cases, const std::string &rows) {
  return cases == 0
             ? ""
             : "<details" + std::string(cases > maxCaseRows ? "" : " open") +
                   "><summary>" + std::to_string(cases) + " cases</summary>" +
                   htmlTable(rows) + "</details>";
}

//===----------------------------------------------------------------------===//
// metrics.json
//===----------------------------------------------------------------------===//

std::string segc::diceTables(const OrderedJson &metrics) {
  const OrderedJson &means =
      memberOf(memberOf(metrics, "hard_dice"), "classes");
  if (!means.is_object() || means.empty())
    return "";
  const std::vector<const OrderedJson *> cases = casesOf(metrics);
  std::vector<std::string> heading = {""}, mean = {"mean"}, std = {"std"},
                           soft = {"soft Dice, mean"};
  const OrderedJson &softMeans = memberOf(memberOf(metrics, "dice"), "classes");
  for (const auto &[name, value] : means.items()) {
    heading.push_back(escapeHtml(name));
    std::vector<double> values;
    for (const OrderedJson *one : cases)
      values.push_back(numberOf(memberOf(*one, "hard_dice"), name));
    mean.push_back(scoreText(numberOf(means, name)));
    std.push_back(scoreText(meanInterval(values).std));
    soft.push_back(scoreText(numberOf(softMeans, name)));
  }
  const std::string head = headRow(heading);
  std::string rows = head + tableRow(mean) + tableRow(std);
  if (softMeans.is_object())
    rows += tableRow(soft);
  std::string ofCases = head;
  for (const OrderedJson *one : cases) {
    std::vector<std::string> row = {escapeHtml(nameOf(*one))};
    for (const auto &[name, value] : means.items())
      row.push_back(scoreText(numberOf(memberOf(*one, "hard_dice"), name)));
    ofCases += tableRow(row);
  }
  return "<p>Dice of predicted labels on the grid of the network, over " +
         std::to_string(cases.size()) + " cases.</p>" + htmlTable(rows) +
         foldedRows(cases.size(), ofCases);
}

std::vector<ScoredCase> segc::evaluatedCases(const OrderedJson &metrics,
                                             const std::string &overlays) {
  std::vector<ScoredCase> scored;
  for (const OrderedJson *one : casesOf(metrics))
    scored.push_back({nameOf(*one), numberOf(*one, "mean_foreground"),
                      overlayPath(overlays, nameOf(*one))});
  return scored;
}

//===----------------------------------------------------------------------===//
// case-metrics.json
//===----------------------------------------------------------------------===//

/// "0.8123 ± 0.0210"; infinite distances are not part of it.
static std::string momentsText(const OrderedJson &metric) {
  const double mean = numberOf(metric, "mean"), std = numberOf(metric, "std");
  return std::isnan(std) ? scoreText(mean)
                         : scoreText(mean) + " ± " + scoreText(std);
}

/// The name of a class or region, which others may have as well.
static std::string classText(const std::string &key,
                             const OrderedJson &values) {
  const OrderedJson &name = memberOf(values, "name");
  return escapeHtml(name.is_string() ? name.get<std::string>() : key);
}

/// Of one of the folds of a cross-validation; -1 of no fold.
static int64_t foldOf(const OrderedJson &entry) {
  const OrderedJson &fold = memberOf(entry, "fold");
  return fold.is_number_unsigned() ? fold.get<int64_t>() : -1;
}

static std::string captionOf(const OrderedJson &entry) {
  const int64_t fold = foldOf(entry);
  return nameOf(entry) + (fold < 0 ? "" : ", fold " + std::to_string(fold));
}

/// The mean Dice of the foreground.
static double foregroundDice(const OrderedJson &entry) {
  std::vector<double> dice;
  const OrderedJson &classes = memberOf(entry, "classes");
  if (classes.is_object())
    for (const auto &[key, values] : classes.items())
      dice.push_back(numberOf(values, "dice"));
  return meanOfPresent(dice);
}

std::string segc::caseTables(const OrderedJson &metrics) {
  const OrderedJson &classes = memberOf(metrics, "mean");
  if (!classes.is_object() || classes.empty())
    return "";
  const std::vector<const OrderedJson *> cases = casesOf(metrics);
  std::string rows = headRow(
      {"class", "Dice", "IoU", "HD95 (mm)", "ASSD (mm)", "surface Dice"});
  std::vector<std::string> heading = {""};
  for (const auto &[key, values] : classes.items()) {
    std::vector<std::string> row = {classText(key, values)};
    heading.push_back(row[0]);
    for (const char *metric : {"dice", "iou", "hd95", "assd", "surface_dice"})
      row.push_back(momentsText(memberOf(values, metric)));
    rows += tableRow(row);
  }
  heading.emplace_back("mean");
  std::string ofCases = headRow(heading);
  for (const OrderedJson *one : cases) {
    std::vector<std::string> row = {escapeHtml(captionOf(*one))};
    for (const auto &[key, values] : classes.items())
      row.push_back(scoreText(
          numberOf(memberOf(memberOf(*one, "classes"), key), "dice")));
    row.push_back(scoreText(foregroundDice(*one)));
    ofCases += tableRow(row);
  }
  return "<p>Over " + std::to_string(cases.size()) +
         " cases, on the grids of their files: mean ± standard deviation. "
         "Below, the Dice of each case.</p>" +
         htmlTable(rows) + foldedRows(cases.size(), ofCases);
}

std::vector<ScoredCase> segc::measuredCases(const OrderedJson &metrics,
                                            const std::string &overlays) {
  std::vector<ScoredCase> scored;
  for (const OrderedJson *one : casesOf(metrics)) {
    const int64_t fold = foldOf(*one);
    const std::string folder =
        fold < 0 ? overlays : overlays + "/" + foldName(fold);
    scored.push_back({captionOf(*one), foregroundDice(*one),
                      overlayPath(folder, nameOf(*one))});
  }
  return scored;
}
