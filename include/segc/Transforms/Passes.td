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
  let summary = "Names what a network says without effect";
  let description = [{
    A warning for each parameter and state that no result depends on, for each
    key of `optimizer` and `pipeline` that nothing reads, and for each attribute
    that an op does not have. Before canonicalisation: that erases them.
  }];
}

def SetBatchPass : Pass<"seg-set-batch", "::mlir::ModuleOp"> {
  let summary = "Gives every activation of a network the same number of samples";
  let description = [{
    Before `tensor<2x32x32x32x1xf32>`, with `batch=8` after
    `tensor<8x32x32x32x1xf32>`. Parameters and states keep their types.
  }];
  let options = [Option<"batch", "batch", "int64_t", "1", "Samples of the largest batch">];
}

def FoldBatchNormPass : Pass<"seg-fold-batch-norm", "::mlir::ModuleOp"> {
  let summary = "Folds batch norms with running statistics into the convolutions before them";
  let description = [{
    For deployment with embedded weights: `batch_norm(conv(x, w) bias b)`
    becomes a convolution with other weights. The module's `seg.folded` lists,
    for each, the parameters and states that the new weights are computed from:
      w' = w * gamma / sqrt(variance + epsilon) for each output channel,
      b' = (b - mean) * gamma / sqrt(variance + epsilon) + beta.
    A batch norm whose input has other users, or is no convolution, stays.
  }];
  let statistics = [Statistic<"folded", "num-folded", "Number of batch norms folded">];
}

def ImportNetworkPass : Pass<"seg-import-network", "::mlir::ModuleOp"> {
  let summary = "Turns a seg.network into entry functions on tensors";
  let description = [{
    Makes `predict`, and with `training` also `evaluate_step`, `grad_step`
    (the forward half: seg-autodiff adds the other) and `apply_step`. Every
    argument and result says where it lives: `seg.region` (inputs,
    parameters, states, gradients, optimizer, scalars, outputs), `seg.name`
    and, in flat regions, `seg.offset` in bytes. The module gets `seg.layout`,
    the dictionary the manifest is written from. Batch norm becomes seg.norm
    with running updates in grad_step, seg.batch_norm_inference elsewhere;
    dropout remains in grad_step only.
  }];
  let options = [Option<"training", "training", "bool", "true", "Make the training entries too">];
  let dependentDialects = ["::mlir::func::FuncDialect"];
}

def AutodiffPass : Pass<"seg-autodiff", "::mlir::func::FuncOp"> {
  let summary = "Adds the gradients of all parameters to a step function";
  let description = [{
    Applies to functions with `seg.differentiate` (the index of the loss among
    the results). Results of region `gradients` are appended, one for each
    argument of region `parameters`. Adjoints are asked of
    DifferentiableOpInterface, in reverse order; gradients of a value with
    several users are added in that order. The loss is multiplied by the
    argument `loss_scale`.
  }];
  let statistics = [Statistic<"adjoints", "num-adjoints", "Number of ops differentiated">,
                    Statistic<"sums", "num-sums", "Number of gradient sums at fan-out">];
}

def ExpandNormPass : Pass<"seg-expand-norm", "::mlir::func::FuncOp"> {
  let summary = "Splits seg.norm and seg.norm_grad into statistics and pointwise application";
  let description = "So that the application fuses with what is around it.";
  let statistics = [Statistic<"expanded", "num-expanded", "Number of ops expanded">];
}

def AssignPrecisionPass : Pass<"seg-assign-precision", "::mlir::func::FuncOp"> {
  let summary = "Decides which ops of an entry are of 16 bits";
  let description = [{
    A minimum cut of the entry's ops by their classes (PrecisionOpInterface, or
    the file `lists`) and by the bytes that 16-bit values save and casts cost;
    docs/Precision.md. Ops of 16 bits get `seg.precision = "f16"` (or "bf16")
    and `seg.rule`, which says why. An op that has `seg.precision` already is
    pinned to it; of ops that a pin or the lists keep from 16 bits it becomes
    "f32", and their kernels multiply in f32. A remark of category `precision`
    gives the reason for every op. With `precision=f32` all ops stay as they are and pins are dropped.
  }];
  let options = [Option<"precision", "precision", "std::string", "\"f32\"", "f32, f16 or bf16">,
                 Option<"lists", "lists", "std::string", "", "JSON file with classes of ops by name">];
  let statistics = [Statistic<"painted", "num-painted", "Number of ops of 16 bits">];
  let dependentDialects = ["::segc::seg::SegDialect"];
}

def InsertCastsPass : Pass<"seg-insert-casts", "::mlir::func::FuncOp"> {
  let summary = "Stores the values of 16-bit ops in 16 bits";
  let description = [{
    A result of an op with `seg.precision = "f16"` is rounded once and widened
    once, whoever reads it; a result of another op, only for its readers of 16
    bits. Before
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
    Ops go on computing in f32: seg-fuse makes the first cast what the
    convolution's kernel does as it stores, and the second what those that read
    the value do as they load. What enters or leaves the function keeps its
    type, and so does what PrecisionOpInterface keeps wide.
  }];
  let statistics = [Statistic<"casts", "num-casts", "Number of casts inserted">,
                    Statistic<"bytesSaved", "bytes-saved", "Bytes of memory traffic saved by entries">];
  let dependentDialects = ["::segc::seg::SegDialect"];
}

def FusePass : Pass<"seg-fuse", "::mlir::func::FuncOp"> {
  let summary = "Puts every op into a seg.fusion: one kernel's work";
  let description = [{
    Pointwise ops join the fusion of an operand's producer if they share its
    iteration space, the producer's root takes an epilogue, and no path
    through other kernels leads from the fusion back into it. Reductions over
    pixels join what computes their operand, if its kernel can add up tiles;
    what needs their results is a kernel of its own. Last, pointwise ops and
    rearrangements (concatenations, crops) join every kernel that reads them,
    if all can compute them while they load (`TargetBackend::takesPrologue`) and
    that is cheaper than writing them. A cast from 16 bits joins every op that
    reads it, and a cast to 16 bits the root whose only use it is: kernels
    convert as they load and store. A remark of category
    `fusion` says for every pair of producer and pointwise user what became of
    it, with the bytes saved or the reason. A FusionPolicy that a plugin brings
    may veto a pair, or overrule the switches and the cost model. Each pair that
    is fused is an action of MLIR, `seg-fusion` (Decisions.h).
  }];
  let options = [Option<"enable", "enable", "bool", "true", "Off: one op a fusion">,
                 Option<"epilogues", "epilogues", "bool", "true", "Pointwise ops join what computes their operands">,
                 Option<"reductions", "reductions", "bool", "true", "Reductions join what computes their operand">,
                 Option<"prologues", "prologues", "bool", "true", "Kernels compute operands while they load them">,
                 Option<"target", "target", "std::string", "\"\"", "Whose kernels fusions are made for; empty: those of the target that was registered first">];
  let statistics = [Statistic<"fused", "num-fused", "Number of pairs fused">,
                    Statistic<"missed", "num-missed", "Number of pairs not fused">,
                    Statistic<"unrounded", "num-unrounded", "Number of 16-bit values that stay in registers, and are not rounded">];
  let dependentDialects = ["::segc::seg::SegDialect"];
}

def SchedulePass : Pass<"seg-schedule", "::mlir::func::FuncOp"> {
  let summary = "Orders the kernels of an entry so that they need least memory";
  let description = [{
    Orders tried: the program's, depth first from the results, results as early
    as their operands exist, the kernel that frees most first, the same from
    the end, and what moving single kernels makes of the best two. The least
    bound wins, then the least arena, then the earliest in this list; in-place
    computation counts as the planner would do it. Kernels that read an
    argument stay before the one that overwrites it. A remark of category
    `memory` gives the bound of each order.
  }];
  let options = [Option<"inPlace", "in-place", "bool", "true", "As for seg-plan-memory">];
  let statistics = [Statistic<"reordered", "num-reordered", "Number of entries not left in program order">];
}

def RematerializePass : Pass<"seg-rematerialize", "::mlir::func::FuncOp"> {
  let summary = "Runs kernels again where keeping their results takes too much memory";
  let description = [{
    As long as the planned arena of an entry exceeds `budget`, a value that
    lies idle where most memory is needed is dropped after its last use there
    and computed again before the next: by a copy of the seg.fusion, or of the
    chain of those whose operands are gone too. Of all candidates the one of
    least modelled time for the bytes saved is taken. A copy is the same
    kernel on the same operands, so results keep their bits; kernels that read
    an argument which the entry overwrites (running statistics) are not
    copied. The steps do not depend on the budget: the arena never grows, and
    the time never shrinks, when the budget falls.

    Without a budget, or where that leaves time, as much is computed again as
    `share` per cent of the entry's modelled time allow, if that saves a
    sixteenth of the arena at least.

    It is an error, with the least arena that can be reached and the largest
    tensors alive at its peak, if no step fits. With `table`,
    `seg.memory_steps` of the entry holds what less memory would cost, in
    pairs of arena bytes and extra nanoseconds; remarks of category `memory`
    say the same. Run it after seg-schedule and before seg-plan-memory.
  }];
  let options = [Option<"budget", "budget", "int64_t", "-1", "Most bytes of the arena; -1: any number">,
                 Option<"share", "share", "double", "0", "Per cent of the modelled time that may be spent unasked">,
                 Option<"table", "table", "bool", "false", "List what less memory would cost">,
                 Option<"inPlace", "in-place", "bool", "true", "As for seg-plan-memory">,
                 Option<"target", "target", "std::string", "\"\"", "Whose modelled times count">];
  let statistics = [Statistic<"copies", "num-copies", "Number of kernels that run again">];
}

def PlanMemoryPass : Pass<"seg-plan-memory", "::mlir::func::FuncOp"> {
  let summary = "Gives every intermediate value an offset in one arena";
  let description = [{
    Values that no result of the function names get `offsets` on their
    seg.fusion (-1: the value lives in a result's region), temporaries
    `temp_offset`. Best fit over several orders, the least is kept
    (Pisarchyk, Lee 2020); a pointwise result may take the place of an operand
    that dies there. The function gets `seg.arena_bytes` and
    `seg.arena_bound`, the most bytes alive at one time. A remark of category
    `memory` names each tensor alive at that time, the largest first.
  }];
  let options = [Option<"inPlace", "in-place", "bool", "true", "Let results take the place of dying operands">,
                 Option<"reuse", "reuse", "bool", "true", "Off: every value has memory of its own">];
  let statistics = [Statistic<"inPlaceCount", "num-in-place", "Number of results computed in place">];
}

def VerifyPlanPass : Pass<"seg-verify-plan", "::mlir::ModuleOp"> {
  let summary = "Checks that a plan, which may have been edited, is complete";
  let description = [{
    Errors for ops outside of a seg.fusion, values and temporaries without a
    place, and results with a place that is not theirs. Whether the places are
    right is checked of the programs that the entries become: see exec-verify.
  }];
}

#endif // SEGC_TRANSFORMS_PASSES_TD
