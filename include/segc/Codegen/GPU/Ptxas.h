//===- Ptxas.h - The assembler of a CUDA toolkit ----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// PTX is all that a driver needs. Where a toolkit is installed, its assembler
// gives machine code for one architecture, which the driver need not compile,
// and says what each kernel occupies.

#ifndef SEGC_CODEGEN_GPU_PTXAS_H
#define SEGC_CODEGEN_GPU_PTXAS_H

#include "segc/Target/TargetBackend.h"
#include <optional>

namespace segc {

/// The path of ptxas: in the PATH, in $CUDA_HOME/bin or /usr/local/cuda/bin;
/// nothing if there is none.
std::optional<std::string> findPtxas();

struct AssembledKernels {
  CodeBytes cubin;
  std::vector<KernelResources> resources;
};

/// Assembles the text for the architecture, such as "sm_80".
llvm::Expected<AssembledKernels> assemblePtx(const std::string &ptxas,
                                             llvm::StringRef text,
                                             llvm::StringRef chip);

/// Reads the kernels' figures from what `ptxas --verbose` prints.
std::vector<KernelResources> parsePtxasLog(llvm::StringRef log);

} // namespace segc

#endif // SEGC_CODEGEN_GPU_PTXAS_H
