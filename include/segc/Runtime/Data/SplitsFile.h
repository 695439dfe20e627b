//===- SplitsFile.h - Folds of nnU-Net --------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_SPLITSFILE_H
#define SEGC_RUNTIME_DATA_SPLITSFILE_H

#include "segc/Base/Status.h"

#include <string>
#include <string_view>
#include <vector>

namespace segc {

/// A fold of a cross-validation: names of cases, in the order of the file.
struct NamedFold {
  std::vector<std::string> training, validation;
};

/// Parses splits_final.json: a list of {"train": [name, ...], "val": [name,
/// ...]}. Whether the cases exist is not looked at; `where` names the text.
StatusOr<std::vector<NamedFold>> parseSplits(std::string_view text,
                                             const std::string &where);

} // namespace segc

#endif // SEGC_RUNTIME_DATA_SPLITSFILE_H
