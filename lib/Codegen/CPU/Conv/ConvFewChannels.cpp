//===- ConvFewChannels.cpp - Convolutions with few outputs ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Two launches. The first packs the filter into [tap][output channel][input
// channel], so that the second multiplies vectors of input channels. It has one
// accumulator for each pixel and output channel, whose lanes are added at the
// end.

#include "Conv/ConvEmitters.h"
#include "Conv/ConvFilter.h"
#include "Conv/ConvOutput.h"
#include "Reductions/TileReductions.h"
#include "segc/Codegen/CPU/ConvTile.h"
#include "segc/Codegen/CPU/FewChannelsStrategy.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace segc {
namespace {

constexpr int64_t width = FewChannelsTiling::maxChannels;

class FewChannelsEmitter {
public:
  FewChannelsEmitter(const ConvProblem &problem,
                     const FewChannelsTiling &tiling, Operation *root,
                     seg::FusionOp fusion)
      : problem(problem), tiling(tiling), root(root),
        output(problem, root, fusion, width),
        reductions(fusion, tiling.outputTiles(problem)) {}

  void packFilter(KernelBody &body);
  void multiply(KernelBody &body);
  void emitMerges(FusionEmitter &emitter) { reductions.emitMerges(emitter); }
  int64_t packTasks() const {
    return product(problem.taps) * problem.outChannels;
  }
  int64_t tasksPerSample() const { return product(tiling.tileCounts(problem)); }
  int64_t scratchFloats() const {
    return tiling.in_place ? 0 : tiling.tileSize(problem);
  }

private:
  struct Task {
    Value sample;
    std::array<Value, 3> origin, extents;
    TileView view;
    Value mask, bias; ///< Mask and bias of the output channels; may be null.
  };

  void multiplyPixels(KernelBody &body, const Task &task, int64_t pixels,
                      std::array<Value, 3> at);
  SmallVector<Value> accumulate(KernelBody &body, const Task &task,
                                int64_t pixels, const std::array<Value, 3> &at);
  void storePixels(KernelBody &body, const Task &task, ArrayRef<Value> sums,
                   int64_t first, int64_t pixels,
                   const std::array<Value, 3> &at);

  ConvProblem problem;
  FewChannelsTiling tiling;
  Operation *root;
  ConvOutput output;
  TileReductions reductions;
};

/// Packs the filter. Each task packs one tap of one output channel, padded with
/// zeros after the last input channel.
void FewChannelsEmitter::packFilter(KernelBody &body) {
  Dims taps = problem.taps;
  auto ids = body.delinearize(body.task(),
                              {taps[0], taps[1], taps[2], problem.outChannels});
  Value tap = filterTap(body, problem, {ids[0], ids[1], ids[2]});
  Value from = body.add(body.add(body.mul(tap, problem.filterTapStride),
                                 body.mul(ids[3], problem.filterOutStride)),
                        problem.filterBase);
  int64_t padded = tiling.paddedChannels(problem);
  Value to = body.mul(body.task(), padded);
  body.loop(body.index(0), body.index(problem.inChannels), 1, [&](Value c) {
    body.storeScalar(
        body.loadScalar(inputOf(body, root->getOperand(1)),
                        body.add(from, body.mul(c, problem.filterInStride))),
        body.temp(), body.add(to, c));
  });
  body.loop(
      body.index(problem.inChannels), body.index(padded), 1, [&](Value c) {
        body.storeScalar(body.scalarConstant(0), body.temp(), body.add(to, c));
      });
}

void FewChannelsEmitter::multiply(KernelBody &body) {
  Dims counts = tiling.tileCounts(problem);
  auto ids =
      body.delinearize(body.task(), {1, counts[0], counts[1], counts[2]});
  std::array<ConvPhase, 3> phase = convPhase(body, problem, body.index(0));
  Task task;
  task.sample = ids[0];
  TileBox box;
  for (unsigned d = 0; d < 3; ++d) {
    task.origin[d] = body.mul(ids[1 + d], tiling.tile[d]);
    task.extents[d] =
        pieceExtent(body, problem.out[d], tiling.tile[d], task.origin[d]);
    box.origin[d] = body.add(task.origin[d], phase[d].offset);
    box.extents[d] = body.add(task.extents[d], problem.taps[d] - 1);
    box.largest[d] = problem.window(d, tiling.tile[d]);
  }
  task.view =
      readTile(body, TileSource(root->getOperand(0)), tiling.in_place,
               problem.in, problem.inChannels, task.sample, box, tiling.lanes);
  task.mask =
      channelMask(body, problem.outChannels, width, body.index(0), width);
  task.bias = output.bias(body, body.index(0), task.mask);
  Value zero = body.index(0);
  body.loop(zero, task.extents[0], 1, [&](Value d) {
    body.loop(zero, task.extents[1], 1, [&](Value h) {
      int64_t tail = problem.out[2] % tiling.pixels;
      Value extent = task.extents[2];
      Value end = tail == 0 ? extent
                            : body.sub(extent, body.rem(extent, tiling.pixels));
      body.loop(zero, end, tiling.pixels, [&](Value w) {
        multiplyPixels(body, task, tiling.pixels, {d, h, w});
      });
      if (tail != 0)
        body.ifThen(body.less(end, extent),
                    [&] { multiplyPixels(body, task, tail, {d, h, end}); });
    });
  });
  reductions.sumBox(body,
                    {task.sample,
                     body.rem(body.task(), tasksPerSample()),
                     task.origin,
                     task.extents,
                     {1, 1, 1},
                     zero,
                     body.index(problem.outChannels)},
                    width);
}

/// Returns the accumulators, [pixel][output channel], each a vector along the
/// input channels.
SmallVector<Value>
FewChannelsEmitter::accumulate(KernelBody &body, const Task &task,
                               int64_t pixels, const std::array<Value, 3> &at) {
  const TileView &view = task.view;
  int64_t channels = problem.inChannels,
          padded = tiling.paddedChannels(problem), outs = problem.outChannels;
  Value corner = view.base;
  int64_t pitches[] = {view.planePitch, view.rowPitch, channels};
  for (unsigned d = 0; d < 3; ++d)
    corner = body.add(corner, body.mul(at[d], pitches[d]));
  Dims taps = problem.taps;
  Value zero = body.index(0);
  SmallVector<Value> sums(pixels * outs, body.zeroVector(tiling.lanes));
  auto addVector = [&](Value from, Value filter, Value c, ValueRange carried) {
    SmallVector<Value> sums(carried), weights;
    for (int64_t k = 0; k < outs; ++k)
      weights.push_back(body.load(body.temp(),
                                  body.add(body.add(filter, k * padded), c),
                                  tiling.lanes));
    Value mask = channelMask(body, channels, tiling.lanes, c, tiling.lanes);
    for (int64_t p = 0; p < pixels; ++p) {
      Value value =
          body.load(view.memref, body.add(body.add(from, c), p * channels),
                    tiling.lanes, mask);
      for (int64_t k = 0; k < outs; ++k)
        sums[p * outs + k] = vector::FMAOp::create(
            body.builder(), body.loc(), value, weights[k], sums[p * outs + k]);
    }
    return sums;
  };
  return body.loop(
      zero, body.index(product(taps)), 1, sums,
      [&](Value tap, ValueRange carried) {
        auto ids = body.delinearize(tap, {taps[0], taps[1], taps[2]});
        Value from = corner;
        for (unsigned d = 0; d < 3; ++d)
          from = body.add(from, body.mul(ids[d], pitches[d]));
        Value filter = body.mul(tap, outs * padded);
        return body.loop(zero, body.index(channels), tiling.lanes, carried,
                         [&](Value c, ValueRange carried) {
                           return addVector(from, filter, c, carried);
                         });
      });
}

/// Returns a vector whose lane l is the sum of the lanes of vector l.
Value sumLanes(KernelBody &body, SmallVector<Value> vectors) {
  int64_t lanes = vectors.size();
  for (int64_t half = 1; half < lanes; half *= 2) {
    SmallVector<int64_t> own, other;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      int64_t base = lane & half ? lanes : 0;
      own.push_back(base + lane);
      other.push_back(base + (lane ^ half));
    }
    SmallVector<Value> next;
    for (size_t i = 0; i < vectors.size(); i += 2) {
      auto pick = [&](ArrayRef<int64_t> positions) {
        return vector::ShuffleOp::create(body.builder(), body.loc(), vectors[i],
                                         vectors[i + 1], positions);
      };
      next.push_back(arith::AddFOp::create(body.builder(), body.loc(),
                                           pick(own), pick(other)));
    }
    vectors = std::move(next);
  }
  return vectors.front();
}

/// Adds the lanes of the accumulators of `pixels` pixels, whose results fill at
/// most one vector, and stores them.
void FewChannelsEmitter::storePixels(KernelBody &body, const Task &task,
                                     ArrayRef<Value> sums, int64_t first,
                                     int64_t pixels,
                                     const std::array<Value, 3> &at) {
  SmallVector<Value> vectors(tiling.lanes, body.zeroVector(tiling.lanes));
  for (int64_t p = 0; p < pixels; ++p)
    for (int64_t k = 0; k < problem.outChannels; ++k)
      vectors[p * width + k] = sums[(first + p) * problem.outChannels + k];
  Value total = sumLanes(body, vectors);
  std::array<Value, 3> position;
  for (unsigned d = 0; d < 3; ++d)
    position[d] = body.add(task.origin[d], at[d]);
  Value column = position[2];
  for (int64_t p = 0; p < pixels; ++p) {
    position[2] = body.add(column, first + p);
    Value sum = vector::ExtractStridedSliceOp::create(
        body.builder(), body.loc(), total, ArrayRef<int64_t>{p * width},
        ArrayRef<int64_t>{width}, ArrayRef<int64_t>{1});
    output.store(body, task.sample, position, {1, 1, 1}, body.index(0),
                 task.mask, addBias(body, sum, task.bias));
  }
}

void FewChannelsEmitter::multiplyPixels(KernelBody &body, const Task &task,
                                        int64_t pixels,
                                        std::array<Value, 3> at) {
  SmallVector<Value> sums = accumulate(body, task, pixels, at);
  int64_t together = tiling.lanes / width;
  for (int64_t first = 0; first < pixels; first += together)
    storePixels(body, task, sums, first, std::min(together, pixels - first),
                at);
}

} // namespace

LogicalResult emitFewChannelsConv(FusionEmitter &emitter, Operation *root) {
  return emitPackedConv<FewChannelsEmitter>(emitter, root,
                                            readFewChannelsTiling);
}

} // namespace segc
