//===- CaseRepair.h - Repair of the files of a case -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_CHECK_CASEREPAIR_H
#define SEGC_LIB_RUNTIME_CHECK_CASEREPAIR_H

#include "Faults.h"
#include "StagingFolder.h"
#include "segc/Runtime/Check/Repair.h"

namespace segc {

/// What repairs are held against.
struct RepairRules {
  const DecathlonIndex &index;
  const RepairOptions &options;
  const ImageLimits &limits;
  const StagingFolder &staging;
};

/// Why a fault cannot be repaired; empty if it can.
std::string irreparable(const Fault &fault, const RepairRules &rules);

/// A case whose changed files lie in the copy.
struct RepairedCase {
  CaseFiles files;
  std::map<std::string, std::string> done; ///< By the name of the fault.
};

/// Writes the files of a case that need it to the copy. An error of the code
/// IoError is one of the disk; any other leaves the case out.
StatusOr<RepairedCase> repairCase(const CaseFiles &files,
                                  const CaseFindings &findings,
                                  const RepairRules &rules);

/// Writes a label with other numbers to the copy.
Status renumberLabel(const std::string &path, const std::string &target,
                     const std::map<int64_t, int64_t> &numbers,
                     const ImageLimits &limits);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_CHECK_CASEREPAIR_H
