//===- MachineCode.h - Code of LLVM modules for processors ------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_COMMON_MACHINECODE_H
#define SEGC_CODEGEN_COMMON_MACHINECODE_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/TargetParser/Triple.h"
#include <memory>

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace segc {

/// A target machine for x86-64 or aarch64. An empty `cpu` selects the baseline.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createTargetMachine(const llvm::Triple &triple, llvm::StringRef cpu = "",
                    llvm::StringRef features = "");

/// LLVM's -O<level> (0 to 3) without its vectorisers: kernels are vectors
/// already.
void optimizeModule(llvm::Module &module, llvm::TargetMachine &machine,
                    unsigned level = 2);

/// Machine code: an ELF object, or assembly text.
llvm::Expected<llvm::SmallVector<char, 0>>
emitMachineCode(llvm::Module &module, llvm::TargetMachine &machine,
                bool assembly);

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_MACHINECODE_H
