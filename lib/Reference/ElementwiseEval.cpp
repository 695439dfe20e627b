//===- ElementwiseEval.cpp - Activations, arithmetic, dropout, softmax ----===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReferenceModels.h"
#include "segc/Base/Random.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace segc::seg;

namespace segc::reference {

double broadcastAt(const HostTensor &tensor, int64_t i, ArrayRef<int64_t> to) {
  ArrayRef<int64_t> from = tensor.shape();
  if (from == to)
    return tensor[i];
  if (from.empty())
    return tensor[0];
  int64_t channels = to.back();
  if (from.size() == 1)
    return tensor[i % channels];
  if (from.size() == to.size()) // last dimension 1
    return tensor[i / channels];
  int64_t perSample = product(to.drop_front());
  return tensor[i / perSample * channels + i % channels];
}

std::vector<double> softmax(const HostTensor &logits) {
  std::vector<double> result(logits.values());
  for (int64_t begin = 0; begin < logits.size(); begin += logits.channels()) {
    auto position =
        llvm::MutableArrayRef<double>(result).slice(begin, logits.channels());
    double largest = *std::max_element(position.begin(), position.end());
    double total = 0;
    for (double &value : position)
      total += value = std::exp(value - largest);
    for (double &value : position)
      value /= total;
  }
  return result;
}

/// Computes results[0][i] = f(operand 0 at i, operand 1 at i, ...).
template <size_t... I, typename Function>
static void pointwise(Operands operands, Results results,
                      std::index_sequence<I...>, Function function) {
  HostTensor &y = results[0];
  for (int64_t i = 0; i < y.size(); ++i)
    y[i] = function(broadcastAt(*operands[I], i, y.shape())...);
}
template <typename Function>
static void unary(Operands operands, Results results, Function function) {
  pointwise(operands, results, std::make_index_sequence<1>(), function);
}
template <typename Function>
static void binary(Operands operands, Results results, Function function) {
  pointwise(operands, results, std::make_index_sequence<2>(), function);
}

static void relu(ReluOp, Operands operands, Results results) {
  unary(operands, results, [](double x) { return x < 0 ? 0 : x; });
}
static void leakyRelu(LeakyReluOp op, Operands operands, Results results) {
  double slope = op.getSlope().convertToDouble();
  unary(operands, results, [=](double x) { return x > 0 ? x : slope * x; });
}
static void sigmoid(SigmoidOp, Operands operands, Results results) {
  unary(operands, results, [](double x) { return 1 / (1 + std::exp(-x)); });
}
static void scale(ScaleOp op, Operands operands, Results results) {
  double factor = op.getFactor().convertToDouble();
  unary(operands, results, [=](double x) { return factor * x; });
}
static void cast(CastOp, Operands operands, Results results) {
  // The interpreter rounds results, depending on its precision.
  unary(operands, results, [](double x) { return x; });
}
static void add(AddOp, Operands operands, Results results) {
  binary(operands, results, [](double a, double b) { return a + b; });
}
static void sub(SubOp, Operands operands, Results results) {
  binary(operands, results, [](double a, double b) { return a - b; });
}
static void mul(MulOp, Operands operands, Results results) {
  binary(operands, results, [](double a, double b) { return a * b; });
}
static void prelu(PReluOp, Operands operands, Results results) {
  binary(operands, results,
         [](double x, double slope) { return x > 0 ? x : slope * x; });
}

static void reluGrad(ReluGradOp, Operands operands, Results results) {
  binary(operands, results, [](double y, double dy) { return y > 0 ? dy : 0; });
}
static void leakyReluGrad(LeakyReluGradOp op, Operands operands,
                          Results results) {
  double slope = op.getSlope().convertToDouble();
  binary(operands, results,
         [=](double y, double dy) { return y > 0 ? dy : slope * dy; });
}
static void sigmoidGrad(SigmoidGradOp, Operands operands, Results results) {
  binary(operands, results,
         [](double y, double dy) { return dy * y * (1 - y); });
}
static void preluGrad(PReluGradOp, Operands operands, Results results) {
  pointwise(operands, results, std::make_index_sequence<3>(),
            [](double x, double slope, double dy) {
              return x > 0 ? dy : slope * dy;
            });
}
static void preluSlopeGrad(PReluSlopeGradOp, Operands operands,
                           Results results) {
  binary(operands, results,
         [](double x, double dy) { return x > 0 ? 0 : x * dy; });
}

static void dropout(DropoutOp op, Operands operands, Results results) {
  const HostTensor &x = *operands[0];
  auto counter = [&](int operand) {
    return static_cast<uint64_t>(operands[operand]->integers()[0]);
  };
  uint64_t seed = counter(1), step = counter(2), offset = counter(3);
  uint64_t stream = (step << 32) + static_cast<uint64_t>(op.getId());
  uint64_t perSample = product(x.shape().drop_front());
  double rate = op.getRate().convertToDouble();
  for (int64_t i = 0; i < x.size(); ++i) {
    uint64_t element = i + offset * perSample;
    std::array<uint32_t, 4> block = philox(
        {static_cast<uint32_t>(element), static_cast<uint32_t>(element >> 32),
         static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32)},
        seed);
    double draw = (block[0] >> 8) * 0x1p-24;
    // Kernels have the rate as f32; draws are multiples of 2^-24.
    results[0][i] = draw < static_cast<float>(rate) ? 0 : x[i] / (1 - rate);
  }
}

static LogicalResult topKMean(TopKMeanOp op, Operands operands,
                              Results results) {
  std::vector<double> values(operands[0]->values());
  for (double value : values)
    if (value < 0)
      return op.emitOpError("expects values of at least 0, got ") << value;
  // What is no number comes first, so that the mean shows it.
  llvm::sort(values, [](double a, double b) {
    return a > b || (std::isnan(a) && !std::isnan(b));
  });
  const auto all = static_cast<double>(values.size());
  const double k =
      std::max(std::floor(all * op.getPercent().convertToDouble() / 100), 1.0);
  const double threshold = values[static_cast<size_t>(k) - 1];
  double total = 0, above = 0, equal = 0;
  for (double value : values)
    if (value > threshold) {
      total += value;
      above += 1;
    } else if (value == threshold) {
      equal += 1;
    }
  results[0][0] = (total + (k - above) * threshold) / k;
  results[1][0] = threshold;
  results[2][0] = 1 / k;
  results[3][0] = (k - above) / (k * equal);
  return success();
}
static void topKMeanGrad(TopKMeanGradOp, Operands operands, Results results) {
  pointwise(
      operands, results, std::make_index_sequence<5>(),
      [](double x, double threshold, double weight, double tieWeight,
         double grad) {
        return grad * (x > threshold ? weight : x == threshold ? tieWeight : 0);
      });
}
static void softmaxOp(SoftmaxOp, Operands operands, Results results) {
  results[0] =
      HostTensor(results[0].shape(), results[0].kind(), softmax(*operands[0]));
}
static void softmaxGrad(SoftmaxGradOp, Operands operands, Results results) {
  const HostTensor &y = *operands[0], &dy = *operands[1];
  int64_t channels = y.channels();
  for (int64_t begin = 0; begin < y.size(); begin += channels) {
    double dot = 0;
    for (int64_t i = begin; i < begin + channels; ++i)
      dot += y[i] * dy[i];
    for (int64_t i = begin; i < begin + channels; ++i)
      results[0][i] = y[i] * (dy[i] - dot);
  }
}
static void channelTotal(ChannelTotalOp, Operands operands, Results results) {
  const HostTensor &x = *operands[0];
  for (int64_t i = 0; i < x.size(); ++i)
    results[0][i / x.channels()] += x[i];
}

void attachElementwiseModels(MLIRContext *context) {
  attach<ReluOp, relu>(context);
  attach<LeakyReluOp, leakyRelu>(context);
  attach<SigmoidOp, sigmoid>(context);
  attach<ScaleOp, scale>(context);
  attach<CastOp, cast>(context);
  attach<AddOp, add>(context);
  attach<SubOp, sub>(context);
  attach<MulOp, mul>(context);
  attach<PReluOp, prelu>(context);
  attach<ReluGradOp, reluGrad>(context);
  attach<LeakyReluGradOp, leakyReluGrad>(context);
  attach<SigmoidGradOp, sigmoidGrad>(context);
  attach<PReluGradOp, preluGrad>(context);
  attach<PReluSlopeGradOp, preluSlopeGrad>(context);
  attach<DropoutOp, dropout>(context);
  attach<TopKMeanOp, topKMean>(context);
  attach<TopKMeanGradOp, topKMeanGrad>(context);
  attach<SoftmaxOp, softmaxOp>(context);
  attach<SoftmaxGradOp, softmaxGrad>(context);
  attach<ChannelTotalOp, channelTotal>(context);
}

} // namespace segc::reference
