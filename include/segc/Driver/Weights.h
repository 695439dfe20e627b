//===- Weights.h - Weights embedded into a model ----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRIVER_WEIGHTS_H
#define SEGC_DRIVER_WEIGHTS_H

#include "segc/Program/ModelTables.h"

namespace segc {

/// Reads the parameters and states that the manifest names from a safetensors
/// file into `contents`, laid out as the manifest says. Weights that
/// seg-fold-batch-norm changed (the module's `seg.folded`) are computed from
/// the weights of the file.
llvm::Error embedWeights(llvm::StringRef path, mlir::ModuleOp module,
                         ModelContents &contents);

} // namespace segc

#endif // SEGC_DRIVER_WEIGHTS_H
