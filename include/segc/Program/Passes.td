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
  let summary = "Turns planned entries into programs that launch kernels";
  let description = [{
    Every entry of seg.fusion ops with places becomes an `exec.program`. Fusions
    that are the same to the letter become one `exec.fusion`, and the kernels
    that the target has for it are declared. What lays out parameters ahead of
    time becomes the program `prepare`.
  }];
  let options = [Option<"target", "target", "std::string", "\"\"", "Whose kernels are launched; empty: those of the target that was registered first">];
  let statistics = [Statistic<"kernels", "num-kernels", "Number of kernels declared">,
                    Statistic<"shared", "num-shared", "Number of launches that share an earlier kernel">];
  let dependentDialects = ["::segc::exec::ExecDialect", "::mlir::func::FuncDialect"];
}

def VerifyProgramsPass : Pass<"exec-verify", "::mlir::ModuleOp"> {
  let summary = "Checks programs, which may have been edited, before code is made of them";
  let description = [{
    Errors for values that share bytes while both are needed, in the order that
    streams and tokens give; for reads of what another stream may not have
    written yet; for buffers that leave their region or are not aligned; for
    temporaries in `prepared` that the program `prepare` does not fill; and for
    arguments and results that `seg.layout` does not have.
  }];
}

def EmitKernelsPass : Pass<"exec-emit-kernels", "::mlir::ModuleOp"> {
  let summary = "Emits the kernels that programs launch";
  let description = [{
    Declarations of kernels are replaced by functions. Their numbers of tasks
    and their scratch must be those that were declared.
  }];
  let options = [Option<"target", "target", "std::string", "\"\"", "Whose kernels, as for exec-outline-programs">];
}

#endif // SEGC_PROGRAM_PASSES_TD
