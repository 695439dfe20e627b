//===- Report.h - What a compilation decided --------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRIVER_REPORT_H
#define SEGC_DRIVER_REPORT_H

#include "segc/Codegen/CPU/ModelTables.h"

namespace segc {

/// Writes a JSON report: for each version and entry the arena with its lower
/// bound, and the launches with their ops, strategy, FLOP and bytes.
llvm::Error writeReport(llvm::StringRef path,
                        llvm::ArrayRef<ModelVersion> versions,
                        const ModelContents &contents);

} // namespace segc

#endif // SEGC_DRIVER_REPORT_H
