//===- PlanReader.h - Plans of segrun and of nnU-Net ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_PREPARE_PLANREADER_H
#define SEGC_RUNTIME_PREPARE_PLANREADER_H

#include "segc/Plan/Plan.h"

namespace segc {

/// Reads a plan of segrun, or the plans.json of nnU-Net v2, which takes its
/// names from the data set.
StatusOr<Plan> readPlan(const std::string &path,
                        const DatasetDescription &data);

} // namespace segc

#endif // SEGC_RUNTIME_PREPARE_PLANREADER_H
