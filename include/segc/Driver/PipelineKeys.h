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

/// Sets keys of the pipeline in the manifest (segc/Plan/PipelineKeys.h).
llvm::Error setPipelineKeys(llvm::StringRef keys, ModelContents &contents);

} // namespace segc

#endif // SEGC_DRIVER_PIPELINEKEYS_H
