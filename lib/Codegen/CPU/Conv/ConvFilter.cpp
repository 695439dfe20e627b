//===- ConvFilter.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Conv/ConvFilter.h"
#include "segc/Codegen/CPU/ConvTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace segc {

/// Packs a filter whose output channels are contiguous: vectors are copied.
static void copyRows(KernelBody &body, const ConvProblem &problem, Value filter,
                     Value from, const FilterPanel &panel, Value channel,
                     Value first, Value end) {
  body.loop(first, end, 1, [&](Value c) {
    Value source = body.add(from, body.mul(c, problem.filterInStride)),
          row = body.sub(c, first),
          target =
              body.add(panel.base,
                       body.mul(panel.multiplier.word(body, row), panel.step));
    for (int64_t v = 0; v < panel.nb; ++v) {
      Value out = body.add(channel, v * panel.lanes);
      Value mask = channelMask(body, problem.outChannels,
                               panel.nb * panel.lanes, out, panel.lanes);
      panel.multiplier.storeAt(
          body, body.load(filter, body.add(source, out), panel.lanes, mask),
          panel.memref, body.add(target, v * panel.lanes), row);
    }
  });
}

/// Packs a filter whose input channels are contiguous: squares of lanes x lanes
/// values are transposed in registers.
static void transposeRows(KernelBody &body, const ConvProblem &problem,
                          Value filter, Value from, const FilterPanel &panel,
                          Value channel, Value first, Value end) {
  int64_t lanes = panel.lanes;
  bool whole = problem.inChannels % lanes == 0 &&
               problem.outChannels % (panel.nb * lanes) == 0;
  body.loop(first, end, lanes, [&](Value c) {
    Value left = body.sub(body.index(problem.inChannels), c),
          row = body.sub(c, first),
          target =
              body.add(panel.base,
                       body.mul(panel.multiplier.word(body, row), panel.step));
    for (int64_t v = 0; v < panel.nb; ++v) {
      SmallVector<Value> rows;
      for (int64_t lane = 0; lane < lanes; ++lane) {
        Value out = body.add(channel, v * lanes + lane);
        Value mask;
        if (!whole) {
          Value count = body.builder().createOrFold<arith::SelectOp>(
              body.loc(), body.less(out, body.index(problem.outChannels)), left,
              body.index(0));
          mask = body.prefixMask(count, lanes);
        }
        rows.push_back(body.load(
            filter,
            body.add(body.add(from, body.mul(out, problem.filterOutStride)), c),
            lanes, mask));
      }
      rows = transposeSquare(body, rows);
      for (int64_t lane = 0; lane < lanes; ++lane) {
        auto put = [&] {
          int64_t word = panel.multiplier.pairs() ? lane / 2 : lane;
          panel.multiplier.storeAt(
              body, rows[lane], panel.memref,
              body.add(target, word * panel.step + v * lanes),
              body.index(lane));
        };
        if (problem.inChannels % lanes == 0)
          put();
        else
          body.ifThen(body.less(body.index(lane), left), put);
      }
    }
  });
}

Value filterTap(KernelBody &body, const ConvProblem &problem,
                const std::array<Value, 3> &at) {
  std::array<ConvPhase, 3> phase = convPhase(body, problem, body.index(0));
  Value tap = body.index(0);
  for (unsigned d = 0; d < 3; ++d)
    tap = body.add(
        body.mul(tap, problem.taps[d]),
        body.add(phase[d].firstTap, body.mul(at[d], phase[d].tapStep)));
  return tap;
}

void packFilterTap(KernelBody &body, const ConvProblem &problem, Value filter,
                   Value tap, const FilterPanel &panel, Value channel,
                   Value first, Value end) {
  Value from =
      body.add(body.mul(tap, problem.filterTapStride), problem.filterBase);
  if (problem.filterOutStride == 1)
    copyRows(body, problem, filter, from, panel, channel, first, end);
  else
    transposeRows(body, problem, filter, from, panel, channel, first, end);
}

} // namespace segc
