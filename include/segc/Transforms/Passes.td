//===- Passes.td - Transforms of seg IR --------------------*- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_TRANSFORMS_PASSES_TD
#define SEGC_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def WarnUnusedPass : Pass<"seg-warn-unused", "::mlir::ModuleOp"> {
  let summary = "Warn of parts of a network without effect";
  let description = [{
    A warning for each parameter and state that no result depends on, for each
    key of `optimizer` and `pipeline` that nothing reads, and for each attribute
    that an op does not have. The pass runs before canonicalization, which
    erases them.
  }];
}

def SetBatchPass : Pass<"seg-set-batch", "::mlir::ModuleOp"> {
  let summary = "Set the batch size of all activations of a network";
  let description = [{
    With `batch=8`, `tensor<2x32x32x32x1xf32>` becomes
    `tensor<8x32x32x32x1xf32>`. Parameters and states keep their types.
  }];
  let options = [Option<"batch", "batch", "int64_t", "1", "Maximum batch size">];
}

def FoldBatchNormPass : Pass<"seg-fold-batch-norm", "::mlir::ModuleOp"> {
  let summary = "Fold batch norms with running statistics into the preceding convolutions";
  let description = [{
    For deployment with embedded weights: `batch_norm(conv(x, w) bias b)`
    becomes a convolution with other weights. The module's `seg.folded` lists,
    for each, the parameters and states that the new weights are computed from:
      w' = w * gamma / sqrt(variance + epsilon) for each output channel,
      b' = (b - mean) * gamma / sqrt(variance + epsilon) + beta.
    A batch norm is kept if its input has other users or is no convolution.
  }];
  let statistics = [Statistic<"folded", "num-folded", "Number of batch norms folded">];
}

def ImportNetworkPass : Pass<"seg-import-network", "::mlir::ModuleOp"> {
  let summary = "Convert a seg.network to entry functions on tensors";
  let description = [{
    Creates `predict`, and with `training` also `evaluate_step`, `grad_step`
    (the forward part; seg-autodiff adds the backward part) and `apply_step`.
    Attributes of arguments and results give their buffers: `seg.region` (inputs,
    parameters, states, gradients, optimizer, scalars, outputs), `seg.name`
    and, in flat regions, `seg.offset` in bytes. The module gets `seg.layout`,
    the dictionary from which the manifest is written. Batch norm becomes seg.norm
    with running updates in grad_step, seg.batch_norm_inference elsewhere;
    dropout remains in grad_step only. With `features`, `predict` yields the
    input of the last convolution, of 1x1, instead of probabilities, and
    `seg.layout` names the parameters of that head.
  }];
  let options = [Option<"training", "training", "bool", "true", "Create the training entries too">,
                 Option<"features", "features", "bool", "false", "Let predict yield the features in front of the 1x1 head">];
  let dependentDialects = ["::mlir::func::FuncDialect"];
}

def AutodiffPass : Pass<"seg-autodiff", "::mlir::func::FuncOp"> {
  let summary = "Add the gradients of all parameters to a step function";
  let description = [{
    Applies to functions with `seg.differentiate` (the index of the loss among
    the results). Results of region `gradients` are appended, one for each
    argument of region `parameters`. Adjoints are built by
    DifferentiableOpInterface, in reverse order; gradients of a value with
    several users are added in that order. The loss is multiplied by the
    argument `loss_scale`.
  }];
  let statistics = [Statistic<"adjoints", "num-adjoints", "Number of ops differentiated">,
                    Statistic<"sums", "num-sums", "Number of gradient sums at fan-out">];
}

def ExpandNormPass : Pass<"seg-expand-norm", "::mlir::func::FuncOp"> {
  let summary = "Split seg.norm and seg.norm_grad into statistics and pointwise application";
  let description = "The pointwise application can then be fused with the surrounding ops.";
  let statistics = [Statistic<"expanded", "num-expanded", "Number of ops expanded">];
}

def SyncBatchPass : Pass<"seg-sync-batch", "::mlir::func::FuncOp"> {
  let summary = "Take statistics of a batch over those of all ranks";
  let description = [{
    Applies to entries that yield gradients, after autodiff and
    seg-expand-norm. N ranks of batch B then compute what one rank of batch N*B
    does: mean, variance and gradient sums of `batch` norms, Dice losses with
    `batch_reduce`, and the weights by which cross-entropy is a mean
    (`seg.weighted_cross_entropy`, `seg.binary_cross_entropy`). All ranks have
    equal batches. Before
    ```mlir
    %mean, %rstd = seg.norm_stats batch %x epsilon 1.0e-3 : ...
    ```
    and after
    ```mlir
    %own, %0 = seg.norm_stats batch %x epsilon 1.0e-3 : ...
    %mean = seg.all_reduce mean %own : tensor<8xf32>
    %1 = seg.norm_deviation %own, %0, %mean : ...
    %2 = seg.all_reduce mean %1 : tensor<8xf32>
    %rstd = seg.norm_rstd %2 : tensor<8xf32>
    ```
    The two means that a norm's gradient needs travel together.
    The mean of the largest values of a batch (`seg.top_k_mean`) is no sum over
    ranks, and an error.
  }];
  let statistics = [Statistic<"collectives", "num-all-reduces", "Number of reductions over the ranks">];
}

def AssignPrecisionPass : Pass<"seg-assign-precision", "::mlir::func::FuncOp"> {
  let summary = "Assign 16-bit types or products of tf32 to ops of an entry";
  let description = [{
    Computes a minimum cut of the entry's ops by their classes
    (PrecisionOpInterface, or the file `lists`) and by the bytes that 16-bit
    values save and casts cost (docs/Precision.md). 16-bit ops get
    `seg.precision = "f16"` (or "bf16") and `seg.rule` with the reason. An op
    that already has `seg.precision` is pinned to it. Ops that a pin or the
    lists exclude get "f32", and their kernels multiply in f32; other ops of
    class `allow` that keep f32 get "tf32" (below). A remark of category
    `precision` gives the reason for every op. With `precision=f32`
    no op changes and pins are dropped. With `precision=tf32` values stay in
    f32; the ops of class `allow` get `seg.precision = "tf32"`, which stays in
    the IR: targets that have products of tf32 may use them.
  }];
  let options = [Option<"precision", "precision", "std::string", "\"f32\"", "f32, tf32, f16 or bf16">,
                 Option<"lists", "lists", "std::string", "", "JSON file with precision classes of ops by name">];
  let statistics = [Statistic<"painted", "num-painted", "Number of 16-bit ops">];
  let dependentDialects = ["::segc::seg::SegDialect"];
}

def InsertCastsPass : Pass<"seg-insert-casts", "::mlir::func::FuncOp"> {
  let summary = "Insert casts around the values of 16-bit ops";
  let description = [{
    The result of an op with `seg.precision = "f16"` is rounded once and widened
    once for all readers; the result of another op is rounded only for its 16-bit
    readers. Before
    ```mlir
    %y = seg.conv ... {seg.precision = "f16"} : ... -> tensor<1x8x8x4xf32>
    %z = seg.relu %y : tensor<1x8x8x4xf32>
    ```
    and after
    ```mlir
    %y = seg.conv ... : ... -> tensor<1x8x8x4xf32>
    %0 = seg.cast %y : tensor<1x8x8x4xf32> -> tensor<1x8x8x4xf16>
    %1 = seg.cast %0 : tensor<1x8x8x4xf16> -> tensor<1x8x8x4xf32>
    %z = seg.relu %1 : tensor<1x8x8x4xf32>
    ```
    Ops still compute in f32: seg-fuse moves the first cast into the stores of
    the convolution's kernel, and the second into the loads of the readers.
    Arguments and results of the function keep their types, and so do results
    that PrecisionOpInterface keeps in f32. A 16-bit op of class `allow` whose
    input is such an argument, as an image is, gets `seg.precision = "tf32"`:
    targets that have products of tf32 may use them.
  }];
  let statistics = [Statistic<"casts", "num-casts", "Number of casts inserted">,
                    Statistic<"bytesSaved", "bytes-saved", "Bytes of memory traffic that entries save">];
  let dependentDialects = ["::segc::seg::SegDialect"];
}

def FusePass : Pass<"seg-fuse", "::mlir::func::FuncOp"> {
  let summary = "Fuse ops into seg.fusion ops, one for each kernel";
  let description = [{
    Pointwise ops join the fusion of an operand's producer if they share its
    iteration space, the producer's root takes an epilogue, and no path
    through other kernels leads from the fusion back into it. Reductions over
    pixels join the producer of their operand, if its kernel can reduce tile by
    tile; users of their results are in other kernels. Last, pointwise ops and
    rearrangements (concatenations, crops) are sunk into all kernels that read
    them, if all can compute them on load (`TargetBackend::takesPrologue`) and
    that is cheaper than storing them. A widening cast joins every op that reads
    it, and a rounding cast the root whose only use it is: kernels convert on
    load and store. A convolution that a library is to compute
    (`KernelModel::computesAlone`) stays alone with such casts, and its bias
    becomes a `seg.add`. A remark of category `fusion` gives the decision about every
    pair of a producer and a pointwise user, with the bytes saved or the reason.
    A FusionPolicy of a plugin may veto a pair, or override the switches and the
    cost model. Each fused pair is an MLIR action, `seg-fusion` (Decisions.h).
  }];
  let options = [Option<"enable", "enable", "bool", "true", "Off: one op for each fusion">,
                 Option<"epilogues", "epilogues", "bool", "true", "Fuse pointwise ops with the producers of their operands">,
                 Option<"reductions", "reductions", "bool", "true", "Fuse reductions with the producers of their operands">,
                 Option<"prologues", "prologues", "bool", "true", "Recompute operands in the kernels that read them">,
                 Option<"target", "target", "std::string", "\"\"", "Target whose kernels decide what can be fused; empty: the first registered target">,
                 Option<"conv", "conv", "std::string", "\"generated\"", "As of seg-select-strategy: nothing is fused with convolutions that a library computes">];
  let statistics = [Statistic<"fused", "num-fused", "Number of pairs fused">,
                    Statistic<"missed", "num-missed", "Number of pairs not fused">,
                    Statistic<"unrounded", "num-unrounded", "Number of 16-bit values that stay in registers and are not rounded">];
  let dependentDialects = ["::segc::seg::SegDialect"];
}

def FuseHorizontallyPass : Pass<"seg-fuse-horizontally", "::mlir::func::FuncOp"> {
  let summary = "Compute independent seg.fusion ops without a root in one kernel";
  let description = [{
    For targets with such a kernel (`TargetBackend::horizontalModel`), where a
    launch takes longer than these fusions. Two kinds are merged, neither of
    which depends on others of its kind: those that read nothing but parameters,
    states and small arguments of the function, at the place of the first; and
    those that read only small tensors and whose results leave the function,
    such as running statistics, at the place of the last. Tensors of at most
    `small-bytes` and rank 1 are small: they may live longer without changing
    the arena by much. Before
    ```mlir
    %0 = seg.fusion (%a = %running, %b = %mean) ... { seg.running_mean ... }
    %1 = seg.fusion (%a = %running_too, %b = %mean_too) ... { seg.running_mean ... }
    ```
    and after
    ```mlir
    %0:2 = seg.fusion (...) attributes {strategy = #seg.strategy<horizontal>} {
      seg.running_mean ...
      seg.running_mean ...
    }
    ```
    A kernel has no more operands than a command of a program. No part of it
    overwrites what another reads. A remark of category `fusion` says for each
    fusion without a root what it was merged into, or why not. Each merged
    fusion is an MLIR action, `seg-fusion`.
  }];
  let options = [Option<"enable", "enable", "bool", "true", "Off: nothing changes">,
                 Option<"target", "target", "std::string", "\"\"", "As of seg-fuse">,
                 Option<"smallBytes", "small-bytes", "int64_t", "65536", "The largest tensor of rank 1 that may live longer">];
  let statistics = [Statistic<"merged", "num-merged", "Number of fusions merged into others">];
  let dependentDialects = ["::segc::seg::SegDialect"];
}

def SchedulePass : Pass<"seg-schedule", "::mlir::func::FuncOp"> {
  let summary = "Order the kernels of an entry to minimize memory";
  let description = [{
    The candidates are the order of the program, depth first from the results,
    results as soon as their operands exist, greedy by freed bytes, the same
    from the end, and the best two improved by moves of single kernels. The
    order with the lowest bound is taken, then the smallest arena, then the
    first of this list; buffers are shared in place as the planner would share
    them. Kernels that read an argument stay before the kernel that overwrites
    it. A remark of category `memory` gives the bound of each order.

    With `ranks`, an entry that computes gradients may need more: of the orders
    whose bound is at most `more-memory` per cent above the lowest, the one is
    taken with which the ranks wait least for gradients
    (exec-schedule-collectives).
  }];
  let options = [Option<"inPlace", "in-place", "bool", "true", "As for seg-plan-memory">,
                 Option<"target", "target", "std::string", "\"\"", "Target whose cost model is used">,
                 Option<"threads", "threads", "int64_t", "0", "As for exec-schedule-collectives">,
                 Option<"ranks", "ranks", "int64_t", "0", "Number of ranks that the order is for; 0: memory alone counts">,
                 Option<"link", "link", "std::string", "\"\"", "As for exec-schedule-collectives">,
                 Option<"moreMemory", "more-memory", "double", "2", "Per cent of the bound that shorter waits may cost">];
  let statistics = [Statistic<"reordered", "num-reordered", "Number of entries whose order changed">];
}

def RematerializePass : Pass<"seg-rematerialize", "::mlir::func::FuncOp"> {
  let summary = "Recompute values instead of keeping them, to save memory";
  let description = [{
    While the planned arena of an entry exceeds `budget`, a value that is not
    accessed at the peak of memory is dropped after its last use before the peak
    and recomputed before its next use, by a copy of its seg.fusion or of the
    chain of fusions whose operands are gone as well. Each step takes the
    candidate with the lowest modelled time for the bytes saved. A copy is the
    same kernel on the same operands, so results keep their bits. Kernels that
    read an argument which the entry overwrites (running statistics) are not
    copied. The steps do not depend on the budget: when the budget falls, the
    arena never grows and the time never shrinks.

    Without a budget, or within it, `share` per cent of the entry's modelled
    time may be spent on recomputation, if that saves at least a sixteenth of
    the arena.

    If the budget cannot be met, the error names the smallest possible arena and
    the largest tensors at its peak. With `table`, `seg.memory_steps` of the
    entry holds pairs of arena bytes and extra nanoseconds; remarks of category
    `memory` give the same. The pass runs after seg-schedule and before
    seg-plan-memory.
  }];
  let options = [Option<"budget", "budget", "int64_t", "-1", "Limit on the bytes of the arena; -1: none">,
                 Option<"share", "share", "double", "0", "Per cent of the modelled time that may be spent without a budget">,
                 Option<"table", "table", "bool", "false", "List the price of less memory">,
                 Option<"inPlace", "in-place", "bool", "true", "As for seg-plan-memory">,
                 Option<"target", "target", "std::string", "\"\"", "Target whose cost model is used">];
  let statistics = [Statistic<"copies", "num-copies", "Number of recomputed kernels">];
}

def PlanMemoryPass : Pass<"seg-plan-memory", "::mlir::func::FuncOp"> {
  let summary = "Assign arena offsets to all intermediate values";
  let description = [{
    Values that are no results of the function get `offsets` on their seg.fusion
    (-1: a result of the function), temporaries get `temp_offset`. The planner
    is best fit over several orders, of which the smallest arena is kept
    (Pisarchyk, Lee 2020). A pointwise result may share the buffer of an operand
    whose last use it is. The function gets `seg.arena_bytes` and
    `seg.arena_bound`, the largest number of live bytes. A remark of category
    `memory` names each tensor that is live at the peak, the largest first.
  }];
  let options = [Option<"inPlace", "in-place", "bool", "true", "Let results share the buffers of operands">,
                 Option<"reuse", "reuse", "bool", "true", "Off: every value has its own memory">];
  let statistics = [Statistic<"inPlaceCount", "num-in-place", "Number of results computed in place">];
}

def VerifyPlanPass : Pass<"seg-verify-plan", "::mlir::ModuleOp"> {
  let summary = "Verify that a plan, which may have been edited, is complete";
  let description = [{
    Reports ops outside of a seg.fusion, values and temporaries without an
    offset, and offsets of results of the function. exec-verify checks the
    offsets themselves, in the programs of the entries.
  }];
}

#endif // SEGC_TRANSFORMS_PASSES_TD
