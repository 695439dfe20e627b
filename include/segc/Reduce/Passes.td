//===- Passes.td - Reduction of failing networks -----------*- tablegen -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_REDUCE_PASSES_TD
#define SEGC_REDUCE_PASSES_TD

include "mlir/Pass/PassBase.td"

def ReduceNetworkPass : Pass<"seg-reduce-network", "::mlir::ModuleOp"> {
  let summary = "Makes a network small that a test script finds interesting";
  let description = [{
    Tries simpler networks for as long as the script, which is given a file
    with one, exits with another code than 0: networks that end earlier, with
    the cross-entropy as their objective; that start later; that lack an op, a
    head, a bias or a part of a concatenation; with one sample, with fewer
    channels, with smaller images. Every network tried verifies, and holds
    nothing that its outputs do not need.
  }];
  let options = [
    Option<"test", "test", "std::string", "", "Script that says whether a network is interesting">,
    ListOption<"testArguments", "test-arg", "std::string", "Its arguments before the file">
  ];
  let statistics = [Statistic<"tried", "num-tried", "Number of networks given to the script">];
}

#endif // SEGC_REDUCE_PASSES_TD
