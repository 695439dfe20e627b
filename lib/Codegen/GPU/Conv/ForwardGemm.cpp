//===- ForwardGemm.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ForwardGemm.h"

#include "FilterCopy.h"
#include "MmaBlock.h"
#include "QuantizedFilter.h"
#include "WgmmaBlock.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "segc/Dialect/Seg/IR/QuantizeOps.h"

using namespace mlir;

namespace segc {

/// Returns the tiles of the pixels of a phase.
static Dims tileCounts(const ConvProblem &problem, const GemmTile &tile) {
  Dims space = blockSpace(problem);
  return tile.box ? divideUp(space, *tile.box)
                  : Dims{1, 1, divideUp(product(space), tile.rows)};
}

TaskCount ForwardGemm::tasks(const ConvProblem &problem, const GemmTile &tile) {
  int64_t blocks =
      product(tileCounts(problem, tile)) * product(blockPhases(problem)) /
      tile.phases * problem.groups *
      divideUp(problem.groupOutputs(), tile.phaseColumns()) * tile.cluster;
  if (tile.samples == 1)
    return {0, blocks};
  return {divideUp(problem.batch, tile.samples) * blocks, 0};
}

/// The convolution with the filter, or its copy, as it lies.
static ConvProblem filterProblemOf(seg::FusionOp fusion,
                                   const ConvProblem &problem) {
  return copiesFilter(fusion) ? copiedProblem(problem, fusion.getRoot())
                              : problem;
}

ForwardGemm::ForwardGemm(GpuKernelBody &k, seg::FusionOp fusion,
                         const ConvProblem &problem, const GemmTile &tile)
    : ConvGemm(k, problem, tile), fusion(fusion), root(fusion.getRoot()),
      input(k, this->problem, inputFactor(root)),
      filterProblem(filterProblemOf(fusion, this->problem)),
      filter(k, filterProblem, root->getOperand(1), copiesFilter(fusion)) {
  // Blocks that read the same pixels follow each other.
  Dims tiles = tileCounts(problem, tile);
  auto ids = k.delinearize(
      k.div(k.task(), tile.cluster),
      {1, product(tiles), product(blockPhases(problem)) / tile.phases,
       problem.groups, divideUp(problem.groupOutputs(), tile.phaseColumns())});
  sample = k.mul(ids[0], tile.samples);
  tileNumber = ids[1];
  phaseNumber = k.mul(ids[2], tile.phases);
  group = ids[3];
  firstRow = k.mul(tileNumber, tile.rows);
  firstColumn = k.mul(ids[4], tile.phaseColumns());
  window.emplace(k, this->problem, phaseNumber);
  if (!tile.box) {
    steps = k.div(
        k.add(k.mul(window->tapCount(), problem.groupInputs()), tile.depth - 1),
        tile.depth);
    return;
  }
  steps = k.mul(k.div(window->tapCount(), tile.taps),
                divideUp(problem.groupInputs(), tile.depth));
  shareSteps();
  origin = delinearizeDims(k, tileNumber, tiles);
  for (unsigned d = 0; d < 3; ++d)
    origin[d] = k.mul(origin[d], (*tile.box)[d]);
}

/// The blocks of a cluster sum the same number of steps each, the last ones
/// fewer or none.
void ForwardGemm::shareSteps() {
  rank = k.rem(k.task(), tile.cluster);
  firstStep = k.index(0);
  if (tile.cluster == 1)
    return;
  Value share = k.div(k.add(steps, tile.cluster - 1), tile.cluster),
        all = steps;
  firstStep = k.min(k.mul(rank, share), all);
  steps = k.min(share, k.sub(all, firstStep));
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

GemmAccess ForwardGemm::accessOf(const ConvProblem &problem, Operation *root,
                                 GemmOperand operand) {
  if (operand == GemmOperand::A)
    return {/*alongDepth=*/true, ConvInput::lanes(problem, inputFactor(root))};
  return seg::multipliesInt8(root) ? quantizedAccess(problem)
                                   : ConvFilter::access(problem);
}

ForwardGemm::Depth ForwardGemm::splitDepth(Value step, Value depth) {
  int64_t channels = problem.groupInputs();
  Value first = k.mul(step, tile.depth);
  // All of the step belong to one tap.
  if (channels % tile.depth == 0)
    return {k.div(first, channels), k.add(k.rem(first, channels), depth),
            Value()};
  Value all = k.add(first, depth);
  return {k.div(all, channels), k.rem(all, channels),
          k.less(all, k.mul(window->tapCount(), channels))};
}

ForwardGemm::Pixel ForwardGemm::pixelOf(Value row, const ConvWindow &phase) {
  Dims space = blockSpace(problem), phases = blockPhases(problem);
  Indices position;
  Value exists;
  Value own = sample;
  if (tile.box) {
    int64_t pixels = product(*tile.box);
    exists = tile.samples * pixels < tile.rows
                 ? k.less(row, k.index(tile.samples * pixels))
                 : arith::ConstantIntOp::create(k.builder(), k.loc(), 1, 1);
    if (tile.samples > 1) {
      own = k.add(sample, k.div(row, pixels));
      exists = k.both(exists, k.less(own, k.batch()));
      row = k.rem(row, pixels);
    }
    position = delinearizeDims(k, row, *tile.box);
    for (unsigned d = 0; d < 3; ++d) {
      position[d] = k.add(origin[d], position[d]);
      if (space[d] % (*tile.box)[d] != 0)
        exists = k.both(exists, k.less(position[d], k.index(space[d])));
    }
  } else {
    Value linear = k.add(firstRow, row);
    exists = k.less(linear, k.index(product(space)));
    position = delinearizeDims(k, linear, space);
    if (product(phases) == 1)
      return {position, own, linear, exists};
  }
  Indices output = phase.output(position);
  Value number = k.index(0);
  for (unsigned d = 0; d < 3; ++d) {
    number = k.add(k.mul(number, problem.out[d]), output[d]);
    if (problem.out[d] % phases[d] != 0)
      exists = k.both(exists, k.less(output[d], k.index(problem.out[d])));
  }
  return {position, own, number, exists};
}

GemmRun ForwardGemm::run(GemmOperand operand, Value index, Value step,
                         Value depth) {
  Depth own = splitDepth(step, depth);
  Indices tap = window->splitTap(own.tap);
  Value inside =
      operand == GemmOperand::A ? pixelOf(index).exists : isColumn(index);
  if (own.inside)
    inside = k.both(inside, own.inside);
  if (operand == GemmOperand::B)
    return filter.run(
        (tile.phases == 1 ? *window : windowOf(index)).filterTap(tap), group,
        own.channel, groupChannel(index), inside);
  Indices position = window->input(pixelOf(index).position, tap, inside);
  return input.run(sample, position,
                   k.add(k.mul(group, problem.groupInputs()), own.channel),
                   inside);
}

//===----------------------------------------------------------------------===//
// Boxes
//===----------------------------------------------------------------------===//

int64_t ForwardGemm::boxWidth(const ConvProblem &problem, const GemmTile &tile,
                              GemmOperand operand) {
  return operand == GemmOperand::A || ConvFilter::access(problem).alongDepth
             ? tile.depth
             : WgmmaTiling::boxColumns(tile);
}

SmallVector<GemmBox> ForwardGemm::boxes(GemmOperand operand, Value step) {
  int64_t pieces = divideUp(problem.groupInputs(), tile.depth);
  step = k.add(firstStep, step);
  Value number = k.div(step, pieces),
        channel = k.mul(k.rem(step, pieces), tile.depth);
  Indices tap =
      tile.taps > 1 ? window->splitColumn(number) : window->splitTap(number);
  if (operand == GemmOperand::A) {
    Value inside = arith::ConstantIntOp::create(k.builder(), k.loc(), 1, 1);
    return {activationBox(root->getOperand(0), channel,
                          window->input(origin, tap, inside), sample)};
  }
  SmallVector<GemmBox> result;
  int64_t width =
      ConvFilter::access(problem).alongDepth ? tile.columns : boxWidth(operand);
  for (int64_t i = 0; i < tile.taps; ++i) {
    Value filterTap = window->filterTap({tap[0], k.add(tap[1], i), tap[2]});
    for (int64_t column = 0; column < tile.columns; column += width)
      result.push_back(ConvFilter::box(problem, filterTap, channel,
                                       k.add(firstColumn, column)));
  }
  return result;
}

exec::TensorMapAttr ForwardGemm::tensorMap(seg::FusionOp fusion,
                                           const ConvProblem &problem,
                                           const GemmTile &tile,
                                           GemmOperand operand) {
  Value value = fusion.getRoot()->getOperand(operand == GemmOperand::B);
  int64_t width = boxWidth(problem, tile, operand);
  if (operand == GemmOperand::A)
    return activationMap(value, width, tile.patch(), problem.inStrides(),
                         tile.samples);
  // A copy of the filter is the temporary, behind inputs and results, in the
  // type of the factors.
  MapOperand filter =
      copiesFilter(fusion)
          ? MapOperand{static_cast<int64_t>(fusion.getInputs().size() +
                                            fusion.getNumResults()),
                       multipliedType(
                           fusion.getContext(),
                           productWork(fusion.getStrategyAttr()).multiplyType)}
          : MapOperand::of(value);
  return ConvFilter::tensorMap(
      filterProblemOf(fusion, problem), filter, width,
      ConvFilter::access(problem).alongDepth ? tile.columns : tile.depth);
}

//===----------------------------------------------------------------------===//
// Patches
//===----------------------------------------------------------------------===//

Dims ForwardGemm::patchOf(const ConvProblem &problem, const GemmTile &tile) {
  Dims patch = *tile.box;
  for (unsigned d = 0; d < 3; ++d)
    patch[d] += problem.taps[d] - 1;
  return patch;
}

Value ForwardGemm::patchNumber(const Indices &position) {
  Dims patch = patchOf(problem, tile);
  Value number = position[0];
  for (unsigned d = 1; d < 3; ++d)
    number = k.add(k.mul(number, patch[d]), position[d]);
  return number;
}

Value ForwardGemm::patchRow(Value row) {
  return patchNumber(delinearizeDims(k, row, *tile.box));
}

Value ForwardGemm::patchShift(Value tap) {
  return patchNumber(window->splitTap(tap));
}

GemmRun ForwardGemm::patchRun(Indices position, Value channel) {
  for (unsigned d = 0; d < 3; ++d)
    position[d] = k.add(origin[d], position[d]);
  Value inside = arith::ConstantIntOp::create(k.builder(), k.loc(), 1, 1);
  position = window->firstInput(position, inside);
  return input.run(sample, position,
                   k.add(k.mul(group, problem.groupInputs()), channel), inside);
}

} // namespace segc
