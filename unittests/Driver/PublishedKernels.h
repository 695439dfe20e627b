//===- PublishedKernels.h - Kernels of the published networks ---*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_DRIVER_PUBLISHEDKERNELS_H
#define SEGC_UNITTESTS_DRIVER_PUBLISHEDKERNELS_H

#include "segc/Driver/CompileSession.h"
#include "segc/Program/Programs.h"
#include <map>
#include <string>
#include <vector>

namespace segc {

/// A fusion of a network, with what a kernel is chosen by.
struct KernelUse {
  seg::FusionOp fusion;
  Target target;
  int64_t batch;

  std::string kind() const;
  std::string root() const;
  /// Element types in memory.
  std::string types() const;
  std::string multiplied() const;
  std::string key() const {
    return kind() + " " + root() + " of " + types() + ", multiplied as " +
           multiplied();
  }
  /// Names of the ops.
  std::string ops() const;
  /// The type of a convolution's filter, which its gradient has as result.
  mlir::Type filter() const;
  seg::StrategyAttr strategyOf() const {
    return seg::FusionOp(fusion).getStrategyAttr();
  }
  mlir::Operation *rootOf() const { return seg::FusionOp(fusion).getRoot(); }
  double flops() const { return seg::FusionOp(fusion).flops(); }
};

/// The kernels that are chosen for GPUs at the published training sizes, in one
/// precision, and those of smaller networks of the same depth and channels.
class PublishedKernels {
public:
  explicit PublishedKernels(std::string precision);

  /// Compiles the networks whose names begin with `prefix`.
  llvm::Error collect(llvm::StringRef prefix = "");

  /// A fusion of a published network, and one of a smaller network that stands
  /// for it; null if there is none.
  struct Pair {
    int likeness = 0;
    const KernelUse *small = nullptr, *large = nullptr;
  };
  /// For each key the pair of fusions that takes the least work, of those that
  /// are most alike.
  std::map<std::string, Pair> pairs() const;

  /// Visits the small fusion with the strategy of the large one.
  static llvm::Error
  withStrategyOf(const Pair &pair,
                 llvm::function_ref<llvm::Error(seg::FusionOp fusion)> visit);

private:
  llvm::Error collect(const std::string &network,
                      const std::vector<std::string> &options,
                      std::vector<KernelUse> &uses);

  std::string precision;
  CompilerContext context{mlir::MLIRContext::Threading::DISABLED};
  std::vector<mlir::OwningOpRef<mlir::ModuleOp>> modules;
  std::vector<KernelUse> large, small;
};

} // namespace segc

#endif // SEGC_UNITTESTS_DRIVER_PUBLISHEDKERNELS_H
