//===- Passes.td - Passes of the CPU back end --------------*- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_CPU_PASSES_TD
#define SEGC_CODEGEN_CPU_PASSES_TD

include "mlir/Pass/PassBase.td"

def SelectCpuStrategyPass : Pass<"seg-select-cpu-strategy", "::mlir::func::FuncOp"> {
  let summary = "Chooses how each seg.fusion is computed and writes it as its strategy";
  let description = [{
    A strategy that is there already is kept: this is how a choice is
    overridden. A remark of category `strategy` states each choice.
  }];
  let options = [
    Option<"cpu", "cpu", "std::string", "\"x86-64-v4\"", "Instruction-set version">,
    Option<"winograd", "winograd", "std::string", "\"f4\"", "Largest Winograd tiles: off, f2 or f4">
  ];
}

def OutlineCpuKernelsPass : Pass<"seg-outline-cpu-kernels", "::mlir::ModuleOp"> {
  let summary = "Emits each seg.fusion as kernel functions and the entries as tables of launches";
  let description = [{
    Entry functions are replaced by the module attribute `seg.entries`:
    for each entry its arena and scratch bytes and the launches in order, with
    the region, index and offset of every buffer. Kernels that are the same to
    the letter are emitted once.
  }];
  let options = [Option<"cpu", "cpu", "std::string", "\"x86-64-v4\"", "Instruction-set version">];
  let statistics = [Statistic<"kernels", "num-kernels", "Number of kernels emitted">,
                    Statistic<"shared", "num-shared", "Number of launches that share an earlier kernel">];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

#endif // SEGC_CODEGEN_CPU_PASSES_TD
