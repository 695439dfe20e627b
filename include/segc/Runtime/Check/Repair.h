//===- Repair.h - Repaired copies of data sets ------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A copy of a data set in which check finds nothing, as far as no decision is
// asked for: what is certainly meant is written anew, a case that cannot be
// told so is left out, and all else is copied byte for byte (docs/Check.md).
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_CHECK_REPAIR_H
#define SEGC_RUNTIME_CHECK_REPAIR_H

#include "segc/Runtime/Check/Check.h"

#include <optional>

namespace segc {

/// Repairs that are made only where they are asked for.
struct RepairOptions {
  /// Number the classes that labels have 0, 1, 2, ... in their order.
  bool renumberLabels = false;
  /// What stands for NaN and infinity.
  std::optional<float> nonFinite;
};

/// Refuses an output that exists or lies in the data set.
Status checkRepairPlace(const std::string &folder, const std::string &output);

/// Writes the copy of a folder with dataset.json to `output`, which appears
/// whole or not at all. The report says of each fault what became of it.
/// `checked` counts all cases, `repaired` those that have a fault.
StatusOr<CheckReport> repairDataset(const std::string &folder,
                                    const std::string &output,
                                    const RepairOptions &options,
                                    const ImageLimits &limits, ThreadPool &pool,
                                    const CheckProgress &checked,
                                    const CheckProgress &repaired);

} // namespace segc

#endif // SEGC_RUNTIME_CHECK_REPAIR_H
