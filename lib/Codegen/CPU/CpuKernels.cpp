//===- CpuKernels.cpp -----------------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/CPU/CpuKernels.h"

#include "segc/Codegen/CPU/CpuKernelInterface.cpp.inc"

using namespace mlir;

namespace segc {

Operation *fusionRoot(seg::FusionOp fusion) {
  for (Operation &op : fusion.getBody().front().without_terminator())
    if (!isa<seg::PointwiseOpInterface>(op))
      return &op;
  return nullptr;
}

void registerCpuKernels(DialectRegistry &registry) {
  registerConvCpuKernels(registry);
  registerElementwiseCpuKernels(registry);
  registerLossCpuKernels(registry);
  registerNormCpuKernels(registry);
  registerOptimizerCpuKernels(registry);
  registerPoolCpuKernels(registry);
  registerShapeCpuKernels(registry);
}

} // namespace segc
