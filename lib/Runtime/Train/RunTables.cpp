//===- RunTables.cpp - Tables of the training report ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RunTables.h"
#include "segc/Base/Html.h"
#include "segc/Draw/Units.h"
#include "segc/Runtime/Train/Log.h"

using namespace segc;

/// A value of a record as a reader expects it.
static std::string valueText(const OrderedJson &value) {
  return value.is_string()    ? value.get<std::string>()
         : value.is_null()    ? "none"
         : value.is_boolean() ? (value.get<bool>() ? "yes" : "no")
                              : jsonText(value);
}

/// The options, command and hashes with which the run last began.
static std::string configurationTable(const OrderedJson &parameters) {
  std::string html = "<h2>Configuration</h2><table class='facts'>";
  for (const auto &[name, value] : parameters.items()) {
    const std::string text = escapeHtml(valueText(value));
    html += "<tr><th>" + escapeHtml(name) + "</th><td>" +
            (name == "command" ? "<code>" + text + "</code>" : text) +
            "</td></tr>";
  }
  return html + "</table>";
}

/// `phases`: the list of RunPhases::toJson.
static std::string phaseTable(const OrderedJson &phases) {
  Status status;
  double total = 0;
  std::string rows;
  const Json holder = {{"phases", Json(phases)}};
  JsonReader reader(holder, "phases", status);
  reader.forEach("phases",
                 [&](JsonReader phase) { total += phase.number("seconds"); });
  reader.forEach("phases", [&](JsonReader phase) {
    const double seconds = phase.number("seconds");
    char share[16];
    std::snprintf(share, sizeof(share), "%.1f %%",
                  total > 0 ? 100 * seconds / total : 0);
    rows +=
        "<tr><td>" + escapeHtml(phase.string("phase")) + "</td><td>" +
        std::to_string(phase.integer("times")) + "</td><td>" +
        draw::timeText(seconds) + "</td><td>" + share + "</td><td>" +
        draw::bytesText(static_cast<double>(phase.integer("peak_rss_bytes"))) +
        "</td></tr>";
  });
  if (!status.ok() || rows.empty())
    return "";
  return "<h2>Time and memory</h2><p>Since the run last began. Memory is the "
         "largest resident set during a phase, of the compiler while it "
         "compiles.</p><table><tr><th>phase</th><th>times</th><th>time</th>"
         "<th>share</th><th>peak memory</th></tr>" +
         rows + "</table>";
}

std::string segc::runTables(const std::string &logPath) {
  OrderedJson parameters, phases;
  for (const OrderedJson &record : readLog(logPath)) {
    const OrderedJson none;
    if (record.value("step", none) == "PARAMETER") {
      parameters = record.value("data", none);
      phases = none; // of the run before
    } else if (record.value("metric", none) == "phases") {
      phases = record.value("metadata", none);
    }
  }
  std::string html;
  if (parameters.is_object())
    html += configurationTable(parameters);
  if (phases.is_array())
    html += phaseTable(phases);
  return html;
}
