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

#include "ConvEmitters.h"
#include "ConvFilter.h"
#include "ConvOutput.h"
#include "TileReductions.h"
#include "WinogradTransform.h"
#include "segc/Codegen/CPU/ConvTile.h"
#include "segc/Codegen/CPU/ProductEmitter.h"
#include "segc/Codegen/CPU/WinogradStrategy.h"

using namespace mlir;

namespace segc {
namespace {

/// Input channels of a task that transforms the filter.
constexpr int64_t filterChannels = 16;

class WinogradEmitter {
public:
  WinogradEmitter(const ConvProblem &problem, const WinogradPlan &plan,
                  Operation *root, seg::FusionOp fusion,
                  const CpuTarget &target)
      : problem(problem), plan(plan), root(root),
        multiplier(plan.products, target),
        output(problem, root, fusion, plan.lanes),
        reductions(fusion, plan.outputTiles(problem)) {}

  void transformFilter(KernelBody &body);
  void multiply(KernelBody &body);

  void emitMerges(FusionEmitter &emitter) { reductions.emitMerges(emitter); }
  int64_t filterTasks() const {
    return plan.channelBlocks(problem) *
           divideUp(problem.inChannels, filterChannels);
  }
  int64_t filterScratchFloats() const {
    return product(problem.taps) * filterChannels * plan.channelBlock() +
           transformBufferSize(forEachDim(plan.m, winogradFilter), plan.lanes);
  }
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
  void transformOutput(KernelBody &body, const Task &task, Value block);

  Value pointIndex(KernelBody &body, Value d, Value h, Value w) const {
    Dims points = plan.points();
    return body.add(body.mul(body.add(body.mul(d, points[1]), h), points[2]),
                    w);
  }
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

  ConvProblem problem;
  WinogradPlan plan;
  Operation *root;
  ProductEmitter multiplier;
  ConvOutput output;
  TileReductions reductions;
};

//===----------------------------------------------------------------------===//
// Filter
//===----------------------------------------------------------------------===//

void WinogradEmitter::transformFilter(KernelBody &body) {
  int64_t chunks = divideUp(problem.inChannels, filterChannels),
          width = plan.channelBlock();
  auto ids =
      body.delinearize(body.task(), {plan.channelBlocks(problem), chunks});
  Value first = body.mul(ids[1], filterChannels);
  Value end =
      body.min(body.add(first, filterChannels), body.index(problem.inChannels));
  Dims taps = problem.taps;
  body.loop(body.index(0), body.index(product(taps)), 1, [&](Value tap) {
    auto at = body.delinearize(tap, {taps[0], taps[1], taps[2]});
    Value from = filterTap(body, problem, {at[0], at[1], at[2]});
    packFilterTap(body, problem, inputOf(body, root->getOperand(1)), from,
                  {body.scratch(), body.mul(tap, filterChannels * width), width,
                   plan.lanes, plan.nb, ProductEmitter()},
                  body.mul(ids[0], width), first, end);
  });
  TransformMatrices matrices = forEachDim(plan.m, winogradFilter);
  TransformBuffer buffer{body.scratch(),
                         product(taps) * filterChannels * width};
  Value panel = body.mul(ids[0], plan.pointCount());
  body.loop(first, end, 1, [&](Value c) {
    body.loop(body.index(0), body.index(width), plan.lanes, [&](Value lane) {
      auto load = [&](Value d, Value h, Value w) {
        Value tap =
            body.add(body.mul(body.add(body.mul(d, taps[1]), h), taps[2]), w);
        Value row = body.add(body.mul(tap, filterChannels), body.sub(c, first));
        return body.load(body.scratch(), body.add(body.mul(row, width), lane),
                         plan.lanes);
      };
      auto store = [&](Value d, Value h, Value w, Value value) {
        Value row = body.mul(body.add(panel, pointIndex(body, d, h, w)),
                             plan.panelPitch(problem));
        multiplier.storeAt(
            body, value, body.temp(),
            body.add(row,
                     body.add(body.mul(multiplier.word(body, c), width), lane)),
            c);
      };
      transformBox(body, matrices, buffer, plan.lanes, load, store);
    });
  });
}

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
      body.loop(zero, task.counts[2], 1,
                [&](Value w) { each({d, h, w}, body.add(row, w)); });
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
            Value at =
                body.mul(pointIndex(body, d, h, w), plan.pointPitch(problem));
            multiplier.storeNeighbours(
                body, value, body.scratch(),
                body.add(body.add(to, multiplier.word(body, channel)), at));
          };
          transformBox(body, matrices, buffer, plan.lanes, load, store);
        });
  });
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

void WinogradEmitter::multiplyPoints(KernelBody &body, const Task &task,
                                     Value block) {
  int64_t width = plan.channelBlock();
  Value tiles =
      body.mul(body.mul(task.counts[0], task.counts[1]), task.counts[2]);
  Value zero = body.index(0), scratch = body.scratch();
  body.loop(zero, body.index(plan.pointCount()), 1, [&](Value point) {
    Value panel = body.mul(body.add(body.mul(block, plan.pointCount()), point),
                           plan.panelPitch(problem));
    Value points =
              body.add(body.mul(point, plan.pointPitch(problem)), pointsBase()),
          products =
              body.add(body.mul(point, plan.productPitch()), productsBase());
    body.loop(zero, tiles, plan.ur, [&](Value row) {
      Value from = body.add(points, body.mul(row, tilePitch()));
      SmallVector<Value> sums(plan.ur * plan.nb, body.zeroVector(plan.lanes));
      sums = multiplier.sum(
          body, body.index(plan.steps(problem)), 1, 1, sums,
          [&](Value word, ValueRange carried) {
            SmallVector<Value> sums(carried), weights;
            Value weight = body.add(panel, body.mul(word, width));
            for (int64_t v = 0; v < plan.nb; ++v)
              weights.push_back(body.load(
                  body.temp(), body.add(weight, v * plan.lanes), plan.lanes));
            for (int64_t t = 0; t < plan.ur; ++t) {
              Value value = body.splat(
                  body.loadScalar(
                      scratch, body.add(body.add(from, word), t * tilePitch())),
                  plan.lanes);
              for (int64_t v = 0; v < plan.nb; ++v) {
                Value &sum = sums[t * plan.nb + v];
                sum = multiplier.multiplyAdd(body, value, weights[v], sum);
              }
            }
            return sums;
          });
      Value to = body.add(products, body.mul(row, width));
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
        Value at = body.mul(pointIndex(body, d, h, w), plan.productPitch());
        return body.load(body.scratch(), body.add(body.add(from, lane), at),
                         plan.lanes);
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
  emitter.launch({conv.filterTasks(), 0},
                 roundUp(conv.filterScratchFloats() * 4, 64),
                 [&](KernelBody &body) { conv.transformFilter(body); });
  emitter.launch({0, conv.tasksPerSample()},
                 roundUp(plan->scratchSize(problem) * 4, 64),
                 [&](KernelBody &body) { conv.multiply(body); });
  conv.emitMerges(emitter);
  return success();
}

} // namespace segc
