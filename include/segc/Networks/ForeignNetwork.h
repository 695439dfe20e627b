//===- ForeignNetwork.h - Networks of other origin --------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_NETWORKS_FOREIGNNETWORK_H
#define SEGC_NETWORKS_FOREIGNNETWORK_H

#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Plan/DataPipeline.h"
#include "segc/Plan/NetworkOptions.h"

#include "llvm/Support/Error.h"

namespace segc {

/// What a file of weights and layers does not say about a network.
struct ForeignRecipe {
  LossOptions loss; ///< With regions the predictions are sigmoids.
  OptimizerOptions optimizer;
  DataPipeline pipeline;
};

/// Builds a network whose layers `addLayers` adds: it gets the image, N x
/// spatial x channels, and returns the logits. `recipe` is asked for the rest.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> buildForeignNetwork(
    mlir::MLIRContext *context, llvm::StringRef symbol,
    llvm::ArrayRef<int64_t> imageShape,
    llvm::function_ref<llvm::Expected<mlir::Value>(mlir::OpBuilder &,
                                                   mlir::Value)>
        addLayers,
    llvm::function_ref<llvm::Expected<ForeignRecipe>(mlir::Value)> recipe);

} // namespace segc

#endif // SEGC_NETWORKS_FOREIGNNETWORK_H
