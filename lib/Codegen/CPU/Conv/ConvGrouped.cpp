//===- ConvGrouped.cpp - Grouped and dilated convolutions -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Two launches. The first packs the filter into [tap][input channel of a
// group][output channel], the second multiplies vectors of output channels with
// the inputs of their groups. A register block has one accumulator for each
// pixel (of a row) and vector.

#include "Conv/ConvEmitters.h"
#include "Conv/ConvOutput.h"
#include "Conv/GroupedInput.h"
#include "Reductions/TileReductions.h"
#include "segc/Codegen/CPU/ConvTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <numeric>

using namespace mlir;

namespace segc {
namespace {

class GroupedEmitter {
public:
  GroupedEmitter(const ConvProblem &problem, const GroupedTiling &tiling,
                 Operation *root, seg::FusionOp fusion)
      : problem(problem), tiling(tiling), root(root),
        output(problem, root, fusion, tiling.lanes),
        reductions(fusion, tiling.outputTiles(problem)),
        padded(tiling.paddedChannels(problem)) {
    for (unsigned d = 0; d < 3; ++d)
      windows.emplace_back(problem, d);
  }

  void packFilter(KernelBody &body);
  void multiply(KernelBody &body);
  void emitMerges(FusionEmitter &emitter) { reductions.emitMerges(emitter); }
  int64_t packTasks() const {
    return product(problem.taps) * problem.groupInputs();
  }
  int64_t tasksPerSample() const { return product(tiling.tileCounts(problem)); }
  int64_t scratchFloats() const {
    return tiling.in_place ? 0 : tiling.tileSize(problem);
  }

private:
  struct Task {
    Value sample;
    std::array<Value, 3> origin, extents; ///< Origin and extents of the tile,
                                          ///< in outputs of a phase.
    TileView view;
  };
  /// The vectors of output channels of a register block.
  struct Columns {
    Value channel; ///< The first output channel.
    SmallVector<Value> masks, bias;
    SmallVector<GroupedInput> inputs; ///< The input, which all vectors share.
  };
  /// The outputs whose position modulo the stride is `residue`, in one
  /// dimension. They read the taps `first`, `first` + `step`, ...
  struct Phase {
    Value residue, first;
    int64_t step;
  };

  Phase phaseOf(KernelBody &body, unsigned d, Value residue);
  Value tapOffset(KernelBody &body, unsigned d, const Phase &phase, Value tap);
  void forBlocks(KernelBody &body, const Task &task, const Columns &columns,
                 const std::array<Phase, 3> &phases);
  void multiplyPixels(KernelBody &body, const Task &task,
                      const Columns &columns,
                      const std::array<Phase, 3> &phases, int64_t pixels,
                      std::array<Value, 3> at);
  SmallVector<Value> addTap(KernelBody &body, const Columns &columns,
                            Value filter, Value corner, int64_t pixels,
                            ValueRange sums);

  ConvProblem problem;
  GroupedTiling tiling;
  Operation *root;
  ConvOutput output;
  TileReductions reductions;
  int64_t padded;
  SmallVector<GroupedWindow, 3> windows;
};

//===----------------------------------------------------------------------===//
// Filter
//===----------------------------------------------------------------------===//

/// Packs the filter. Each task packs one tap of one input channel, padded with
/// zeros after the last output channel.
void GroupedEmitter::packFilter(KernelBody &body) {
  int64_t inputs = problem.groupInputs();
  Value tap = body.div(body.task(), inputs), in = body.rem(body.task(), inputs);
  Value filter = inputOf(body, root->getOperand(1));
  Value from = body.add(body.add(body.mul(tap, problem.filterTapStride),
                                 body.mul(in, problem.filterInStride)),
                        problem.filterBase),
        to = body.mul(body.task(), padded);
  if (problem.filterOutStride == 1 && problem.filterGroupStride() == 0) {
    body.loop(body.index(0), body.index(padded), tiling.lanes, [&](Value out) {
      Value mask = channelMask(body, problem.outChannels,
                               tiling.nb * tiling.lanes, out, tiling.lanes);
      body.store(body.load(filter, body.add(from, out), tiling.lanes, mask),
                 body.temp(), body.add(to, out));
    });
    return;
  }
  Value channels = body.index(problem.outChannels);
  body.loop(body.index(0), channels, 1, [&](Value out) {
    Value group = body.div(out, problem.groupOutputs());
    Value at = body.add(body.add(from, body.mul(out, problem.filterOutStride)),
                        body.mul(group, problem.filterGroupStride()));
    body.storeScalar(body.loadScalar(filter, at), body.temp(),
                     body.add(to, out));
  });
  body.loop(channels, body.index(padded), 1, [&](Value out) {
    body.storeScalar(body.scalarConstant(0), body.temp(), body.add(to, out));
  });
}

//===----------------------------------------------------------------------===//
// Phases
//===----------------------------------------------------------------------===//

/// Returns the phase of the taps t with residue + low - t * dilation divisible
/// by the stride.
GroupedEmitter::Phase GroupedEmitter::phaseOf(KernelBody &body, unsigned d,
                                              Value residue) {
  int64_t stride = problem.phases()[d], dilation = problem.dilations[d],
          taps = problem.taps[d];
  Phase phase{residue, body.index(0), stride / std::gcd(stride, dilation)};
  for (int64_t r = 0; r < stride && stride != 1; ++r) {
    int64_t first = 0;
    while (first < taps &&
           (r + problem.low[d] + stride * taps * dilation - first * dilation) %
                   stride !=
               0)
      ++first;
    Value isThis = body.builder().createOrFold<arith::CmpIOp>(
        body.loc(), arith::CmpIPredicate::eq, residue, body.index(r));
    phase.first = body.builder().createOrFold<arith::SelectOp>(
        body.loc(), isThis, body.index(first), phase.first);
  }
  return phase;
}

/// Returns the number of positions from the first of a window to the one that a
/// tap reads.
Value GroupedEmitter::tapOffset(KernelBody &body, unsigned d,
                                const Phase &phase, Value tap) {
  Value reached = body.mul(tap, problem.dilations[d]);
  if (!problem.adjoint)
    return reached;
  int64_t stride = problem.strides[d],
          bias = problem.low[d] - windows[d].first * stride;
  return body.div(body.sub(body.add(phase.residue, bias), reached), stride);
}

//===----------------------------------------------------------------------===//
// Multiplying
//===----------------------------------------------------------------------===//

void GroupedEmitter::multiply(KernelBody &body) {
  Dims counts = tiling.tileCounts(problem), space = problem.space(),
       strides = problem.phases();
  auto ids =
      body.delinearize(body.task(), {1, counts[0], counts[1], counts[2]});
  Task task;
  task.sample = ids[0];
  TileBox box;
  OutputBox outputs{task.sample, body.rem(body.task(), tasksPerSample())};
  for (unsigned d = 0; d < 3; ++d) {
    const GroupedWindow &window = windows[d];
    task.origin[d] = body.mul(ids[1 + d], tiling.tile[d]);
    task.extents[d] =
        pieceExtent(body, space[d], tiling.tile[d], task.origin[d]);
    box.origin[d] =
        body.add(body.mul(task.origin[d], window.step), window.first);
    box.extents[d] = body.add(
        body.mul(body.sub(task.extents[d], 1), window.step), window.spread + 1);
    box.largest[d] = window.size(tiling.tile[d]);
    outputs.first[d] = body.mul(task.origin[d], strides[d]);
    outputs.extents[d] =
        body.min(body.mul(task.extents[d], strides[d]),
                 body.sub(body.index(problem.out[d]), outputs.first[d]));
  }
  task.view =
      readTile(body, TileSource(root->getOperand(0)), tiling.in_place,
               problem.in, problem.inChannels, task.sample, box, tiling.lanes);
  Value zero = body.index(0);
  body.loop(
      zero, body.index(padded), tiling.nb * tiling.lanes, [&](Value channel) {
        Columns columns;
        columns.channel = channel;
        for (int64_t v = 0; v < tiling.nb; ++v) {
          Value own = body.add(channel, v * tiling.lanes);
          columns.masks.push_back(channelMask(body, problem.outChannels,
                                              tiling.nb * tiling.lanes, own,
                                              tiling.lanes));
          columns.bias.push_back(output.bias(body, own, columns.masks.back()));
        }
        // Several vectors belong to one group and share its inputs.
        columns.inputs.emplace_back(body, problem, tiling.lanes,
                                    task.view.memref, channel);
        body.loop(zero, body.index(strides[0]), 1, [&](Value d) {
          body.loop(zero, body.index(strides[1]), 1, [&](Value h) {
            body.loop(zero, body.index(strides[2]), 1, [&](Value w) {
              forBlocks(body, task, columns,
                        {phaseOf(body, 0, d), phaseOf(body, 1, h),
                         phaseOf(body, 2, w)});
            });
          });
        });
      });
  outputs.firstChannel = zero;
  outputs.endChannel = body.index(problem.outChannels);
  reductions.sumBox(body, outputs, tiling.lanes);
}

void GroupedEmitter::forBlocks(KernelBody &body, const Task &task,
                               const Columns &columns,
                               const std::array<Phase, 3> &phases) {
  Value zero = body.index(0), extent = task.extents[2];
  int64_t tail = problem.space()[2] % tiling.pixels;
  body.loop(zero, task.extents[0], 1, [&](Value d) {
    body.loop(zero, task.extents[1], 1, [&](Value h) {
      Value end = tail == 0 ? extent
                            : body.sub(extent, body.rem(extent, tiling.pixels));
      body.loop(zero, end, tiling.pixels, [&](Value w) {
        multiplyPixels(body, task, columns, phases, tiling.pixels, {d, h, w});
      });
      if (tail != 0)
        body.ifThen(body.less(end, extent), [&] {
          multiplyPixels(body, task, columns, phases, tail, {d, h, end});
        });
    });
  });
}

void GroupedEmitter::multiplyPixels(KernelBody &body, const Task &task,
                                    const Columns &columns,
                                    const std::array<Phase, 3> &phases,
                                    int64_t pixels, std::array<Value, 3> at) {
  Dims taps = problem.taps;
  int64_t pitches[] = {task.view.planePitch, task.view.rowPitch,
                       problem.inChannels};
  Value corner = task.view.base;
  for (unsigned d = 0; d < 3; ++d)
    corner = body.add(corner, body.mul(at[d], windows[d].step * pitches[d]));
  SmallVector<Value> sums(pixels * tiling.nb, body.zeroVector(tiling.lanes));
  // Emits the loops over the taps of the dimensions from `d` on.
  auto addTaps = [&](auto &self, unsigned d, Value tap, Value from,
                     ValueRange carried) -> SmallVector<Value> {
    if (d == 3)
      return addTap(body, columns,
                    body.add(body.mul(tap, problem.groupInputs() * padded),
                             columns.channel),
                    from, pixels, carried);
    return body.loop(
        phases[d].first, body.index(taps[d]), phases[d].step, carried,
        [&](Value t, ValueRange carried) {
          Value offset = body.mul(tapOffset(body, d, phases[d], t), pitches[d]);
          return self(self, d + 1, body.add(body.mul(tap, taps[d]), t),
                      body.add(from, offset), carried);
        });
  };
  sums = addTaps(addTaps, 0, body.index(0), corner, sums);
  std::array<Value, 3> position;
  for (unsigned d = 0; d < 3; ++d)
    position[d] =
        body.add(body.mul(body.add(task.origin[d], at[d]), problem.phases()[d]),
                 phases[d].residue);
  Value column = position[2];
  for (int64_t p = 0; p < pixels; ++p) {
    position[2] = body.add(column, p * problem.phases()[2]);
    for (int64_t v = 0; v < tiling.nb; ++v)
      output.store(body, task.sample, position, problem.phases(),
                   body.add(columns.channel, v * tiling.lanes),
                   columns.masks[v],
                   addBias(body, sums[p * tiling.nb + v], columns.bias[v]));
  }
}

/// Adds the products of one tap to `sums`. Its packed filter begins at
/// `filter`, the first pixel's input at `corner`.
SmallVector<Value> GroupedEmitter::addTap(KernelBody &body,
                                          const Columns &columns, Value filter,
                                          Value corner, int64_t pixels,
                                          ValueRange sums) {
  const GroupedInput &input = columns.inputs.front();
  int64_t inputs = problem.groupInputs(),
          together = input.needsNumbers() ? inputs : 1;
  auto addInputs = [&](Value first, ValueRange carried) {
    SmallVector<Value> sums(carried), weights;
    for (int64_t i = 0; i < together; ++i)
      for (int64_t v = 0; v < tiling.nb; ++v)
        weights.push_back(
            body.load(body.temp(),
                      body.add(body.add(filter, body.mul(first, padded)),
                               i * padded + v * tiling.lanes),
                      tiling.lanes));
    for (int64_t p = 0; p < pixels; ++p) {
      Value pixel = body.add(corner, p * windows[2].step * problem.inChannels);
      for (auto [i, value] :
           llvm::enumerate(input.load(pixel, first, together)))
        for (int64_t v = 0; v < tiling.nb; ++v) {
          Value &sum = sums[p * tiling.nb + v];
          sum = vector::FMAOp::create(body.builder(), body.loc(), value,
                                      weights[i * tiling.nb + v], sum);
        }
    }
    return sums;
  };
  if (together == inputs)
    return addInputs(body.index(0), sums);
  return body.loop(body.index(0), body.index(inputs), 1, sums, addInputs);
}

} // namespace

LogicalResult emitGroupedConv(FusionEmitter &emitter, Operation *root) {
  return emitPackedConv<GroupedEmitter>(emitter, root, readGroupedTiling);
}

} // namespace segc
