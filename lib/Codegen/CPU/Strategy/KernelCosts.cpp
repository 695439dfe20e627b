//===- KernelCosts.cpp - What kernels of the CPU cost ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Target/KernelCosts.h"

#include "segc/Codegen/CPU/CpuKernels.h"

using namespace mlir;

namespace segc {

namespace {
struct CpuKernelCosts : KernelCosts {
  using KernelCosts::KernelCosts;
  double flops(Operation *fusion) const override {
    Operation *root = cast<seg::FusionOp>(fusion).getRoot();
    auto kernel = dyn_cast_or_null<CpuKernelOpInterface>(root);
    if (!kernel)
      return 0;
    // Roots that count their work have the batch in front.
    auto type = cast<RankedTensorType>(root->getOperand(0).getType());
    return type.getRank() ? kernel.flopsPerSample() * type.getDimSize(0) : 0;
  }
};
} // namespace

void registerCpuKernelCosts(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *, seg::SegDialect *dialect) {
    dialect->addInterfaces<CpuKernelCosts>();
  });
}

} // namespace segc
