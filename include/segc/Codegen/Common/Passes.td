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
  Option<"target", "target", "std::string", "\"\"", "Target, such as cpu or cpu:VERSION; empty: the first registered target">,
  Option<"winograd", "winograd", "std::string", "\"f6\"", "Largest Winograd tiles: off, f2, f4 or f6, which inputs of 8 bits have">,
  Option<"multiplyType", "multiply-type", "std::string", "\"auto\"",
         "Types in which convolutions of 16-bit values may multiply, in addition to f32: auto, bf16, f16 (bf16 for bf16 values), fixed; tf32 of f32 values; f32 allows no other">,
  Option<"threads", "threads", "int64_t", "0", "Number of threads that the partition into tasks is optimized for; 0: the average over a few numbers">,
  Option<"unverifiedKernels", "unverified-kernels", "bool", "false", "Allow kernels that no device has verified">,
  Option<"conv", "conv", "std::string", "\"generated\"",
         "What computes convolutions: generated kernels, cudnn where it can, or auto, whichever is expected to be faster">
];

def NarrowFiltersPass : Pass<"seg-narrow-filters", "::mlir::func::FuncOp"> {
  let summary = "Round filters that kernels multiply in 16 bits once a training step";
  let description = [{
    Applies to entries that train, for targets with a kernel of several fusions
    (`TargetBackend::horizontalModel`). Where the cheapest strategy of a fusion
    multiplies 16 bits and lays out a parameter in f32 for that
    (`KernelModel::preparedOperand`), the fusion reads a copy in 16 bits
    instead, if that is cheaper. The copy is a fusion of its own, one for all
    readers, which seg-fuse-horizontally merges with others. Before
    ```mlir
    %y = seg.fusion (%a = %x : tensor<..xf16>, %b = %w : tensor<..xf32>) { ... }
    ```
    and after
    ```mlir
    %wh = seg.fusion (%b = %w : tensor<..xf32>) -> (tensor<..xf16>) { seg.cast ... }
    %y = seg.fusion (%a = %x : tensor<..xf16>, %b = %wh : tensor<..xf16>) { seg.cast ... }
    ```
    Products are the same: such kernels round the filter to the same type. A
    remark of category `strategy` gives each decision, which is an MLIR action,
    `seg-strategy`.
  }];
  let options = strategyOptions;
  let statistics = [Statistic<"narrowed", "num-narrowed", "Number of fusions that read a filter in 16 bits">];
  let dependentDialects = ["::segc::seg::SegDialect"];
}

def QuantizeProductsPass : Pass<"seg-quantize-products", "::mlir::func::FuncOp"> {
  let summary = "Quantize the factors of convolutions whose products are faster in 8 bits";
  let description = [{
    Applies to entries that do not train, and to convolutions with the attribute
    `seg.input_scale`, which calibration writes. The input and the filter, or
    the input alone, which Winograd tiles transform exactly, are quantized in
    the fusion where the error `seg.quantized_error` is at most `max-error`, the
    target has kernels for it, and the cheapest strategy is cheaper than that of
    the convolution as it is. Before
    ```mlir
    %y = seg.conv %a, %b ... {seg.input_scale = 0.0125 : f64, seg.quantized_error = 0.008 : f64}
    ```
    and after
    ```mlir
    %qa = seg.quantize %a scale 0.0125
    %xa = seg.dequantize %qa scale 0.0125
    %qb, %s = seg.quantize_filter %b
    %xb = seg.dequantize %qb scales %s
    %y = seg.conv %xa, %xb ...
    ```
    No convolution has the attributes afterwards. A remark of category
    `strategy` gives each decision, which is an MLIR action, `seg-strategy`.
  }];
  let options = !listconcat(strategyOptions, [
    Option<"maxError", "max-error", "double", "0.04", "Largest relative root mean square error of a result">
  ]);
  let statistics = [Statistic<"quantized", "num-quantized", "Number of convolutions whose factors are quantized">];
  let dependentDialects = ["::segc::seg::SegDialect"];
}

def SelectStrategyPass : Pass<"seg-select-strategy", "::mlir::func::FuncOp"> {
  let summary = "Select a strategy for each seg.fusion";
  let description = [{
    Existing strategies are kept, which is the way to override a choice. A
    remark of category `strategy` explains each choice.
  }];
  let options = strategyOptions;
}

def AutotuneStrategyPass : Pass<"seg-autotune", "::mlir::ModuleOp"> {
  let summary = "Select strategies by measurement";
  let description = [{
    Writes the fastest strategy of each seg.fusion that has several;
    seg-select-strategy keeps it. The candidates come from KernelModel. Each
    distinct kernel is measured once, at the maximum batch, on all cores, with
    its candidates in turns. The choice of the cost model is kept unless another
    candidate takes at least 3 % less time. Launches that move to the entry
    `prepare` are not counted. Existing strategies are kept, and so are those of
    kernels that this machine cannot run.

    Times are cached in files of the folder `cache`, named by a hash of target,
    device, threads, compiler, kernel and candidates. Damaged files are measured
    again, with a warning. A remark of category `strategy` gives the times of
    all candidates.
  }];
  let options = !listconcat(strategyOptions, [
    Option<"cache", "cache", "std::string", "\"\"", "Folder of cached times; empty: no cache">
  ]);
  let statistics = [Statistic<"measured", "num-measured", "Number of kernels measured">,
                    Statistic<"cached", "num-cached", "Number of kernels with cached times">,
                    Statistic<"displaced", "num-displaced", "Number of kernels where measurement overrides the cost model">];
}

def VaryStrategyPass : Pass<"seg-vary-strategy", "::mlir::ModuleOp"> {
  let summary = "Select random strategies, for tests";
  let description = [{
    Draws the strategy of each seg.fusion that has several, as in `--run-after
    fusion=seg-vary-strategy{seed=1}`; seg-select-strategy keeps it. The
    candidates are those of seg-autotune for caches of several sizes, or with
    `every` those of every kind, multiply type and Winograd tile size. All
    strategies compute the same result, so that tests reach the kernels of large
    networks with small ones.
  }];
  let options = !listconcat(strategyOptions, [
    Option<"seed", "seed", "uint64_t", "0", "Seed of the draws">,
    Option<"every", "every", "bool", "false", "Draw from all strategies that can be emitted, whatever their cost">
  ]);
}

#endif // SEGC_CODEGEN_COMMON_PASSES_TD
