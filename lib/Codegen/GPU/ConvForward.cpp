//===- ConvForward.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Convolution as an implicit matrix product: a block computes a tile of
// consecutive pixels of one sample x output channels. Step by step (a tap and
// some input channels) its threads bring the input, through the fusion's
// prologue, and the filter into shared memory; each thread multiplies 4 pixels
// x 4 channels in registers. The epilogue is pointwise ops and, if there is a
// reduction, mean and squared deviations of the tile for each channel, summed
// in fixed order.

#include "ConvEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "segc/Codegen/Common/ConvProblem.h"
#include "segc/Codegen/Common/PointwiseEmitter.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"

using namespace mlir;

namespace segc {
namespace {

/// One block, as one of its threads sees it.
class ConvBlock {
public:
  ConvBlock(GpuKernelBody &k, seg::FusionOp fusion, seg::ConvOp conv,
            const ConvTiling &tiling, int64_t lanes, const MomentLayout *layout)
      : k(k), fusion(fusion), conv(conv), problem(convProblem(conv)),
        tiling(tiling), lanes(lanes), layout(layout) {}

  void emit();

private:
  using Values = SmallVector<Value>;
  void loadInput(Value step);
  void loadFilter(Value step);
  Values multiply(ValueRange sums);
  Values epilogue(ValueRange sums);
  Value epiloguePixel(Value pixel, Value sum);
  void statistics(ArrayRef<Value> values);
  void storeRowSums(ArrayRef<Value> terms);
  Value totalOfRows(Value column);
  // A step is a tap and some input channels.
  int64_t chunks() const { return divideUp(problem.inChannels, tiling.depth); }
  Value tapOf(Value step) { return k.div(step, chunks()); }
  Value firstInputOf(Value step) {
    return k.mul(k.rem(step, chunks()), tiling.depth);
  }
  Value filterTile() { return k.index(tiling.pixels * tiling.depth); }
  Value isPixel(Value pixel) {
    return k.less(pixel, k.index(product(problem.out)));
  }
  Value isChannel(Value channel) {
    return k.less(channel, k.index(problem.outChannels));
  }
  seg::PointwiseMath math(int64_t width) {
    return {k.builder(), k.loc(), k.vectorType(width)};
  }

  GpuKernelBody &k;
  seg::FusionOp fusion;
  seg::ConvOp conv;
  ConvProblem problem;
  ConvTiling tiling;
  int64_t lanes;
  const MomentLayout *layout; ///< Of the statistics; null: none.
  Value sample, tile, firstPixel, firstChannel; ///< Of the block.
  Value row, column; ///< First pixel and channel of the thread in the tile.
};

void ConvBlock::emit() {
  int64_t pixelTiles = divideUp(product(problem.out), tiling.pixels),
          channelTiles = divideUp(problem.outChannels, tiling.channels);
  Values ids = k.delinearize(k.task(), {1, pixelTiles, channelTiles});
  sample = ids[0];
  tile = ids[1];
  firstPixel = k.mul(tile, tiling.pixels);
  firstChannel = k.mul(ids[2], tiling.channels);
  int64_t columns = tiling.threadColumns(lanes);
  row = k.mul(k.div(k.thread(), columns), threadPixels);
  column = k.mul(k.rem(k.thread(), columns), lanes);

  int64_t steps = product(problem.taps) * chunks();
  Values sums(threadPixels, k.zeroVector(lanes));
  sums = k.loop(k.index(0), k.index(steps), 1, sums,
                [&](Value step, ValueRange carried) {
                  loadInput(step);
                  loadFilter(step);
                  k.barrier();
                  Values next = multiply(carried);
                  k.barrier();
                  return next;
                });
  Values values = epilogue(sums);
  if (layout)
    statistics(values);
}

/// Shared: [depth][pixels]. What lies outside the input, or past its channels,
/// is zero, and stays so: the prologue is of what is inside.
void ConvBlock::loadInput(Value step) {
  Value firstInput = firstInputOf(step);
  Values taps = k.delinearize(tapOf(step), problem.taps);
  PointwiseEmitter prologue(k, fusion, conv.getInput().getType());
  k.forThreads(tiling.pixels * tiling.depth, [&](Value i) {
    Value depth = k.rem(i, tiling.depth), pixel = k.div(i, tiling.depth);
    Value channel = k.add(firstInput, depth), out = k.add(firstPixel, pixel);
    Values position = k.delinearize(out, problem.out);
    Value inside =
        k.both(isPixel(out), k.less(channel, k.index(problem.inChannels)));
    Value from = sample;
    for (unsigned d = 0; d < 3; ++d) {
      Value at = k.sub(k.add(k.mul(position[d], problem.strides[d]), taps[d]),
                       problem.low[d]);
      inside = k.both(inside, k.less(k.index(-1), at));
      inside = k.both(inside, k.less(at, k.index(problem.in[d])));
      from = k.add(k.mul(from, problem.in[d]), at);
    }
    Value value = k.ifElse(
        inside,
        [&] {
          return prologue.valueAt(conv.getInput(), {from, sample, channel}, 1);
        },
        [&] { return k.zeroVector(1); });
    k.store(value, k.scratch(), k.add(k.mul(depth, tiling.pixels), pixel));
  });
}

/// Shared: [depth][channels].
void ConvBlock::loadFilter(Value step) {
  Value firstInput = firstInputOf(step);
  Value source = k.mul(tapOf(step), problem.filterTapStride);
  Value filter = inputOf(k, conv.getFilter());
  k.forThreads(tiling.depth * tiling.channels, [&](Value i) {
    Value from = k.add(firstInput, k.div(i, tiling.channels)),
          to = k.add(firstChannel, k.rem(i, tiling.channels));
    Value inside =
        k.both(k.less(from, k.index(problem.inChannels)), isChannel(to));
    Value value = k.ifElse(
        inside,
        [&] {
          Value index =
              k.add(k.add(source, k.mul(from, problem.filterInStride)),
                    k.mul(to, problem.filterOutStride));
          return k.load(filter, index, 1);
        },
        [&] { return k.zeroVector(1); });
    k.store(value, k.scratch(), k.add(filterTile(), i));
  });
}

SmallVector<Value> ConvBlock::multiply(ValueRange sums) {
  return k.loop(
      k.index(0), k.index(tiling.depth), 1, sums,
      [&](Value depth, ValueRange carried) {
        Value inputs = k.load(
            k.scratch(), k.add(k.mul(depth, tiling.pixels), row), threadPixels);
        Value filters = k.load(
            k.scratch(),
            k.add(k.add(filterTile(), k.mul(depth, tiling.channels)), column),
            lanes);
        Values next;
        for (auto [pixel, sum] : llvm::enumerate(carried)) {
          Value input = vector::ExtractOp::create(k.builder(), k.loc(), inputs,
                                                  static_cast<int64_t>(pixel));
          next.push_back(math(lanes).fma(k.splat(input, lanes), filters, sum));
        }
        return next;
      });
}

//===----------------------------------------------------------------------===//
// Its epilogue
//===----------------------------------------------------------------------===//

/// Stores what the fusion yields; returns what statistics are taken of.
SmallVector<Value> ConvBlock::epilogue(ValueRange sums) {
  Values values;
  for (unsigned i = 0; i < threadPixels; ++i) {
    Value pixel = k.add(k.add(firstPixel, row), i);
    values.push_back(k.ifElse(
        isPixel(pixel), [&] { return epiloguePixel(pixel, sums[i]); },
        [&] { return k.zeroVector(lanes); }));
  }
  return values;
}

/// The vector of a pixel as one, or lane by lane where rows of channels are no
/// whole vectors.
Value ConvBlock::epiloguePixel(Value pixel, Value sum) {
  PointwiseEmitter pointwise(k, fusion, conv.getOutput().getType());
  Value sampleStart = k.mul(sample, product(problem.out));
  auto emit = [&](Value channel, int64_t width, Value value) {
    if (Value bias = conv.getBias())
      value = math(width).add(value, k.load(inputOf(k, bias), channel, width));
    DenseMap<Value, Value> root = {{conv.getOutput(), value}};
    pointwise.emit({k.add(sampleStart, pixel), sample, channel}, width, Value(),
                   root);
    seg::NormStatsOp stats = statisticsOf(fusion);
    return stats ? pointwise.computed(stats.getInput()) : value;
  };
  Value channel = k.add(firstChannel, column);
  bool whole = problem.outChannels % lanes == 0;
  Values parts;
  for (int64_t lane = 0; lane < lanes; lane += whole ? lanes : 1) {
    int64_t width = whole ? lanes : 1;
    Value at = k.add(channel, lane);
    parts.push_back(k.ifElse(
        isChannel(at),
        [&] {
          Value value = sum;
          if (!whole)
            value = vector::BroadcastOp::create(
                k.builder(), k.loc(), k.vectorType(1),
                vector::ExtractOp::create(k.builder(), k.loc(), sum, lane));
          return emit(at, width, value);
        },
        [&] { return k.zeroVector(width); }));
  }
  if (whole)
    return parts.front();
  for (Value &part : parts)
    part = vector::ExtractOp::create(k.builder(), k.loc(), part, 0);
  return vector::FromElementsOp::create(k.builder(), k.loc(),
                                        k.vectorType(lanes), parts);
}

/// Adds up a thread's pixels; shared: [thread row][channels].
void ConvBlock::storeRowSums(ArrayRef<Value> terms) {
  Value sum = terms.front();
  for (Value term : terms.drop_front())
    sum = math(lanes).add(sum, term);
  Value threadRow = k.div(row, threadPixels);
  k.store(sum, k.scratch(), k.add(k.mul(threadRow, tiling.channels), column));
  k.barrier();
}

Value ConvBlock::totalOfRows(Value column) {
  return k.loop(k.index(0), k.index(tiling.threadRows()), 1, k.zeroVector(1),
                [&](Value threadRow, ValueRange sum) -> Values {
                  Value index =
                      k.add(k.mul(threadRow, tiling.channels), column);
                  return {math(1).add(sum[0], k.load(k.scratch(), index, 1))};
                })[0];
}

/// Mean, then squared deviations from it. Values of pixels that do not exist
/// are zero in the one and left out of the other; channels that do not exist
/// are not stored.
void ConvBlock::statistics(ArrayRef<Value> values) {
  Value count = k.min(k.index(tiling.pixels),
                      k.sub(k.index(product(problem.out)), firstPixel));
  Value inverse = toFloat(k, arith::DivFOp::create(k.builder(), k.loc(),
                                                   doubleConstant(k, 1),
                                                   indexToDouble(k, count)));
  Value means = k.index(tiling.threadRows() * tiling.channels);
  Value temporary = layout->tileRow(k, sample, tile);
  auto forColumns = [&](llvm::function_ref<void(Value, Value)> body) {
    k.forThreads(tiling.channels, [&](Value column) {
      body(column, k.add(firstChannel, column));
    });
  };

  storeRowSums(values);
  forColumns([&](Value column, Value channel) {
    Value mean = math(1).mul(totalOfRows(column), k.splat(inverse, 1));
    k.store(mean, k.scratch(), k.add(means, column));
    k.ifThen(isChannel(channel),
             [&] { k.store(mean, k.sums(), k.add(temporary, channel)); });
  });
  k.barrier();

  Value mean = k.load(k.scratch(), k.add(means, column), lanes);
  Values squares;
  for (auto [i, value] : llvm::enumerate(values)) {
    Value delta = math(lanes).sub(value, mean);
    squares.push_back(k.ifElse(
        isPixel(k.add(k.add(firstPixel, row), i)),
        [&] { return math(lanes).mul(delta, delta); },
        [&] { return k.zeroVector(lanes); }));
  }
  storeRowSums(squares);
  forColumns([&](Value column, Value channel) {
    Value total = totalOfRows(column);
    k.ifThen(isChannel(channel), [&] {
      k.store(total, k.sums(),
              k.add(k.add(temporary, problem.outChannels), channel));
    });
  });
}

} // namespace

seg::NormStatsOp statisticsOf(seg::FusionOp fusion) {
  auto stats = fusion.getBody().getOps<seg::NormStatsOp>();
  return stats.empty() ? seg::NormStatsOp() : *stats.begin();
}

void emitConvBlock(GpuKernelBody &k, seg::FusionOp fusion, seg::ConvOp conv,
                   const ConvTiling &tiling, int64_t lanes,
                   const MomentLayout *layout) {
  ConvBlock(k, fusion, conv, tiling, lanes, layout).emit();
}

} // namespace segc
