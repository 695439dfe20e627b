//===- MetricsTable.cpp - Metrics as CSV, JSON and summary.json -----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Files.h"
#include "segc/Runtime/Metrics/CaseMetrics.h"
#include "segc/Runtime/Metrics/Metrics.h"
#include "segc/Runtime/Metrics/Statistics.h"

#include <cmath>
#include <cstdio>

using namespace segc;

/// A field of CSV in quotes.
static std::string quoted(const std::string &text) {
  std::string result = "\"";
  for (char c : text)
    result += c == '"' ? "\"\"" : std::string(1, c);
  return result + "\"";
}

static std::string numberText(double value) {
  char text[40];
  std::snprintf(text, sizeof(text), "%.9g", value);
  return std::isnan(value) ? "nan" : text;
}

/// A metric of a class over all cases.
static MeanInterval intervalOf(const MetricsTable &table, int32_t value,
                               size_t metric) {
  std::vector<double> values;
  for (const CaseMetrics &entry : table.cases)
    values.push_back(entry.classes.at(value).values[metric]);
  return meanInterval(values);
}

std::vector<double> MetricsTable::foregroundDiceByCase() const {
  std::vector<double> means;
  for (const CaseMetrics &entry : cases) {
    std::vector<double> dice;
    for (const auto &[value, metrics] : entry.classes)
      dice.push_back(metrics.overlap.dice());
    means.push_back(meanOfPresent(dice));
  }
  return means;
}

/// JSON has neither NaN, which becomes null, nor infinity.
static OrderedJson jsonNumber(double value) {
  return std::isinf(value) ? OrderedJson("inf") : OrderedJson(value);
}

OrderedJson MetricsTable::toJson() const {
  const std::vector<std::string> &names = metricNames();
  OrderedJson json = {{"format", 1},
                      {"surface_dice_tolerance_mm", tolerance},
                      {"interval", "95 % percentile bootstrap of the mean"}};
  OrderedJson &means = json["mean"] = OrderedJson::object();
  std::vector<std::vector<double>> classMeans(names.size());
  for (const auto &[value, name] : classNames) {
    OrderedJson &fields = means[classes.keyOf(value)] = {{"name", name}};
    for (size_t i = 0; i < names.size(); ++i) {
      const MeanInterval interval = intervalOf(*this, value, i);
      classMeans[i].push_back(interval.mean);
      fields[names[i]] = {
          {"mean", interval.mean},   {"std", interval.std},
          {"lower", interval.lower}, {"upper", interval.upper},
          {"count", interval.count}, {"infinite", interval.infinite}};
    }
  }
  OrderedJson &foreground = json["mean_foreground"] = OrderedJson::object();
  for (size_t i = 0; i < names.size(); ++i)
    foreground[names[i]] = meanOfPresent(classMeans[i]);
  OrderedJson &list = json["cases"] = OrderedJson::array();
  for (const CaseMetrics &entry : cases) {
    OrderedJson byClass = OrderedJson::object();
    for (const auto &[value, metrics] : entry.classes) {
      OrderedJson &fields = byClass[classes.keyOf(value)];
      for (size_t i = 0; i < names.size(); ++i)
        fields[names[i]] = jsonNumber(metrics.values[i]);
    }
    OrderedJson fields = {{"name", entry.name}};
    if (entry.fold)
      fields["fold"] = entry.fold.value_or(0);
    fields.update({{"prediction", entry.predictionFile},
                   {"label", entry.labelFile},
                   {"classes", std::move(byClass)}});
    list.push_back(std::move(fields));
  }
  return json;
}

OrderedJson MetricsTable::toRecord() const {
  const std::vector<std::string> &names = metricNames();
  OrderedJson record, all;
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string &metric = names[i];
    if (metric != "dice" && metric != "hd95" && metric != "surface_dice")
      continue;
    std::vector<double> means;
    for (const auto &[value, name] : classNames) {
      means.push_back(intervalOf(*this, value, i).mean);
      if (metric == "dice")
        record[name + "_dice"] = means.back();
    }
    all["eval_file_" + metric] = meanOfPresent(means);
  }
  record.update(all);
  return record;
}

std::string MetricsTable::toCsv() const {
  const std::vector<std::string> &names = metricNames();
  std::string text = "case,class,name";
  for (const std::string &name : names)
    text += "," + name;
  text += "\n";
  auto addRow = [&](const std::string &first, int32_t value, auto valueOf) {
    const std::string key = classes.keyOf(value);
    text += quoted(first) + "," + (classes.haveRegions() ? quoted(key) : key) +
            "," + quoted(classNames.at(value));
    for (size_t i = 0; i < names.size(); ++i)
      text += "," + numberText(valueOf(i));
    text += "\n";
  };
  for (const CaseMetrics &entry : cases)
    for (const auto &[value, metrics] : entry.classes)
      addRow(entry.name, value,
             [&, &m = metrics](size_t i) { return m.values[i]; });
  for (const auto &[value, name] : classNames) {
    std::vector<MeanInterval> intervals;
    for (size_t i = 0; i < names.size(); ++i)
      intervals.push_back(intervalOf(*this, value, i));
    addRow("mean", value, [&](size_t i) { return intervals[i].mean; });
    addRow("lower", value, [&](size_t i) { return intervals[i].lower; });
    addRow("upper", value, [&](size_t i) { return intervals[i].upper; });
    addRow("std", value, [&](size_t i) { return intervals[i].std; });
    addRow("count", value,
           [&](size_t i) { return double(intervals[i].count); });
    addRow("infinite", value,
           [&](size_t i) { return double(intervals[i].infinite); });
  }
  return text;
}

//===----------------------------------------------------------------------===//
// nnU-Net v2
//===----------------------------------------------------------------------===//

/// The fields of one class, in the order that v2 sorts them to.
static const std::vector<std::pair<const char *, double (*)(const Overlap &)>> &
summaryFields() {
  static const std::vector<std::pair<const char *, double (*)(const Overlap &)>>
      fields = {
          {"Dice", [](const Overlap &o) { return o.dice(); }},
          {"FN", [](const Overlap &o) { return double(o.falseNegative); }},
          {"FP", [](const Overlap &o) { return double(o.falsePositive); }},
          {"IoU", [](const Overlap &o) { return o.iou(); }},
          {"TN", [](const Overlap &o) { return double(o.trueNegative); }},
          {"TP", [](const Overlap &o) { return double(o.truePositive); }},
          {"n_pred", [](const Overlap &o) { return double(o.predicted()); }},
          {"n_ref", [](const Overlap &o) { return double(o.expected()); }}};
  return fields;
}

std::string MetricsTable::toSummary() const {
  OrderedJson json, means = OrderedJson::object(),
                    foreground = OrderedJson::object();
  for (const auto &[field, valueOf] : summaryFields()) {
    std::vector<double> classMeans;
    for (const auto &[value, name] : classNames) {
      std::vector<double> values;
      for (const CaseMetrics &entry : cases)
        values.push_back(valueOf(entry.classes.at(value).overlap));
      classMeans.push_back(meanOfPresent(values));
      means[classes.keyOf(value)][field] = classMeans.back();
    }
    foreground[field] = meanOfPresent(classMeans);
  }
  OrderedJson list = OrderedJson::array();
  for (const CaseMetrics &entry : cases) {
    OrderedJson byClass = OrderedJson::object();
    for (const auto &[value, metrics] : entry.classes) {
      OrderedJson &fields = byClass[classes.keyOf(value)];
      for (const auto &[field, valueOf] : summaryFields()) {
        const double number = valueOf(metrics.overlap);
        // Counts of one case are whole numbers there.
        if (field == std::string("Dice") || field == std::string("IoU"))
          fields[field] = number;
        else
          fields[field] = static_cast<int64_t>(number);
      }
    }
    list.push_back({{"metrics", std::move(byClass)},
                    {"prediction_file", entry.predictionFile},
                    {"reference_file", entry.labelFile}});
  }
  std::string text = jsonText(OrderedJson{{"foreground_mean", foreground},
                                          {"mean", means},
                                          {"metric_per_case", list}},
                              4);
  // Within a text the quotes are escaped, so that only fields match.
  for (const std::string field : {"\"Dice\": ", "\"IoU\": "})
    for (size_t at = 0;
         (at = text.find(field + "null", at)) != std::string::npos;)
      text.replace(at + field.size(), 4, "NaN");
  return text + "\n";
}

std::string MetricsTable::toText() const {
  const std::vector<std::string> &names = metricNames();
  std::string text = "class                 dice    iou     hd95    assd    "
                     "surface_dice (means of " +
                     std::to_string(cases.size()) + " cases)\n";
  for (const auto &[value, name] : classNames) {
    char line[160];
    if (classes.haveRegions())
      std::snprintf(line, sizeof(line), "%-20.20s", name.c_str());
    else
      std::snprintf(line, sizeof(line), "%3d %-16.16s", value, name.c_str());
    text += line;
    for (const char *metric : {"dice", "iou", "hd95", "assd", "surface_dice"})
      for (size_t i = 0; i < names.size(); ++i)
        if (names[i] == metric) {
          std::snprintf(line, sizeof(line), "  %.4f",
                        intervalOf(*this, value, i).mean);
          text += line;
        }
    text += "\n";
  }
  return text;
}

Status segc::writeCaseMetrics(const MetricsTable &table,
                              const std::string &folder) {
  SEGC_RETURN_IF_ERROR(
      writeFileAtomically(folder + "/case-metrics.csv", table.toCsv()));
  SEGC_RETURN_IF_ERROR(writeFileAtomically(folder + "/case-metrics.json",
                                           jsonText(table.toJson(), 2) + "\n"));
  return writeFileAtomically(folder + "/summary.json", table.toSummary());
}
