//===- Programs.h - The programs of a module --------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_PROGRAM_PROGRAMS_H
#define SEGC_PROGRAM_PROGRAMS_H

#include "mlir/IR/BuiltinOps.h"
#include "segc/Dialect/Exec/IR/ExecDialect.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"

namespace segc {

/// What a fusion's kernels compute.
seg::FusionOp computationOf(exec::FusionOp fusion);

/// Whether the launch may write result number `result` where operand number
/// `input` lies: its kernels read that element by element, at the same type.
bool mayOverwrite(exec::LaunchOp launch, unsigned input, unsigned result);

/// For each result of a launch the operand in whose place it lies, or -1.
llvm::SmallVector<int> inPlaceInputs(exec::LaunchOp launch);

/// Floating-point operations of a sample.
double flopsPerSample(exec::LaunchOp launch);
/// Least memory traffic of a sample, in bytes: every operand and result once.
double bytesPerSample(exec::LaunchOp launch);

/// The program of this name; null if the module has none.
exec::ProgramOp findProgram(mlir::ModuleOp module, llvm::StringRef name);
/// The launches of a program, in order.
llvm::SmallVector<exec::LaunchOp> launchesOf(exec::ProgramOp program);

/// The name of the kernels of a launch: that of the first, "k3_conv".
std::string kernelOf(exec::LaunchOp launch);

/// What identifies the kernels of a module's programs, in their order.
std::string kernelDigest(mlir::ModuleOp module);

/// The checks of `exec-verify`.
llvm::LogicalResult verifyPrograms(mlir::ModuleOp module);
/// And that a model can be made of the module: it has a layout.
llvm::LogicalResult verifyModel(mlir::ModuleOp module);

} // namespace segc

#endif // SEGC_PROGRAM_PROGRAMS_H
