//===- CaseTables.h - Metrics of cases on the pages of runs -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From metrics.json, which is on the grid of the network, and from
// case-metrics.json, which is on the grids of the files (docs/Metrics.md).
// Whatever such a file holds, there is a page.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_TRAIN_CASETABLES_H
#define SEGC_LIB_RUNTIME_TRAIN_CASETABLES_H

#include "ReportPage.h"

namespace segc {

/// The contents of a file of results; null or no object where there is none.
OrderedJson readResults(const std::string &path);

/// The Dice of a metrics.json: means and deviations, then one row a case; empty
/// if it has no classes.
std::string diceTables(const OrderedJson &metrics);
/// The metrics of a case-metrics.json by class, then the Dice of each case;
/// empty if it has no classes.
std::string caseTables(const OrderedJson &metrics);

/// @name The cases of both, with their pictures in `overlays`
/// @{
std::vector<ScoredCase> evaluatedCases(const OrderedJson &metrics,
                                       const std::string &overlays);
/// Cases that a cross-validation held out have pictures by fold.
std::vector<ScoredCase> measuredCases(const OrderedJson &metrics,
                                      const std::string &overlays);
/// @}

} // namespace segc

#endif // SEGC_LIB_RUNTIME_TRAIN_CASETABLES_H
