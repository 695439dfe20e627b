//===- Report.cpp - Report and metrics of a run ---------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/Report.h"
#include "ReportPage.h"
#include "RunTables.h"
#include "segc/Base/Files.h"
#include "segc/Base/Html.h"
#include "segc/Runtime/Data/Png.h"
#include "segc/Runtime/Metrics/Statistics.h"
#include "segc/Runtime/Train/Curves.h"

using namespace segc;

/// More rows are folded away.
static constexpr size_t maxCaseRows = 20;

Status segc::writeMetrics(const std::string &results,
                          const Evaluation &evaluation, int64_t step) {
  OrderedJson json = {{"step", step}};
  json.update(evaluation.toJson());
  SEGC_RETURN_IF_ERROR(
      writeFileAtomically(results + "/metrics.json", jsonText(json, 2) + "\n"));
  return writeFileAtomically(results + "/metrics.csv", evaluation.toCsv());
}

/// The classes of a metrics.json.
static std::vector<std::string> classesOf(const OrderedJson &metrics) {
  const OrderedJson &means =
      memberOf(memberOf(metrics, "hard_dice"), "classes");
  std::vector<std::string> names;
  if (means.is_object())
    for (const auto &[name, value] : means.items())
      names.push_back(name);
  return names;
}

/// The cases of a metrics.json that have names.
static std::vector<const OrderedJson *> casesOf(const OrderedJson &metrics) {
  std::vector<const OrderedJson *> cases;
  for (const OrderedJson &one : memberOf(metrics, "cases"))
    if (memberOf(one, "name").is_string())
      cases.push_back(&one);
  return cases;
}

/// The table of a metrics.json: means and deviations, then one row a case.
static std::string metricsTable(const OrderedJson &metrics) {
  const std::vector<std::string> names = classesOf(metrics);
  const std::vector<const OrderedJson *> cases = casesOf(metrics);
  if (names.empty())
    return "";
  std::vector<std::string> heading = {""}, mean = {"mean"}, std = {"std"},
                           soft = {"soft Dice, mean"};
  const OrderedJson &softMeans = memberOf(memberOf(metrics, "dice"), "classes");
  for (const std::string &name : names) {
    heading.push_back(escapeHtml(name));
    std::vector<double> values;
    for (const OrderedJson *one : cases)
      values.push_back(numberOf(memberOf(*one, "hard_dice"), name));
    mean.push_back(scoreText(
        numberOf(memberOf(memberOf(metrics, "hard_dice"), "classes"), name)));
    std.push_back(scoreText(meanInterval(values).std));
    soft.push_back(scoreText(numberOf(softMeans, name)));
  }
  const std::string head = "<thead>" + tableRow(heading, "th") + "</thead>";
  std::string rows = head + tableRow(mean) + tableRow(std);
  if (softMeans.is_object())
    rows += tableRow(soft);
  std::string ofCases = head;
  for (const OrderedJson *one : cases) {
    std::vector<std::string> row = {
        escapeHtml(memberOf(*one, "name").get<std::string>())};
    for (const std::string &name : names)
      row.push_back(scoreText(numberOf(memberOf(*one, "hard_dice"), name)));
    ofCases += tableRow(row);
  }
  const std::string count = std::to_string(cases.size());
  return "<p>Dice of predicted labels on the grid of the network, over " +
         count + " cases.</p>" + htmlTable(rows) +
         (cases.empty()
              ? ""
              : "<details" +
                    std::string(cases.size() > maxCaseRows ? "" : " open") +
                    "><summary>" + count + " cases</summary>" +
                    htmlTable(ofCases) + "</details>");
}

static std::vector<ScoredCase> scoredCases(const OrderedJson &metrics) {
  std::vector<ScoredCase> scored;
  for (const OrderedJson *one : casesOf(metrics))
    scored.push_back({memberOf(*one, "name").get<std::string>(),
                      numberOf(*one, "mean_foreground")});
  return scored;
}

Status segc::writeReport(const std::string &results, const std::string &title,
                         const OrderedJson &configuration) {
  const std::string log = results + "/train.jsonl";
  const TrainingCurves curves = readCurves(log);
  std::string picture;
  if (!curves.empty()) {
    SEGC_ASSIGN_OR_RETURN(RgbImage pixels, curvesPixels(curves));
    SEGC_RETURN_IF_ERROR(writePng(results + "/curves.png", pixels));
    SEGC_ASSIGN_OR_RETURN(picture, curvesSvg(curves));
    picture = wide(picture);
  }
  OrderedJson metrics;
  if (StatusOr<std::string> text = readFile(results + "/metrics.json");
      text.ok())
    metrics = OrderedJson::parse(*text, nullptr, false);
  const RunRecord run = readRun(log);
  ReportPage page(title);
  page.add("Curves", picture);
  page.add("Dice", metricsTable(metrics));
  page.add("Predictions",
           exampleFigures(scoredCases(metrics), results + "/overlays",
                          classesOf(metrics)));
  page.add("Time and memory", phaseTable(run));
  page.add(
      "Configuration",
      factTable(configuration.is_object() ? configuration : run.parameters));
  page.add("Checkpoints", checkpointTable(results));
  return writeFileAtomically(results + "/report.html", page.finish());
}
