//===- ModelKernels.h - The kernels of a finished model ---------*- C++ -*-===//
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

/// A model (.so) that is loaded, with the addresses of its kernels.
class ModelKernels {
public:
  static llvm::Expected<std::unique_ptr<ModelKernels>>
  load(const std::string &path);

  /// What it was compiled from, with the options that it was compiled with. An
  /// error where it does not hold both.
  llvm::Expected<CompileOptions> compilation() const;

  /// Names of the processors that it has kernels for.
  std::vector<std::string> versions() const;

  /// The plan that the model's kernels of a version come from; empty if the
  /// model does not say.
  std::string planDigest(llvm::StringRef cpu) const;

  /// Kernels of a version, by name.
  KernelRunner::TaskLookup kernels(const Target &target) const;

private:
  std::shared_ptr<const ModelLibrary> library;
  llvm::StringMap<uint64_t> symbols; ///< Addresses.
};

} // namespace segc

#endif // SEGC_LIB_DRIVER_VERIFY_MODELKERNELS_H
