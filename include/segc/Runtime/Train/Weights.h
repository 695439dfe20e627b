//===- Weights.h - Weights and optimizer state as safetensors ---*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_TRAIN_WEIGHTS_H
#define SEGC_RUNTIME_TRAIN_WEIGHTS_H

#include "segc/Runtime/Device/ModelRunner.h"

#include <string>

namespace segc {

/// Parameters and states, by name, all finite. `orientation` is recorded: in
/// which order the axes of volumes reached the network ("" where none did).
Status writeWeights(const ModelRunner &runner, const std::string &path,
                    const std::string &orientation = "");
/// A file must hold every parameter with its shape and nothing that the model
/// does not know. Without states in the file the runner's stay, if `allow`.
enum class MissingStates { Refuse, Allow };
/// All must be finite. `orientation` gets what is recorded: "file" for what
/// segrun wrote before there was a record, "" for files of other programs.
Status readWeights(ModelRunner &runner, const std::string &path,
                   MissingStates missing, std::string *orientation = nullptr);

/// An error that names the first tensor of parameters and states that is not
/// finite; `where` says whose they are.
Status checkFiniteWeights(const ModelRunner &runner, const std::string &where);

/// Optimizer slots as tensors "slot/parameter".
Status writeOptimizer(const ModelRunner &runner, const std::string &path);
Status readOptimizer(ModelRunner &runner, const std::string &path);

/// Gradients under the parameters' names.
Status writeGradients(const ModelRunner &runner, const std::string &path);
/// What the last call of the entry gave.
Status writeOutputs(const ModelRunner &runner, const std::string &entry,
                    const std::string &path);
/// Whether writeGradients or writeOutputs wrote a file.
bool isGradients(const std::string &path);
bool isOutputs(const std::string &path);

} // namespace segc

#endif // SEGC_RUNTIME_TRAIN_WEIGHTS_H
