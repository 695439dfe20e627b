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

/// Whether the kernel computes the reductions that the fusion has beside the
/// root, and nothing that needs their results.
static LogicalResult checkReductions(seg::FusionOp fusion,
                                     CpuKernelOpInterface root) {
  bool reduces = isa<CpuReductionOpInterface>(root.getOperation());
  if (!reduces &&
      !llvm::all_of(root->getOperands(), llvm::IsaPred<BlockArgument>))
    return root->emitOpError("has a prologue, which no CPU kernel takes");
  for (Operation &op : fusion.getBody().front().without_terminator()) {
    if (isa<seg::PointwiseOpInterface>(op))
      continue;
    if (&op != root &&
        !(isa<CpuReductionOpInterface>(op) && root.hasCpuReductions()))
      return op.emitOpError("follows a root whose CPU kernel computes no "
                            "reductions");
    auto reduction = dyn_cast<seg::EpilogueReductionOpInterface>(op);
    if (!reduction)
      continue;
    Value reduced = reduction.getReduced();
    if (!isa<BlockArgument>(reduced) &&
        llvm::none_of(reduced.getUsers(), llvm::IsaPred<seg::YieldOp>))
      return op.emitOpError("reduces a value that its kernel does not yield: "
                            "tiles are read again where they are stored");
    for (Operation *user : op.getUsers())
      if (!isa<seg::YieldOp>(user))
        return user->emitOpError("needs all tiles of a reduction in the kernel "
                                 "that computes them");
  }
  return success();
}

LogicalResult emitCpuFusion(FusionEmitter &emitter) {
  seg::FusionOp fusion = emitter.getFusion();
  Operation *root = fusionRoot(fusion);
  if (!root)
    return emitPointwiseFusion(emitter);
  auto kernel = dyn_cast<CpuKernelOpInterface>(root);
  if (!kernel)
    return root->emitOpError("has no CPU kernel");
  if (failed(checkReductions(fusion, kernel)))
    return failure();
  return kernel.emitCpuKernel(emitter);
}

namespace {
struct CpuFusionModel : FusionModel {
  using FusionModel::FusionModel;
  bool takesEpilogue(Operation *root) const override {
    auto kernel = dyn_cast<CpuKernelOpInterface>(root);
    return kernel && kernel.hasCpuEpilogue();
  }
  bool takesReduction(Operation *root, Operation *reduction) const override {
    auto kernel = dyn_cast_or_null<CpuKernelOpInterface>(root);
    return isa<CpuReductionOpInterface>(reduction) &&
           (!root || (kernel && kernel.hasCpuReductions()));
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
