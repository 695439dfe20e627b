//===- PipelineKeys.h - Keys of the pipeline of a model ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRIVER_PIPELINEKEYS_H
#define SEGC_DRIVER_PIPELINEKEYS_H

#include "segc/Program/ModelTables.h"

namespace segc {

/// Sets keys of the pipeline in the manifest, which `keys` has as a JSON
/// object: how a model with weights is to be used is known when it is exported,
/// not when its network is written. Fails for keys that the pipeline's kind
/// does not have.
llvm::Error setPipelineKeys(llvm::StringRef keys, ModelContents &contents);

} // namespace segc

#endif // SEGC_DRIVER_PIPELINEKEYS_H
