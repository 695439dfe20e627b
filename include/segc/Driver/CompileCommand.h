//===- CompileCommand.h - Options of a compilation --------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRIVER_COMPILECOMMAND_H
#define SEGC_DRIVER_COMPILECOMMAND_H

#include "segc/Driver/CompileSession.h"
#include <CLI/CLI.hpp>

namespace segc {

/// Adds the input and the options of a compilation, which `segc compile`,
/// `verify` and `explain` share. They set `options`, which must outlive the
/// parse.
void addCompileOptions(CLI::App &command, CompileOptions &options);

/// What --emit prints beside phases: the kernels' code as text, or lowered, as
/// the targets call it.
std::vector<std::string> codeNames();

/// A validator of phase names and the names in `more`.
CLI::IsMember phaseNames(std::vector<std::string> more);

} // namespace segc

#endif // SEGC_DRIVER_COMPILECOMMAND_H
