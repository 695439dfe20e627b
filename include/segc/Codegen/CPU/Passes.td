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
    Option<"winograd", "winograd", "std::string", "\"f4\"", "Largest Winograd tiles: off, f2 or f4">,
    Option<"multiplyType", "multiply-type", "std::string", "\"auto\"",
           "How convolutions of 16-bit values multiply, beside f32: auto, bf16, f16 (bf16 where values are), fixed; f32: only so">,
    Option<"threads", "threads", "int64_t", "0", "Threads that tasks are cut for; 0: a few numbers alike">
  ];
}

def AutotuneCpuStrategyPass : Pass<"seg-autotune-cpu-strategy", "::mlir::ModuleOp"> {
  let summary = "Measures the strategies of each seg.fusion that has several and writes the fastest";
  let description = [{
    For seg-select-cpu-strategy to keep. The candidates are those of
    CpuKernelOpInterface; each distinct kernel is measured once, at the largest
    batch, on all cores, its candidates in turns. The cost model's choice stays
    unless another takes at least 3 % less time. Launches that move to the
    entry `prepare` do not count. A strategy that is there already is kept, as
    is that of kernels this processor cannot run.

    Times are kept in files of the folder `cache`, named by a hash of
    instruction set, processor, threads, compiler, kernel and candidates. A
    file that is damaged is measured anew, with a warning. A remark of category
    `strategy` states the times of all candidates.
  }];
  let options = [
    Option<"cpu", "cpu", "std::string", "\"x86-64-v4\"", "Instruction-set version">,
    Option<"winograd", "winograd", "std::string", "\"f4\"", "Largest Winograd tiles: off, f2 or f4">,
    Option<"multiplyType", "multiply-type", "std::string", "\"auto\"",
           "How convolutions of 16-bit values multiply, beside f32: auto, bf16, f16 (bf16 where values are), fixed; f32: only so">,
    Option<"threads", "threads", "int64_t", "0", "Threads that tasks are cut for; 0: a few numbers alike">,
    Option<"cache", "cache", "std::string", "\"\"", "Folder of the times; empty: none are kept">
  ];
  let statistics = [Statistic<"measured", "num-measured", "Number of kernels measured">,
                    Statistic<"cached", "num-cached", "Number of kernels with times from the cache">,
                    Statistic<"displaced", "num-displaced", "Number of kernels where the cost model chose another strategy">];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
                           "::mlir::x86vector::X86VectorDialect"];
}

def VaryCpuStrategyPass : Pass<"seg-vary-cpu-strategy", "::mlir::ModuleOp"> {
  let summary = "Draws the strategy of each seg.fusion that has several from a seed";
  let description = [{
    For seg-select-cpu-strategy to keep: `--run-after
    fusion=seg-vary-cpu-strategy{cpu=x86-64-v4 seed=1}`. The candidates are
    those of seg-autotune-cpu-strategy, for caches of several sizes, or with
    `every` those of every kind, product and size of Winograd tiles. Every
    strategy computes the same, whether it is fast or not: tests reach kernels
    of large networks with small ones.
  }];
  let options = [
    Option<"cpu", "cpu", "std::string", "\"x86-64-v4\"", "Instruction-set version">,
    Option<"winograd", "winograd", "std::string", "\"f4\"", "Largest Winograd tiles: off, f2 or f4">,
    Option<"multiplyType", "multiply-type", "std::string", "\"auto\"",
           "How convolutions of 16-bit values multiply, beside f32: auto, bf16, f16 (bf16 where values are), fixed; f32: only so">,
    Option<"threads", "threads", "int64_t", "0", "Threads that tasks are cut for; 0: a few numbers alike">,
    Option<"seed", "seed", "uint64_t", "0", "What the draws are a function of">,
    Option<"every", "every", "bool", "false", "Convolutions draw from all that can be emitted, whatever it costs">
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
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
                           "::mlir::x86vector::X86VectorDialect"];
}

#endif // SEGC_CODEGEN_CPU_PASSES_TD
