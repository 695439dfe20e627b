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

Operation *fusionRoot(seg::FusionOp fusion) {
  for (Operation &op : fusion.getBody().front().without_terminator())
    if (!isa<seg::PointwiseOpInterface>(op))
      return &op;
  return nullptr;
}

Operation *fusionLead(seg::FusionOp fusion) {
  Operation *root = fusionRoot(fusion);
  return root ? root : &fusion.getBody().front().front();
}

std::string kernelName(seg::FusionOp fusion, size_t index) {
  return "k" + std::to_string(index) + "_" +
         fusionLead(fusion)->getName().stripDialect().str();
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
