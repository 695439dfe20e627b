//===- Inspect.h - Description of a model -----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRIVER_INSPECT_H
#define SEGC_DRIVER_INSPECT_H

#include "llvm/Support/Error.h"
#include <string>

namespace segc {

/// Prints the manifest of a .so, or the parameters of a network, as JSON or as
/// a table. The .so is read, not loaded; `load` permits to load one whose
/// manifest cannot be read otherwise.
llvm::Error inspect(const std::string &path, bool asJson, bool load);

} // namespace segc

#endif // SEGC_DRIVER_INSPECT_H
