//===- WinogradFixedPoint.cpp ---------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Winograd/WinogradFixedPoint.h"
#include "KernelHelpers.h"
#include "segc/Codegen/Common/FixedPoint.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace segc {

//===----------------------------------------------------------------------===//
// Magnitudes
//===----------------------------------------------------------------------===//

// A magnitude is the bits of |x| as an integer. Integers have the order of the
// values, with infinity and then NaN above all others.

static Value magnitude(KernelBody &body, Value values, int64_t lanes) {
  OpBuilder &b = body.builder();
  Value bits = vector::BitCastOp::create(b, body.loc(),
                                         integerType(body, lanes), values);
  return arith::AndIOp::create(b, body.loc(), bits,
                               integerVector(body, 0x7fffffff, lanes));
}

static Value toFloats(KernelBody &body, Value magnitudes, int64_t lanes) {
  return vector::BitCastOp::create(body.builder(), body.loc(),
                                   body.vectorType(lanes), magnitudes);
}

static Value larger(KernelBody &body, Value a, Value b) {
  return arith::MaxSIOp::create(body.builder(), body.loc(), a, b);
}

/// Returns the scale with which values up to these magnitudes become integers
/// up to `limit`; NaN where they are not finite.
static Value scaleOf(KernelBody &body, Value magnitudes, double limit,
                     int64_t lanes) {
  OpBuilder &b = body.builder();
  // The inverse of a smaller scale would overflow.
  constexpr int64_t minMagnitude = int64_t(127 - 108) << 23,
                    infinity = 255 << 23, nan = 0x7fc00000;
  Value finite =
      arith::CmpIOp::create(b, body.loc(), arith::CmpIPredicate::slt,
                            magnitudes, integerVector(body, infinity, lanes));
  Value bounded = arith::SelectOp::create(
      b, body.loc(), finite,
      larger(body, magnitudes, integerVector(body, minMagnitude, lanes)),
      integerVector(body, nan, lanes));
  return arith::MulFOp::create(
      b, body.loc(), toFloats(body, bounded, lanes),
      body.splat(body.scalarConstant(1 / limit), lanes));
}

static Value inverseOf(KernelBody &body, Value scale, int64_t lanes) {
  return arith::DivFOp::create(body.builder(), body.loc(),
                               body.splat(body.scalarConstant(1), lanes),
                               scale);
}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

/// Returns a vector whose lane i is the largest lane of the i-th vector.
static Value largestLanes(KernelBody &body, SmallVector<Value> vectors) {
  // Each step merges pairs of vectors: first the maxima of the two are in
  // alternating lanes, then in alternating pairs of lanes, and so on.
  int64_t lanes = vectors.size();
  for (int64_t half = 1; half < lanes; half *= 2) {
    SmallVector<Value> merged;
    SmallVector<int64_t> low, high;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      int64_t from = lane & half ? lanes + lane - half : lane;
      low.push_back(from), high.push_back(from + half);
    }
    for (size_t i = 0; i + 1 < vectors.size(); i += 2) {
      auto shuffle = [&](ArrayRef<int64_t> mask) {
        return vector::ShuffleOp::create(body.builder(), body.loc(), vectors[i],
                                         vectors[i + 1], mask);
      };
      merged.push_back(larger(body, shuffle(low), shuffle(high)));
    }
    vectors = std::move(merged);
  }
  return vectors.front();
}

void roundTile(KernelBody &body, const MultiplyEmitter &multiplier,
               const FixedTile &tile, Value to, Value scales) {
  int64_t lanes = tile.lanes;
  Value zero = body.index(0), scratch = body.scratch();
  auto valuesOf = [&](Value point) {
    return body.add(body.mul(point, tile.channels), tile.unrounded);
  };
  body.loop(zero, body.index(tile.points), lanes, [&](Value first) {
    SmallVector<Value> largest(lanes, integerVector(body, 0, lanes));
    largest = body.loop(
        zero, body.index(tile.channels), lanes, largest,
        [&](Value channel, ValueRange carried) {
          Value from = body.add(valuesOf(first), channel);
          SmallVector<Value> result;
          for (auto [i, maximum] : llvm::enumerate(carried)) {
            Value values = body.load(
                scratch,
                body.add(from, static_cast<int64_t>(i) * tile.channels), lanes);
            result.push_back(
                larger(body, maximum, magnitude(body, values, lanes)));
          }
          return result;
        });
    Value scale =
        scaleOf(body, largestLanes(body, largest), largestFixedInput, lanes);
    body.store(scale, scratch, body.add(scales, first));
    body.store(inverseOf(body, scale, lanes), scratch,
               body.add(first, tile.multipliers));
    Value end = body.min(body.add(first, lanes), body.index(tile.points));
    body.loop(first, end, 1, [&](Value point) {
      Value factor = body.splat(
          body.loadScalar(scratch, body.add(point, tile.multipliers)), lanes);
      Value from = valuesOf(point),
            words = body.add(to, body.mul(point, tile.pointPitch));
      body.loop(zero, body.index(tile.channels), lanes, [&](Value channel) {
        multiplier.storeNeighbours(
            body, body.load(scratch, body.add(from, channel), lanes), scratch,
            body.add(words, multiplier.word(body, channel)), factor);
      });
    });
  });
}

//===----------------------------------------------------------------------===//
// Filters
//===----------------------------------------------------------------------===//

Value FixedFilterScales::at(KernelBody &body, Row row, Value point) {
  return body.add(body.mul(point, lanes), base + row * points * lanes);
}

void FixedFilterScales::forPoints(KernelBody &body,
                                  llvm::function_ref<void(Value)> each) {
  body.loop(body.index(0), body.index(points), 1, each);
}

void FixedFilterScales::clear(KernelBody &body) {
  forPoints(body, [&](Value point) {
    for (Row row : {Largest, Sum, LargestSum})
      body.store(body.zeroVector(lanes), body.scratch(), at(body, row, point));
  });
}

/// Magnitudes are scaled by this factor before they are summed, so that the sum
/// stays finite.
static constexpr double sumPart = 1.0 / (4 * maxChainedFixed);

void FixedFilterScales::add(KernelBody &body, Value point, Value values) {
  OpBuilder &b = body.builder();
  Value scratch = body.scratch();
  Value size = magnitude(body, values, lanes);
  auto loaded = [&](Row row) {
    return body.load(scratch, at(body, row, point), lanes);
  };
  body.store(
      toFloats(body,
               larger(body, magnitude(body, loaded(Largest), lanes), size),
               lanes),
      scratch, at(body, Largest, point));
  body.store(vector::FMAOp::create(
                 b, body.loc(), toFloats(body, size, lanes),
                 body.splat(body.scalarConstant(sumPart), lanes), loaded(Sum)),
             scratch, at(body, Sum, point));
}

void FixedFilterScales::endChain(KernelBody &body) {
  forPoints(body, [&](Value point) {
    auto loaded = [&](Row row) {
      return magnitude(
          body, body.load(body.scratch(), at(body, row, point), lanes), lanes);
    };
    body.store(
        toFloats(body, larger(body, loaded(LargestSum), loaded(Sum)), lanes),
        body.scratch(), at(body, LargestSum, point));
    body.store(body.zeroVector(lanes), body.scratch(), at(body, Sum, point));
  });
}

void FixedFilterScales::finish(KernelBody &body) {
  forPoints(body, [&](Value point) {
    auto scaleBy = [&](Row row, double limit) {
      return scaleOf(
          body,
          magnitude(body,
                    body.load(body.scratch(), at(body, row, point), lanes),
                    lanes),
          limit, lanes);
    };
    Value scale = toFloats(
        body,
        larger(body,
               magnitude(body, scaleBy(Largest, largestFixedFilter), lanes),
               magnitude(body, scaleBy(LargestSum, largestChain * sumPart),
                         lanes)),
        lanes);
    body.store(scale, body.scratch(), at(body, Largest, point));
    body.store(inverseOf(body, scale, lanes), body.scratch(),
               at(body, Sum, point));
  });
}

Value FixedFilterScales::scale(KernelBody &body, Value point) {
  return body.load(body.scratch(), at(body, Largest, point), lanes);
}

Value FixedFilterScales::inverse(KernelBody &body, Value point) {
  return body.load(body.scratch(), at(body, Sum, point), lanes);
}

} // namespace segc
