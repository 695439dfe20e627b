//===- PostprocessOption.h - Steps that --postprocess names -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_COMMANDS_POSTPROCESSOPTION_H
#define SEGC_LIB_RUNTIME_COMMANDS_POSTPROCESSOPTION_H

#include "segc/Runtime/Commands/Options.h"
#include "segc/Runtime/Postprocess/Postprocess.h"

namespace segc {

/// The file in the folder of a seed that a cross-validation writes.
inline constexpr const char *postprocessFileName = "postprocessing.json";

/// The file of the cross-validation that a checkpoint, or the results folder of
/// a fold, lies in; empty if there is none.
std::string postprocessFileAbove(const std::string &checkpoint);

/// The steps of --postprocess: written out, of a file, or with `auto` of the
/// file of the cross-validation that the checkpoints come from. With `says` it
/// says where they are from, unless they are written out.
StatusOr<std::vector<PostprocessStep>>
postprocessSteps(const std::string &text,
                 const std::vector<std::string> &checkpoints,
                 const std::vector<std::string> &classNames, bool says = true);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_COMMANDS_POSTPROCESSOPTION_H
