//===- RunTables.h - Tables of the training report --------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_TRAIN_RUNTABLES_H
#define SEGC_LIB_RUNTIME_TRAIN_RUNTABLES_H

#include <string>

namespace segc {

/// Configuration, and time and memory by phase, as the log of a run has them;
/// empty where it has none.
std::string runTables(const std::string &logPath);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_TRAIN_RUNTABLES_H
