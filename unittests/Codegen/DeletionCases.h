//===- DeletionCases.h - Kernels without one operation ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Kernels of each family, whose barriers, waits and masks DeletedOperationsTest
// deletes in turn, and which of these nobody misses.

#ifndef SEGC_UNITTESTS_CODEGEN_DELETIONCASES_H
#define SEGC_UNITTESTS_CODEGEN_DELETIONCASES_H

#include <map>
#include <set>
#include <string>
#include <vector>

namespace segc::test {

struct DeletionCase {
  std::string name;
  std::string text; ///< A function of one fusion.
  /// Numbers of the operations that order threads whose deletion changes
  /// nothing.
  std::set<size_t> unneededOrder = {};
  /// Masks (DamagedKernels::nameOf) whose deletion may change nothing, with the
  /// reason.
  std::map<std::string, const char *> unneededMasks = {};
  /// Whether the kernels have asynchronous copies.
  bool copies = false;
  std::string target = "sm_90";
  /// Values of some inputs of the fusion, of two samples. Others are random.
  std::map<size_t, std::vector<double>> inputs = {};
};
void PrintTo(const DeletionCase &c, std::ostream *os);

std::vector<DeletionCase> augmentDeletionCases();
std::vector<DeletionCase> convDeletionCases();
std::vector<DeletionCase> elementwiseDeletionCases();
std::vector<DeletionCase> reductionDeletionCases();

} // namespace segc::test

#endif // SEGC_UNITTESTS_CODEGEN_DELETIONCASES_H
