//===- Predictions.h - Predicted times on devices ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The table of the performance model (Target/PerformanceModel.h), kernel by
// kernel, as text and as a part of the page.

#ifndef SEGC_DRIVER_REPORT_PREDICTIONS_H
#define SEGC_DRIVER_REPORT_PREDICTIONS_H

#include "segc/Driver/CompileSession.h"
#include "segc/Driver/Report/Report.h"

namespace segc::report {

/// Checks that one of the targets has a performance model, and that it knows
/// the devices of the options.
llvm::Error checkDevices(llvm::ArrayRef<Target> targets,
                         const CompileOptions &options);

/// Predicts the kernels of a version that was collected from the module, which
/// was compiled with the options, for each of their devices. With `countBytes`
/// kernels are compiled for emulation; an error is a fault of one.
llvm::Error addPredictions(Version &version, const Target &target,
                           mlir::ModuleOp module,
                           const CompileOptions &options);

/// The tables of all entries and devices, with what a training step takes;
/// empty without predictions.
std::string predictionText(const Version &version, int64_t batch);

} // namespace segc::report

#endif // SEGC_DRIVER_REPORT_PREDICTIONS_H
