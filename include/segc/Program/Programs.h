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

/// The seg.fusion that the kernels of an exec.fusion compute.
seg::FusionOp computationOf(exec::FusionOp fusion);

/// Whether the launch may write result number `result` into the buffer of
/// operand number `input`: the types are equal, and the kernels read the
/// operand element by element.
bool mayOverwrite(exec::LaunchOp launch, unsigned input, unsigned result);

/// For each result of a launch the operand whose buffer it shares, or -1.
llvm::SmallVector<int> inPlaceInputs(exec::LaunchOp launch);

/// Floating-point operations for one sample.
double flopsPerSample(exec::LaunchOp launch);
/// Minimal memory traffic for one sample, in bytes: every operand and result
/// once.
double bytesPerSample(exec::LaunchOp launch);

/// The program of this name; null if the module has none.
exec::ProgramOp findProgram(mlir::ModuleOp module, llvm::StringRef name);
/// The launches of a program, in order.
llvm::SmallVector<exec::LaunchOp> launchesOf(exec::ProgramOp program);

/// The name of a launch's first kernel, such as "k3_conv".
std::string kernelOf(exec::LaunchOp launch);

/// A digest of the kernels of a module's programs, in order.
std::string kernelDigest(mlir::ModuleOp module);

/// Runs the checks of `exec-verify`.
llvm::LogicalResult verifyPrograms(mlir::ModuleOp module);
/// Runs these checks, and checks that the module has a layout, which a model
/// needs.
llvm::LogicalResult verifyModel(mlir::ModuleOp module);

} // namespace segc

#endif // SEGC_PROGRAM_PROGRAMS_H
