//===- MetricsRecord.h - Metrics that processes exchange --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What one rank measured and another one writes to files. Values keep every
// bit, infinity and NaN where the text of the JSON is binary (CBOR).
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_METRICS_METRICSRECORD_H
#define SEGC_RUNTIME_METRICS_METRICSRECORD_H

#include "segc/Runtime/Metrics/CaseMetrics.h"
#include "segc/Runtime/Metrics/Metrics.h"

namespace segc {

Json toJson(const CaseMetrics &metrics);
Json toJson(const Evaluation::Case &entry);

/// @name The same from what toJson() returned
/// Other values throw.
/// @{
CaseMetrics caseMetricsOf(const Json &json);
Evaluation::Case evaluatedCaseOf(const Json &json);
/// @}

} // namespace segc

#endif // SEGC_RUNTIME_METRICS_METRICSRECORD_H
