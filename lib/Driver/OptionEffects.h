//===- OptionEffects.h - Options that cannot act ----------------*- C++ -*-===//
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

/// Throws CLI::ValidationError for an option of the command line that asks for
/// what --from says has been done; names on stderr the options that act after
/// the phase of --emit, or that another option switches off.
void checkOptionEffects(const CLI::App &command, const CompileOptions &options);

} // namespace segc

#endif // SEGC_LIB_DRIVER_OPTIONEFFECTS_H
