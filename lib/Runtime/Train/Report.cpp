//===- Report.cpp - Report and metrics of a run ---------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/Report.h"
#include "CaseTables.h"
#include "ReportPage.h"
#include "RunTables.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Data/Png.h"
#include "segc/Runtime/Train/Curves.h"

using namespace segc;

Status segc::writeMetrics(const std::string &results,
                          const Evaluation &evaluation, int64_t step) {
  OrderedJson json = {{"step", step}};
  json.update(evaluation.toJson());
  SEGC_RETURN_IF_ERROR(
      writeFileAtomically(results + "/metrics.json", jsonText(json, 2) + "\n"));
  return writeFileAtomically(results + "/metrics.csv", evaluation.toCsv());
}

Status segc::writeReport(const std::string &results, const std::string &title,
                         const std::vector<std::string> &labelNames,
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
  const OrderedJson evaluated = readResults(results + "/metrics.json"),
                    measured = readResults(results + "/case-metrics.json");
  const std::string overlays = results + "/overlays";
  std::vector<ScoredCase> cases = evaluatedCases(evaluated, overlays);
  if (cases.empty())
    cases = measuredCases(measured, overlays);
  const RunRecord run = readRun(log);
  ReportPage page(title);
  page.add("Curves", picture);
  page.add("Dice", diceTables(evaluated));
  page.add("Cases", caseTables(measured));
  page.add("Predictions", exampleFigures(cases, labelNames));
  page.add("Time and memory", phaseTable(run));
  page.add(
      "Configuration",
      factTable(configuration.is_object() ? configuration : run.parameters));
  page.add("Checkpoints", checkpointTable(results));
  return writeFileAtomically(results + "/report.html", page.finish());
}
