//===- Explain.h - Decisions of fusion, precision and strategy --*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRIVER_EXPLAIN_H
#define SEGC_DRIVER_EXPLAIN_H

#include "segc/Driver/CompileSession.h"

namespace segc {

/// Prints a line for every pair of producer and user that fusion considered,
/// with the reason and the bytes, for every op that seg-assign-precision
/// considered, and for every strategy. One or two names restrict it to the
/// pairs whose producer and user contain them.
llvm::Error explain(const CompileOptions &options,
                    const std::vector<std::string> &ops);

} // namespace segc

#endif // SEGC_DRIVER_EXPLAIN_H
