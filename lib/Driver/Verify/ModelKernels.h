//===- ModelKernels.h - Kernels of a compiled model -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_DRIVER_VERIFY_MODELKERNELS_H
#define SEGC_LIB_DRIVER_VERIFY_MODELKERNELS_H

#include "segc/Codegen/Common/KernelRunner.h"
#include "segc/Driver/CompileSession.h"
#include "segc/Runtime/Core/ModelLibrary.h"
#include "llvm/ADT/StringMap.h"

namespace segc {

/// A loaded model (.so) with the addresses of its kernels.
class ModelKernels {
public:
  static llvm::Expected<std::unique_ptr<ModelKernels>>
  load(const std::string &path);

  /// The source and the options that it was compiled with. Fails if the model
  /// does not contain both.
  llvm::Expected<CompileOptions> compilation() const;

  /// Names of its versions.
  std::vector<std::string> versions() const;

  /// Digest of the programs of a version; empty if the model does not record
  /// it.
  std::string planDigest(llvm::StringRef cpu) const;

  /// Kernels of a version, by name.
  KernelRunner::TaskLookup kernels(const Target &target) const;

private:
  std::shared_ptr<const ModelLibrary> library;
  llvm::StringMap<uint64_t> symbols; ///< Addresses of symbols.
};

} // namespace segc

#endif // SEGC_LIB_DRIVER_VERIFY_MODELKERNELS_H
