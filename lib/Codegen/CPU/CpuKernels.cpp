//===- CpuKernels.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/CPU/CpuKernels.h"

#include "segc/Target/FusionModel.h"

#include "segc/Codegen/CPU/CpuKernelInterface.cpp.inc"

using namespace mlir;

namespace segc {

LogicalResult emitCpuFusion(FusionEmitter &emitter) {
  seg::FusionOp fusion = emitter.getFusion();
  Operation *root = fusionRoot(fusion);
  if (!root)
    return emitPointwiseFusion(emitter);
  if (!llvm::all_of(root->getOperands(), llvm::IsaPred<BlockArgument>))
    return root->emitOpError("has a prologue, which no CPU kernel takes");
  for (Operation &op : fusion.getBody().front().without_terminator())
    if (&op != root && !isa<seg::PointwiseOpInterface>(op))
      return op.emitOpError("follows a root, which no CPU kernel computes");
  auto kernel = dyn_cast<CpuKernelOpInterface>(root);
  return kernel ? kernel.emitCpuKernel(emitter)
                : root->emitOpError("has no CPU kernel");
}

namespace {
struct CpuFusionModel : FusionModel {
  using FusionModel::FusionModel;
  bool takesEpilogue(Operation *root) const override {
    auto kernel = dyn_cast<CpuKernelOpInterface>(root);
    return kernel && kernel.hasCpuEpilogue();
  }
};
} // namespace

void registerCpuKernels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *, seg::SegDialect *dialect) {
    dialect->addInterfaces<CpuFusionModel>();
  });
  registerConvCpuKernels(registry);
  registerElementwiseCpuKernels(registry);
  registerLossCpuKernels(registry);
  registerNormCpuKernels(registry);
  registerOptimizerCpuKernels(registry);
  registerPoolCpuKernels(registry);
  registerShapeCpuKernels(registry);
}

} // namespace segc
