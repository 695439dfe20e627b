//===- ConvProblem.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/ConvProblem.h"

#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;

namespace segc {

/// Extends the sizes to three dimensions with `missing` for the depth.
static Dims toDims(ArrayRef<int64_t> sizes, int64_t missing) {
  Dims dims{missing, missing, missing};
  llvm::copy(sizes, dims.end() - sizes.size());
  return dims;
}

static bool isNarrow(Value read) { return seg::storedValue(read) != read; }

/// Makes the problem of an op that reads `input` and writes a tensor of type
/// `to`, whichever of the two is the larger.
template <typename OpTy>
static ConvProblem makeProblem(OpTy op, Value input, RankedTensorType to,
                               RankedTensorType filter, bool adjoint,
                               bool outMajor) {
  auto from = cast<RankedTensorType>(input.getType());
  ConvProblem problem;
  problem.is16BitInput = isNarrow(input);
  problem.in = toDims(seg::spatialDims(from), 1);
  problem.out = toDims(seg::spatialDims(to), 1);
  problem.batch = from.getDimSize(0);
  problem.inChannels = seg::channels(from);
  problem.outChannels = seg::channels(to);
  problem.taps = toDims(filter.getShape().drop_back(2), 1);
  problem.strides = toDims(op.getStrides(), 1);
  problem.low = toDims(op.getPadLow(), 0);
  problem.groups = static_cast<int64_t>(op.getGroups());
  if (std::optional<ArrayRef<int64_t>> dilations = op.getDilations())
    problem.dilations = toDims(*dilations, 1);
  problem.adjoint = adjoint;
  int64_t row = filter.getShape().back();
  problem.filterInStride = outMajor ? 1 : row;
  problem.filterOutStride = outMajor ? row : 1;
  problem.filterTapStride = row * filter.getShape().drop_back().back();
  return problem;
}

ConvProblem convProblem(Operation *op) {
  if (auto conv = dyn_cast<seg::ConvOp>(op))
    return makeProblem(conv, conv.getInput(), conv.getOutput().getType(),
                       conv.getFilter().getType(), /*adjoint=*/false,
                       conv.getTransposeFilter());
  // The filter of a transposed convolution is [taps, channels read, channels
  // written] as it is. An input gradient reads the channels that its
  // convolution writes, so its filter is in the other order.
  if (auto conv = dyn_cast<seg::ConvTransposeOp>(op))
    return makeProblem(conv, conv.getInput(), conv.getOutput().getType(),
                       conv.getFilter().getType(), /*adjoint=*/true,
                       /*outMajor=*/false);
  auto grad = cast<seg::ConvInputGradOp>(op);
  ConvProblem problem =
      makeProblem(grad, grad.getGrad(), grad.getOutput().getType(),
                  grad.getFilter().getType(),
                  /*adjoint=*/true, !grad.getTransposeFilter());
  problem.filterBase = grad.getFirstChannel() * problem.filterOutStride;
  return problem;
}

ConvProblem filterGradProblem(Operation *op) {
  auto grad = cast<seg::ConvFilterGradOp>(op);
  ConvProblem problem =
      makeProblem(grad, grad.getInput(), grad.getGrad().getType(),
                  grad.getOutput().getType(),
                  /*adjoint=*/false, grad.getTransposeFilter());
  problem.is16BitGrad = isNarrow(grad.getGrad());
  return problem;
}

ConvProblem swapFactors(const ConvProblem &problem) {
  ConvProblem result = problem;
  std::swap(result.in, result.out);
  std::swap(result.inChannels, result.outChannels);
  std::swap(result.is16BitInput, result.is16BitGrad);
  std::swap(result.filterInStride, result.filterOutStride);
  for (unsigned d = 0; d < 3; ++d)
    result.low[d] = problem.taps[d] - 1 - problem.low[d];
  return result;
}

Dims ConvProblem::space() const {
  Dims result, count = phases();
  for (unsigned d = 0; d < 3; ++d)
    result[d] = divideUp(out[d], count[d]);
  return result;
}

Dims ConvProblem::phaseTaps() const {
  Dims result, count = phases();
  for (unsigned d = 0; d < 3; ++d)
    result[d] = divideUp(taps[d], count[d]);
  return result;
}

bool ConvProblem::readsInside() const {
  Dims counts = phases(), extents = space();
  for (unsigned d = 0; d < 3; ++d)
    for (int64_t r = 0; r < counts[d]; ++r) {
      int64_t first = (r + low[d]) % counts[d];
      int64_t count =
          adjoint ? (taps[d] - first + counts[d] - 1) / counts[d] : taps[d];
      int64_t offset =
          adjoint ? (r + low[d]) / counts[d] - (count - 1) : -low[d];
      if (offset < 0 || offset + window(d, extents[d]) > in[d])
        return false;
    }
  return true;
}

std::array<ConvPhase, 3> convPhase(KernelBody &body, const ConvProblem &problem,
                                   Value linear) {
  std::array<ConvPhase, 3> result;
  Dims counts = problem.phases(), maxTaps = problem.phaseTaps();
  for (unsigned d = 3; d-- > 0;) {
    ConvPhase &phase = result[d];
    int64_t stride = counts[d];
    phase.residue = stride == 1 ? body.index(0) : body.rem(linear, stride);
    linear = body.div(linear, stride);
    if (!problem.adjoint) {
      phase.taps = body.index(problem.taps[d]);
      phase.firstTap = body.index(0);
      phase.tapStep = 1;
      phase.offset = body.index(-problem.low[d]);
      continue;
    }
    Value shifted = body.add(phase.residue, problem.low[d]);
    Value first = stride == 1 ? body.index(0) : body.rem(shifted, stride);
    phase.taps =
        problem.hasEqualPhases(d)
            ? body.index(maxTaps[d])
            : body.div(
                  body.sub(body.index(problem.taps[d] + stride - 1), first),
                  stride);
    Value last = body.sub(phase.taps, 1);
    phase.firstTap = body.add(first, body.mul(last, stride));
    phase.tapStep = -stride;
    phase.offset = body.sub(body.div(shifted, stride), last);
  }
  return result;
}

Value pieceExtent(KernelBody &body, int64_t size, int64_t piece, Value first) {
  return size % piece == 0
             ? body.index(piece)
             : body.min(body.sub(body.index(size), first), body.index(piece));
}

} // namespace segc
