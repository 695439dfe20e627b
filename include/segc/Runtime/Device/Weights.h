//===- Weights.h - Weights and optimizer state as safetensors ---*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DEVICE_WEIGHTS_H
#define SEGC_RUNTIME_DEVICE_WEIGHTS_H

#include "segc/Runtime/Device/ModelRunner.h"

#include <string>

namespace segc {

/// Writes parameters and states by name; all must be finite. `orientation` is
/// the recorded order of the axes of volumes ("" for slices).
Status writeWeights(const ModelRunner &runner, const std::string &path,
                    const std::string &orientation = "");
/// Whether a file without states is refused, or leaves those of the runner
/// unchanged.
enum class MissingStates { Refuse, Allow };
/// Reads parameters and states, which must be finite. The file must have every
/// parameter with its shape and no other tensors. Sets `orientation` to the
/// recorded order of axes: "file" for old files of segrun without a record, ""
/// for files of other programs.
Status readWeights(ModelRunner &runner, const std::string &path,
                   MissingStates missing, std::string *orientation = nullptr);

/// Returns an error that names the first tensor of parameters and states that
/// is not finite. `where` names their file or run.
Status checkFiniteWeights(const ModelRunner &runner, const std::string &where);

/// Writes optimizer slots as tensors "slot/parameter".
Status writeOptimizer(const ModelRunner &runner, const std::string &path);
Status readOptimizer(ModelRunner &runner, const std::string &path);

/// Writes gradients under the parameters' names.
Status writeGradients(const ModelRunner &runner, const std::string &path);
/// Writes the outputs of the last call of the entry.
Status writeOutputs(const ModelRunner &runner, const std::string &entry,
                    const std::string &path);
/// Return whether writeGradients or writeOutputs wrote a file.
bool isGradients(const std::string &path);
bool isOutputs(const std::string &path);

} // namespace segc

#endif // SEGC_RUNTIME_DEVICE_WEIGHTS_H
