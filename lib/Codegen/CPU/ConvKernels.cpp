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
#include "segc/Codegen/CPU/NarrowStrategy.h"
#include "segc/Codegen/CPU/WinogradStrategy.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;

namespace segc {
namespace {

/// Products of the convolution that relates the two sides, whichever is read.
double productsPerSample(const ConvProblem &problem) {
  const Dims &small = problem.adjoint ? problem.in : problem.out;
  return static_cast<double>(product(small)) * product(problem.taps) *
         problem.inChannels * problem.outChannels;
}

/// A kind of strategy: the best plan's cycles under the model, or why not.
struct Candidate {
  StringRef kind;
  std::string refusal;
  double cycles = 0;
  DictionaryAttr strategy;
};

/// Asks a kind for its best plan, unless it is refused; a kind without a plan
/// says so by infinite cycles.
template <typename F>
Candidate consider(Operation *op, const ConvProblem &problem, StringRef kind,
                   const std::string &refusal, F &&select) {
  if (!refusal.empty())
    return {kind, refusal};
  auto [plan, cycles] = select();
  if (!std::isfinite(cycles))
    return {kind, "no plan within the memory that it may take"};
  return {kind, "", cycles, toStrategy(op->getContext(), problem, plan)};
}

/// The cheapest; a remark says why.
DictionaryAttr choose(Operation *op, ArrayRef<Candidate> candidates) {
  const Candidate *best = nullptr;
  SmallVector<std::string> reasons;
  for (const Candidate &candidate : candidates) {
    bool possible = candidate.refusal.empty();
    if (possible && (!best || candidate.cycles < best->cycles))
      best = &candidate;
    std::string cost = llvm::formatv("{0:f0} cycles", candidate.cycles).str();
    reasons.push_back(
        (candidate.kind + ": " + (possible ? cost : candidate.refusal)).str());
  }
  remark::analysis(op->getLoc(),
                   remark::RemarkOpts::name("convolution").category("strategy"))
      << llvm::join(reasons, "; ");
  return best->strategy;
}

StringRef kindOf(FusionEmitter &emitter) {
  auto kind =
      emitter.getFusion().getStrategyAttr().getAs<StringAttr>(strategyKindName);
  return kind ? kind.getValue() : StringRef();
}

template <typename Op>
struct ConvKernel : CpuKernelOpInterface::ExternalModel<ConvKernel<Op>, Op> {
  DictionaryAttr selectCpuStrategy(Operation *op, seg::FusionOp fusion,
                                   const CpuStrategyContext &context) const {
    ConvProblem problem = convProblem(op);
    return choose(
        op, {consider(op, problem, directKind, "",
                      [&] { return selectConvPlan(problem, context); }),
             consider(op, problem, winogradKind,
                      winogradRefusal(problem, context.winograd),
                      [&] { return selectWinogradPlan(problem, context); }),
             consider(op, problem, narrowKind, narrowRefusal(problem),
                      [&] { return selectNarrowPlan(problem, context); })});
  }
  LogicalResult emitCpuKernel(Operation *op, FusionEmitter &emitter) const {
    if (kindOf(emitter) == winogradKind)
      return emitWinogradConv(emitter, op);
    if (kindOf(emitter) == narrowKind)
      return emitNarrowConv(emitter, op);
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
                                   const CpuStrategyContext &context) const {
    ConvProblem problem = filterGradProblem(op);
    return choose(
        op,
        {consider(op, problem, directKind, "",
                  [&] { return selectFilterGradPlan(problem, context); }),
         consider(op, problem, winogradKind,
                  winogradFilterGradRefusal(problem, context.winograd), [&] {
                    return selectWinogradFilterGradPlan(problem, context);
                  })});
  }
  LogicalResult emitCpuKernel(Operation *op, FusionEmitter &emitter) const {
    return kindOf(emitter) == winogradKind ? emitWinogradFilterGrad(emitter, op)
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
