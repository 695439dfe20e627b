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
template <typename Direct, typename Winograd>
DictionaryAttr
chooseKind(Operation *op, const ConvProblem &problem, std::string refusal,
           std::pair<Direct, double> direct,
           llvm::function_ref<std::pair<Winograd, double>()> selectWinograd) {
  std::pair<Winograd, double> winograd;
  if (refusal.empty())
    winograd = selectWinograd();
  remark::analysis(op->getLoc(),
                   remark::RemarkOpts::name("convolution").category("strategy"))
      << remark::add("direct: {0:f0} cycles; Winograd: {1}", direct.second,
                     refusal.empty()
                         ? llvm::formatv("{0:f0} cycles", winograd.second).str()
                         : refusal);
  return refusal.empty() && winograd.second < direct.second
             ? toStrategy(op->getContext(), problem, winograd.first)
             : toStrategy(op->getContext(), problem, direct.first);
}

bool isWinograd(FusionEmitter &emitter) {
  auto kind =
      emitter.getFusion().getStrategyAttr().getAs<StringAttr>(strategyKindName);
  return kind && kind.getValue() == winogradKind;
}

template <typename Op>
struct ConvKernel : CpuKernelOpInterface::ExternalModel<ConvKernel<Op>, Op> {
  DictionaryAttr selectCpuStrategy(Operation *op, seg::FusionOp fusion,
                                   const CpuStrategyContext &context) const {
    ConvProblem problem = convProblem(op);
    return chooseKind<ConvPlan, WinogradPlan>(
        op, problem, winogradRefusal(problem, context.winograd),
        selectConvPlan(problem, context),
        [&] { return selectWinogradPlan(problem, context); });
  }
  LogicalResult emitCpuKernel(Operation *op, FusionEmitter &emitter) const {
    return isWinograd(emitter) ? emitWinogradConv(emitter, op)
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
    return chooseKind<FilterGradPlan, WinogradFilterGradPlan>(
        op, problem, winogradFilterGradRefusal(problem, context.winograd),
        selectFilterGradPlan(problem, context),
        [&] { return selectWinogradFilterGradPlan(problem, context); });
  }
  LogicalResult emitCpuKernel(Operation *op, FusionEmitter &emitter) const {
    return isWinograd(emitter) ? emitWinogradFilterGrad(emitter, op)
                               : emitConvFilterGrad(emitter, op);
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
