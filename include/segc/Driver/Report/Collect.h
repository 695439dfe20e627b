//===- Collect.h - A report from the IR -------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRIVER_REPORT_COLLECT_H
#define SEGC_DRIVER_REPORT_COLLECT_H

#include "segc/Codegen/CPU/ModelTables.h"
#include "segc/Driver/Report/Report.h"

namespace segc::report {

/// Entries with their kernels and buffers, from the module that the phase
/// `plan` left. Launches are not known yet.
std::vector<Entry> collectPlan(mlir::ModuleOp planned);

/// Completes what collectPlan found (nothing, if the compilation began behind
/// that phase) with the tables of the outlined version.
Version collectVersion(std::vector<Entry> planned, const ModelVersion &version);

} // namespace segc::report

#endif // SEGC_DRIVER_REPORT_COLLECT_H
