//===- Passes.td - Passes of all back ends -----------------*- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_COMMON_PASSES_TD
#define SEGC_CODEGEN_COMMON_PASSES_TD

include "mlir/Pass/PassBase.td"

// What strategies are chosen for.
defvar strategyOptions = [
  Option<"target", "target", "std::string", "\"\"", "Target, such as cpu or cpu:VERSION; empty: the one that was registered first">,
  Option<"winograd", "winograd", "std::string", "\"f4\"", "Largest Winograd tiles: off, f2 or f4">,
  Option<"multiplyType", "multiply-type", "std::string", "\"auto\"",
         "How convolutions of 16-bit values multiply, beside f32: auto, bf16, f16 (bf16 where values are), fixed; f32: only so">,
  Option<"threads", "threads", "int64_t", "0", "Threads that tasks are cut for; 0: a few numbers alike">
];

def SelectStrategyPass : Pass<"seg-select-strategy", "::mlir::func::FuncOp"> {
  let summary = "Chooses how each seg.fusion is computed and writes it as its strategy";
  let description = [{
    A strategy that is there already is kept: this is how a choice is
    overridden. A remark of category `strategy` states each choice.
  }];
  let options = strategyOptions;
}

def AutotuneStrategyPass : Pass<"seg-autotune", "::mlir::ModuleOp"> {
  let summary = "Measures the strategies of each seg.fusion that has several and writes the fastest";
  let description = [{
    For seg-select-strategy to keep. The candidates are those of
    KernelModel; each distinct kernel is measured once, at the largest
    batch, on all cores, its candidates in turns. The cost model's choice stays
    unless another takes at least 3 % less time. Launches that move to the
    entry `prepare` do not count. A strategy that is there already is kept, as
    is that of kernels this machine cannot run.

    Times are kept in files of the folder `cache`, named by a hash of
    target, device, threads, compiler, kernel and candidates. A
    file that is damaged is measured anew, with a warning. A remark of category
    `strategy` states the times of all candidates.
  }];
  let options = !listconcat(strategyOptions, [
    Option<"cache", "cache", "std::string", "\"\"", "Folder of the times; empty: none are kept">
  ]);
  let statistics = [Statistic<"measured", "num-measured", "Number of kernels measured">,
                    Statistic<"cached", "num-cached", "Number of kernels with times from the cache">,
                    Statistic<"displaced", "num-displaced", "Number of kernels where the cost model chose another strategy">];
}

def VaryStrategyPass : Pass<"seg-vary-strategy", "::mlir::ModuleOp"> {
  let summary = "Draws the strategy of each seg.fusion that has several from a seed";
  let description = [{
    For seg-select-strategy to keep: `--run-after
    fusion=seg-vary-strategy{seed=1}`. The candidates are
    those of seg-autotune, for caches of several sizes, or with
    `every` those of every kind, product and size of Winograd tiles. Every
    strategy computes the same, whether it is fast or not: tests reach kernels
    of large networks with small ones.
  }];
  let options = !listconcat(strategyOptions, [
    Option<"seed", "seed", "uint64_t", "0", "What the draws are a function of">,
    Option<"every", "every", "bool", "false", "Convolutions draw from all that can be emitted, whatever it costs">
  ]);
}

#endif // SEGC_CODEGEN_COMMON_PASSES_TD
