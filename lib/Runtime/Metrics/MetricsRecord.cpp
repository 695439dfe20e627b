//===- MetricsRecord.cpp - Metrics that processes exchange ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Metrics/MetricsRecord.h"

using namespace segc;

Json segc::toJson(const CaseMetrics &metrics) {
  Json classes = Json::array();
  for (const auto &[value, measured] : metrics.classes) {
    const Overlap &overlap = measured.overlap;
    classes.push_back({value, overlap.truePositive, overlap.falsePositive,
                       overlap.falseNegative, overlap.trueNegative,
                       measured.values});
  }
  return {metrics.name, metrics.predictionFile, metrics.labelFile,
          metrics.voxels, std::move(classes)};
}

CaseMetrics segc::caseMetricsOf(const Json &json) {
  CaseMetrics metrics;
  metrics.name = json.at(0).get<std::string>();
  metrics.predictionFile = json.at(1).get<std::string>();
  metrics.labelFile = json.at(2).get<std::string>();
  metrics.voxels = json.at(3).get<int64_t>();
  for (const Json &entry : json.at(4)) {
    ClassMetrics &measured = metrics.classes[entry.at(0).get<int32_t>()];
    measured.overlap = {entry.at(1).get<int64_t>(), entry.at(2).get<int64_t>(),
                        entry.at(3).get<int64_t>(), entry.at(4).get<int64_t>()};
    measured.values = entry.at(5).get<std::vector<double>>();
  }
  return metrics;
}

Json segc::toJson(const Evaluation::Case &entry) {
  Json counts = Json::array();
  for (const ClassCounts &count : entry.counts)
    counts.push_back({count.predicted, count.expected, count.both});
  return {entry.name, entry.dice, entry.present, std::move(counts)};
}

Evaluation::Case segc::evaluatedCaseOf(const Json &json) {
  Evaluation::Case entry;
  entry.name = json.at(0).get<std::string>();
  entry.dice = json.at(1).get<std::vector<double>>();
  entry.present = json.at(2).get<std::vector<bool>>();
  for (const Json &count : json.at(3))
    entry.counts.push_back({count.at(0).get<int64_t>(),
                            count.at(1).get<int64_t>(),
                            count.at(2).get<int64_t>()});
  return entry;
}
