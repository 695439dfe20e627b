//===- ConvWinograd.cpp - Convolutions by Winograd tiles ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Two launches. The first transforms the filter into panels
//   [channel block][point][input channel][nb x lanes],
// the second does everything else, so that the transformed input, which is
// several times larger than the input, never leaves a core's own cache:
//   points[point][tile][input channel] = transformed input
//   products[point][tile][nb x lanes]  = points times panel
//   outputs                            = transformed products, epilogue.
// In fixed point a panel ends with its scales, and a tile's points are rounded
// when those of all channels are there.

#include "ConvEmitters.h"
#include "ConvOutput.h"
#include "TileReductions.h"
#include "WinogradFilter.h"
#include "WinogradFixedPoint.h"
#include "WinogradTransform.h"
#include "segc/Codegen/CPU/ConvTile.h"
#include "segc/Codegen/CPU/ProductEmitter.h"
#include "segc/Codegen/CPU/WinogradStrategy.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace segc {
namespace {

class WinogradEmitter {
public:
  WinogradEmitter(const ConvProblem &problem, const WinogradPlan &plan,
                  Operation *root, seg::FusionOp fusion,
                  const CpuTarget &target)
      : problem(problem), plan(plan), root(root),
        multiplier(plan.products, target),
        output(problem, root, fusion, plan.lanes),
        reductions(fusion, plan.outputTiles(problem)) {}

  void multiply(KernelBody &body);

  void emitMerges(FusionEmitter &emitter) { reductions.emitMerges(emitter); }
  int64_t tasksPerSample() const {
    return product(plan.taskCounts(problem)) * plan.groups;
  }

private:
  /// A task's tiles.
  struct Task {
    Value sample;
    std::array<Value, 3> origin; ///< First outputs.
    std::array<Value, 3> counts; ///< Of tiles.
    TileView view;               ///< Of the input.
  };

  Task readInput(KernelBody &body, ArrayRef<Value> ids);
  void forTiles(KernelBody &body, const Task &task,
                llvm::function_ref<void(std::array<Value, 3>, Value)> each);
  void transformInput(KernelBody &body, const Task &task);
  void multiplyPoints(KernelBody &body, const Task &task, Value block);
  void
  sumChains(KernelBody &body, Value scales, Value to, int64_t count,
            llvm::function_ref<SmallVector<Value>(Value, ValueRange)> step);
  void transformOutput(KernelBody &body, const Task &task, Value block);

  /// Words from a tile's points to the next tile's.
  int64_t tilePitch() const { return plan.tilePitch(problem); }
  int64_t pointsBase() const {
    return plan.in_place ? 0 : plan.inputSize(problem);
  }
  int64_t productsBase() const {
    return pointsBase() + plan.pointCount() * plan.pointPitch(problem);
  }
  int64_t bufferBase() const {
    return productsBase() + plan.pointCount() * plan.productPitch();
  }
  int64_t scalesBase() const { return bufferBase() + plan.planesSize(); }
  FixedTile fixedTile() const {
    int64_t multipliers =
        scalesBase() + product(plan.tile) * plan.scalesPitch();
    return {plan.pointCount(), roundUp(problem.inChannels, plan.lanes),
            plan.lanes,        multipliers + plan.scalesPitch(),
            multipliers,       plan.pointPitch(problem)};
  }
  ConvProblem problem;
  WinogradPlan plan;
  Operation *root;
  ProductEmitter multiplier;
  ConvOutput output;
  TileReductions reductions;
};

//===----------------------------------------------------------------------===//
// Input
//===----------------------------------------------------------------------===//

WinogradEmitter::Task WinogradEmitter::readInput(KernelBody &body,
                                                 ArrayRef<Value> ids) {
  Task task;
  task.sample = ids[0];
  std::array<ConvPhase, 3> phase = convPhase(body, problem, body.index(0));
  Dims grid = plan.grid(problem);
  TileBox box;
  box.largest = plan.window();
  for (unsigned d = 0; d < 3; ++d) {
    Value first = body.mul(ids[1 + d], plan.tile[d]);
    task.counts[d] = pieceExtent(body, grid[d], plan.tile[d], first);
    task.origin[d] = body.mul(first, plan.m[d]);
    box.origin[d] = body.add(task.origin[d], phase[d].offset);
    box.extents[d] =
        body.add(body.mul(task.counts[d], plan.m[d]), problem.taps[d] - 1);
  }
  task.view =
      readTile(body, TileSource(root->getOperand(0)), plan.in_place, problem.in,
               problem.inChannels, task.sample, box, plan.lanes);
  return task;
}

/// Calls `each(position, number)` for the tiles of a task.
void WinogradEmitter::forTiles(
    KernelBody &body, const Task &task,
    llvm::function_ref<void(std::array<Value, 3>, Value)> each) {
  Value zero = body.index(0);
  body.loop(zero, task.counts[0], 1, [&](Value d) {
    body.loop(zero, task.counts[1], 1, [&](Value h) {
      Value row =
          body.mul(body.add(body.mul(d, task.counts[1]), h), task.counts[2]);
      body.loop(zero, task.counts[2], 1, [&](Value w) {
        each({d, h, w}, body.add(row, w));
      });
    });
  });
}

void WinogradEmitter::transformInput(KernelBody &body, const Task &task) {
  TransformMatrices matrices = forEachDim(plan.m, winogradInput);
  TransformBuffer buffer{body.scratch(), bufferBase()};
  const TileView &view = task.view;
  forTiles(body, task, [&](std::array<Value, 3> tile, Value number) {
    Value corner = body.add(
        body.add(view.base, body.mul(tile[0], plan.m[0] * view.planePitch)),
        body.add(body.mul(tile[1], plan.m[1] * view.rowPitch),
                 body.mul(tile[2], plan.m[2] * problem.inChannels)));
    Value to = body.add(body.mul(number, tilePitch()), pointsBase());
    body.loop(
        body.index(0), body.index(problem.inChannels), plan.lanes,
        [&](Value channel) {
          Value mask = channelMask(body, problem.inChannels, plan.lanes,
                                   channel, plan.lanes);
          auto load = [&](Value d, Value h, Value w) {
            Value at = body.add(body.add(body.mul(d, view.planePitch),
                                         body.mul(h, view.rowPitch)),
                                body.mul(w, problem.inChannels));
            return body.load(view.memref,
                             body.add(body.add(corner, channel), at),
                             plan.lanes, mask);
          };
          auto store = [&](Value d, Value h, Value w, Value value) {
            Value point = winogradPoint(body, plan, d, h, w);
            if (plan.isFixedPoint()) {
              FixedTile tile = fixedTile();
              return body.store(
                  value, body.scratch(),
                  body.add(body.add(body.mul(point, tile.channels), channel),
                           tile.unrounded));
            }
            Value at = body.mul(point, plan.pointPitch(problem));
            multiplier.storeNeighbours(
                body, value, body.scratch(),
                body.add(body.add(to, multiplier.word(body, channel)), at));
          };
          transformBox(body, matrices, buffer, plan.lanes, load, store);
        });
    if (plan.isFixedPoint())
      roundTile(body, multiplier, fixedTile(), to,
                body.add(body.mul(number, plan.scalesPitch()), scalesBase()));
  });
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// Chains of integer sums: what each adds, times the filter's scales, goes to
/// `to` in scratch.
void WinogradEmitter::sumChains(
    KernelBody &body, Value scales, Value to, int64_t count,
    llvm::function_ref<SmallVector<Value>(Value, ValueRange)> step) {
  OpBuilder &b = body.builder();
  int64_t lanes = plan.lanes, steps = plan.steps(problem);
  auto chain = [&](Value first, Value end, Value carried) {
    SmallVector<Value> sums(count, multiplier.noSum(body, lanes));
    sums = body.loop(first, end, 1, sums, step);
    SmallVector<Value> factors;
    for (int64_t v = 0; v < plan.nb; ++v)
      factors.push_back(
          body.load(body.temp(), body.add(scales, v * lanes), lanes));
    for (auto [i, sum] : llvm::enumerate(sums)) {
      Value at = body.add(to, i * lanes), factor = factors[i % plan.nb];
      Value value =
          arith::SIToFPOp::create(b, body.loc(), body.vectorType(lanes), sum);
      value =
          carried
              ? vector::FMAOp::create(
                    b, body.loc(), value, factor,
                    body.load(body.scratch(), at, lanes, carried))
                    .getResult()
              : arith::MulFOp::create(b, body.loc(), value, factor).getResult();
      body.store(value, body.scratch(), at);
    }
  };
  if (steps <= mostChainedFixed)
    return chain(body.index(0), body.index(steps), Value());
  body.loop(
      body.index(0), body.index(steps), mostChainedFixed, [&](Value first) {
        Value end =
            body.min(body.add(first, mostChainedFixed), body.index(steps));
        // The first chain finds nothing to add to.
        Value before = body.min(first, body.index(1));
        chain(first, end, body.prefixMask(body.mul(before, lanes), lanes));
      });
}

void WinogradEmitter::multiplyPoints(KernelBody &body, const Task &task,
                                     Value block) {
  int64_t width = plan.channelBlock();
  Value tiles =
      body.mul(body.mul(task.counts[0], task.counts[1]), task.counts[2]);
  Value zero = body.index(0), scratch = body.scratch();
  body.loop(zero, body.index(plan.pointCount()), 1, [&](Value point) {
    Value panel = winogradPanel(body, problem, plan, block, point);
    Value points =
              body.add(body.mul(point, plan.pointPitch(problem)), pointsBase()),
          products =
              body.add(body.mul(point, plan.productPitch()), productsBase());
    body.loop(zero, tiles, plan.ur, [&](Value row) {
      Value from = body.add(points, body.mul(row, tilePitch()));
      auto step = [&](Value word, ValueRange carried) {
        SmallVector<Value> sums(carried), weights;
        Value weight = body.add(panel, body.mul(word, width));
        for (int64_t v = 0; v < plan.nb; ++v)
          weights.push_back(body.load(
              body.temp(), body.add(weight, v * plan.lanes), plan.lanes));
        for (int64_t t = 0; t < plan.ur; ++t) {
          Value value =
              body.splat(body.loadScalar(scratch, body.add(body.add(from, word),
                                                           t * tilePitch())),
                         plan.lanes);
          for (int64_t v = 0; v < plan.nb; ++v) {
            Value &sum = sums[t * plan.nb + v];
            sum = multiplier.multiplyAdd(body, value, weights[v], sum);
          }
        }
        return sums;
      };
      Value to = body.add(products, body.mul(row, width));
      if (plan.isFixedPoint())
        return sumChains(body, body.add(panel, plan.steps(problem) * width), to,
                         plan.ur * plan.nb, step);
      SmallVector<Value> sums(plan.ur * plan.nb,
                              multiplier.noSum(body, plan.lanes));
      sums = multiplier.sum(body, body.index(plan.steps(problem)), 1, 1, sums,
                            step);
      for (auto [i, sum] : llvm::enumerate(sums))
        body.store(sum, scratch, body.add(to, i * plan.lanes));
    });
  });
}

//===----------------------------------------------------------------------===//
// Output
//===----------------------------------------------------------------------===//

void WinogradEmitter::transformOutput(KernelBody &body, const Task &task,
                                      Value block) {
  TransformMatrices matrices = forEachDim(plan.m, winogradOutput);
  TransformBuffer buffer{body.scratch(), bufferBase()};
  int64_t width = plan.channelBlock();
  forTiles(body, task, [&](std::array<Value, 3> tile, Value number) {
    std::array<Value, 3> origin;
    for (unsigned d = 0; d < 3; ++d)
      origin[d] = body.add(task.origin[d], body.mul(tile[d], plan.m[d]));
    Value from = body.add(body.mul(number, width), productsBase());
    body.loop(body.index(0), body.index(width), plan.lanes, [&](Value lane) {
      Value channel = body.add(body.mul(block, width), lane);
      Value mask =
          channelMask(body, problem.outChannels, width, channel, plan.lanes);
      Value bias = output.bias(body, channel, mask);
      auto load = [&](Value d, Value h, Value w) {
        Value point = winogradPoint(body, plan, d, h, w);
        Value at = body.mul(point, plan.productPitch());
        Value values = body.load(
            body.scratch(), body.add(body.add(from, lane), at), plan.lanes);
        if (!plan.isFixedPoint())
          return values;
        Value scale = body.loadScalar(
            body.scratch(),
            body.add(body.add(body.mul(number, plan.scalesPitch()), point),
                     scalesBase()));
        return arith::MulFOp::create(body.builder(), body.loc(), values,
                                     body.splat(scale, plan.lanes))
            .getResult();
      };
      auto store = [&](Value d, Value h, Value w, Value value) {
        output.store(body, task.sample,
                     {body.add(origin[0], d), body.add(origin[1], h),
                      body.add(origin[2], w)},
                     plan.m, channel, mask, addBias(body, value, bias));
      };
      transformBox(body, matrices, buffer, plan.lanes, load, store);
    });
  });
}

void WinogradEmitter::multiply(KernelBody &body) {
  Dims counts = plan.taskCounts(problem);
  auto ids = body.delinearize(
      body.task(), {1, counts[0], counts[1], counts[2], plan.groups});
  Task task = readInput(body, ids);
  transformInput(body, task);
  int64_t blocks = plan.channelBlocks(problem),
          perGroup = divideUp(blocks, plan.groups);
  Value first = body.mul(ids[4], perGroup),
        end = body.min(body.add(first, perGroup), body.index(blocks));
  body.loop(first, end, 1, [&](Value block) {
    multiplyPoints(body, task, block);
    transformOutput(body, task, block);
  });
  OutputBox outputs{
      task.sample,
      body.div(body.rem(body.task(), tasksPerSample()), plan.groups),
      task.origin};
  for (unsigned d = 0; d < 3; ++d)
    outputs.extents[d] = pieceExtent(body, problem.out[d],
                                     plan.tile[d] * plan.m[d], task.origin[d]);
  outputs.firstChannel = body.mul(first, plan.channelBlock());
  outputs.endChannel = body.mul(end, plan.channelBlock());
  reductions.sumBox(body, outputs, plan.lanes);
}

} // namespace

LogicalResult emitWinogradConv(FusionEmitter &emitter, Operation *root) {
  ConvProblem problem = convProblem(root);
  FailureOr<WinogradPlan> plan = readWinogradPlan(emitter, problem, root);
  if (failed(plan))
    return failure();
  WinogradEmitter conv(problem, *plan, root, emitter.getFusion(),
                       emitter.getTarget());
  WinogradFilterPacker filter(problem, *plan, root, emitter.getTarget());
  emitter.launch({filter.tasks(), 0}, roundUp(filter.scratchFloats() * 4, 64),
                 [&](KernelBody &body) { filter.pack(body); });
  emitter.launch({0, conv.tasksPerSample()},
                 roundUp(plan->scratchSize(problem) * 4, 64),
                 [&](KernelBody &body) { conv.multiply(body); });
  conv.emitMerges(emitter);
  return success();
}

} // namespace segc
