//===- ConvFilterGradMerge.cpp --------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Merges the partial sums of a filter gradient's tasks, in a fixed order, and
// stores the result.

#include "Conv/ConvEmitters.h"
#include "segc/Codegen/CPU/ConvTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace segc {
namespace {

class FilterGradMerge {
public:
  FilterGradMerge(const ConvProblem &problem, const FilterGradTiling &tiling,
                  int64_t wideLanes)
      : problem(problem), tiling(tiling), wideLanes(wideLanes),
        rows(problem.taps[0] * problem.taps[1] * tiling.rows(problem)) {}

  void merge(KernelBody &body);
  void mergeTransposed(KernelBody &body);
  int64_t mergeTasks() const { return divideUp(rows, wideLanes); }
  int64_t mergeTransposedTasks() const {
    return product(problem.taps) * divideUp(problem.inChannels, tiling.lanes);
  }

private:
  Value partialSum(KernelBody &body, Value row, Value channel);
  /// Returns the number of the tap in the result. Exchanged operands
  /// (`swapped`) compute the taps in reverse order.
  Value resultTap(KernelBody &body, Value tap) const {
    return tiling.swapped ? body.sub(body.index(product(problem.taps) - 1), tap)
                          : tap;
  }
  Value resultRow(KernelBody &body, Value row) const {
    if (!tiling.swapped)
      return row;
    Value tap = resultTap(body, body.div(row, problem.inChannels));
    return body.add(body.mul(tap, problem.inChannels),
                    body.rem(row, problem.inChannels));
  }

  const ConvProblem &problem;
  const FilterGradTiling &tiling;
  int64_t wideLanes;
  int64_t rows; ///< Rows of all taps.
};

/// Returns a vector of the result: the partial sums, added in order.
Value FilterGradMerge::partialSum(KernelBody &body, Value row, Value channel) {
  Value first = body.add(body.mul(row, tiling.columns(problem)), channel);
  auto share = [&](Value split) {
    return body.load(
        body.temp(),
        body.add(first, body.mul(split, tiling.partialSize(problem))),
        tiling.lanes);
  };
  return body
      .loop(body.index(1), body.index(tiling.splits), 1, share(body.index(0)),
            [&](Value split, ValueRange carried) -> SmallVector<Value> {
              return {arith::AddFOp::create(body.builder(), body.loc(),
                                            carried[0], share(split))};
            })
      .front();
}

void FilterGradMerge::merge(KernelBody &body) {
  Value first = body.mul(body.task(), wideLanes);
  Value end = body.min(body.add(first, wideLanes), body.index(rows));
  body.loop(first, end, 1, [&](Value row) {
    body.loop(
        body.index(0), body.index(problem.outChannels), tiling.lanes,
        [&](Value channel) {
          body.store(
              partialSum(body, row, channel), body.output(0),
              body.add(body.mul(resultRow(body, row), problem.outChannels),
                       channel),
              channelMask(body, problem.outChannels, tiling.channelBlock(),
                          channel, tiling.lanes));
        });
  });
}

/// Merges into a result in the layout [tap][out][in]: squares are transposed in
/// registers.
void FilterGradMerge::mergeTransposed(KernelBody &body) {
  auto ids = body.delinearize(
      body.task(),
      {product(problem.taps), divideUp(problem.inChannels, tiling.lanes)});
  Value tap = ids[0], in = body.mul(ids[1], tiling.lanes);
  Value last = body.index(problem.inChannels - 1);
  Value mask;
  if (problem.inChannels % tiling.lanes != 0)
    mask = body.prefixMask(body.sub(body.index(problem.inChannels), in),
                           tiling.lanes);
  Value from = body.mul(tap, problem.inChannels),
        to = body.mul(resultTap(body, tap),
                      problem.inChannels * problem.outChannels);
  body.loop(
      body.index(0), body.index(problem.outChannels), tiling.lanes,
      [&](Value channel) {
        SmallVector<Value> square;
        for (int64_t lane = 0; lane < tiling.lanes; ++lane)
          square.push_back(partialSum(
              body, body.add(from, body.min(body.add(in, lane), last)),
              channel));
        square = transposeSquare(body, square);
        for (int64_t lane = 0; lane < tiling.lanes; ++lane) {
          Value out = body.add(channel, lane);
          auto put = [&] {
            body.store(
                square[lane], body.output(0),
                body.add(body.add(to, body.mul(out, problem.filterOutStride)),
                         in),
                mask);
          };
          if (problem.outChannels % tiling.lanes == 0)
            put();
          else
            body.ifThen(body.less(out, body.index(problem.outChannels)), put);
        }
      });
}

} // namespace

void emitFilterGradMerge(FusionEmitter &emitter, const ConvProblem &problem,
                         const FilterGradTiling &tiling) {
  FilterGradMerge merge(problem, tiling, cpuTarget(emitter).lanes);
  if (problem.filterOutStride == 1)
    emitter.launch({merge.mergeTasks(), 0}, 0,
                   [&](KernelBody &body) { merge.merge(body); });
  else
    emitter.launch({merge.mergeTransposedTasks(), 0}, 0,
                   [&](KernelBody &body) { merge.mergeTransposed(body); });
}

} // namespace segc
