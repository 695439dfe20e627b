//===- Collect.h - Collects a report from the IR ----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRIVER_REPORT_COLLECT_H
#define SEGC_DRIVER_REPORT_COLLECT_H

#include "segc/Driver/Report/Report.h"
#include "segc/Pipelines/Phases.h"
#include "segc/Program/ModelTables.h"

namespace segc::report {

/// The programs of a version, with their kernels and buffers.
Version collectVersion(const ModelVersion &version);

/// Adds the collectives of a version's train_step, with their modelled times
/// for the ranks and the link of the options.
llvm::Error addCommunication(Version &version, const Target &target,
                             mlir::ModuleOp module,
                             const PipelineOptions &options);

} // namespace segc::report

#endif // SEGC_DRIVER_REPORT_COLLECT_H
