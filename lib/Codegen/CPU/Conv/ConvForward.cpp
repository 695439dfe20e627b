//===- ConvForward.cpp - Direct convolutions, input gradients ---*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Two launches. The first packs the filter into panels
//   [phase][channel block][tap d][tap h][step][nb x lanes]
// where a step is a (tap w, input channel), so that the inner loop reads them
// contiguously. A panel of 8-bit integers has a header (Int8Filter.h). In a
// packed input tile the values of one row that an output
// pixel reads are contiguous in the same order, so that the inner loop is free
// of padding, strides and mirrored taps.

#include "Conv/ConvEmitters.h"
#include "Conv/ConvFilter.h"
#include "Conv/ConvOutput.h"
#include "Conv/Int8Filter.h"
#include "Reductions/TileReductions.h"
#include "segc/Codegen/CPU/ConvStrategy.h"
#include "segc/Codegen/CPU/ConvTile.h"
#include "segc/Codegen/Common/QuantizedFactors.h"
#include "segc/Dialect/Seg/IR/QuantizeOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace segc {
namespace {

class ConvEmitter {
public:
  ConvEmitter(const ConvProblem &problem, const ConvTiling &tiling,
              Operation *root, seg::FusionOp fusion, const CpuTarget &target)
      : problem(problem), tiling(tiling), root(root),
        input(root->getOperand(0)), multiplier(tiling.multiplyType, target),
        wideLanes(target.lanes), words(tiling.words(problem)),
        maxTaps(problem.phaseTaps()),
        output(problem, root, fusion, tiling.lanes),
        reductions(fusion, tiling.outputTiles(problem)) {
    if (!tiling.isInt8)
      return;
    inputScale = quantizedInputScale(root);
    input = seg::quantizedSource(input);
    multiplier = MultiplyEmitter::ofInt8(inputScale, target);
  }

  void packFilter(KernelBody &body);
  void multiply(KernelBody &body);
  void emitMerges(FusionEmitter &emitter) { reductions.emitMerges(emitter); }
  int64_t packTasks() const {
    // The sums of a panel of 8-bit integers belong to one task.
    if (tiling.isInt8)
      return problem.phaseCount() * tiling.channelBlocks(problem);
    return problem.phaseCount() * tiling.channelBlocks(problem) * maxTaps[0] *
           maxTaps[1];
  }
  int64_t tasksPerSample() const {
    return product(tiling.tileCounts(problem)) * problem.phaseCount() *
           tiling.groups;
  }
  int64_t scratchFloats() const {
    return accumulatorBase() +
           (output.unrollsEpilogue()
                ? 0
                : product(tiling.block) * tiling.channelBlock());
  }

private:
  void packInt8Panel(KernelBody &body);

  /// Values that are constant within a task and a block of channels.
  struct Context {
    Value sample, channel, panel;
    std::array<ConvPhase, 3> phase;
    std::array<Value, 3> origin,
        extents; ///< Origin and extents of the tile, in outputs of the phase.
    TileView view;
    SmallVector<Value> masks, bias; ///< Mask and bias of each vector; may be
                                    ///< null.
  };
  /// A register block: its size and its position in the tile.
  struct Block {
    Dims size;
    std::array<Value, 3> at;
  };

  void forBlocks(KernelBody &body, const Context &context, unsigned dim,
                 Block block);
  void multiplyBlock(KernelBody &body, const Context &context,
                     const Block &block);
  SmallVector<Value> accumulate(KernelBody &body, const Context &context,
                                const Block &block);
  /// What the sums of a register block start with, and what they become.
  SmallVector<Value> firstSums(KernelBody &body, const Context &context,
                               const Block &block);
  SmallVector<Value> finalSums(KernelBody &body, const Context &context,
                               ValueRange sums);
  void steps(KernelBody &body, const Dims &size, const TileView &view,
             Value row, Value panel, SmallVector<Value> &sums);
  void epilogue(KernelBody &body, const Context &context, const Block &block,
                ArrayRef<Value> sums);
  void epiloguePoint(KernelBody &body, const Context &context,
                     const Block &block, std::array<Value, 3> offset,
                     Value channel, Value mask, Value sum);
  /// Returns the position in the result of the output at `offset` in the task's
  /// tile.
  std::array<Value, 3> outputPosition(KernelBody &body, const Context &context,
                                      std::array<Value, 3> offset) const;

  Value maskFor(KernelBody &body, Value channel) const {
    return channelMask(body, problem.outChannels, tiling.channelBlock(),
                       channel, tiling.lanes);
  }
  /// Words of the panel for each step, and for each (d, h) tap.
  int64_t stepSize() const {
    return tiling.channelBlock() * (tiling.share_taps ? maxTaps[2] : 1);
  }
  int64_t panelRow() const {
    return maxTaps[2] * words * tiling.channelBlock();
  }
  int64_t accumulatorBase() const {
    return tiling.in_place ? 0
                           : roundUp(tiling.tileSize(problem), tiling.lanes);
  }

  ConvProblem problem;
  ConvTiling tiling;
  Operation *root;
  Value input;           ///< What tiles are packed of.
  double inputScale = 1; ///< Of 8-bit integers.
  MultiplyEmitter multiplier;
  int64_t wideLanes; ///< Lanes of the vectors that pack the input.
  int64_t words;     ///< Words of a pixel's input channels.
  Dims maxTaps;
  ConvOutput output;
  TileReductions reductions;
};

//===----------------------------------------------------------------------===//
// Packing the filter
//===----------------------------------------------------------------------===//

void ConvEmitter::packFilter(KernelBody &body) {
  if (tiling.isInt8)
    return packInt8Panel(body);
  auto ids = body.delinearize(body.task(), {problem.phaseCount(),
                                            tiling.channelBlocks(problem),
                                            maxTaps[0], maxTaps[1]});
  std::array<ConvPhase, 3> phase = convPhase(body, problem, ids[0]);
  Value channel = body.mul(ids[1], tiling.channelBlock());
  Value panel = body.mul(
      body.add(body.mul(ids[0], tiling.channelBlocks(problem)), ids[1]),
      tiling.panelSize(problem));
  Value row =
      body.add(panel, body.mul(body.add(body.mul(ids[2], maxTaps[1]), ids[3]),
                               panelRow()));
  auto filterTap = [&](unsigned d, Value tap) {
    return body.add(phase[d].firstTap, body.mul(tap, phase[d].tapStep));
  };
  Value present = body.builder().createOrFold<arith::AndIOp>(
      body.loc(), body.less(ids[2], phase[0].taps),
      body.less(ids[3], phase[1].taps));
  body.ifThen(present, [&] {
    Value tapRow = body.add(body.mul(filterTap(0, ids[2]), problem.taps[1]),
                            filterTap(1, ids[3]));
    body.loop(body.index(0), phase[2].taps, 1, [&](Value w) {
      Value tap = body.add(body.mul(tapRow, problem.taps[2]), filterTap(2, w));
      int64_t between = tiling.channelBlock() * (tiling.share_taps ? 1 : words);
      packFilterTap(body, problem, inputOf(body, root->getOperand(1)), tap,
                    {body.temp(), body.add(row, body.mul(w, between)),
                     stepSize(), tiling.lanes, tiling.nb, multiplier},
                    channel, body.index(0), body.index(problem.inChannels));
    });
  });
}

//===----------------------------------------------------------------------===//
// Multiplying
//===----------------------------------------------------------------------===//

void ConvEmitter::multiply(KernelBody &body) {
  Dims counts = tiling.tileCounts(problem), extents = problem.space(),
       strides = problem.inStrides();
  // Tasks that run at a time have one phase, most of them: where a cache line
  // has the outputs of two phases, two cores would take it from each other.
  auto ids =
      body.delinearize(body.task(), {1, problem.phaseCount(), counts[0],
                                     counts[1], counts[2], tiling.groups});
  Value phase = ids[1];
  Context context;
  context.sample = ids[0];
  context.phase = convPhase(body, problem, phase);
  TileBox inputs;
  for (unsigned d = 0; d < 3; ++d) {
    context.origin[d] = body.mul(ids[2 + d], tiling.tile[d]);
    context.extents[d] =
        pieceExtent(body, extents[d], tiling.tile[d], context.origin[d]);
    inputs.origin[d] = body.add(body.mul(context.origin[d], strides[d]),
                                context.phase[d].offset);
    inputs.extents[d] =
        body.add(body.mul(body.sub(context.extents[d], 1), strides[d]),
                 context.phase[d].taps);
    inputs.largest[d] = problem.window(d, tiling.tile[d]);
  }
  context.view =
      readTile(body, TileSource(input), tiling.in_place, problem.in,
               problem.inChannels, context.sample, inputs, wideLanes,
               multiplier.pairs() ? TilePairs{TilePairs::Channels, &multiplier}
                                  : TilePairs());

  int64_t blocks = tiling.channelBlocks(problem),
          perGroup = divideUp(blocks, tiling.groups);
  Value first = body.mul(ids[5], perGroup),
        end = body.min(body.add(first, perGroup), body.index(blocks));
  body.loop(first, end, 1, [&](Value block) {
    context.channel = body.mul(block, tiling.channelBlock());
    context.panel = body.mul(body.add(body.mul(phase, blocks), block),
                             tiling.panelSize(problem));
    context.masks.clear();
    context.bias.clear();
    for (int64_t v = 0; v < tiling.nb; ++v) {
      Value channel = body.add(context.channel, v * tiling.lanes);
      context.masks.push_back(maskFor(body, channel));
      context.bias.push_back(output.bias(body, channel, context.masks.back()));
    }
    forBlocks(body, context, 0, Block());
  });
  OutputBox outputs{
      context.sample,
      body.div(body.rem(body.task(), tasksPerSample()), tiling.groups),
      outputPosition(body, context,
                     {body.index(0), body.index(0), body.index(0)}),
      context.extents,
      problem.phases(),
      body.mul(first, tiling.channelBlock()),
      body.mul(end, tiling.channelBlock())};
  reductions.sumBox(body, outputs, tiling.lanes);
}

/// Calls multiplyBlock for all register blocks, with loops over the dimensions
/// from `dim` on.
void ConvEmitter::forBlocks(KernelBody &body, const Context &context,
                            unsigned dim, Block block) {
  if (dim == 3)
    return multiplyBlock(body, context, block);
  int64_t size = tiling.block[dim], tail = problem.space()[dim] % size;
  auto inner = [&](int64_t extent, Value at) {
    block.size[dim] = extent;
    block.at[dim] = at;
    forBlocks(body, context, dim + 1, block);
  };
  Value extent = context.extents[dim];
  Value end = tail == 0 ? extent : body.sub(extent, body.rem(extent, size));
  body.loop(body.index(0), end, size, [&](Value at) { inner(size, at); });
  if (tail != 0)
    body.ifThen(body.less(end, extent), [&] { inner(tail, end); });
}

void ConvEmitter::multiplyBlock(KernelBody &body, const Context &context,
                                const Block &block) {
  epilogue(body, context, block, accumulate(body, context, block));
}

/// Returns the sums of a register block, [pixel][vector].
SmallVector<Value> ConvEmitter::accumulate(KernelBody &body,
                                           const Context &context,
                                           const Block &block) {
  Dims strides = problem.inStrides();
  const TileView &view = context.view;
  Value corner = view.base;
  int64_t pitches[] = {view.planePitch, view.rowPitch, words};
  for (unsigned d = 0; d < 3; ++d)
    corner = body.add(corner, body.mul(block.at[d], strides[d] * pitches[d]));

  SmallVector<Value> sums = firstSums(body, context, block);
  Value zero = body.index(0),
        panels = body.add(context.panel, tiling.panelHeader());
  Value stepCount = tiling.share_taps ? body.index(words)
                                      : body.mul(context.phase[2].taps, words);
  sums = body.loop(
      zero, context.phase[0].taps, 1, sums, [&](Value d, ValueRange carried) {
        return body.loop(
            zero, context.phase[1].taps, 1, carried,
            [&](Value h, ValueRange carried) {
              Value row =
                  body.add(body.add(corner, body.mul(d, view.planePitch)),
                           body.mul(h, view.rowPitch));
              Value panel = body.add(
                  panels,
                  body.mul(body.add(body.mul(d, maxTaps[1]), h), panelRow()));
              return multiplier.sum(
                  body, stepCount, tiling.unroll, tiling.additions(problem),
                  carried, [&](Value step, ValueRange carried) {
                    SmallVector<Value> sums(carried);
                    for (int64_t i = 0; i < tiling.unroll; ++i)
                      steps(
                          body, block.size, view,
                          body.add(body.add(row, step), i),
                          body.add(body.add(panel, body.mul(step, stepSize())),
                                   i * stepSize()),
                          sums);
                    return sums;
                  });
            });
      });
  return finalSums(body, context, sums);
}

/// Emits one step: multiplies an input channel (or pair) of every pixel of the
/// block with one tap of the row, or (share_taps) with all taps of the row.
void ConvEmitter::steps(KernelBody &body, const Dims &size,
                        const TileView &view, Value row, Value panel,
                        SmallVector<Value> &sums) {
  Dims strides = problem.inStrides();
  int64_t taps = tiling.share_taps ? maxTaps[2] : 1;
  SmallVector<Value> weights;
  for (int64_t i = 0; i < taps * tiling.nb; ++i)
    weights.push_back(body.load(body.temp(), body.add(panel, i * tiling.lanes),
                                tiling.lanes));
  for (int64_t d = 0; d < size[0]; ++d)
    for (int64_t h = 0; h < size[1]; ++h)
      for (int64_t x = 0; x < size[2] + taps - 1; ++x) {
        int64_t offset = d * strides[0] * view.planePitch +
                         h * strides[1] * view.rowPitch +
                         x * strides[2] * words;
        Value value = body.splat(
            body.loadScalar(view.memref, body.add(row, offset)), tiling.lanes);
        for (int64_t tap = 0; tap < taps; ++tap) {
          int64_t w = x - tap;
          if (w < 0 || w >= size[2])
            continue;
          for (int64_t v = 0; v < tiling.nb; ++v) {
            Value &sum =
                sums[((d * size[1] + h) * size[2] + w) * tiling.nb + v];
            sum = multiplier.multiplyAdd(body, value,
                                         weights[tap * tiling.nb + v], sum);
          }
        }
      }
}

//===----------------------------------------------------------------------===//
// Epilogue
//===----------------------------------------------------------------------===//

void ConvEmitter::epilogue(KernelBody &body, const Context &context,
                           const Block &block, ArrayRef<Value> sums) {
  int64_t next = 0;
  if (output.unrollsEpilogue()) {
    for (int64_t d = 0; d < block.size[0]; ++d)
      for (int64_t h = 0; h < block.size[1]; ++h)
        for (int64_t w = 0; w < block.size[2]; ++w)
          for (int64_t v = 0; v < tiling.nb; ++v) {
            epiloguePoint(body, context, block,
                          {body.index(d), body.index(h), body.index(w)},
                          body.add(context.channel, v * tiling.lanes),
                          context.masks[v],
                          addBias(body, sums[next++], context.bias[v]));
          }
    return;
  }
  // A long epilogue is not unrolled: the sums go through memory and a loop, so
  // that its code is emitted once.
  Value scratch = body.scratch(), zero = body.index(0);
  for (Value sum : sums) {
    body.store(addBias(body, sum, context.bias[next % tiling.nb]), scratch,
               body.index(accumulatorBase() + next * tiling.lanes));
    ++next;
  }
  body.loop(zero, body.index(product(block.size) * tiling.nb), 1, [&](Value i) {
    auto ids = body.delinearize(
        i, {block.size[0], block.size[1], block.size[2], tiling.nb});
    Value channel = body.add(context.channel, body.mul(ids[3], tiling.lanes));
    Value sum = body.load(
        scratch, body.add(body.mul(i, tiling.lanes), accumulatorBase()),
        tiling.lanes);
    epiloguePoint(body, context, block, {ids[0], ids[1], ids[2]}, channel,
                  maskFor(body, channel), sum);
  });
}

/// Emits pointwise ops and stores for one vector of the pixel at `offset` in
/// the block.
void ConvEmitter::epiloguePoint(KernelBody &body, const Context &context,
                                const Block &block, std::array<Value, 3> offset,
                                Value channel, Value mask, Value sum) {
  for (unsigned d = 0; d < 3; ++d)
    offset[d] = body.add(block.at[d], offset[d]);
  // With this step, `store` skips outputs outside the result: a phase may have
  // one output less than the largest phase.
  output.store(body, context.sample, outputPosition(body, context, offset),
               problem.phases(), channel, mask, sum);
}

std::array<Value, 3>
ConvEmitter::outputPosition(KernelBody &body, const Context &context,
                            std::array<Value, 3> offset) const {
  for (unsigned d = 0; d < 3; ++d)
    offset[d] = body.add(
        body.mul(body.add(context.origin[d], offset[d]), problem.phases()[d]),
        context.phase[d].residue);
  return offset;
}

} // namespace

//===----------------------------------------------------------------------===//
// 8-bit integers
//===----------------------------------------------------------------------===//

/// Packs the panel of a phase and a block of channels.
void ConvEmitter::packInt8Panel(KernelBody &body) {
  auto ids = body.delinearize(
      body.task(), {problem.phaseCount(), tiling.channelBlocks(problem)});
  Int8Panel panel{body.temp(),
                  body.mul(body.task(), tiling.panelSize(problem)),
                  tiling.panelHeader(),
                  panelRow(),
                  tiling.channelBlock() * (tiling.share_taps ? 1 : words),
                  stepSize(),
                  tiling.lanes,
                  tiling.nb,
                  inputScale};
  packInt8Filter(body, problem,
                 inputOf(body, seg::quantizedSource(root->getOperand(1))),
                 convPhase(body, problem, ids[0]),
                 body.mul(ids[1], tiling.channelBlock()), panel);
}

SmallVector<Value> ConvEmitter::firstSums(KernelBody &body,
                                          const Context &context,
                                          const Block &block) {
  SmallVector<Value> sums, ofPixel;
  for (int64_t v = 0; v < tiling.nb; ++v)
    ofPixel.push_back(
        tiling.isInt8 ? loadIntegers(body, body.temp(),
                                     body.add(context.panel, v * tiling.lanes),
                                     tiling.lanes)
                      : body.zeroVector(tiling.lanes));
  for (int64_t pixel = 0; pixel < product(block.size); ++pixel)
    llvm::append_range(sums, ofPixel);
  return sums;
}

SmallVector<Value> ConvEmitter::finalSums(KernelBody &body,
                                          const Context &context,
                                          ValueRange sums) {
  if (!tiling.isInt8)
    return sums;
  SmallVector<Value> scales, scaled;
  for (int64_t v = 0; v < tiling.nb; ++v)
    scales.push_back(body.load(
        body.temp(),
        body.add(context.panel, tiling.channelBlock() + v * tiling.lanes),
        tiling.lanes));
  for (auto [i, sum] : llvm::enumerate(sums)) {
    Value number = arith::SIToFPOp::create(body.builder(), body.loc(),
                                           body.vectorType(tiling.lanes), sum);
    scaled.push_back(arith::MulFOp::create(body.builder(), body.loc(), number,
                                           scales[i % tiling.nb]));
  }
  return scaled;
}

LogicalResult emitConv(FusionEmitter &emitter, Operation *root) {
  return emitPackedConv<ConvEmitter>(emitter, root, readConvTiling,
                                     cpuTarget(emitter));
}

LogicalResult emitInt8Conv(FusionEmitter &emitter, Operation *root) {
  return emitPackedConv<ConvEmitter>(emitter, root, readInt8Tiling,
                                     cpuTarget(emitter));
}

} // namespace segc
