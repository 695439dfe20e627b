//===- RunTables.cpp - Tables of the pages of runs ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RunTables.h"
#include "ReportPage.h"
#include "segc/Base/Files.h"
#include "segc/Base/Hash.h"
#include "segc/Base/Html.h"
#include "segc/Draw/Units.h"
#include "segc/Runtime/Core/CheckpointFiles.h"
#include "segc/Runtime/Train/Log.h"

#include <cmath>

using namespace segc;

const RunRecord::Phase *RunRecord::find(const std::string &phase) const {
  for (const Phase &known : phases)
    if (known.name == phase)
      return &known;
  return nullptr;
}

/// `list`: RunPhases::toJson().
static std::vector<RunRecord::Phase> phasesOf(const OrderedJson &list) {
  std::vector<RunRecord::Phase> phases;
  Status status;
  const Json holder = {{"phases", Json(list)}};
  JsonReader reader(holder, "phases", status);
  reader.forEach("phases", [&](JsonReader phase) {
    phases.push_back({phase.string("phase"), phase.integer("times"),
                      phase.number("seconds"),
                      static_cast<double>(phase.integer("peak_rss_bytes"))});
  });
  return status.ok() ? phases : std::vector<RunRecord::Phase>();
}

/// Adds a number of a record to a sum that may not have begun.
static void addTo(std::optional<double> &sum, double value) {
  if (!std::isnan(value))
    sum = sum.value_or(0) + value;
}

RunRecord segc::readRun(const std::string &logPath) {
  RunRecord run;
  for (const OrderedJson &record : readLog(logPath)) {
    const OrderedJson &data = memberOf(record, "data");
    if (memberOf(record, "step") == "PARAMETER") {
      run = {};
      run.parameters = data;
    } else if (memberOf(record, "metric") == "phases") {
      run.phases = phasesOf(memberOf(record, "metadata"));
    } else {
      addTo(run.loaderWaited, numberOf(data, "loader_waited"));
      addTo(run.loaderWorked, numberOf(data, "loader_worked"));
    }
  }
  return run;
}

static std::string loaderText(const RunRecord &run) {
  if (!run.loaderWaited)
    return "";
  std::string text = "<p>Steps waited " + draw::timeText(*run.loaderWaited) +
                     " for the loader";
  const RunRecord::Phase *training = run.find("train");
  if (training && training->seconds > 0) {
    char share[48];
    std::snprintf(share, sizeof(share), ", %.1f %% of the time of training",
                  100 * *run.loaderWaited / training->seconds);
    text += share;
  }
  if (run.loaderWorked)
    text += "; its threads worked " + draw::timeText(*run.loaderWorked);
  return text + ".</p>";
}

std::string segc::phaseTable(const RunRecord &run) {
  if (run.phases.empty())
    return loaderText(run);
  double total = 0;
  for (const RunRecord::Phase &phase : run.phases)
    total += phase.seconds;
  std::string rows =
      headRow({"phase", "times", "time", "share", "peak memory"});
  for (const RunRecord::Phase &phase : run.phases) {
    char share[16];
    std::snprintf(share, sizeof(share), "%.1f %%",
                  total > 0 ? 100 * phase.seconds / total : 0);
    rows += tableRow({escapeHtml(phase.name), std::to_string(phase.times),
                      draw::timeText(phase.seconds), share,
                      draw::bytesText(phase.peakBytes)});
  }
  return "<p>Since the run last began. Memory is the largest resident set "
         "during a phase, of the compiler while it compiles.</p>" +
         htmlTable(rows) + loaderText(run);
}

std::string segc::weightsHash(const std::string &checkpoint) {
  const StatusOr<std::string> weights =
      readFile(checkpoint + "/" + checkpointModelFile);
  return weights.ok() ? sha256(*weights) : "";
}

std::string segc::checkpointTable(const std::string &results) {
  std::string rows;
  for (const char *name : {"last", "best"}) {
    const std::string folder = results + "/checkpoints/" + name;
    const StatusOr<std::string> text =
        readFile(folder + "/" + checkpointStateFile);
    const std::string hash = text.ok() ? weightsHash(folder) : "";
    if (hash.empty())
      continue;
    const OrderedJson state = OrderedJson::parse(*text, nullptr, false);
    rows += tableRow(
        {name, jsonText(memberOf(state, "step")), "<code>" + hash + "</code>"});
  }
  return rows.empty() ? rows
                      : htmlTable(headRow({"checkpoint", "step",
                                           "SHA-256 of model.safetensors"}) +
                                      rows,
                                  "facts");
}
