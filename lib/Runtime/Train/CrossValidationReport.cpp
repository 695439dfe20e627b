//===- CrossValidationReport.cpp - Page of a cross-validation -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CaseTables.h"
#include "ReportPage.h"
#include "RunTables.h"
#include "segc/Base/Files.h"
#include "segc/Base/Html.h"
#include "segc/Draw/Units.h"
#include "segc/Runtime/Metrics/Statistics.h"
#include "segc/Runtime/Train/Curves.h"
#include "segc/Runtime/Train/Log.h"
#include "segc/Runtime/Train/Report.h"

#include <algorithm>
#include <cmath>

using namespace segc;

std::string segc::seedFolderOf(const std::string &results, int64_t seed) {
  return results + "/seed-" + std::to_string(seed);
}

std::string segc::foldFolderOf(const std::string &results, int64_t seed,
                               int64_t fold) {
  return seedFolderOf(results, seed) + "/" + foldName(fold);
}

std::string segc::foldName(int64_t fold) {
  return "fold-" + std::to_string(fold);
}

namespace {

/// The folds of a seed, with what their logs say.
struct SeedRuns {
  int64_t seed = 0;
  std::vector<const FoldResult *> folds;
  std::vector<RunRecord> runs;
};

} // namespace

static std::vector<SeedRuns> runsOf(const std::string &results,
                                    const CrossValidation &table) {
  std::vector<SeedRuns> all;
  for (int64_t seed : table.seeds()) {
    SeedRuns &runs = all.emplace_back();
    runs.seed = seed;
    for (const FoldResult &fold : table.results)
      if (fold.seed == seed) {
        runs.folds.push_back(&fold);
        runs.runs.push_back(
            readRun(foldFolderOf(results, seed, fold.fold) + "/train.jsonl"));
      }
  }
  return all;
}

static std::string headOfFolds(const SeedRuns &seed, const std::string &first) {
  std::vector<std::string> cells = {first};
  for (const FoldResult *fold : seed.folds)
    cells.push_back("fold " + std::to_string(fold->fold));
  return headRow(cells);
}

/// The numbers of the folds: a row for each number, as there are more of them.
static std::string scoreTable(const SeedRuns &seed) {
  std::vector<std::string> cells = {""};
  for (const FoldResult *fold : seed.folds) {
    const std::string number = std::to_string(fold->fold);
    cells.push_back("<a href='seed-" + std::to_string(seed.seed) + "/fold-" +
                    number + "/report.html'>fold " + number + "</a>");
  }
  cells.insert(cells.end(), {"mean", "std"});
  std::string rows = headRow(cells);
  for (const auto &[name, first] : seed.folds[0]->values) {
    std::vector<double> values;
    std::vector<std::string> row = {escapeHtml(name)};
    for (const FoldResult *fold : seed.folds) {
      values.push_back(fold->value(name));
      row.push_back(scoreText(values.back()));
    }
    const MeanInterval moments = meanInterval(values);
    row.push_back("<b>" + scoreText(moments.mean) + "</b>");
    row.push_back(scoreText(moments.std));
    rows += tableRow(row);
  }
  std::vector<std::string> steps = {"step of the weights"};
  for (const FoldResult *fold : seed.folds)
    steps.push_back(std::to_string(fold->step));
  return "<p>What each fold held out. The mean gives each fold the same "
         "weight; std is the standard deviation of the folds.</p>" +
         htmlTable(rows + tableRow(steps));
}

/// Means over the seeds.
static std::string seedTable(const std::vector<SeedRuns> &seeds) {
  if (seeds.size() < 2)
    return "";
  std::vector<std::string> cells = {""};
  for (const SeedRuns &seed : seeds)
    cells.push_back("seed " + std::to_string(seed.seed));
  cells.insert(cells.end(), {"mean", "std"});
  std::string rows = headRow(cells);
  for (const auto &[name, first] : seeds[0].folds[0]->values) {
    std::vector<std::string> row = {escapeHtml(name)};
    std::vector<double> means;
    for (const SeedRuns &seed : seeds) {
      std::vector<double> values;
      for (const FoldResult *fold : seed.folds)
        values.push_back(fold->value(name));
      means.push_back(meanInterval(values).mean);
      row.push_back(scoreText(means.back()));
    }
    const MeanInterval moments = meanInterval(means);
    row.push_back("<b>" + scoreText(moments.mean) + "</b>");
    row.push_back(scoreText(moments.std));
    rows += tableRow(row);
  }
  return htmlTable(rows);
}

/// The curve of a fold's log, by the first of the names that it has.
static draw::Series curveOf(const draw::LineChart &chart,
                            const std::vector<const char *> &names,
                            int64_t fold) {
  draw::Series curve;
  for (const char *name : names)
    for (const draw::Series &known : chart.series)
      if (curve.points.empty() && known.name == name)
        curve.points = known.points;
  curve.name = "fold " + std::to_string(fold);
  curve.colour = draw::palette[static_cast<size_t>(fold) % draw::paletteSize];
  return curve;
}

/// The loss of the training steps and the Dice of the held-out cases.
static StatusOr<std::string> foldCurves(const std::string &results,
                                        const SeedRuns &seed) {
  TrainingCurves curves;
  for (const FoldResult *fold : seed.folds) {
    const TrainingCurves known = readCurves(
        foldFolderOf(results, seed.seed, fold->fold) + "/train.jsonl");
    std::vector<draw::Series> losses = std::move(curves.losses.series),
                              scores = std::move(curves.scores.series);
    losses.push_back(curveOf(known.losses, {"train_total_loss"}, fold->fold));
    scores.push_back(curveOf(
        known.scores, {"eval_hard_dice_nobg", "eval_dice_score"}, fold->fold));
    curves = known;
    curves.losses.series = std::move(losses);
    curves.scores.series = std::move(scores);
  }
  curves.losses.title = "Loss of the training steps";
  curves.scores.title =
      "Dice of what the fold held out, mean of the foreground";
  for (draw::LineChart *chart : {&curves.losses, &curves.scores})
    chart->series.erase(std::remove_if(chart->series.begin(),
                                       chart->series.end(),
                                       [](const draw::Series &curve) {
                                         return curve.points.empty();
                                       }),
                        chart->series.end());
  if (curves.empty())
    return std::string();
  SEGC_ASSIGN_OR_RETURN(const std::string svg, curvesSvg(curves));
  return wide(svg);
}

/// Time and largest memory of each phase by fold.
static std::string phasesByFold(const SeedRuns &seed) {
  std::vector<std::string> names;
  for (const RunRecord &run : seed.runs)
    for (const RunRecord::Phase &phase : run.phases)
      if (std::find(names.begin(), names.end(), phase.name) == names.end())
        names.push_back(phase.name);
  if (names.empty())
    return "";
  std::string rows = headOfFolds(seed, "phase");
  for (const std::string &name : names) {
    std::vector<std::string> row = {escapeHtml(name)};
    for (const RunRecord &run : seed.runs) {
      const RunRecord::Phase *phase = run.find(name);
      row.push_back(phase ? draw::timeText(phase->seconds) + ", " +
                                draw::bytesText(phase->peakBytes)
                          : "");
    }
    rows += tableRow(row);
  }
  std::vector<std::string> waited = {"waited for the loader"},
                           training = {"training, all parts"};
  for (size_t i = 0; i < seed.runs.size(); ++i) {
    const std::optional<double> &seconds = seed.runs[i].loaderWaited;
    waited.push_back(seconds ? draw::timeText(*seconds) : "");
    training.push_back(durationText(seed.folds[i]->seconds));
  }
  return "<p>Time, and the largest resident set, of each phase since the fold "
         "last began.</p>" +
         htmlTable(rows + tableRow(waited) + tableRow(training));
}

/// The options that were given, and what all folds have in common.
static OrderedJson configurationOf(const CrossValidation &table,
                                   const OrderedJson &parameters) {
  OrderedJson facts = OrderedJson::object();
  for (const char *name :
       {"command", "segrun_version", "model", "data", "network", "precision",
        "optimizer", "batch_size", "steps", "steps_per_epoch", "cpu_version",
        "device", "threads"})
    if (const OrderedJson &value = memberOf(parameters, name); !value.is_null())
      facts[name] = value;
  if (table.options.is_object())
    for (const auto &[name, value] : table.options.items())
      if (!value.is_null() && value != false && value != "" && value != 0 &&
          name != "--model" && !(value.is_array() && value.empty()))
        facts[name] = value;
  return facts;
}

static std::string codeOf(const std::string &text) {
  return "<code>" + escapeHtml(text) + "</code>";
}

/// The model, and for each fold the cases and the weights that were evaluated.
static std::string hashTable(const std::string &results,
                             const CrossValidation &table,
                             const std::vector<SeedRuns> &seeds) {
  const OrderedJson &checkpoint = memberOf(table.options, "--checkpoint"),
                    &model = memberOf(table.options, "--model");
  std::string rows = headRow({"fold", "cases and split",
                              "SHA-256 of the weights that were evaluated"});
  for (const SeedRuns &seed : seeds)
    for (size_t i = 0; i < seed.folds.size(); ++i) {
      const int64_t fold = seed.folds[i]->fold;
      const OrderedJson &digest =
          memberOf(seed.runs[i].parameters, "data_digest");
      rows += tableRow(
          {"fold " + std::to_string(fold) +
               (seeds.size() > 1 ? " of seed " + std::to_string(seed.seed)
                                 : ""),
           codeOf(digest.is_string() ? digest.get<std::string>() : ""),
           codeOf(checkpoint.is_string()
                      ? weightsHash(foldFolderOf(results, seed.seed, fold) +
                                    "/checkpoints/" +
                                    checkpoint.get<std::string>())
                      : "")});
    }
  return (model.is_string() ? "<p>SHA-256 of the model: " +
                                  codeOf(model.get<std::string>()) + "</p>"
                            : "") +
         htmlTable(rows, "facts");
}

Status
segc::writeCrossValidationReport(const std::string &results,
                                 const CrossValidation &table,
                                 const std::vector<std::string> &labelNames) {
  const std::vector<SeedRuns> seeds = runsOf(results, table);
  if (seeds.empty())
    return Status::success();
  const OrderedJson &parameters = seeds[0].runs[0].parameters;
  const OrderedJson &network = memberOf(parameters, "network");
  ReportPage page(
      (network.is_string() ? network.get<std::string>() + " " : "") +
      "cross-validation");
  page.add("All seeds", seedTable(seeds));
  for (const SeedRuns &seed : seeds) {
    const std::string of =
        seeds.size() > 1 ? " of seed " + std::to_string(seed.seed) : "";
    const std::string folder = seedFolderOf(results, seed.seed);
    const OrderedJson metrics = readResults(folder + "/case-metrics.json");
    SEGC_ASSIGN_OR_RETURN(const std::string curves, foldCurves(results, seed));
    page.add("Folds" + of, scoreTable(seed));
    page.add("Curves" + of, curves);
    page.add("Cases" + of, caseTables(metrics));
    page.add("Predictions" + of,
             exampleFigures(measuredCases(metrics, folder + "/overlays"),
                            labelNames));
    page.add("Time and memory" + of, phasesByFold(seed));
  }
  page.add("Configuration", factTable(configurationOf(table, parameters)));
  page.add("Hashes", hashTable(results, table, seeds));
  return writeFileAtomically(results + "/report.html", page.finish());
}
