//===- Explain.h - Why ops are fused, or not --------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRIVER_EXPLAIN_H
#define SEGC_DRIVER_EXPLAIN_H

#include "segc/Driver/CompileSession.h"

namespace segc {

/// Prints a line for every pair of producer and user that fusion weighed, with
/// its reason and bytes, for every op that precision weighed, and for every
/// strategy. With one or two names only the pairs whose producer and user
/// contain them.
llvm::Error explain(const CompileOptions &options,
                    const std::vector<std::string> &ops);

} // namespace segc

#endif // SEGC_DRIVER_EXPLAIN_H
