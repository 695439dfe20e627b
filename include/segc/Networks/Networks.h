//===- Networks.h - Published networks as seg.network -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each builder creates a module with one seg.network. Ops have the name of
// their layer as their location, from which printNetwork derives the names of
// values.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_NETWORKS_NETWORKS_H
#define SEGC_NETWORKS_NETWORKS_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "segc/Plan/NetworkOptions.h"

#include <string>
#include <vector>

namespace CLI {
class App;
} // namespace CLI

namespace segc {

/// The options must be valid (segc/Plan/NetworkOptions.h, validate).
mlir::OwningOpRef<mlir::ModuleOp> buildUNet2D(mlir::MLIRContext *context,
                                              const UNetOptions &options);
mlir::OwningOpRef<mlir::ModuleOp> buildVNet(mlir::MLIRContext *context,
                                            const VNetOptions &options);
mlir::OwningOpRef<mlir::ModuleOp> buildNNUNet(mlir::MLIRContext *context,
                                              const NNUNetOptions &options);
mlir::OwningOpRef<mlir::ModuleOp> buildUNet3D(mlir::MLIRContext *context,
                                              const UNet3DOptions &options);

/// The names that buildNetwork accepts.
llvm::ArrayRef<llvm::StringLiteral> networkNames();

/// Builds the network `name` with command-line options ("--width", "16").
/// On failure `error` says which option is wrong, what was expected and what
/// was found.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>>
buildNetwork(mlir::MLIRContext *context, llvm::StringRef name,
             llvm::ArrayRef<std::string> args, std::string &error);

/// Calls `visitor` with the options of the network `name`; not for an unknown
/// name.
void visitNetworkOptions(llvm::StringRef name,
                         llvm::function_ref<void(const CLI::App &)> visitor);

/// The options of the network `name`, as help text; empty for an unknown name.
std::string networkHelp(llvm::StringRef name);

/// Prints a network as in models/, with values named after their layers.
void printNetwork(mlir::ModuleOp module, llvm::raw_ostream &os);

} // namespace segc

#endif // SEGC_NETWORKS_NETWORKS_H
