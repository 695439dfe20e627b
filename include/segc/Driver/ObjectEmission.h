//===- ObjectEmission.h - Machine code of kernels, in parallel --*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRIVER_OBJECTEMISSION_H
#define SEGC_DRIVER_OBJECTEMISSION_H

#include "segc/Program/ModelTables.h"

namespace segc {

/// Emits the object with the tables, the manifest and the support code.
llvm::Expected<CodeBytes> emitModelObject(llvm::ArrayRef<ModelVersion> versions,
                                          const ModelContents &contents);

/// Links objects into a shared library that exports only segc_model_query. The
/// file is written under a temporary name and renamed.
llvm::Error linkModel(llvm::ArrayRef<CodeBytes> objects,
                      llvm::StringRef output);

} // namespace segc

#endif // SEGC_DRIVER_OBJECTEMISSION_H
