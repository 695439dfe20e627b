//===- Passes.td - Passes of programs ----------------------*- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_PROGRAM_PASSES_TD
#define SEGC_PROGRAM_PASSES_TD

include "mlir/Pass/PassBase.td"

def OutlineProgramsPass : Pass<"exec-outline-programs", "::mlir::ModuleOp"> {
  let summary = "Outline planned entries to programs that launch kernels";
  let description = [{
    Every entry of planned seg.fusion ops becomes an `exec.program`. Equal
    fusions become one `exec.fusion`, and the kernels of the target for it are
    declared. Launches that pack parameters ahead of time become the program
    `prepare`. With `dependent-launches`, which no device has verified, kernels
    of targets that have such launches may begin before the kernel in front of
    them has ended.
  }];
  let options = [Option<"target", "target", "std::string", "\"\"", "Target whose kernels are launched; empty: the first registered target">,
                 Option<"dependentLaunches", "dependent-launches", "bool", "false", "Kernels may begin before the kernel in front of them has ended">];
  let statistics = [Statistic<"kernels", "num-kernels", "Number of kernels declared">,
                    Statistic<"shared", "num-shared", "Number of launches that share an earlier kernel">];
  let dependentDialects = ["::segc::exec::ExecDialect", "::mlir::func::FuncDialect"];
}

def ScheduleCollectivesPass : Pass<"exec-schedule-collectives", "::mlir::ModuleOp"> {
  let summary = "Average gradients over the ranks while others are computed";
  let description = [{
    The program `train_step` gets collectives that average its gradients over
    the ranks, in place, on the stream "communication", and waits for all of
    them in front of the update. Each takes a bucket, gradients that lie next to
    one another, as soon as its last is computed. The buckets are those with
    which kernels and collectives end first, by the cost model of the target and
    of the link (BucketSplit.h); collectives between kernels, which share the
    link, queue behind them. The result runs on any number of ranks. Remarks of
    category `communication` give the modelled times of each bucket, and what
    the step waits for.
  }];
  let options = [Option<"target", "target", "std::string", "\"\"", "Target whose cost model is used; empty: the first registered target">,
                 Option<"threads", "threads", "int64_t", "0", "Threads of a rank on a host; 0: one">,
                 Option<"ranks", "ranks", "int64_t", "0", "Number of ranks; 0: 8">,
                 Option<"link", "link", "std::string", "\"\"", "What connects them: a name, or microseconds:gigabytes a second">,
                 Option<"reduceType", "reduce-type", "std::string", "\"f32\"", "Type that gradients have between ranks: f32, bf16 or f16">];
  let statistics = [Statistic<"buckets", "num-buckets", "Number of buckets">];
  let dependentDialects = ["::segc::exec::ExecDialect"];
}

def ShardOptimizerPass : Pass<"exec-shard-optimizer", "::mlir::ModuleOp"> {
  let summary = "Share the update of parameters, and its states, among the ranks";
  let description = [{
    Behind the gradients, the launches of the program `train_step` are shared by
    the ranks: each has a shard of the gradients, the states of the optimizer
    and the parameters (ZeRO-1: Rajbhandari et al. 2020). Averages of gradients
    become reduce-scatters, partial results of norms and of tests for finite
    values are gathered, and so are the new parameters. Results are those of
    the program as it was, to the bit, where gradients are averaged alike. A
    launch whose tasks are not slices of flat operands is an error. Remarks of
    category `communication` name the launches.
  }];
  let statistics = [Statistic<"launches", "num-launches", "Number of launches that ranks share">];
  let dependentDialects = ["::segc::exec::ExecDialect"];
}

def VerifyProgramsPass : Pass<"exec-verify", "::mlir::ModuleOp"> {
  let summary = "Verify programs, which may have been edited, before code generation";
  let description = [{
    Reports live values that share bytes, in the partial order of streams and
    tokens; reads of values that another stream may not have written yet;
    buffers outside their region or without alignment; temporaries in `prepared`
    that the program `prepare` does not fill; and arguments and results that are
    not in `seg.layout`.
  }];
}

def EmitKernelsPass : Pass<"exec-emit-kernels", "::mlir::ModuleOp"> {
  let summary = "Emit the kernels that programs launch";
  let description = [{
    Replaces the declarations of kernels by functions. Their task counts and
    scratch sizes must agree with the declarations.
  }];
  let options = [Option<"target", "target", "std::string", "\"\"", "Target whose kernels are emitted; empty: the first registered target">];
}

#endif // SEGC_PROGRAM_PASSES_TD
