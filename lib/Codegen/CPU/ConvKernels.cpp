//===- ConvKernels.cpp - Convolutions as roots of CPU kernels -----*- C++
//-*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConvEmitters.h"
#include "mlir/IR/Remarks.h"
#include "segc/Codegen/CPU/ConvStrategy.h"
#include "segc/Codegen/CPU/CpuKernels.h"
#include "segc/Codegen/CPU/WinogradStrategy.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace segc {
namespace {

/// Products of the convolution that relates the two sides, whichever is read.
double productsPerSample(const ConvProblem &problem) {
  const Dims &small = problem.adjoint ? problem.in : problem.out;
  return static_cast<double>(product(small)) * product(problem.taps) *
         problem.inChannels * problem.outChannels;
}

/// The cheaper of direct loops and Winograd tiles; a remark says why.
DictionaryAttr selectConvStrategy(Operation *op,
                                  const CpuStrategyContext &context) {
  ConvProblem problem = convProblem(op);
  auto [direct, directCycles] = selectConvPlan(problem, context);
  std::string refusal = winogradRefusal(problem, context.winograd);
  WinogradPlan winograd{};
  double winogradCycles = 0;
  if (refusal.empty())
    std::tie(winograd, winogradCycles) = selectWinogradPlan(problem, context);
  bool chosen = refusal.empty() && winogradCycles < directCycles;
  remark::analysis(op->getLoc(),
                   remark::RemarkOpts::name("convolution").category("strategy"))
      << remark::add("direct: {0:f0} cycles; Winograd: {1}", directCycles,
                     refusal.empty()
                         ? llvm::formatv("{0:f0} cycles", winogradCycles).str()
                         : refusal);
  return chosen ? toStrategy(op->getContext(), problem, winograd)
                : toStrategy(op->getContext(), problem, direct);
}

template <typename Op>
struct ConvKernel : CpuKernelOpInterface::ExternalModel<ConvKernel<Op>, Op> {
  DictionaryAttr selectCpuStrategy(Operation *op, seg::FusionOp fusion,
                                   const CpuStrategyContext &context) const {
    return selectConvStrategy(op, context);
  }
  LogicalResult emitCpuKernel(Operation *op, FusionEmitter &emitter) const {
    auto kind = emitter.getFusion().getStrategyAttr().getAs<StringAttr>(
        strategyKindName);
    return kind && kind.getValue() == winogradKind
               ? emitWinogradConv(emitter, op)
               : emitConv(emitter, op);
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
                                   const CpuStrategyContext &context) const {
    ConvProblem problem = filterGradProblem(op);
    return toStrategy(op->getContext(), problem,
                      selectFilterGradPlan(problem, context.target));
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
