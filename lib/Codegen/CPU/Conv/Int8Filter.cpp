//===- Int8Filter.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Conv/Int8Filter.h"
#include "KernelHelpers.h"
#include "segc/Codegen/CPU/ConvTile.h"
#include "segc/Codegen/Common/QuantizedFactors.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace segc {

Value loadIntegers(KernelBody &body, Value memref, Value index, int64_t lanes) {
  return vector::BitCastOp::create(body.builder(), body.loc(),
                                   integerType(body, lanes),
                                   body.load(memref, index, lanes));
}

static void storeIntegers(KernelBody &body, Value integers, Value memref,
                          Value index, int64_t lanes) {
  body.store(vector::BitCastOp::create(body.builder(), body.loc(),
                                       body.vectorType(lanes), integers),
             memref, index);
}

namespace {

/// Packs one vector of output channels.
class Int8VectorPacker {
public:
  Int8VectorPacker(KernelBody &body, const ConvProblem &problem, Value filter,
                   const std::array<ConvPhase, 3> &phase,
                   const Int8Panel &panel, Value channel, int64_t vector)
      : body(body), problem(problem), filter(filter), phase(phase),
        panel(panel), channel(body.add(channel, vector * panel.lanes)),
        offset(vector * panel.lanes) {
    mask = channelMask(body, problem.outChannels, panel.nb * panel.lanes,
                       this->channel, panel.lanes);
  }

  void pack();

private:
  Value load(Value row) {
    Value at = body.add(body.mul(row, problem.filterInStride), channel);
    return body.load(filter, body.add(at, problem.filterBase), panel.lanes,
                     mask);
  }
  Value largestMagnitude();
  Value tapOf(unsigned d, Value at) {
    return body.add(phase[d].firstTap, body.mul(at, phase[d].tapStep));
  }
  /// Stores the words of a tap, whose first input channel is in `row` of the
  /// filter, from `to` on, and adds their numbers to `sum`.
  Value packTap(Value row, Value to, Value inverse, Value sum);

  KernelBody &body;
  const ConvProblem &problem;
  Value filter;
  const std::array<ConvPhase, 3> &phase;
  const Int8Panel &panel;
  Value channel, mask;
  int64_t offset;
};

} // namespace

/// Over all taps, not only those of the phase: the scale is the filter's.
Value Int8VectorPacker::largestMagnitude() {
  Value rows = body.index(product(problem.taps) * problem.inChannels);
  seg::PointwiseMath m(body.builder(), body.loc(),
                       body.vectorType(panel.lanes));
  return body
      .loop(body.index(0), rows, 1, {body.zeroVector(panel.lanes)},
            [&](Value row, ValueRange carried) {
              Value magnitude =
                  math::AbsFOp::create(body.builder(), body.loc(), load(row));
              return SmallVector<Value>{m.max(carried[0], magnitude)};
            })
      .front();
}

Value Int8VectorPacker::packTap(Value row, Value to, Value inverse, Value sum) {
  OpBuilder &b = body.builder();
  constexpr int64_t perWord = 4;
  seg::PointwiseMath m(b, body.loc(), body.vectorType(panel.lanes));
  return body
      .loop(
          body.index(0), body.index(problem.inChannels / perWord), 1, {sum},
          [&](Value step, ValueRange carried) {
            Value total = carried[0], word;
            for (int64_t i = 0; i < perWord; ++i) {
              Value weight =
                  load(body.add(row, body.add(body.mul(step, perWord), i)));
              // At 1.5 * 2^23 the last place of an f32 is 1.
              Value unit = m.constant(0x1.8p23);
              Value number = arith::FPToSIOp::create(
                  b, body.loc(), integerType(body, panel.lanes),
                  m.sub(m.fma(weight, inverse, unit), unit));
              total = arith::AddIOp::create(b, body.loc(), total, number);
              Value byte = arith::AndIOp::create(
                  b, body.loc(), number, integerVector(body, 255, panel.lanes));
              byte = arith::ShLIOp::create(
                  b, body.loc(), byte, integerVector(body, 8 * i, panel.lanes));
              word =
                  word ? arith::OrIOp::create(b, body.loc(), word, byte) : byte;
            }
            storeIntegers(body, word, panel.memref,
                          body.add(to, body.mul(step, panel.step)),
                          panel.lanes);
            return SmallVector<Value>{total};
          })
      .front();
}

void Int8VectorPacker::pack() {
  OpBuilder &b = body.builder();
  seg::PointwiseMath m(b, body.loc(), body.vectorType(panel.lanes));
  FilterScale of = filterScale(m, largestMagnitude());
  Value first = body.add(panel.base, offset);
  body.store(m.mul(of.scale, m.constant(panel.inputScale)), panel.memref,
             body.add(first, panel.nb * panel.lanes));
  Value words = body.add(first, panel.header), none = body.index(0);
  using Values = SmallVector<Value>;
  Values sums{integerVector(body, 0, panel.lanes)};
  sums = body.loop(
      none, phase[0].taps, 1, sums, [&](Value d, ValueRange carried) -> Values {
        return body.loop(
            none, phase[1].taps, 1, carried,
            [&](Value h, ValueRange carried) -> Values {
              Value row = body.mul(
                  body.add(body.mul(d, problem.phaseTaps()[1]), h), panel.row);
              Value plane =
                  body.add(body.mul(tapOf(0, d), problem.taps[1]), tapOf(1, h));
              return body.loop(
                  none, phase[2].taps, 1, carried,
                  [&](Value w, ValueRange carried) -> Values {
                    Value tap =
                        body.add(body.mul(plane, problem.taps[2]), tapOf(2, w));
                    Value to =
                        body.add(body.add(words, row), body.mul(w, panel.tap));
                    return {packTap(body.mul(tap, problem.inChannels), to,
                                    of.inverse, carried[0])};
                  });
            });
      });
  Value compensation = arith::MulIOp::create(
      b, body.loc(), sums[0], integerVector(body, -128, panel.lanes));
  storeIntegers(body, compensation, panel.memref, first, panel.lanes);
}

void packInt8Filter(KernelBody &body, const ConvProblem &problem, Value filter,
                    const std::array<ConvPhase, 3> &phase, Value channel,
                    const Int8Panel &panel) {
  for (int64_t v = 0; v < panel.nb; ++v)
    Int8VectorPacker(body, problem, filter, phase, panel, channel, v).pack();
}

} // namespace segc
