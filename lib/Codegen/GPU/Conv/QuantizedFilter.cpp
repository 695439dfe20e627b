//===- QuantizedFilter.cpp ------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QuantizedFilter.h"

#include "ConvOperands.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "segc/Codegen/Common/QuantizedFactors.h"
#include "segc/Dialect/Seg/IR/PointwiseMath.h"
#include "segc/Dialect/Seg/IR/QuantizeOps.h"

using namespace mlir;

namespace segc {

static constexpr int64_t perWord = 4;

std::string quantizedRefusal(seg::FusionOp fusion) {
  Operation *root = fusion.getRoot();
  if (!seg::multipliesInt8(root))
    return "expects quantized factors";
  Value filter = seg::quantizedSource(root->getOperand(1));
  if (!isa<BlockArgument>(filter) || !getElementTypeOrSelf(filter).isF32())
    return "expects a quantized filter that is f32 in memory";
  ConvProblem problem = convProblem(root);
  if (problem.groups != 1 || problem.filterOutStride != 1)
    return "expects quantized factors of one group, with a filter that ends in "
           "output channels";
  if (ConvInput::lanes(problem, inputFactor(root)) < perWord)
    return "expects multiples of 4 input channels of quantized factors, of "
           "each part of a concatenation, got " +
           std::to_string(problem.inChannels);
  // A NaN may become -128.
  constexpr int64_t largestProduct = int64_t{128} * 127;
  int64_t products = product(problem.taps) * problem.inChannels,
          most = std::numeric_limits<int32_t>::max() / largestProduct;
  if (products > most)
    return "expects a sum of at most " + std::to_string(most) +
           " products of quantized factors, which 32 bits hold, got " +
           std::to_string(products);
  return "";
}

Value inputFactor(Operation *root) {
  Value input = root->getOperand(0);
  return seg::multipliesInt8(root)
             ? input.getDefiningOp<seg::DequantizeOp>().getInput()
             : input;
}

ConvProblem quantizedProblem(const ConvProblem &problem) {
  ConvProblem copied = problem;
  copied.filterInStride = 1;
  copied.filterOutStride = problem.inChannels;
  return copied;
}

GemmAccess quantizedAccess(const ConvProblem &problem) {
  constexpr int64_t maxLanes = 16;
  return ConvFilter::access(quantizedProblem(problem), maxLanes);
}

/// Words of the filter of an output channel.
static int64_t channelWords(const ConvProblem &problem) {
  return product(problem.taps) * problem.inChannels / perWord;
}

int64_t firstScale(const ConvProblem &problem) {
  constexpr int64_t aligned = 8; // For vectors of scales.
  return roundUp(channelWords(problem) * problem.outChannels, aligned);
}

int64_t quantizedFilterFloats(const ConvProblem &problem) {
  return firstScale(problem) + problem.outChannels;
}

namespace {

/// A block has the filters of some output channels; rows of its threads share
/// the words of each.
class FilterQuantization {
public:
  FilterQuantization(GpuKernelBody &k, Operation *root)
      : k(k), root(root), problem(convProblem(root)),
        filter(inputOf(k, seg::quantizedSource(root->getOperand(1)))),
        m(k.builder(), k.loc(), k.builder().getF32Type()),
        row(k.div(k.thread(), columns)), words(k.index(channelWords(problem))),
        output(k.add(k.mul(k.task(), columns), k.rem(k.thread(), columns))),
        exists(k.less(output, k.index(problem.outChannels))) {}

  static constexpr int64_t columns = 32, rows = 8;

  void emit();

private:
  /// The i-th weight of a word; threads behind the last channel repeat it.
  Value weight(Value word, int64_t i) {
    Value channel = k.min(output, k.index(problem.outChannels - 1));
    Value number = k.add(k.mul(word, perWord), i);
    return k.loadScalar(filter,
                        k.add(k.mul(number, problem.filterInStride), channel));
  }
  Value largestMagnitude();
  Value packedWord(Value word, Value inverse);

  GpuKernelBody &k;
  Operation *root;
  ConvProblem problem;
  Value filter;
  seg::PointwiseMath m;
  Value row, words, output, exists;
};

} // namespace

Value FilterQuantization::largestMagnitude() {
  Value own = k.loop(row, words, rows, {k.scalarConstant(0)},
                     [&](Value word, ValueRange carried) {
                       Value largest = carried[0];
                       for (int64_t i = 0; i < perWord; ++i)
                         largest = m.max(
                             largest, math::AbsFOp::create(k.builder(), k.loc(),
                                                           weight(word, i)));
                       return SmallVector<Value>{largest};
                     })
                  .front();
  k.storeScalar(own, k.scratch(), k.thread());
  k.barrier();
  Value largest;
  for (int64_t i = 0; i < rows; ++i) {
    Value other = k.loadScalar(k.scratch(),
                               k.add(k.rem(k.thread(), columns), i * columns));
    largest = largest ? m.max(largest, other) : other;
  }
  return largest;
}

Value FilterQuantization::packedWord(Value word, Value inverse) {
  OpBuilder &b = k.builder();
  Type i32 = b.getI32Type();
  auto constant = [&](int64_t value) {
    return arith::ConstantIntOp::create(b, k.loc(), value, 32);
  };
  Value packed;
  for (int64_t i = 0; i < perWord; ++i) {
    // At 1.5 * 2^23 the last place of an f32 is 1.
    Value shifted = m.fma(weight(word, i), inverse, m.constant(0x1.8p23));
    Value byte = arith::AndIOp::create(
        b, k.loc(), arith::BitcastOp::create(b, k.loc(), i32, shifted),
        constant(255));
    byte = arith::ShLIOp::create(b, k.loc(), byte, constant(8 * i));
    packed = packed ? arith::OrIOp::create(b, k.loc(), packed, byte) : byte;
  }
  return arith::BitcastOp::create(b, k.loc(), b.getF32Type(), packed);
}

void FilterQuantization::emit() {
  FilterScale of = filterScale(m, largestMagnitude());
  double inputScale = quantizedInputScale(root);
  int64_t tapWords = problem.inChannels / perWord;
  k.ifThen(exists, [&] {
    k.ifThen(k.less(row, k.index(1)), [&] {
      k.storeScalar(m.mul(of.scale, m.constant(inputScale)), k.temp(),
                    k.add(output, firstScale(problem)));
    });
    k.loop(row, words, rows, [&](Value word) {
      Value filterOfTap =
          k.add(k.mul(k.div(word, tapWords), problem.outChannels), output);
      k.storeScalar(packedWord(word, of.inverse), k.temp(),
                    k.add(k.mul(filterOfTap, tapWords), k.rem(word, tapWords)));
    });
  });
}

void launchFilterQuantization(GpuFusionEmitter &emitter) {
  constexpr int64_t columns = FilterQuantization::columns,
                    threads = columns * FilterQuantization::rows;
  Operation *root = emitter.getFusion().getRoot();
  emitter.launch({divideUp(convProblem(root).outChannels, columns), 0}, threads,
                 /*sharedFloats=*/threads,
                 [&](GpuKernelBody &k) { FilterQuantization(k, root).emit(); });
}

} // namespace segc
