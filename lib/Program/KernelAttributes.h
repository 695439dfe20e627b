//===- KernelAttributes.h - The attribute of kernels ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_PROGRAM_KERNELATTRIBUTES_H
#define SEGC_LIB_PROGRAM_KERNELATTRIBUTES_H

#include "segc/Dialect/Exec/IR/ExecDialect.h"
#include "segc/Target/KernelEmission.h"

namespace segc {

/// The KernelAttr of an emitted kernel of the fusion.
exec::KernelAttr kernelAttr(exec::FusionOp fusion, size_t launch,
                            const EmittedKernel &kernel);
/// The call that was emitted beside the kernels; null if there is none.
exec::LibraryCallAttr libraryCallAttr(const KernelEmission &emission);
/// Sets the attribute of the function and removes those of its emitter.
void markKernel(mlir::Operation *function, exec::KernelAttr kernel);
/// The name of a kernel in its module: `@k0_conv`, or `@kernels::@k0_conv` if
/// it lies in a module of its target.
mlir::SymbolRefAttr kernelSymbol(mlir::Operation *function);

} // namespace segc

#endif // SEGC_LIB_PROGRAM_KERNELATTRIBUTES_H
