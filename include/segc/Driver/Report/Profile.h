//===- Profile.h - Measured times of a model --------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRIVER_REPORT_PROFILE_H
#define SEGC_DRIVER_REPORT_PROFILE_H

#include "segc/Base/Status.h"
#include "segc/Driver/Report/Report.h"

namespace segc::report {

/// Adds the times that `segrun benchmark --profile` wrote (`text`; `where`
/// names it in errors), and moves the measured version to the front. Fails if
/// the times belong to another model or were measured differently from earlier
/// ones.
Status addProfile(Report &report, std::string_view text,
                  const std::string &where);

} // namespace segc::report

#endif // SEGC_DRIVER_REPORT_PROFILE_H
