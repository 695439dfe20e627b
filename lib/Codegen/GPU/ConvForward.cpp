//===- ConvForward.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Convolution as an implicit GEMM. A block computes a tile of consecutive
// pixels of one sample x output channels. In each step (a tap and some input
// channels) its threads load the input, through the fusion's prologue, and the
// filter into shared memory, then each thread multiplies 4 pixels x 4 channels
// in registers. The epilogue consists of pointwise ops and, if there is a
// reduction, of its sums for each channel of the tile, added in a fixed order.

#include "ConvEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "segc/Codegen/Common/ConvProblem.h"
#include "segc/Codegen/Common/PointwiseEmitter.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"

using namespace mlir;

namespace segc {
namespace {

/// Emits the code of a block, for each of its threads.
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
  void reduce(ArrayRef<Value> values);
  bool storeChannelRow(const ReductionTile &own, Value firstPixelValue);
  Value channelRowAt() {
    return k.index(maxSums * tiling.threadRows() * tiling.channels);
  }
  void storeRowSums(int64_t sum, ArrayRef<Value> terms);
  Value totalOfRows(int64_t sum, Value column);
  void forColumns(llvm::function_ref<void(Value column, Value channel)> body) {
    k.forThreads(tiling.channels, [&](Value column) {
      body(column, k.add(firstChannel, column));
    });
  }
  // A step is a tap and `depth` input channels.
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
  const MomentLayout *layout; ///< Layout of the reduction; null if there is
                              ///< none.
  Value sample, tile, firstPixel, firstChannel; ///< Position of the block.
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
    reduce(values);
}

/// Loads the input to shared memory as [depth][pixels]. Elements in the padding
/// or after the last channel are zero; the prologue is not applied to them.
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

/// Loads the filter to shared memory as [depth][channels].
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
// Epilogue
//===----------------------------------------------------------------------===//

/// Emits the epilogue and returns the values that the reduction reads.
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

/// Emits the epilogue of a pixel's vector, lane by lane if the channels are no
/// multiple of the lanes.
Value ConvBlock::epiloguePixel(Value pixel, Value sum) {
  PointwiseEmitter pointwise(k, fusion, conv.getOutput().getType());
  Value sampleStart = k.mul(sample, product(problem.out));
  auto emit = [&](Value channel, int64_t width, Value value) {
    if (Value bias = conv.getBias())
      value = math(width).add(value, k.load(inputOf(k, bias), channel, width));
    DenseMap<Value, Value> root = {{conv.getOutput(), value}};
    pointwise.emit({k.add(sampleStart, pixel), sample, channel}, width, Value(),
                   root);
    ChannelReductionOpInterface reduction = reductionOf(fusion);
    return reduction ? pointwise.computed(reduction.getTermOperands().front())
                     : value;
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

/// Sums a thread's pixels and stores the result to shared memory as
/// [sum][thread row][channels].
void ConvBlock::storeRowSums(int64_t sum, ArrayRef<Value> terms) {
  Value total = terms.front();
  for (Value term : terms.drop_front())
    total = math(lanes).add(total, term);
  Value threadRow = k.add(k.div(row, threadPixels), sum * tiling.threadRows());
  k.store(total, k.scratch(), k.add(k.mul(threadRow, tiling.channels), column));
}

Value ConvBlock::totalOfRows(int64_t sum, Value column) {
  int64_t first = sum * tiling.threadRows();
  return k.loop(
      k.index(first), k.index(first + tiling.threadRows()), 1, k.zeroVector(1),
      [&](Value threadRow, ValueRange sum) -> Values {
        Value index = k.add(k.mul(threadRow, tiling.channels), column);
        return {math(1).add(sum[0], k.load(k.scratch(), index, 1))};
      })[0];
}

/// Stores the value of each channel that the terms need to shared memory, after
/// the sums; returns false if they need none. If it is the reduced value
/// itself, it is that of the tile's first pixel, which the first row of threads
/// has.
bool ConvBlock::storeChannelRow(const ReductionTile &own,
                                Value firstPixelValue) {
  ChannelReductionOpInterface reduction = reductionOf(fusion);
  SmallVector<ChannelRow> rows = reduction.getChannelRows(k, *layout, own);
  if (rows.empty())
    return false;
  assert(rows.size() == 1 && "check() refuses reductions that need more");
  ChannelRow channelRow = rows.front();
  if (channelRow.operand == reduction.getTermOperands().front()) {
    k.ifThen(k.less(row, k.index(threadPixels)), [&] {
      k.store(firstPixelValue, k.scratch(), k.add(channelRowAt(), column));
    });
    return true;
  }
  Value memref = memoryOf(k, channelRow.operand);
  forColumns([&](Value column, Value channel) {
    k.ifThen(isChannel(channel), [&] {
      k.store(k.load(memref, k.add(channelRow.row, channel), 1), k.scratch(),
              k.add(channelRowAt(), column));
    });
  });
  return true;
}

/// Sums the terms of the tile's pixels for each channel. Pixels outside the
/// sample add nothing, and channels after the last are not stored.
void ConvBlock::reduce(ArrayRef<Value> values) {
  ChannelReductionOpInterface reduction = reductionOf(fusion);
  int64_t pixels = product(problem.out);
  ReductionTile own{
      sample, tile,
      k.mul(k.add(k.mul(sample, pixels), firstPixel), problem.outChannels),
      k.min(k.index(tiling.pixels), k.sub(k.index(pixels), firstPixel))};
  bool hasRow = storeChannelRow(own, values.front());
  auto rowsOf = [&](Value column, int64_t width) {
    return hasRow ? Values{k.load(k.scratch(), k.add(channelRowAt(), column),
                                  width)}
                  : Values();
  };
  k.barrier();

  Values rows = rowsOf(column, lanes);
  unsigned sums = reduction.getSumCount();
  SmallVector<Values> terms(sums);
  for (auto [i, value] : llvm::enumerate(values)) {
    Value exists = isPixel(k.add(k.add(firstPixel, row), i));
    for (auto [sum, term] :
         llvm::enumerate(reduction.emitTerms(k, value, rows)))
      terms[sum].push_back(arith::SelectOp::create(k.builder(), k.loc(), exists,
                                                   term, k.zeroVector(lanes)));
  }
  for (unsigned sum = 0; sum < sums; ++sum)
    storeRowSums(sum, terms[sum]);
  k.barrier();

  Value temporary = layout->tileRow(k, sample, tile);
  forColumns([&](Value column, Value channel) {
    Values totals;
    for (unsigned sum = 0; sum < sums; ++sum)
      totals.push_back(totalOfRows(sum, column));
    Values finished = reduction.emitFinish(k, own, totals, rowsOf(column, 1));
    k.ifThen(isChannel(channel), [&] {
      for (auto [i, value] : llvm::enumerate(finished))
        k.store(value, k.sums(),
                k.add(k.add(temporary, i * problem.outChannels), channel));
    });
  });
}

} // namespace

ChannelReductionOpInterface reductionOf(seg::FusionOp fusion) {
  auto reductions = fusion.getBody().getOps<ChannelReductionOpInterface>();
  return reductions.empty() ? ChannelReductionOpInterface()
                            : *reductions.begin();
}

void emitConvBlock(GpuKernelBody &k, seg::FusionOp fusion, seg::ConvOp conv,
                   const ConvTiling &tiling, int64_t lanes,
                   const MomentLayout *layout) {
  ConvBlock(k, fusion, conv, tiling, lanes, layout).emit();
}

} // namespace segc
