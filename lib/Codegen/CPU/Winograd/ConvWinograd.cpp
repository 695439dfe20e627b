//===- ConvWinograd.cpp - Convolutions with Winograd tiles ----------------===//
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
// after all channels are transformed, because they share a scale. An input of 8
// bits is packed as bytes, whose transforms are exact integers of one scale.

#include "Conv/ConvEmitters.h"
#include "Conv/ConvOutput.h"
#include "Reductions/TileReductions.h"
#include "Winograd/WinogradFilter.h"
#include "Winograd/WinogradFixedPoint.h"
#include "Winograd/WinogradTransform.h"
#include "segc/Codegen/CPU/ConvTile.h"
#include "segc/Codegen/CPU/MultiplyEmitter.h"
#include "segc/Codegen/CPU/WinogradStrategy.h"
#include "segc/Codegen/Common/QuantizedFactors.h"
#include "segc/Dialect/Seg/IR/QuantizeOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace segc {
namespace {

class WinogradEmitter {
public:
  WinogradEmitter(const ConvProblem &problem, const WinogradTiling &tiling,
                  Operation *root, seg::FusionOp fusion,
                  const CpuTarget &target)
      : problem(problem), tiling(tiling), input(root->getOperand(0)),
        multiplier(tiling.multiplyType, target), wideLanes(target.lanes),
        output(problem, root, fusion, tiling.lanes),
        reductions(fusion, tiling.outputTiles(problem)) {
    if (!tiling.isInt8)
      return;
    inputScale = quantizedInputScale(root);
    input = seg::quantizedSource(input);
    bytes = MultiplyEmitter::ofSignedInt8(inputScale, target);
  }

  void multiply(KernelBody &body);

  void emitMerges(FusionEmitter &emitter) { reductions.emitMerges(emitter); }
  int64_t tasksPerSample() const {
    return product(tiling.taskCounts(problem)) * tiling.groups;
  }

private:
  /// The tiles of a task.
  struct Task {
    Value sample;
    std::array<Value, 3> origin; ///< The first output.
    std::array<Value, 3> counts; ///< Number of tiles.
    TileView view;               ///< The input of the tiles.
  };

  Task readInput(KernelBody &body, ArrayRef<Value> ids);
  void forTiles(KernelBody &body, const Task &task,
                llvm::function_ref<void(std::array<Value, 3>, Value)> each);
  Value corner(KernelBody &body, const Task &task, std::array<Value, 3> tile);
  void transformInput(KernelBody &body, const Task &task);
  void transformBytes(KernelBody &body, const Task &task);
  void multiplyPoints(KernelBody &body, const Task &task, Value block);
  void
  sumChains(KernelBody &body, Value scales, Value to, int64_t count,
            llvm::function_ref<SmallVector<Value>(Value, ValueRange)> step);
  void prefetchOutputs(KernelBody &body, const Task &task, Value block,
                       Value point);
  void transformOutput(KernelBody &body, const Task &task, Value block);
  Value scaled(KernelBody &body, Value value, Value bias);

  /// Words of a pixel of the input's tile.
  int64_t pixelPitch() const {
    return tiling.isInt8 ? problem.inChannels / bytes.valuesPerWord()
                         : problem.inChannels;
  }
  /// Words between the points of neighbouring tiles.
  int64_t tilePitch() const { return tiling.tilePitch(problem); }
  int64_t pointsBase() const {
    return tiling.in_place ? 0 : tiling.inputSize(problem);
  }
  int64_t productsBase() const {
    return pointsBase() + tiling.pointCount() * tiling.pointPitch(problem);
  }
  int64_t bufferBase() const {
    return productsBase() + tiling.pointCount() * tiling.productPitch();
  }
  int64_t scalesBase() const { return bufferBase() + tiling.planesSize(); }
  FixedTile fixedTile() const {
    int64_t multipliers =
        scalesBase() + product(tiling.tile) * tiling.scalesPitch();
    return {tiling.pointCount(), roundUp(problem.inChannels, tiling.lanes),
            tiling.lanes,        multipliers + tiling.scalesPitch(),
            multipliers,         tiling.pointPitch(problem)};
  }
  ConvProblem problem;
  WinogradTiling tiling;
  Value input;           ///< What tiles are packed of.
  double inputScale = 1; ///< Of 8-bit integers.
  MultiplyEmitter multiplier, bytes;
  int64_t wideLanes; ///< Of vectors along channels of the input, in words.
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
  Dims grid = tiling.grid(problem);
  TileBox box;
  box.largest = tiling.window();
  for (unsigned d = 0; d < 3; ++d) {
    Value first = body.mul(ids[1 + d], tiling.tile[d]);
    task.counts[d] = pieceExtent(body, grid[d], tiling.tile[d], first);
    task.origin[d] = body.mul(first, tiling.m[d]);
    box.origin[d] = body.add(task.origin[d], phase[d].offset);
    box.extents[d] =
        body.add(body.mul(task.counts[d], tiling.m[d]), problem.taps[d] - 1);
  }
  task.view = readTile(
      body, TileSource(input), tiling.in_place, problem.in, problem.inChannels,
      task.sample, box, tiling.isInt8 ? wideLanes : tiling.lanes,
      tiling.isInt8 ? TilePairs{TilePairs::Channels, &bytes} : TilePairs());
  return task;
}

/// Emits a loop over the tiles of a task that calls `each(position, number)`.
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
  if (tiling.isInt8)
    return transformBytes(body, task);
  TransformMatrices matrices = inputTransform(tiling);
  TransformBuffer buffer{body.scratch(), bufferBase()};
  const TileView &view = task.view;
  forTiles(body, task, [&](std::array<Value, 3> tile, Value number) {
    Value first = corner(body, task, tile);
    Value to = body.add(body.mul(number, tilePitch()), pointsBase());
    body.loop(
        body.index(0), body.index(problem.inChannels), tiling.lanes,
        [&](Value channel) {
          Value mask = channelMask(body, problem.inChannels, tiling.lanes,
                                   channel, tiling.lanes);
          auto load = [&](Value d, Value h, Value w) {
            Value at = body.add(body.add(body.mul(d, view.planePitch),
                                         body.mul(h, view.rowPitch)),
                                body.mul(w, problem.inChannels));
            return body.load(view.memref,
                             body.add(body.add(first, channel), at),
                             tiling.lanes, mask);
          };
          auto store = [&](Value d, Value h, Value w, Value value) {
            Value point = winogradPoint(body, tiling, d, h, w);
            if (tiling.isFixedPoint()) {
              FixedTile tile = fixedTile();
              return body.store(
                  value, body.scratch(),
                  body.add(body.add(body.mul(point, tile.channels), channel),
                           tile.unrounded));
            }
            Value at = body.mul(point, tiling.pointPitch(problem));
            multiplier.storeNeighbours(
                body, value, body.scratch(),
                body.add(body.add(to, multiplier.word(body, channel)), at));
          };
          transformBox(body, matrices, buffer, tiling.lanes, load, store);
        });
    if (tiling.isFixedPoint())
      roundTile(body, multiplier, fixedTile(), to,
                body.add(body.mul(number, tiling.scalesPitch()), scalesBase()));
  });
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// Emits chains of integer sums. The sum of each chain, multiplied by the
/// filter's scales, is added to the products at `to` in scratch.
void WinogradEmitter::sumChains(
    KernelBody &body, Value scales, Value to, int64_t count,
    llvm::function_ref<SmallVector<Value>(Value, ValueRange)> step) {
  OpBuilder &b = body.builder();
  int64_t lanes = tiling.lanes, steps = tiling.steps(problem);
  auto chain = [&](Value first, Value end, Value carried) {
    SmallVector<Value> sums(count, multiplier.noSum(body, lanes));
    sums = body.loop(first, end, 1, sums, step);
    SmallVector<Value> factors;
    for (int64_t v = 0; v < tiling.nb; ++v)
      factors.push_back(
          body.load(body.temp(), body.add(scales, v * lanes), lanes));
    for (auto [i, sum] : llvm::enumerate(sums)) {
      Value at = body.add(to, i * lanes), factor = factors[i % tiling.nb];
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
  if (steps <= maxChainedFixed)
    return chain(body.index(0), body.index(steps), Value());
  body.loop(
      body.index(0), body.index(steps), maxChainedFixed, [&](Value first) {
        Value end =
            body.min(body.add(first, maxChainedFixed), body.index(steps));
        // The mask is empty for the first chain, which initialises the
        // products.
        Value before = body.min(first, body.index(1));
        chain(first, end, body.prefixMask(body.mul(before, lanes), lanes));
      });
}

void WinogradEmitter::multiplyPoints(KernelBody &body, const Task &task,
                                     Value block) {
  int64_t width = tiling.channelBlock();
  Value tiles =
      body.mul(body.mul(task.counts[0], task.counts[1]), task.counts[2]);
  Value zero = body.index(0), scratch = body.scratch();
  body.loop(zero, body.index(tiling.pointCount()), 1, [&](Value point) {
    prefetchOutputs(body, task, block, point);
    Value panel = winogradPanel(body, problem, tiling, block, point);
    Value points = body.add(body.mul(point, tiling.pointPitch(problem)),
                            pointsBase()),
          products =
              body.add(body.mul(point, tiling.productPitch()), productsBase());
    body.loop(zero, tiles, tiling.ur, [&](Value row) {
      Value from = body.add(points, body.mul(row, tilePitch()));
      auto step = [&](Value word, ValueRange carried) {
        SmallVector<Value> sums(carried), weights;
        Value weight = body.add(panel, body.mul(word, width));
        for (int64_t v = 0; v < tiling.nb; ++v) {
          Value at = body.add(weight, v * tiling.lanes);
          weights.push_back(body.load(body.temp(), at, tiling.lanes));
          // Processors fetch ahead within a page, which panels are as long as.
          body.prefetch(body.temp(), body.add(at, tiling.panelPitch(problem)),
                        /*locality=*/2);
        }
        for (int64_t t = 0; t < tiling.ur; ++t) {
          Value value =
              body.splat(body.loadScalar(scratch, body.add(body.add(from, word),
                                                           t * tilePitch())),
                         tiling.lanes);
          for (int64_t v = 0; v < tiling.nb; ++v) {
            Value &sum = sums[t * tiling.nb + v];
            sum = multiplier.multiplyAdd(body, value, weights[v], sum);
          }
        }
        return sums;
      };
      Value to = body.add(products, body.mul(row, width));
      if (tiling.isFixedPoint())
        return sumChains(body, body.add(panel, tiling.steps(problem) * width),
                         to, tiling.ur * tiling.nb, step);
      SmallVector<Value> sums(tiling.ur * tiling.nb,
                              multiplier.noSum(body, tiling.lanes));
      sums = multiplier.sum(body, body.index(tiling.steps(problem)), 1, 1, sums,
                            step);
      for (auto [i, sum] : llvm::enumerate(sums))
        body.store(sum, scratch, body.add(to, i * tiling.lanes));
    });
  });
}

//===----------------------------------------------------------------------===//
// Output
//===----------------------------------------------------------------------===//

void WinogradEmitter::transformOutput(KernelBody &body, const Task &task,
                                      Value block) {
  TransformMatrices matrices = outputTransform(tiling);
  TransformBuffer buffer{body.scratch(), bufferBase()};
  int64_t width = tiling.channelBlock();
  forTiles(body, task, [&](std::array<Value, 3> tile, Value number) {
    std::array<Value, 3> origin;
    for (unsigned d = 0; d < 3; ++d)
      origin[d] = body.add(task.origin[d], body.mul(tile[d], tiling.m[d]));
    Value from = body.add(body.mul(number, width), productsBase());
    body.loop(body.index(0), body.index(width), tiling.lanes, [&](Value lane) {
      Value channel = body.add(body.mul(block, width), lane);
      Value mask =
          channelMask(body, problem.outChannels, width, channel, tiling.lanes);
      Value bias = output.bias(body, channel, mask);
      auto load = [&](Value d, Value h, Value w) {
        Value point = winogradPoint(body, tiling, d, h, w);
        Value at = body.mul(point, tiling.productPitch());
        Value values = body.load(
            body.scratch(), body.add(body.add(from, lane), at), tiling.lanes);
        if (!tiling.scalesTiles())
          return values;
        Value scale = body.loadScalar(
            body.scratch(),
            body.add(body.add(body.mul(number, tiling.scalesPitch()), point),
                     scalesBase()));
        return arith::MulFOp::create(body.builder(), body.loc(), values,
                                     body.splat(scale, tiling.lanes))
            .getResult();
      };
      auto store = [&](Value d, Value h, Value w, Value value) {
        output.store(body, task.sample,
                     {body.add(origin[0], d), body.add(origin[1], h),
                      body.add(origin[2], w)},
                     tiling.m, channel, mask, scaled(body, value, bias));
      };
      transformBox(body, matrices, buffer, tiling.lanes, load, store);
    });
  });
}

void WinogradEmitter::multiply(KernelBody &body) {
  Dims counts = tiling.taskCounts(problem);
  auto ids = body.delinearize(
      body.task(), {1, counts[0], counts[1], counts[2], tiling.groups});
  Task task = readInput(body, ids);
  transformInput(body, task);
  int64_t blocks = tiling.channelBlocks(problem),
          perGroup = divideUp(blocks, tiling.groups);
  Value first = body.mul(ids[4], perGroup),
        end = body.min(body.add(first, perGroup), body.index(blocks));
  body.loop(first, end, 1, [&](Value block) {
    multiplyPoints(body, task, block);
    transformOutput(body, task, block);
  });
  OutputBox outputs{
      task.sample,
      body.div(body.rem(body.task(), tasksPerSample()), tiling.groups),
      task.origin};
  for (unsigned d = 0; d < 3; ++d)
    outputs.extents[d] = pieceExtent(
        body, problem.out[d], tiling.tile[d] * tiling.m[d], task.origin[d]);
  outputs.firstChannel = body.mul(first, tiling.channelBlock());
  outputs.endChannel = body.mul(end, tiling.channelBlock());
  reductions.sumBox(body, outputs, tiling.lanes);
}

} // namespace

/// Prefetches one output of each tile while the products of a point are
/// computed, which leave memory idle.
void WinogradEmitter::prefetchOutputs(KernelBody &body, const Task &task,
                                      Value block, Value point) {
  const Dims &m = tiling.m;
  body.ifThen(body.less(point, body.index(product(m))), [&] {
    auto at = body.delinearize(point, {m[0], m[1], m[2]});
    forTiles(body, task, [&](std::array<Value, 3> tile, Value) {
      std::array<Value, 3> position;
      for (unsigned d = 0; d < 3; ++d)
        position[d] =
            body.add(body.add(task.origin[d], at[d]), body.mul(tile[d], m[d]));
      output.prefetch(body, task.sample, position,
                      body.mul(block, tiling.channelBlock()));
    });
  });
}

/// Returns the offset of the first input of a tile.
Value WinogradEmitter::corner(KernelBody &body, const Task &task,
                              std::array<Value, 3> tile) {
  const TileView &view = task.view;
  return body.add(
      body.add(view.base, body.mul(tile[0], tiling.m[0] * view.planePitch)),
      body.add(body.mul(tile[1], tiling.m[1] * view.rowPitch),
               body.mul(tile[2], tiling.m[2] * pixelPitch())));
}

/// Transforms 8-bit integers as vectors of 16-bit ones, which memory of f32
/// holds in pairs.
void WinogradEmitter::transformBytes(KernelBody &body, const Task &task) {
  OpBuilder &b = body.builder();
  TransformMatrices matrices = inputTransform(tiling);
  SmallVector<ColumnTransform> columns = inputColumns(tiling);
  TransformBuffer buffer{body.scratch(), bufferBase()};
  const TileView &view = task.view;
  int64_t lanes =
      problem.inChannels % (2 * wideLanes) == 0 ? 2 * wideLanes : wideLanes;
  auto cast = [&](Value value, int64_t count, Type type) -> Value {
    return vector::BitCastOp::create(b, body.loc(),
                                     VectorType::get({count}, type), value);
  };
  forTiles(body, task, [&](std::array<Value, 3> tile, Value number) {
    Value first = corner(body, task, tile);
    Value to = body.add(body.mul(number, tilePitch()), pointsBase());
    body.loop(
        body.index(0), body.index(problem.inChannels), lanes,
        [&](Value channel) {
          auto load = [&](Value d, Value h, Value w) -> Value {
            Value at = body.add(body.add(body.mul(d, view.planePitch),
                                         body.mul(h, view.rowPitch)),
                                body.mul(w, pixelPitch()));
            Value words = body.load(
                view.memref,
                body.add(body.add(first, bytes.word(body, channel)), at),
                lanes / bytes.valuesPerWord());
            return arith::ExtSIOp::create(
                b, body.loc(), VectorType::get({lanes}, b.getI16Type()),
                cast(words, lanes, b.getI8Type()));
          };
          auto store = [&](Value d, Value h, Value w, Value value) {
            Value at = body.mul(winogradPoint(body, tiling, d, h, w),
                                tiling.pointPitch(problem));
            body.store(
                cast(value, lanes / 2, b.getF32Type()), body.scratch(),
                body.add(body.add(to, multiplier.word(body, channel)), at));
          };
          transformBox(body, matrices, buffer, lanes, load, store, columns);
        });
  });
}

/// Returns an output in the input's scale, with the bias, which may be null.
Value WinogradEmitter::scaled(KernelBody &body, Value value, Value bias) {
  if (!tiling.isInt8)
    return addBias(body, value, bias);
  Value scale = body.splat(body.scalarConstant(inputScale), tiling.lanes);
  if (bias)
    return vector::FMAOp::create(body.builder(), body.loc(), value, scale,
                                 bias);
  return arith::MulFOp::create(body.builder(), body.loc(), value, scale);
}

LogicalResult emitWinogradConv(FusionEmitter &emitter, Operation *root) {
  ConvProblem problem = convProblem(root);
  FailureOr<WinogradTiling> tiling = readWinogradTiling(emitter, problem, root);
  if (failed(tiling))
    return failure();
  WinogradEmitter conv(problem, *tiling, root, emitter.getFusion(),
                       cpuTarget(emitter));
  WinogradFilterPacker filter(problem, *tiling, root, cpuTarget(emitter));
  emitter.launch({filter.tasks(), 0}, roundUp(filter.scratchFloats() * 4, 64),
                 [&](KernelBody &body) { filter.pack(body); });
  emitter.launch({0, conv.tasksPerSample()},
                 roundUp(tiling->scratchSize(problem) * 4, 64),
                 [&](KernelBody &body) { conv.multiply(body); });
  conv.emitMerges(emitter);
  return success();
}

} // namespace segc
