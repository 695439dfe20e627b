//===- Inspect.h - What a model says of itself ------------------*- C++ -*-===//
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

/// Prints the manifest of a .so, or what a network's would say of its
/// parameters: JSON, or a table for people. The .so is read, not run; `load`
/// allows to run one whose manifest can be had in no other way.
llvm::Error inspect(const std::string &path, bool asJson, bool load);

} // namespace segc

#endif // SEGC_DRIVER_INSPECT_H
