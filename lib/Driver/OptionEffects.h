//===- OptionEffects.h - Options without effect -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_DRIVER_OPTIONEFFECTS_H
#define SEGC_LIB_DRIVER_OPTIONEFFECTS_H

#include "segc/Driver/CompileSession.h"
#include <CLI/CLI.hpp>

namespace segc {

/// Throws CLI::ValidationError for an option that affects only phases before
/// --from. Prints on stderr the options that affect only phases after --emit,
/// or that another option makes ineffective.
void checkOptionEffects(const CLI::App &command, const CompileOptions &options);

} // namespace segc

#endif // SEGC_LIB_DRIVER_OPTIONEFFECTS_H
