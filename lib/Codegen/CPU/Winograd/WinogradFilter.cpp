//===- WinogradFilter.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Winograd/WinogradFilter.h"
#include "Conv/ConvFilter.h"
#include "Winograd/WinogradFixedPoint.h"

using namespace mlir;

namespace segc {

Value winogradPoint(KernelBody &body, const WinogradTiling &tiling, Value d,
                    Value h, Value w) {
  Dims points = tiling.points();
  return body.add(body.mul(body.add(body.mul(d, points[1]), h), points[2]), w);
}

Value winogradPanel(KernelBody &body, const ConvProblem &problem,
                    const WinogradTiling &tiling, Value block, Value point) {
  return body.mul(body.add(body.mul(block, tiling.pointCount()), point),
                  tiling.panelPitch(problem));
}

/// In fixed point a task transforms all input channels, because they share a
/// scale.
int64_t WinogradFilterPacker::tasks() const {
  return tiling.channelBlocks(problem) *
         (tiling.isFixedPoint() ? tiling.nb
                                : divideUp(problem.inChannels, channels));
}

int64_t WinogradFilterPacker::scratchFloats() const {
  return scalesBase() + (tiling.isFixedPoint()
                             ? FixedFilterScales::scratchFloats(
                                   tiling.pointCount(), tiling.lanes)
                             : 0);
}

/// Calls `store(point, input channel, lane, values)` for up to `channels` input
/// channels from `first` on and for the lanes [firstLane, endLane) of a block.
void WinogradFilterPacker::transform(KernelBody &body, Value block, Value first,
                                     Value firstLane, Value endLane,
                                     Store store) {
  int64_t width = tiling.channelBlock();
  Value end =
      body.min(body.add(first, channels), body.index(problem.inChannels));
  Dims taps = problem.taps;
  body.loop(body.index(0), body.index(product(taps)), 1, [&](Value tap) {
    auto at = body.delinearize(tap, {taps[0], taps[1], taps[2]});
    Value from = filterTap(body, problem, {at[0], at[1], at[2]});
    packFilterTap(body, problem, inputOf(body, root->getOperand(1)), from,
                  {body.scratch(), body.mul(tap, channels * width), width,
                   tiling.lanes, tiling.nb, MultiplyEmitter()},
                  body.mul(block, width), first, end);
  });
  TransformMatrices matrices = filterTransform(tiling);
  SmallVector<ColumnTransform> columns = filterColumns(tiling);
  TransformBuffer buffer{body.scratch(), bufferBase()};
  body.loop(first, end, 1, [&](Value c) {
    body.loop(firstLane, endLane, tiling.lanes, [&](Value lane) {
      auto load = [&](Value d, Value h, Value w) {
        Value tap =
            body.add(body.mul(body.add(body.mul(d, taps[1]), h), taps[2]), w);
        Value row = body.add(body.mul(tap, channels), body.sub(c, first));
        return body.load(body.scratch(), body.add(body.mul(row, width), lane),
                         tiling.lanes);
      };
      transformBox(
          body, matrices, buffer, tiling.lanes, load,
          [&](Value d, Value h, Value w, Value values) {
            store(winogradPoint(body, tiling, d, h, w), c, lane, values);
          },
          columns);
    });
  });
}

/// Stores the vector of a point and an input channel in its panel.
void WinogradFilterPacker::put(KernelBody &body, Value block, Value point,
                               Value c, Value lane, Value values, Value scale) {
  Value row = body.mul(multiplier.word(body, c), tiling.channelBlock());
  multiplier.storeAt(
      body, values, body.temp(),
      body.add(winogradPanel(body, problem, tiling, block, point),
               body.add(row, lane)),
      c, scale);
}

void WinogradFilterPacker::pack(KernelBody &body) {
  if (tiling.isFixedPoint())
    return round(body);
  auto ids =
      body.delinearize(body.task(), {tiling.channelBlocks(problem),
                                     divideUp(problem.inChannels, channels)});
  transform(body, ids[0], body.mul(ids[1], channels), body.index(0),
            body.index(tiling.channelBlock()),
            [&](Value point, Value c, Value lane, Value values) {
              put(body, ids[0], point, c, lane, values, Value());
            });
}

/// Transforms a vector of output channels twice: first to find the scales, then
/// to round the values.
void WinogradFilterPacker::round(KernelBody &body) {
  static_assert(2 * maxChainedFixed % channels == 0);
  auto ids =
      body.delinearize(body.task(), {tiling.channelBlocks(problem), tiling.nb});
  Value firstLane = body.mul(ids[1], tiling.lanes),
        endLane = body.add(firstLane, tiling.lanes), zero = body.index(0),
        all = body.index(problem.inChannels);
  FixedFilterScales scales(tiling.pointCount(), scalesBase(), tiling.lanes,
                           largestFixedChain(tiling.largestInput()));
  scales.clear(body);
  body.loop(zero, all, 2 * maxChainedFixed, [&](Value chain) {
    Value end = body.min(body.add(chain, 2 * maxChainedFixed), all);
    body.loop(chain, end, channels, [&](Value first) {
      transform(body, ids[0], first, firstLane, endLane,
                [&](Value point, Value, Value, Value values) {
                  scales.add(body, point, values);
                });
    });
    scales.endChain(body);
  });
  scales.finish(body);
  body.loop(zero, all, channels, [&](Value first) {
    transform(body, ids[0], first, firstLane, endLane,
              [&](Value point, Value c, Value lane, Value values) {
                put(body, ids[0], point, c, lane, values,
                    scales.inverse(body, point));
              });
  });
  body.loop(zero, body.index(tiling.pointCount()), 1, [&](Value point) {
    body.store(
        scales.scale(body, point), body.temp(),
        body.add(body.add(winogradPanel(body, problem, tiling, ids[0], point),
                          firstLane),
                 tiling.steps(problem) * tiling.channelBlock()));
  });
}

} // namespace segc
