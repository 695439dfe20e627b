//===- ExposedCommunication.h - What an order leaves exposed ----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_TRANSFORMS_COLLECTIVES_EXPOSEDCOMMUNICATION_H
#define SEGC_LIB_TRANSFORMS_COLLECTIVES_EXPOSEDCOMMUNICATION_H

#include "segc/Target/TargetBackend.h"
#include "segc/Transforms/BucketSplit.h"
#include "segc/Transforms/KernelGraph.h"

namespace segc {

/// The gradients that an entry computes, and what its ranks wait for them when
/// its kernels run in some order.
class ExposedCommunication {
public:
  ExposedCommunication(mlir::func::FuncOp entry, const Target &target,
                       double cores, const Link &link);

  bool hasGradients() const { return !gradients.empty(); }
  /// Seconds that kernels, and the update behind them, wait for collectives.
  /// The order has no copies of kernels.
  double seconds(const KernelOrder &order) const;

private:
  Link link;
  int64_t undecayed;
  llvm::SmallVector<double> kernelSeconds;
  /// Of the steps that are collectives, which have no kernel.
  llvm::SmallDenseMap<int, double> between;
  llvm::SmallVector<PlacedGradient> gradients;
  llvm::SmallVector<int> writers; ///< The kernels that compute them.
};

} // namespace segc

#endif // SEGC_LIB_TRANSFORMS_COLLECTIVES_EXPOSEDCOMMUNICATION_H
