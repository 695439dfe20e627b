//===- ConvKernels.cpp - Convolutions as roots of CPU kernels -----*- C++
//-*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConvEmitters.h"
#include "segc/Codegen/CPU/ConvStrategy.h"
#include "segc/Codegen/CPU/CpuKernels.h"

using namespace mlir;

namespace segc {
namespace {

/// Products of the convolution that relates the two sides, whichever is read.
double productsPerSample(const ConvProblem &problem) {
  const Dims &small = problem.adjoint ? problem.in : problem.out;
  return static_cast<double>(product(small)) * product(problem.taps) *
         problem.inChannels * problem.outChannels;
}

template <typename Op>
struct ConvKernel : CpuKernelOpInterface::ExternalModel<ConvKernel<Op>, Op> {
  DictionaryAttr selectCpuStrategy(Operation *op, seg::FusionOp fusion,
                                   const CpuTarget &target) const {
    ConvProblem problem = convProblem(op);
    return toStrategy(op->getContext(), problem,
                      selectConvPlan(problem, target));
  }
  LogicalResult emitCpuKernel(Operation *op, FusionEmitter &emitter) const {
    return emitConv(emitter, op);
  }
  bool hasCpuEpilogue(Operation *op) const { return true; }
  int64_t preparedOperand(Operation *op) const { return 1; } // The filter.
  double flopsPerSample(Operation *op) const {
    return 2 * productsPerSample(convProblem(op));
  }
};

struct FilterGradKernel
    : CpuKernelOpInterface::ExternalModel<FilterGradKernel,
                                          seg::ConvFilterGradOp> {
  DictionaryAttr selectCpuStrategy(Operation *op, seg::FusionOp fusion,
                                   const CpuTarget &target) const {
    ConvProblem problem = filterGradProblem(op);
    return toStrategy(op->getContext(), problem,
                      selectFilterGradPlan(problem, target));
  }
  LogicalResult emitCpuKernel(Operation *op, FusionEmitter &emitter) const {
    return emitConvFilterGrad(emitter, op);
  }
  double flopsPerSample(Operation *op) const {
    return 2 * productsPerSample(filterGradProblem(op));
  }
};

} // namespace

void registerConvCpuKernels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, seg::SegDialect *) {
    seg::ConvOp::attachInterface<ConvKernel<seg::ConvOp>>(*context);
    seg::ConvTransposeOp::attachInterface<ConvKernel<seg::ConvTransposeOp>>(
        *context);
    seg::ConvInputGradOp::attachInterface<ConvKernel<seg::ConvInputGradOp>>(
        *context);
    seg::ConvFilterGradOp::attachInterface<FilterGradKernel>(*context);
  });
}

} // namespace segc
