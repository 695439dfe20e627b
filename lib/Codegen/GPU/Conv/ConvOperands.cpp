//===- ConvOperands.cpp ---------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConvOperands.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "segc/Codegen/Common/PrologueReader.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

using namespace mlir;
using segc::seg::Broadcast;

namespace segc {

int64_t runLanes(ArrayRef<int64_t> sizes, int64_t maxLanes) {
  int64_t lanes = maxLanes;
  for (int64_t size : sizes)
    while (size % lanes != 0)
      lanes /= 2;
  return lanes;
}

Indices delinearizeDims(KernelBody &k, Value linear, const Dims &sizes) {
  Indices result;
  for (unsigned d = 3; d-- > 1;) {
    result[d] = k.rem(linear, sizes[d]);
    linear = k.div(linear, sizes[d]);
  }
  result[0] = sizes[0] == 1 ? k.index(0) : linear;
  return result;
}

//===----------------------------------------------------------------------===//
// Tensor maps
//===----------------------------------------------------------------------===//

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

MapOperand MapOperand::of(Value operand) {
  Value stored = seg::storedValue(operand);
  return {cast<BlockArgument>(stored).getArgNumber(),
          getElementTypeOrSelf(stored)};
}

exec::TensorMapAttr tensorMapOf(const MapOperand &operand, int64_t first,
                                ArrayRef<MapDimension> dimensions,
                                std::optional<int64_t> samples) {
  int64_t bytes = operand.element.getIntOrFloatBitWidth() / 8;
  SmallVector<int64_t, 5> sizes, strides, box, steps;
  for (const MapDimension &dimension : dimensions) {
    sizes.push_back(dimension.size);
    strides.push_back(dimension.stride * bytes);
    box.push_back(dimension.box * dimension.step);
    steps.push_back(dimension.step);
  }
  return exec::TensorMapAttr::get(operand.element.getContext(), operand.number,
                                  first * bytes, operand.element, sizes,
                                  strides, box, steps,
                                  /*swizzle=*/dimensions.front().box * bytes,
                                  samples.value_or(dimensions.size()));
}

exec::TensorMapAttr activationMap(Value operand, int64_t channels,
                                  const Dims &box, const Dims &steps,
                                  int64_t samples) {
  RankedTensorType type = typeOf(seg::storedValue(operand));
  int64_t stride = seg::channels(type);
  SmallVector<MapDimension> dimensions{{stride, 1, channels}};
  ArrayRef<int64_t> spatial = seg::spatialDims(type);
  for (size_t i = spatial.size(); i-- > 0;) {
    size_t d = i + 3 - spatial.size();
    dimensions.push_back({spatial[i], stride, box[d], steps[d]});
    stride *= spatial[i];
  }
  dimensions.push_back({1, stride, samples});
  return tensorMapOf(MapOperand::of(operand), 0, dimensions,
                     dimensions.size() - 1);
}

GemmBox activationBox(Value operand, Value channel, const Indices &position,
                      Value sample) {
  GemmBox box{channel};
  for (size_t i = 0; i < seg::spatialDims(typeOf(operand)).size(); ++i)
    box.push_back(position[2 - i]);
  box.push_back(sample);
  return box;
}

//===----------------------------------------------------------------------===//
// Phases and taps
//===----------------------------------------------------------------------===//

/// Whether taps of an adjoint convolution are tested one by one.
static bool isDilatedAdjoint(const ConvProblem &problem) {
  return problem.adjoint && product(problem.dilations) != 1;
}

Dims blockPhases(const ConvProblem &problem) {
  return isDilatedAdjoint(problem) ? Dims{1, 1, 1} : problem.phases();
}

Dims blockSpace(const ConvProblem &problem) {
  return divideUp(problem.out, blockPhases(problem));
}

bool isPixelShuffle(const ConvProblem &problem) {
  for (unsigned d = 0; d < 3; ++d)
    if (problem.out[d] != problem.in[d] * problem.strides[d])
      return false;
  return problem.adjoint && problem.phaseCount() > 1 && problem.groups == 1 &&
         problem.taps == problem.strides && problem.low == Dims{0, 0, 0} &&
         product(problem.dilations) == 1;
}

ConvWindow::ConvWindow(KernelBody &k, const ConvProblem &problem,
                       Value phaseNumber)
    : k(k), problem(problem) {
  if (isDilatedAdjoint(problem)) {
    // The tap t of output o reads (o + pad_low - t * dilation) / stride.
    for (unsigned d = 0; d < 3; ++d)
      phase[d] = {k.index(0), k.index(problem.taps[d]), k.index(0), 1,
                  k.index(problem.low[d])};
  } else {
    phase = convPhase(k, problem, phaseNumber);
  }
  count = k.mul(k.mul(phase[0].taps, phase[1].taps), phase[2].taps);
}

Indices ConvWindow::splitTap(Value tap) const {
  Indices result;
  for (unsigned d = 3; d-- > 1;) {
    result[d] = k.rem(tap, phase[d].taps);
    tap = k.div(tap, phase[d].taps);
  }
  result[0] = problem.taps[0] == 1 ? k.index(0) : tap;
  return result;
}

Indices ConvWindow::splitColumn(Value column) const {
  Value depth =
      problem.taps[0] == 1 ? k.index(0) : k.div(column, phase[2].taps);
  return {depth, k.index(0), k.rem(column, phase[2].taps)};
}

Value ConvWindow::filterTap(const Indices &tap) const {
  Value result = k.index(0);
  for (unsigned d = 0; d < 3; ++d)
    result = k.add(k.mul(result, problem.taps[d]),
                   k.add(phase[d].firstTap, k.mul(tap[d], phase[d].tapStep)));
  return result;
}

Indices ConvWindow::output(const Indices &position) const {
  Indices result;
  Dims phases = blockPhases(problem);
  for (unsigned d = 0; d < 3; ++d)
    result[d] = k.add(k.mul(position[d], phases[d]), phase[d].residue);
  return result;
}

/// Whether any output that exists reads outside along the dimension.
bool ConvWindow::mayReadOutside(unsigned d) const {
  return problem.adjoint || problem.low[d] > 0 ||
         (problem.out[d] - 1) * problem.strides[d] +
                 (problem.taps[d] - 1) * problem.dilations[d] -
                 problem.low[d] >=
             problem.in[d];
}

/// Whether 0 <= index < size.
static Value isWithin(KernelBody &k, Value index, int64_t size) {
  return k.builder().createOrFold<arith::CmpIOp>(
      k.loc(), arith::CmpIPredicate::ult, index, k.index(size));
}

Indices ConvWindow::input(const Indices &position, const Indices &tap,
                          Value &inside) const {
  Indices result;
  for (unsigned d = 0; d < 3; ++d) {
    if (isDilatedAdjoint(problem)) {
      int64_t stride = problem.strides[d];
      Value strided = k.sub(k.add(position[d], phase[d].offset),
                            k.mul(tap[d], problem.dilations[d]));
      // Negative positions are out of bounds as unsigned ones.
      inside = k.both(inside, isWithin(k, strided, stride * problem.in[d]));
      if (stride != 1)
        inside = k.both(inside, isWithin(k, k.rem(strided, stride), 1));
      result[d] = k.div(strided, stride);
      continue;
    }
    int64_t dilation = problem.adjoint ? 1 : problem.dilations[d];
    result[d] = k.add(
        k.add(k.mul(position[d], problem.inStrides()[d]), phase[d].offset),
        k.mul(tap[d], dilation));
    if (mayReadOutside(d))
      inside = k.both(inside, isWithin(k, result[d], problem.in[d]));
  }
  return result;
}

Indices ConvWindow::firstInput(const Indices &position, Value &inside) const {
  Indices result;
  for (unsigned d = 0; d < 3; ++d) {
    result[d] = k.add(position[d], phase[d].offset);
    inside = k.both(inside, isWithin(k, result[d], problem.in[d]));
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Input
//===----------------------------------------------------------------------===//

/// Adds the sizes that runs of channels of the value must divide.
static void collectSizes(Value value, SmallVectorImpl<int64_t> &sizes) {
  value = seg::storedValue(value);
  sizes.push_back(seg::channels(typeOf(value)));
  Operation *op = value.getDefiningOp();
  if (!op)
    return;
  if (auto rearrangement = dyn_cast<seg::RearrangementOpInterface>(op)) {
    for (int64_t start : llvm::concat<const int64_t>(
             ArrayRef<int64_t>{0}, rearrangement.getChannelCuts())) {
      sizes.push_back(start);
      collectSizes(rearrangement.getSource(start).operand, sizes);
    }
    return;
  }
  for (Value operand : op->getOperands())
    if (seg::classifyBroadcast(typeOf(operand), typeOf(value)) ==
        Broadcast::None)
      collectSizes(operand, sizes);
}

ConvInput::ConvInput(KernelBody &k, const ConvProblem &problem, Value operand)
    : k(k), problem(problem), operand(seg::storedValue(operand)),
      cuts(channelCuts(this->operand)) {}

int64_t ConvInput::lanes(const ConvProblem &problem, Value operand) {
  SmallVector<int64_t> sizes{problem.groupInputs()};
  collectSizes(operand, sizes);
  return runLanes(sizes);
}

/// Reads channels whose sources begin at cut number `segment` or later.
Value ConvInput::read(Value sample, const Indices &position, Value channel,
                      int64_t lanes, size_t segment) const {
  auto here = [&] {
    return PrologueReader(k, sample, channel, cuts[segment], lanes, Value())
        .at(operand, position);
  };
  if (segment + 1 == cuts.size())
    return here();
  return k.ifElse(k.less(channel, k.index(cuts[segment + 1])), here, [&] {
    return read(sample, position, channel, lanes, segment + 1);
  });
}

GemmRun ConvInput::run(Value sample, const Indices &position, Value channel,
                       Value inside) const {
  if (!isa<BlockArgument>(operand))
    return {inside, Value(), Value(), [=](int64_t lanes) {
              return read(sample, position, channel, lanes, 0);
            }};
  Value pixel = sample;
  for (unsigned d = 0; d < 3; ++d)
    pixel = k.add(k.mul(pixel, problem.in[d]), position[d]);
  Value memref = inputOf(k, operand),
        element = k.add(k.mul(pixel, problem.inChannels), channel);
  return {inside, memref, element,
          [=](int64_t lanes) { return k.load(memref, element, lanes); }};
}

//===----------------------------------------------------------------------===//
// Filter
//===----------------------------------------------------------------------===//

GemmAccess ConvFilter::access(const ConvProblem &problem, int64_t maxLanes) {
  // The group's first element depends on the channels of both sides.
  bool alongDepth = problem.filterOutStride != 1;
  int64_t row = alongDepth ? problem.filterOutStride : problem.filterInStride;
  return {alongDepth,
          runLanes({alongDepth ? problem.groupInputs() : problem.groupOutputs(),
                    row, problem.filterTapStride, problem.filterBase,
                    problem.groups == 1
                        ? 0
                        : problem.groupOutputs() * problem.filterOutStride +
                              problem.filterGroupStride()},
                   maxLanes)};
}

/// Whether taps lie further apart than channels of either side: the strides of
/// a tensor map ascend.
static bool tapsAreOutermost(const ConvProblem &problem) {
  return problem.filterTapStride >
         std::max(problem.filterInStride, problem.filterOutStride);
}

exec::TensorMapAttr ConvFilter::tensorMap(const ConvProblem &problem,
                                          const MapOperand &operand,
                                          int64_t width, int64_t rows) {
  MapDimension from{problem.groupInputs(), problem.filterInStride, width},
      to{problem.groupOutputs(), problem.filterOutStride, rows},
      taps{product(problem.taps), problem.filterTapStride, 1};
  if (!access(problem).alongDepth) {
    std::swap(from, to);
    from.box = width;
    to.box = rows;
  }
  if (tapsAreOutermost(problem))
    std::swap(taps, to);
  return tensorMapOf(operand, problem.filterBase, {from, taps, to});
}

GemmBox ConvFilter::box(const ConvProblem &problem, Value tap, Value from,
                        Value to) {
  if (!access(problem).alongDepth)
    std::swap(from, to);
  if (tapsAreOutermost(problem))
    std::swap(tap, to);
  return {from, tap, to};
}

Value ConvFilter::element(KernelBody &k, const ConvProblem &problem, Value tap,
                          Value group, Value from, Value to) {
  int64_t groupStride = problem.groupOutputs() * problem.filterOutStride +
                        problem.filterGroupStride();
  Value start = k.add(k.mul(tap, problem.filterTapStride),
                      k.add(k.mul(group, groupStride), problem.filterBase));
  return k.add(start, k.add(k.mul(from, problem.filterInStride),
                            k.mul(to, problem.filterOutStride)));
}

GemmRun ConvFilter::run(Value tap, Value group, Value from, Value to,
                        Value inside) const {
  Value at = element(k, problem, tap, group, from, to);
  if (isCopied)
    return {inside, k.temp(), at, /*load=*/{}, /*isPacked=*/true};
  Value memref = inputOf(k, operand);
  return {inside, memref, at,
          [=](int64_t lanes) { return k.load(memref, at, lanes); }};
}

} // namespace segc
