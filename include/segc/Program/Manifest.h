//===- Manifest.h - Manifest of a model, from its programs ------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_PROGRAM_MANIFEST_H
#define SEGC_PROGRAM_MANIFEST_H

#include "segc/Program/ModelTables.h"
#include <optional>
#include <string>
#include <vector>

namespace segc {

/// Writes the manifest (docs/RuntimeABI.md) of planned versions. `options` are
/// those that compile the embedded source to them, if one is embedded.
std::string
buildManifest(llvm::ArrayRef<ModelVersion> versions, int64_t batch,
              llvm::StringRef precision,
              const std::optional<std::vector<std::string>> &options);

/// The precision of values in memory (f32, f16 or bf16) of a module after the
/// phase `precision`.
llvm::StringRef storedPrecision(mlir::ModuleOp module);

/// The maximum batch of the program `predict`.
int64_t largestBatch(mlir::ModuleOp module);

} // namespace segc

#endif // SEGC_PROGRAM_MANIFEST_H
