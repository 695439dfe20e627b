//===- ConvGroupedFilterGrad.cpp ------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Filter gradients of grouped and dilated convolutions. A task computes one
// tap, some input channels of a group and one vector of output channels. It
// loops over the pixels for which the tap is inside the input.

#include "Conv/ConvEmitters.h"
#include "Conv/GroupedInput.h"
#include "KernelHelpers.h"
#include "segc/Codegen/CPU/ConvTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace segc {
namespace {

class GroupedFilterGradEmitter {
public:
  GroupedFilterGradEmitter(const ConvProblem &problem,
                           const GroupedFilterGradTiling &tiling,
                           Operation *root)
      : problem(problem), tiling(tiling), root(root) {}

  void sum(KernelBody &body);
  int64_t tasks() const {
    return product(problem.taps) * rowBlocks() * columns();
  }

private:
  int64_t rowBlocks() const { return problem.groupInputs() / tiling.ur; }
  int64_t columns() const {
    return divideUp(problem.outChannels, tiling.lanes);
  }
  /// The outputs of one dimension for which a tap is inside the input: [first,
  /// past). The tap of output o reads the position offset + stride * o.
  struct Range {
    Value offset, first, past;
  };
  Range rangeOf(KernelBody &body, unsigned d, Value tap);
  SmallVector<Value> sumRow(KernelBody &body, const GroupedInput &input,
                            Value firstInput, Value row, Value gradRow,
                            const Range &range, Value channel, Value mask);
  void store(KernelBody &body, Value tap, Value firstInput, Value channel,
             Value mask, ArrayRef<Value> sums);

  ConvProblem problem;
  GroupedFilterGradTiling tiling;
  Operation *root;
};

GroupedFilterGradEmitter::Range
GroupedFilterGradEmitter::rangeOf(KernelBody &body, unsigned d, Value tap) {
  int64_t stride = problem.strides[d];
  Value zero = body.index(0);
  auto outputsBelow = [&](Value position) {
    return body.div(body.add(body.max(position, zero), stride - 1), stride);
  };
  Range range;
  range.offset = body.sub(body.mul(tap, problem.dilations[d]), problem.low[d]);
  range.first = outputsBelow(body.sub(zero, range.offset));
  range.past =
      body.min(outputsBelow(body.sub(body.index(problem.in[d]), range.offset)),
               body.index(problem.out[d]));
  return range;
}

static void addTo(KernelBody &body, SmallVector<Value> &sums,
                  ArrayRef<Value> more) {
  for (auto [sum, value] : llvm::zip_equal(sums, more))
    sum = arith::AddFOp::create(body.builder(), body.loc(), sum, value);
}

/// Returns the sums over one row of pixels. Several pixels have accumulators of
/// their own, so that additions need not wait for each other.
SmallVector<Value> GroupedFilterGradEmitter::sumRow(
    KernelBody &body, const GroupedInput &input, Value firstInput, Value row,
    Value gradRow, const Range &range, Value channel, Value mask) {
  constexpr int64_t inFlight = 8;
  int64_t together = std::max<int64_t>(1, inFlight / tiling.ur);
  Value gradients = inputOf(body, root->getOperand(1));
  auto visit = [&](Value w, int64_t pixels, ValueRange carried) {
    SmallVector<Value> sums(carried);
    for (int64_t p = 0; p < pixels; ++p) {
      Value at = body.add(w, p);
      Value gradient = body.load(
          gradients,
          body.add(body.mul(body.add(gradRow, at), problem.outChannels),
                   channel),
          tiling.lanes, mask);
      Value position = body.add(body.mul(at, problem.strides[2]), range.offset);
      Value pixel = body.mul(body.add(row, position), problem.inChannels);
      for (auto [i, value] :
           llvm::enumerate(input.load(pixel, firstInput, tiling.ur))) {
        Value &sum = sums[p * tiling.ur + i];
        sum = vector::FMAOp::create(body.builder(), body.loc(), value, gradient,
                                    sum);
      }
    }
    return sums;
  };
  SmallVector<Value> sums(together * tiling.ur, body.zeroVector(tiling.lanes));
  Value count = body.max(body.sub(range.past, range.first), body.index(0));
  Value whole =
      body.add(range.first, body.sub(count, body.rem(count, together)));
  sums = body.loop(
      range.first, whole, together, sums,
      [&](Value w, ValueRange carried) { return visit(w, together, carried); });
  if (together != 1)
    sums =
        body.loop(whole, range.past, 1, sums, [&](Value w, ValueRange carried) {
          return visit(w, 1, carried);
        });
  SmallVector<Value> result(ArrayRef<Value>(sums).take_front(tiling.ur));
  for (int64_t p = 1; p < together; ++p)
    addTo(body, result, ArrayRef<Value>(sums).slice(p * tiling.ur, tiling.ur));
  return result;
}

void GroupedFilterGradEmitter::sum(KernelBody &body) {
  Dims taps = problem.taps;
  auto ids = body.delinearize(
      body.task(), {taps[0], taps[1], taps[2], rowBlocks(), columns()});
  std::array<Range, 3> ranges;
  for (unsigned d = 0; d < 3; ++d)
    ranges[d] = rangeOf(body, d, ids[d]);
  Value firstInput = body.mul(ids[3], tiling.ur),
        channel = body.mul(ids[4], tiling.lanes);
  Value mask = channelMask(body, problem.outChannels, tiling.lanes, channel,
                           tiling.lanes);
  GroupedInput input(body, problem, tiling.lanes,
                     inputOf(body, root->getOperand(0)), channel);
  Value zero = body.index(0);
  SmallVector<Value> none(tiling.ur, body.zeroVector(tiling.lanes));
  // Rows, planes and samples have sums of their own, because one sum of all
  // pixels would lose digits.
  SmallVector<Value> total = body.loop(
      zero, body.batch(), 1, none, [&](Value sample, ValueRange carried) {
        SmallVector<Value> sums = body.loop(
            ranges[0].first, ranges[0].past, 1, none,
            [&](Value d, ValueRange carried) {
              auto at = [&](unsigned dim, Value o) {
                return body.add(body.mul(o, problem.strides[dim]),
                                ranges[dim].offset);
              };
              Value plane = body.add(body.mul(sample, problem.in[0]), at(0, d)),
                    gradPlane = body.add(body.mul(sample, problem.out[0]), d);
              SmallVector<Value> rows = body.loop(
                  ranges[1].first, ranges[1].past, 1, none,
                  [&](Value h, ValueRange carried) {
                    SmallVector<Value> next(carried);
                    Value row = body.mul(
                        body.add(body.mul(plane, problem.in[1]), at(1, h)),
                        problem.in[2]);
                    Value gradRow = body.mul(
                        body.add(body.mul(gradPlane, problem.out[1]), h),
                        problem.out[2]);
                    addTo(body, next,
                          sumRow(body, input, firstInput, row, gradRow,
                                 ranges[2], channel, mask));
                    return next;
                  });
              SmallVector<Value> next(carried);
              addTo(body, next, rows);
              return next;
            });
        SmallVector<Value> next(carried);
        addTo(body, next, sums);
        return next;
      });
  Value tap = body.add(
      body.mul(body.add(body.mul(ids[0], taps[1]), ids[1]), taps[2]), ids[2]);
  store(body, tap, firstInput, channel, mask, total);
}

void GroupedFilterGradEmitter::store(KernelBody &body, Value tap,
                                     Value firstInput, Value channel,
                                     Value mask, ArrayRef<Value> sums) {
  Value first = body.add(body.mul(tap, problem.filterTapStride),
                         body.mul(channel, problem.filterOutStride));
  for (auto [i, sum] : llvm::enumerate(sums)) {
    Value in = body.add(firstInput, i);
    Value at = body.add(first, body.mul(in, problem.filterInStride));
    if (problem.filterOutStride == 1) {
      body.store(sum, body.output(0), at, mask);
      continue;
    }
    SmallVector<int64_t> offsets;
    for (int64_t lane = 0; lane < tiling.lanes; ++lane)
      offsets.push_back(lane * problem.filterOutStride);
    vector::ScatterOp::create(
        body.builder(), body.loc(), Type(), body.output(0), ValueRange(at),
        indexVector(body, offsets), allLanes(body, mask, tiling.lanes),
        body.asStored(sum, body.output(0)));
  }
}

} // namespace

LogicalResult emitGroupedFilterGrad(FusionEmitter &emitter, Operation *root) {
  ConvProblem problem = filterGradProblem(root);
  FailureOr<GroupedFilterGradTiling> tiling =
      readGroupedFilterGradTiling(emitter, problem, root);
  if (failed(tiling))
    return failure();
  GroupedFilterGradEmitter grad(problem, *tiling, root);
  emitter.launch({grad.tasks(), 0}, 0,
                 [&](KernelBody &body) { grad.sum(body); });
  return success();
}

} // namespace segc
