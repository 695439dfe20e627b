//===- ConvFilterGradWinograd.cpp - Filter gradients with Winograd tiles --===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Two launches. A task of the first computes, for some points of the outer
// dimension and all of the others,
//   sums[point][input channel][output channel] += inputs[point][tile][...] *
//                                                 grads[point][tile][...]
// over its part of the tiles. The second merges the partial sums and transforms
// them to taps.

#include "Conv/ConvEmitters.h"
#include "FilterGrad/FilterGradPoints.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace segc {
namespace {

class WinogradFilterGradEmitter {
public:
  WinogradFilterGradEmitter(const ConvProblem &problem,
                            const WinogradFilterGradTiling &tiling,
                            Operation *root, const CpuTarget &target)
      : problem(problem), tiling(tiling),
        multiplier(tiling.multiplyType, target),
        inputs(this->problem, this->tiling, multiplier,
               {TileSource(root->getOperand(0)),
                forEachDim(tiling.m, winogradInput), problem.in, problem.low,
                problem.inChannels, /*planes=*/0, inputPoints(),
                tiling.inputPitch(problem), inputTilePitch()}),
        grads(this->problem, this->tiling, multiplier,
              {TileSource(root->getOperand(1)),
               transposed(forEachDim(tiling.m, winogradOutput)),
               problem.out,
               {0, 0, 0},
               problem.outChannels,
               tiling.inputSize(problem),
               gradPoints(),
               tiling.gradPitch(problem),
               gradTilePitch()}) {}

  void sum(KernelBody &body);
  void finish(KernelBody &body);
  int64_t sumTasks() const {
    return tiling.splits * tiling.pointGroups() * tiling.groups;
  }

private:
  /// The points of the outer dimension and the blocks of output channels that a
  /// task computes, the beginning of its partial sums, and the mask of their
  /// loads. The mask is empty for the first box, which initialises the partial
  /// sums.
  struct Task {
    Value firstPoint, endPoint, firstBlock, endBlock, sums, carried;
  };
  Value sumsOf(KernelBody &body, const Task &task, Value point) {
    return body.add(task.sums, body.mul(point, tiling.innerCount() *
                                                   tiling.sumPitch(problem)));
  }

  void addBox(KernelBody &body, Value box, const Task &task);
  void multiply(KernelBody &body, Value tiles, const Task &task, Value sums);
  void clear(KernelBody &body, const Task &task, Value point);
  void multiplyRows(KernelBody &body, int64_t rows, Value row, Value block,
                    Value inner, Value tiles, Value column, Value to,
                    Value carried);

  // Layout of scratch: planes of both factors, then their points.
  int64_t inputPoints() const {
    return tiling.inputSize(problem) + tiling.gradSize(problem);
  }
  int64_t gradPoints() const {
    return inputPoints() + tiling.innerCount() * tiling.inputPitch(problem);
  }
  int64_t inputTilePitch() const {
    return roundUp(problem.inChannels, tiling.lanes);
  }
  int64_t gradTilePitch() const {
    return tiling.groupBlocks(problem) * tiling.channelBlock();
  }

  ConvProblem problem;
  WinogradFilterGradTiling tiling;
  MultiplyEmitter multiplier;
  FilterGradPoints inputs, grads;
};

/// Adds the products of all tiles for `rows` input channels from `row` on and
/// one block of output channels.
void WinogradFilterGradEmitter::multiplyRows(KernelBody &body, int64_t rows,
                                             Value row, Value block,
                                             Value inner, Value tiles,
                                             Value column, Value to,
                                             Value carried) {
  int64_t lanes = tiling.lanes, columns = tiling.columns(problem);
  Value scratch = body.scratch();
  Value inputsAt =
      body.add(body.add(body.mul(inner, tiling.inputPitch(problem)), row),
               inputPoints());
  Value gradsAt = body.add(body.add(body.mul(inner, tiling.gradPitch(problem)),
                                    body.mul(block, tiling.channelBlock())),
                           gradPoints());
  Value sumsAt =
      body.add(body.add(to, body.mul(inner, tiling.sumPitch(problem))),
               body.add(body.mul(row, columns), column));
  SmallVector<Value> sums;
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t v = 0; v < tiling.nb; ++v)
      sums.push_back(body.load(body.temp(),
                               body.add(sumsAt, r * columns + v * lanes), lanes,
                               carried));
  Value words = multiplier.words(body, tiles);
  sums = multiplier.sum(
      body, words, 1, 1, sums, [&](Value word, ValueRange carried) {
        SmallVector<Value> sums(carried), vectors;
        Value from = body.add(gradsAt, body.mul(word, gradTilePitch()));
        for (int64_t v = 0; v < tiling.nb; ++v)
          vectors.push_back(
              body.load(scratch, body.add(from, v * lanes), lanes));
        Value values = body.add(inputsAt, body.mul(word, inputTilePitch()));
        for (int64_t r = 0; r < rows; ++r) {
          Value value =
              body.splat(body.loadScalar(scratch, body.add(values, r)), lanes);
          for (int64_t v = 0; v < tiling.nb; ++v) {
            Value &sum = sums[r * tiling.nb + v];
            sum = multiplier.multiplyAdd(body, value, vectors[v], sum);
          }
        }
        return sums;
      });
  for (auto [i, sum] : llvm::enumerate(sums))
    body.store(
        sum, body.temp(),
        body.add(sumsAt, static_cast<int64_t>(i) / tiling.nb * columns +
                             static_cast<int64_t>(i) % tiling.nb * lanes));
}

void WinogradFilterGradEmitter::multiply(KernelBody &body, Value tiles,
                                         const Task &task, Value sums) {
  Value zero = body.index(0);
  int64_t channels = problem.inChannels, tail = channels % tiling.ur;
  body.loop(zero, body.index(tiling.innerCount()), 1, [&](Value inner) {
    body.loop(task.firstBlock, task.endBlock, 1, [&](Value block) {
      Value own = body.sub(block, task.firstBlock),
            column = body.mul(block, tiling.channelBlock());
      body.loop(zero, body.index(channels - tail), tiling.ur, [&](Value row) {
        multiplyRows(body, tiling.ur, row, own, inner, tiles, column, sums,
                     task.carried);
      });
      if (tail != 0)
        multiplyRows(body, tail, body.index(channels - tail), own, inner, tiles,
                     column, sums, task.carried);
    });
  });
}

/// Transforms the tiles of a box and adds their products.
void WinogradFilterGradEmitter::addBox(KernelBody &body, Value box,
                                       const Task &task) {
  Dims counts = tiling.boxCounts(problem);
  auto ids = body.delinearize(box, {1, counts[0], counts[1], counts[2]});
  FilterGradPoints::Box tiles{ids[0], {}, {}};
  for (unsigned d = 0; d < 3; ++d) {
    tiles.first[d] = body.mul(ids[1 + d], tiling.tile[d]);
    tiles.tiles[d] = pieceExtent(body, divideUp(problem.out[d], tiling.m[d]),
                                 tiling.tile[d], tiles.first[d]);
  }
  Value count =
      body.mul(body.mul(tiles.tiles[0], tiles.tiles[1]), tiles.tiles[2]);
  Value channelsEnd = body.index(problem.inChannels),
        gradsFirst = body.mul(task.firstBlock, tiling.channelBlock()),
        gradsEnd = body.mul(task.endBlock, tiling.channelBlock());
  body.loop(task.firstPoint, task.endPoint, 1, [&](Value point) {
    inputs.transform(body, tiles, point, body.index(0), channelsEnd);
    grads.transform(body, tiles, point, gradsFirst, gradsEnd);
    multiply(body, count, task, sumsOf(body, task, point));
  });
}

void WinogradFilterGradEmitter::clear(KernelBody &body, const Task &task,
                                      Value point) {
  Value zero = body.index(0), sums = sumsOf(body, task, point);
  body.loop(zero, body.index(tiling.innerCount()), 1, [&](Value inner) {
    Value matrix = body.add(sums, body.mul(inner, tiling.sumPitch(problem)));
    body.loop(zero, body.index(problem.inChannels), 1, [&](Value row) {
      Value to = body.add(matrix, body.mul(row, tiling.columns(problem)));
      body.loop(body.mul(task.firstBlock, tiling.channelBlock()),
                body.mul(task.endBlock, tiling.channelBlock()), tiling.lanes,
                [&](Value column) {
                  body.store(body.zeroVector(tiling.lanes), body.temp(),
                             body.add(to, column));
                });
    });
  });
}

void WinogradFilterGradEmitter::sum(KernelBody &body) {
  auto ids = body.delinearize(
      body.task(), {tiling.splits, tiling.pointGroups(), tiling.groups});
  auto part = [&](Value id, int64_t size, int64_t all) {
    Value first = body.mul(id, size);
    return std::pair(first, body.min(body.add(first, size), body.index(all)));
  };
  Task task;
  std::tie(task.firstPoint, task.endPoint) =
      part(ids[1], tiling.task_points, tiling.points()[tiling.outer()]);
  std::tie(task.firstBlock, task.endBlock) =
      part(ids[2], tiling.groupBlocks(problem), tiling.channelBlocks(problem));
  task.sums = body.mul(ids[0], tiling.sumSize(problem));
  // The batch changes the size of the parts, but not their number.
  Value boxes = body.mul(body.batch(), product(tiling.boxCounts(problem)));
  Value perSplit = body.div(body.add(boxes, tiling.splits - 1), tiling.splits);
  Value first = body.mul(ids[0], perSplit);
  Value end = body.min(body.add(first, perSplit), boxes);
  // With a small batch the last parts may have no boxes; their sums are zero.
  body.ifThen(body.less(body.sub(end, first), body.index(1)), [&] {
    body.loop(task.firstPoint, task.endPoint, 1,
              [&](Value point) { clear(body, task, point); });
  });
  body.loop(first, end, 1, [&](Value box) {
    Value before = body.min(body.sub(box, first), body.index(1));
    task.carried =
        body.prefixMask(body.mul(before, tiling.lanes), tiling.lanes);
    addBox(body, box, task);
  });
}

/// Merges the partial sums of one input channel and transforms them to taps.
void WinogradFilterGradEmitter::finish(KernelBody &body) {
  int64_t columns = tiling.columns(problem), lanes = tiling.lanes;
  TransformMatrices matrices = transposed(forEachDim(tiling.m, winogradFilter));
  Dims points = tiling.points();
  body.loop(
      body.index(0), body.index(problem.outChannels), lanes, [&](Value column) {
        Value mask =
            channelMask(body, problem.outChannels, lanes, column, lanes);
        auto load = [&](Value d, Value h, Value w) {
          Value point = body.add(
              body.mul(body.add(body.mul(d, points[1]), h), points[2]), w);
          Value from =
              body.add(body.mul(point, tiling.sumPitch(problem)),
                       body.add(body.mul(body.task(), columns), column));
          Value total = body.load(body.temp(), from, lanes);
          for (int64_t split = 1; split < tiling.splits; ++split)
            total = arith::AddFOp::create(
                body.builder(), body.loc(), total,
                body.load(body.temp(),
                          body.add(from, split * tiling.sumSize(problem)),
                          lanes));
          return total;
        };
        auto store = [&](Value d, Value h, Value w, Value value) {
          Value tap =
              body.add(body.mul(body.add(body.mul(d, problem.taps[1]), h),
                                problem.taps[2]),
                       w);
          Value to =
              body.mul(body.add(body.mul(tap, problem.inChannels), body.task()),
                       problem.outChannels);
          body.store(value, body.output(0), body.add(to, column), mask);
        };
        transformBox(body, matrices, {body.scratch(), 0}, lanes, load, store);
      });
}

} // namespace

LogicalResult emitWinogradFilterGrad(FusionEmitter &emitter, Operation *root) {
  ConvProblem problem = filterGradProblem(root);
  FailureOr<WinogradFilterGradTiling> tiling =
      readWinogradFilterGradTiling(emitter, problem, root);
  if (failed(tiling))
    return failure();
  WinogradFilterGradEmitter grad(problem, *tiling, root, cpuTarget(emitter));
  emitter.launch({grad.sumTasks(), 0},
                 roundUp(tiling->scratchSize(problem) * 4, 64),
                 [&](KernelBody &body) { grad.sum(body); });
  TransformMatrices matrices =
      transposed(forEachDim(tiling->m, winogradFilter));
  emitter.launch({problem.inChannels, 0},
                 roundUp(transformBufferSize(matrices, tiling->lanes) * 4, 64),
                 [&](KernelBody &body) { grad.finish(body); });
  return success();
}

} // namespace segc
