//===- Check.h - Faults of a data set ---------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lists in one pass what training would refuse case by case, and what it would
// accept though it is hardly meant. docs/Check.md has a row for each fault.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_CHECK_CHECK_H
#define SEGC_RUNTIME_CHECK_CHECK_H

#include "segc/Base/Json.h"
#include "segc/Runtime/Core/ThreadPool.h"
#include "segc/Runtime/Data/ImageLimits.h"

#include <functional>
#include <string>
#include <vector>

namespace segc {

/// What became of a fault: a check proposes a fix, a repair has one of the
/// others.
enum class Outcome { Proposed, Repaired, LeftOut, Remains };

/// Something that is wrong with a case, or with the data set (`caseName` is
/// empty).
struct Fault {
  std::string name; ///< "label-fractional"
  std::string caseName, what, fix;
  Outcome outcome = Outcome::Proposed;
  std::string done{}; ///< What a repair did; empty without one.
};

struct CheckReport {
  int64_t cases = 0;
  int64_t kept = -1;         ///< Cases in the repaired copy; -1 without one.
  std::vector<Fault> faults; ///< Of the data set, then by case.

  OrderedJson toJson() const;
  /// The table case x fault x proposed fix, or what was done; empty without
  /// faults.
  std::string toText() const;
  /// The faults with an outcome.
  int64_t count(Outcome outcome) const;
};

/// Told after each case, from any thread: the number that is done and that of
/// all.
using CheckProgress = std::function<void(int64_t, int64_t)>;

/// Checks a folder with dataset.json (Decathlon, nnU-Net), an ISBI set, or a
/// folder of slices: images/ with labels/, or the images right inside. Cases
/// are read in parallel, one a thread at a time; the report does not depend on
/// the threads. Returns an error only if there is no data set.
StatusOr<CheckReport> checkDataset(const std::string &folder,
                                   const ImageLimits &limits, ThreadPool &pool,
                                   const CheckProgress &progress);

} // namespace segc

#endif // SEGC_RUNTIME_CHECK_CHECK_H
