//===- ConvFilterGrad.cpp - Filter gradients of convolutions -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The gradient is a matrix of rows (tap, input channel) and columns (output
// channel), summed over pixels. Of a packed input row, the rows of all taps w
// of one pixel are contiguous. A task sums some taps and columns over its
// share of the tiles of all samples; the shares are fixed numbers, so that the
// sums do not depend on the number of threads. The second launch adds the
// shares in order.

#include "ConvEmitters.h"
#include "segc/Codegen/CPU/ConvStrategy.h"
#include "segc/Codegen/CPU/ConvTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace segc {
namespace {

class FilterGradEmitter {
public:
  FilterGradEmitter(const ConvProblem &problem, const FilterGradPlan &plan, Operation *root, int64_t wideLanes)
      : problem(problem), plan(plan), root(root), wideLanes(wideLanes), taskTaps(plan.taskTaps(problem)),
        rows(plan.rows(problem)), direct(plan.isDirect(problem)) {}

  void sum(KernelBody &body);
  void merge(KernelBody &body);
  void mergeTransposed(KernelBody &body);

  int64_t sumTasks() const { return plan.splits * plan.tap_groups * plan.groups; }
  int64_t mergeTasks() const { return divideUp(allRows(), wideLanes); }
  int64_t mergeTransposedTasks() const { return product(problem.taps) * divideUp(problem.inChannels, plan.lanes); }
  int64_t scratchBytes() const { return roundUp(plan.tileSize(problem) * 4, 64); }

private:
  /// The sums of a task: element (row, column) is memref[base + row*pitch + column].
  struct Sums {
    Value memref, base;
    int64_t pitch;
  };
  /// A tile of one sample, with its input packed.
  struct Tile {
    Value sample;
    std::array<Value, 3> origin, extents;
    TileView view;
  };

  Tile packTileOf(KernelBody &body, Value index, Value tapD, Value tapH);
  void forRowBlocks(KernelBody &body, const Tile &tile, const Sums &sums, Value row, Value input, Value channel);
  void sweep(KernelBody &body, const Tile &tile, const Sums &sums, Value firstRow, Value firstInput,
             ArrayRef<int64_t> inputOffsets, Value channel);
  Value partialSum(KernelBody &body, Value row, Value channel);

  Value maskFor(KernelBody &body, Value channel) const {
    if (problem.outChannels % plan.channelBlock() == 0)
      return Value();
    return body.prefixMask(body.sub(body.index(problem.outChannels), channel), plan.lanes);
  }
  /// Positions from one output to the next in the packed tile.
  int64_t packedStride(unsigned d) const { return d < 2 && taskTaps[d] == 1 ? 1 : problem.strides[d]; }
  int64_t allRows() const { return problem.taps[0] * problem.taps[1] * rows; }

  ConvProblem problem;
  FilterGradPlan plan;
  Operation *root;
  int64_t wideLanes;
  Dims taskTaps;
  int64_t rows;
  bool direct;
};

//===----------------------------------------------------------------------===//
// Summing
//===----------------------------------------------------------------------===//

void FilterGradEmitter::sum(KernelBody &body) {
  int64_t groupsH = problem.taps[1] / taskTaps[1];
  auto ids = body.delinearize(body.task(), {plan.splits, plan.tap_groups / groupsH, groupsH, plan.groups});
  Value zero = body.index(0), split = ids[0];
  Value firstD = taskTaps[0] == 1 ? ids[1] : zero, firstH = taskTaps[1] == 1 ? ids[2] : zero;
  Sums sums;
  sums.memref = direct ? body.output(0) : body.temp();
  sums.pitch = direct ? problem.outChannels : plan.columns(problem);
  sums.base = direct ? zero : body.mul(split, plan.partialSize(problem));

  int64_t blocks = plan.channelBlocks(problem), perGroup = divideUp(blocks, plan.groups);
  Value firstBlock = body.mul(ids[3], perGroup);
  Value endBlock = body.min(body.add(firstBlock, perGroup), body.index(blocks));
  auto forTaps = [&](llvm::function_ref<void(Value, Value)> each) {
    body.loop(zero, body.index(taskTaps[0]), 1, [&](Value d) {
      body.loop(zero, body.index(taskTaps[1]), 1, [&](Value h) { each(d, h); });
    });
  };
  auto rowOf = [&](Value d, Value h) {
    Value tap = body.add(body.mul(body.add(firstD, d), problem.taps[1]), body.add(firstH, h));
    return body.mul(tap, rows);
  };

  forTaps([&](Value d, Value h) {
    Value first = rowOf(d, h);
    body.loop(first, body.add(first, rows), 1, [&](Value row) {
      body.loop(firstBlock, endBlock, 1, [&](Value block) {
        for (int64_t v = 0; v < plan.nb; ++v) {
          Value channel = body.add(body.mul(block, plan.channelBlock()), v * plan.lanes);
          body.store(body.zeroVector(plan.lanes), sums.memref,
                     body.add(body.add(sums.base, body.mul(row, sums.pitch)), channel),
                     direct ? maskFor(body, channel) : Value());
        }
      });
    });
  });

  Value tiles = body.mul(body.batch(), product(plan.tileCounts(problem)));
  Value firstTile = body.div(body.mul(split, tiles), plan.splits);
  Value endTile = body.div(body.mul(body.add(split, 1), tiles), plan.splits);
  body.loop(firstTile, endTile, 1, [&](Value index) {
    Tile tile = packTileOf(body, index, firstD, firstH);
    body.loop(firstBlock, endBlock, 1, [&](Value block) {
      Value channel = body.mul(block, plan.channelBlock());
      if (plan.mergesTaps(problem)) {
        SmallVector<int64_t> offsets;
        for (int64_t row = 0; row < allRows(); ++row)
          offsets.push_back(row / rows / taskTaps[1] * tile.view.planePitch +
                            row / rows % taskTaps[1] * tile.view.rowPitch + row % rows);
        for (int64_t row = 0; row < allRows(); row += plan.ur)
          sweep(body, tile, sums, body.index(row), tile.view.base,
                ArrayRef(offsets).slice(row, std::min(plan.ur, allRows() - row)), channel);
        return;
      }
      forTaps([&](Value d, Value h) {
        Value input = body.add(body.add(tile.view.base, body.mul(d, tile.view.planePitch)),
                               body.mul(h, tile.view.rowPitch));
        forRowBlocks(body, tile, sums, rowOf(d, h), input, channel);
      });
    });
  });
}

FilterGradEmitter::Tile FilterGradEmitter::packTileOf(KernelBody &body, Value index, Value tapD, Value tapH) {
  Dims counts = plan.tileCounts(problem);
  auto ids = body.delinearize(index, {1, counts[0], counts[1], counts[2]});
  Tile tile;
  tile.sample = ids[0];
  TileBox box;
  Value firstTap[] = {tapD, tapH, body.index(0)};
  for (unsigned d = 0; d < 3; ++d) {
    tile.origin[d] = body.mul(ids[1 + d], plan.tile[d]);
    tile.extents[d] = problem.out[d] % plan.tile[d] == 0
                          ? body.index(plan.tile[d])
                          : body.min(body.sub(body.index(problem.out[d]), tile.origin[d]), body.index(plan.tile[d]));
    box.origin[d] = body.add(body.add(body.mul(tile.origin[d], problem.strides[d]), firstTap[d]),
                             body.index(-problem.low[d]));
    if (d < 2 && taskTaps[d] == 1) {
      // One tap sees every stride-th position only.
      box.steps[d] = problem.strides[d];
      box.extents[d] = tile.extents[d];
      box.largest[d] = plan.tile[d];
    } else {
      box.extents[d] = body.add(body.mul(body.sub(tile.extents[d], 1), problem.strides[d]), problem.taps[d]);
      box.largest[d] = problem.window(d, plan.tile[d]);
    }
  }
  Value input = body.input(cast<BlockArgument>(root->getOperand(0)).getArgNumber());
  tile.view = packTile(body, input, problem.in, problem.inChannels, tile.sample, box, 0, wideLanes);
  return tile;
}

/// The rows of one (d, h) tap, whose first input value is at `input`.
void FilterGradEmitter::forRowBlocks(KernelBody &body, const Tile &tile, const Sums &sums, Value row, Value input,
                                     Value channel) {
  SmallVector<int64_t> offsets(llvm::to_vector(llvm::seq<int64_t>(0, plan.ur)));
  int64_t whole = rows - rows % plan.ur;
  auto sweepAt = [&](Value first, int64_t count) {
    sweep(body, tile, sums, body.add(row, first), body.add(input, first), ArrayRef(offsets).take_front(count), channel);
  };
  body.loop(body.index(0), body.index(whole), plan.ur, [&](Value first) { sweepAt(first, plan.ur); });
  if (whole != rows)
    sweepAt(body.index(whole), rows - whole);
}

/// Adds a tile's products to one register block of sums. `firstInput` and the
/// offsets say where the tile's first pixel has the rows' input values.
void FilterGradEmitter::sweep(KernelBody &body, const Tile &tile, const Sums &sums, Value firstRow, Value firstInput,
                              ArrayRef<int64_t> inputOffsets, Value channel) {
  Value gradient = body.input(cast<BlockArgument>(root->getOperand(1)).getArgNumber());
  Value zero = body.index(0), first = body.add(body.add(sums.base, body.mul(firstRow, sums.pitch)), channel);
  SmallVector<Value> masks, values;
  for (int64_t v = 0; v < plan.nb; ++v)
    masks.push_back(maskFor(body, body.add(channel, v * plan.lanes)));
  auto forSums = [&](llvm::function_ref<void(Value, Value)> each) {
    for (int64_t row = 0; row < static_cast<int64_t>(inputOffsets.size()); ++row)
      for (int64_t v = 0; v < plan.nb; ++v)
        each(body.add(first, row * sums.pitch + v * plan.lanes), direct ? masks[v] : Value());
  };
  forSums([&](Value at, Value mask) { values.push_back(body.load(sums.memref, at, plan.lanes, mask)); });

  values = body.loop(zero, tile.extents[0], 1, values, [&](Value d, ValueRange carried) {
    Value outD = body.add(body.mul(tile.sample, problem.out[0]), body.add(tile.origin[0], d));
    Value inputD = body.add(firstInput, body.mul(d, packedStride(0) * tile.view.planePitch));
    return body.loop(zero, tile.extents[1], 1, carried, [&](Value h, ValueRange carried) {
      Value outH = body.add(body.mul(outD, problem.out[1]), body.add(tile.origin[1], h));
      Value inputH = body.add(inputD, body.mul(h, packedStride(1) * tile.view.rowPitch));
      Value outRow = body.add(body.mul(body.add(body.mul(outH, problem.out[2]), tile.origin[2]), problem.outChannels), channel);
      return body.loop(zero, tile.extents[2], 1, carried, [&](Value w, ValueRange carried) {
        SmallVector<Value> next(carried), gradients;
        Value pixel = body.add(outRow, body.mul(w, problem.outChannels));
        for (int64_t v = 0; v < plan.nb; ++v)
          gradients.push_back(body.load(gradient, body.add(pixel, v * plan.lanes), plan.lanes, masks[v]));
        Value at = body.add(inputH, body.mul(w, problem.strides[2] * problem.inChannels));
        for (auto [row, offset] : llvm::enumerate(inputOffsets)) {
          Value value = body.splat(body.loadScalar(tile.view.memref, body.add(at, offset)), plan.lanes);
          for (int64_t v = 0; v < plan.nb; ++v) {
            Value &sum = next[row * plan.nb + v];
            sum = vector::FMAOp::create(body.builder(), body.loc(), value, gradients[v], sum);
          }
        }
        return next;
      });
    });
  });
  int64_t next = 0;
  forSums([&](Value at, Value mask) { body.store(values[next++], sums.memref, at, mask); });
}

//===----------------------------------------------------------------------===//
// Merging
//===----------------------------------------------------------------------===//

/// A vector of the result: the shares' sums, in order.
Value FilterGradEmitter::partialSum(KernelBody &body, Value row, Value channel) {
  Value first = body.add(body.mul(row, plan.columns(problem)), channel);
  auto share = [&](Value split) {
    return body.load(body.temp(), body.add(first, body.mul(split, plan.partialSize(problem))), plan.lanes);
  };
  return body
      .loop(body.index(1), body.index(plan.splits), 1, share(body.index(0)),
            [&](Value split, ValueRange carried) -> SmallVector<Value> {
              return {arith::AddFOp::create(body.builder(), body.loc(), carried[0], share(split))};
            })
      .front();
}

void FilterGradEmitter::merge(KernelBody &body) {
  Value first = body.mul(body.task(), wideLanes);
  Value end = body.min(body.add(first, wideLanes), body.index(allRows()));
  body.loop(first, end, 1, [&](Value row) {
    body.loop(body.index(0), body.index(problem.outChannels), plan.lanes, [&](Value channel) {
      body.store(partialSum(body, row, channel), body.output(0),
                 body.add(body.mul(row, problem.outChannels), channel), maskFor(body, channel));
    });
  });
}

/// For a result of [tap][out][in]: squares are transposed in registers.
void FilterGradEmitter::mergeTransposed(KernelBody &body) {
  auto ids = body.delinearize(body.task(), {product(problem.taps), divideUp(problem.inChannels, plan.lanes)});
  Value tap = ids[0], in = body.mul(ids[1], plan.lanes);
  Value last = body.index(problem.inChannels - 1);
  Value mask;
  if (problem.inChannels % plan.lanes != 0)
    mask = body.prefixMask(body.sub(body.index(problem.inChannels), in), plan.lanes);
  Value from = body.mul(tap, problem.inChannels), to = body.mul(tap, problem.inChannels * problem.outChannels);
  body.loop(body.index(0), body.index(problem.outChannels), plan.lanes, [&](Value channel) {
    SmallVector<Value> square;
    for (int64_t lane = 0; lane < plan.lanes; ++lane)
      square.push_back(partialSum(body, body.add(from, body.min(body.add(in, lane), last)), channel));
    square = transposeSquare(body, square);
    for (int64_t lane = 0; lane < plan.lanes; ++lane) {
      Value out = body.add(channel, lane);
      auto put = [&] {
        body.store(square[lane], body.output(0),
                   body.add(body.add(to, body.mul(out, problem.filterOutStride)), in), mask);
      };
      if (problem.outChannels % plan.lanes == 0)
        put();
      else
        body.ifThen(body.less(out, body.index(problem.outChannels)), put);
    }
  });
}

} // namespace

LogicalResult emitConvFilterGrad(FusionEmitter &emitter, Operation *root) {
  ConvProblem problem = filterGradProblem(root);
  FailureOr<FilterGradPlan> plan = readFilterGradPlan(emitter, problem, root);
  if (failed(plan))
    return failure();
  FilterGradEmitter gradient(problem, *plan, root, emitter.getTarget().lanes);
  emitter.launch({gradient.sumTasks(), 0}, gradient.scratchBytes(), [&](KernelBody &body) { gradient.sum(body); });
  if (plan->isDirect(problem))
    return success();
  if (problem.filterOutStride == 1)
    emitter.launch({gradient.mergeTasks(), 0}, 0, [&](KernelBody &body) { gradient.merge(body); });
  else
    emitter.launch({gradient.mergeTransposedTasks(), 0}, 0,
                   [&](KernelBody &body) { gradient.mergeTransposed(body); });
  return success();
}

} // namespace segc
