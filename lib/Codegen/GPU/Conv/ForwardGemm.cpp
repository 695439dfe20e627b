//===- ForwardGemm.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ForwardGemm.h"

#include "FilterCopy.h"
#include "MmaBlock.h"
#include "Reductions/TileMerges.h"
#include "WgmmaBlock.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "segc/Codegen/Common/PointwiseEmitter.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"

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

ForwardGemm::ForwardGemm(GpuKernelBody &k, seg::FusionOp fusion,
                         const ConvProblem &problem, const GemmTile &tile)
    : ConvGemm(k, problem, tile), fusion(fusion), root(fusion.getRoot()),
      input(k, this->problem, root->getOperand(0)),
      filterProblem(copiesFilter(fusion) ? copiedProblem(this->problem)
                                         : this->problem),
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
    return {/*alongDepth=*/true,
            ConvInput::lanes(problem, root->getOperand(0))};
  return ConvFilter::access(problem);
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
      copiesFilter(fusion) ? copiedProblem(problem) : problem, filter, width,
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

//===----------------------------------------------------------------------===//
// Epilogue
//===----------------------------------------------------------------------===//

int64_t ForwardGemm::storeLanes(const ConvProblem &problem) {
  return std::min<int64_t>(4, runLanes({problem.groupOutputs()}));
}

SmallVector<ForwardGemm::Reduction>
ForwardGemm::reductions(seg::FusionOp fusion, const ConvProblem &problem,
                        const GemmTile &tile) {
  // The tiles of a phase are numbered one after the other for each position.
  Dims phases = blockPhases(problem);
  TileGrid grid{
      {1, 1, product(problem.out)}, {1, 1, tile.rows}, {1, 1, product(phases)}};
  if (tile.box)
    grid = {problem.out, *tile.box, phases};
  SmallVector<Reduction> result;
  int64_t base = 0;
  for (auto op : fusion.getBody().getOps<ChannelReductionOpInterface>()) {
    result.push_back({op, op.getMomentLayout(grid, base)});
    base += roundUp(ChannelMerge(op, result.back().layout).floats(), 16);
  }
  return result;
}

int64_t ForwardGemm::finishFloats(seg::FusionOp fusion,
                                  const ConvProblem &problem,
                                  const GemmTile &tile, int64_t threads) {
  int64_t sums = 0;
  for (auto op : fusion.getBody().getOps<ChannelReductionOpInterface>())
    sums = std::max<int64_t>(sums, op.getSumCount());
  return sums * threads * storeLanes(problem);
}

void ForwardGemm::finish(const GemmSums &sums) {
  // A block of a cluster finishes a tile of its own columns.
  Value sumColumn = k.index(0);
  if (tile.cluster > 1) {
    tile.columns /= tile.cluster;
    sumColumn = k.mul(rank, tile.columns);
    firstColumn = k.add(firstColumn, sumColumn);
  }
  store(sums, sumColumn);
  if (tile.cluster > 1)
    k.clusterBarrier();
  for (const Reduction &reduction : reductions(fusion, problem, tile))
    reduce(reduction);
}

/// Emits the epilogue: a thread walks down some channels.
void ForwardGemm::store(const GemmSums &sums, Value sumColumn) {
  int64_t lanes = storeLanes(problem), vectors = tile.columns / lanes,
          rowStep = k.threads() / vectors;
  Value column = k.mul(k.rem(k.thread(), vectors), lanes),
        channel = channelOf(column);
  seg::PointwiseMath math(k.builder(), k.loc(), k.vectorType(lanes));
  k.ifThen(isColumn(column), [&] {
    Value bias;
    if (root->getNumOperands() > 2)
      bias = k.load(inputOf(k, root->getOperand(2)), channel, lanes);
    ConvWindow phase = tile.phases == 1 ? *window : windowOf(column);
    k.loop(k.div(k.thread(), vectors), k.index(tile.rows), rowStep,
           [&](Value row) {
             Pixel pixel = pixelOf(row, phase);
             k.ifThen(pixel.exists, [&] {
               Value value = sums.load(row, k.add(sumColumn, column), lanes);
               if (bias)
                 value = math.add(value, bias);
               DenseMap<Value, Value> values{{root->getResult(0), value}};
               PointwiseEmitter(
                   k, fusion,
                   cast<RankedTensorType>(root->getResult(0).getType()))
                   .emit({k.add(k.mul(pixel.sample, product(problem.out)),
                                pixel.number),
                          pixel.sample, channel},
                         lanes, Value(), values);
             });
           });
  });
}

/// Reduces the tile as the block has stored it, one sample after the other.
void ForwardGemm::reduce(const Reduction &reduction) {
  auto reduceSample = [&](Value own, Value first) {
    // The tile has been stored, or the sums of the reduction before.
    k.barrier();
    reduceRows(reduction, own, first);
  };
  if (tile.samples == 1) {
    reduceSample(sample, k.index(0));
    return;
  }
  k.loop(k.index(0), k.index(tile.samples), 1, [&](Value i) {
    Value own = k.add(sample, i);
    k.ifThen(k.less(own, k.batch()),
             [&] { reduceSample(own, k.mul(i, product(*tile.box))); });
  });
}

/// A thread adds the terms of its rows, then one of each column adds those of
/// all threads, in order.
void ForwardGemm::reduceRows(const Reduction &reduction, Value ofSample,
                             Value first) {
  ChannelReductionOpInterface op = reduction.op;
  const MomentLayout &layout = reduction.layout;
  int64_t lanes = storeLanes(problem), vectors = tile.columns / lanes,
          rowStep = k.threads() / vectors, pixels = product(problem.out),
          phaseCount = product(blockPhases(problem));
  Dims space = blockSpace(problem);
  unsigned count = op.getSumCount();
  Value column = k.mul(k.rem(k.thread(), vectors), lanes),
        threadRow = k.div(k.thread(), vectors);
  auto elementAt = [&](Value row) {
    Pixel pixel = pixelOf(row);
    return k.mul(k.add(k.mul(pixel.sample, pixels), pixel.number),
                 problem.outChannels);
  };
  // The rows of a box that exist do not follow each other.
  Value rows = k.index(tile.rows), existing = k.index(1);
  if (tile.box) {
    if (tile.samples > 1)
      rows = k.index(product(*tile.box));
    for (unsigned d = 0; d < 3; ++d)
      existing =
          k.mul(existing, pieceExtent(k, space[d], (*tile.box)[d], origin[d]));
  } else {
    rows = existing =
        k.min(rows, k.sub(k.index(pixels / phaseCount), firstRow));
  }
  ReductionTile own{ofSample, k.add(k.mul(tileNumber, phaseCount), phaseNumber),
                    elementAt(first), existing};
  auto channelRows = [&](Value channel) {
    return llvm::map_to_vector(op.getChannelRows(k, layout, own),
                               [&](const ChannelRow &row) {
                                 return k.load(memoryOf(k, row.operand),
                                               k.add(row.row, channel), lanes);
                               });
  };
  auto slot = [&](unsigned sum, Value row) {
    return k.add(
        k.mul(k.add(row, static_cast<int64_t>(sum) * rowStep), tile.columns),
        column);
  };
  SmallVector<Value> zeros(count, k.zeroVector(lanes));
  seg::PointwiseMath math(k.builder(), k.loc(), k.vectorType(lanes));
  Value inside = isColumn(column), channel = channelOf(column);
  k.ifThen(inside, [&] {
    SmallVector<Value> constant = channelRows(channel);
    auto addRow = [&](Value number, ValueRange carried) {
      Value row = k.add(first, number);
      Value element = k.add(elementAt(row), channel);
      SmallVector<Value> elements, next;
      for (Value operand : op.getTermOperands())
        elements.push_back(k.load(memoryOf(k, operand), element, lanes));
      for (auto [sum, term] :
           llvm::zip_equal(carried, op.emitTerms(k, elements, constant)))
        next.push_back(math.add(sum, term));
      return next;
    };
    auto addIfExists = [&](Value number, ValueRange carried) {
      auto yield = [&](ValueRange sums) {
        scf::YieldOp::create(k.builder(), k.loc(), sums);
      };
      auto added = scf::IfOp::create(
          k.builder(), k.loc(), pixelOf(k.add(first, number)).exists,
          [&](OpBuilder &, Location) { yield(addRow(number, carried)); },
          [&](OpBuilder &, Location) { yield(carried); });
      return SmallVector<Value>(added.getResults());
    };
    SmallVector<Value> sums =
        tile.box ? k.loop(threadRow, rows, rowStep, zeros, addIfExists)
                 : k.loop(threadRow, rows, rowStep, zeros, addRow);
    for (auto [i, sum] : llvm::enumerate(sums))
      k.store(sum, k.scratch(), slot(i, threadRow));
  });
  k.barrier();
  k.ifThen(k.both(inside, k.less(threadRow, k.index(1))), [&] {
    SmallVector<Value> totals =
        k.loop(k.index(0), k.index(rowStep), 1, zeros,
               [&](Value row, ValueRange carried) {
                 SmallVector<Value> next;
                 for (unsigned i = 0; i < count; ++i)
                   next.push_back(math.add(
                       carried[i], k.load(k.scratch(), slot(i, row), lanes)));
                 return next;
               });
    Value to = k.add(layout.tileRow(k, ofSample, own.number), channel);
    for (auto [i, value] :
         llvm::enumerate(op.emitFinish(k, own, totals, channelRows(channel))))
      k.store(value, k.sums(),
              k.add(to, static_cast<int64_t>(i) * layout.channels));
  });
}

} // namespace segc
