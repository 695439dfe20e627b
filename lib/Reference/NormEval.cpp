//===- NormEval.cpp - Normalisation ---------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReferenceModels.h"
#include "segc/Reference/Sums.h"

#include <cmath>

using namespace mlir;
using namespace segc::seg;

namespace segc::reference {
namespace {

/// The sets of elements that share statistics, and their entries in mean and
/// rstd.
struct Sets {
  int64_t count, channels, perSample, groupSize;
  bool overBatch;

  template <typename OpTy>
  Sets(OpTy op, const HostTensor &x)
      : channels(x.channels()), perSample(x.size() / x.shape()[0]),
        groupSize(op.getKind() == NormKind::group
                      ? channels / static_cast<int64_t>(op.getGroups())
                      : 1),
        overBatch(op.getKind() == NormKind::batch) {
    count = overBatch ? channels : x.shape()[0] * (channels / groupSize);
  }

  /// Returns the set of element i.
  int64_t of(int64_t i) const { return ofStatistic(statistic(i)); }
  /// Returns the entry of mean and rstd for element i.
  int64_t statistic(int64_t i) const {
    return overBatch ? i % channels : i / perSample * channels + i % channels;
  }
  int64_t ofStatistic(int64_t entry) const { return entry / groupSize; }

  /// Returns the mean of value(i) over each set.
  std::vector<double> means(int64_t size,
                            llvm::function_ref<double(int64_t)> value) const {
    std::vector<double> sums(count);
    for (int64_t i = 0; i < size; ++i)
      sums[of(i)] += value(i);
    for (double &sum : sums)
      sum /= static_cast<double>(size) / count;
    return sums;
  }
  /// Stores the value of each set to all its entries of a statistic.
  void spread(ArrayRef<double> perSet, HostTensor &statistics) const {
    for (int64_t entry = 0; entry < statistics.size(); ++entry)
      statistics[entry] = perSet[ofStatistic(entry)];
  }
};

/// Computes statistics in two passes, so that a large mean does not cancel.
template <typename OpTy>
void statistics(OpTy op, const HostTensor &x, HostTensor &mean,
                HostTensor &rstd) {
  Sets sets(op, x);
  std::vector<double> m = sets.means(x.size(), [&](int64_t i) { return x[i]; });
  std::vector<double> variance = sets.means(x.size(), [&](int64_t i) {
    double centred = x[i] - m[sets.of(i)];
    return centred * centred;
  });
  double epsilon = op.getEpsilon().convertToDouble();
  for (double &v : variance)
    v = 1 / std::sqrt(v + epsilon);
  sets.spread(m, mean);
  sets.spread(variance, rstd);
}

void norm(NormOp op, Operands operands, Results results) {
  const HostTensor &x = *operands[0], &gamma = *operands[1],
                   &beta = *operands[2];
  HostTensor &y = results[0], &mean = results[1], &rstd = results[2];
  statistics(op, x, mean, rstd);
  Sets sets(op, x);
  for (int64_t i = 0; i < x.size(); ++i) {
    int64_t s = sets.statistic(i), c = i % sets.channels;
    y[i] = (x[i] - mean[s]) * rstd[s] * gamma[c] + beta[c];
  }
}

void normStats(NormStatsOp op, Operands operands, Results results) {
  statistics(op, *operands[0], results[0], results[1]);
}

/// The operands that both forms of the gradient share: input, grad, gamma,
/// mean, rstd.
struct NormBackward {
  const HostTensor &x, &dy, &gamma, &mean, &rstd;
  Sets sets;

  template <typename OpTy>
  NormBackward(OpTy op, Operands operands)
      : x(*operands[0]), dy(*operands[1]), gamma(*operands[2]),
        mean(*operands[3]), rstd(*operands[4]), sets(op, x) {}

  double normalised(int64_t i) const {
    int64_t s = sets.statistic(i);
    return (x[i] - mean[s]) * rstd[s];
  }
  /// Returns the gradient of the normalised value.
  double scaledGrad(int64_t i) const {
    return gamma[i % sets.channels] * dy[i];
  }
  std::vector<double> meanGrad() const {
    return sets.means(x.size(), [&](int64_t i) { return scaledGrad(i); });
  }
  std::vector<double> meanGradNormalised() const {
    return sets.means(x.size(),
                      [&](int64_t i) { return scaledGrad(i) * normalised(i); });
  }
  void perChannel(HostTensor &gammaGrad, HostTensor &betaGrad) const {
    for (int64_t i = 0; i < x.size(); ++i) {
      gammaGrad[i % sets.channels] += dy[i] * normalised(i);
      betaGrad[i % sets.channels] += dy[i];
    }
  }
};

void normGrad(NormGradOp op, Operands operands, Results results) {
  NormBackward backward(op, operands);
  std::vector<double> s1 = backward.meanGrad(),
                      s2 = backward.meanGradNormalised();
  for (int64_t i = 0; i < backward.x.size(); ++i) {
    int64_t set = backward.sets.of(i);
    results[0][i] =
        backward.rstd[backward.sets.statistic(i)] *
        (backward.scaledGrad(i) - s1[set] - backward.normalised(i) * s2[set]);
  }
  backward.perChannel(results[1], results[2]);
}

void normGradStats(NormGradStatsOp op, Operands operands, Results results) {
  NormBackward backward(op, operands);
  backward.sets.spread(backward.meanGrad(), results[0]);
  backward.sets.spread(backward.meanGradNormalised(), results[1]);
  backward.perChannel(results[2], results[3]);
}

void batchNormInference(BatchNormInferenceOp op, Operands operands,
                        Results results) {
  const HostTensor &x = *operands[0], &gamma = *operands[1],
                   &beta = *operands[2];
  const HostTensor &mean = *operands[3], &variance = *operands[4];
  double epsilon = op.getEpsilon().convertToDouble();
  for (int64_t i = 0; i < x.size(); ++i) {
    int64_t c = i % x.channels();
    results[0][i] =
        (x[i] - mean[c]) / std::sqrt(variance[c] + epsilon) * gamma[c] +
        beta[c];
  }
}

void normApply(NormApplyOp, Operands operands, Results results) {
  HostTensor &y = results[0];
  for (int64_t i = 0; i < y.size(); ++i) {
    auto at = [&](int operand) {
      return broadcastAt(*operands[operand], i, y.shape());
    };
    y[i] = (at(0) - at(1)) * at(2) * at(3) + at(4);
  }
}

void normGradApply(NormGradApplyOp, Operands operands, Results results) {
  HostTensor &dx = results[0];
  for (int64_t i = 0; i < dx.size(); ++i) {
    auto at = [&](int operand) {
      return broadcastAt(*operands[operand], i, dx.shape());
    };
    double x = at(0), dy = at(1), gamma = at(2), mean = at(3), rstd = at(4);
    dx[i] = rstd * (gamma * dy - at(5) - (x - mean) * rstd * at(6));
  }
}

/// Updates running statistics to momentum * running + (1 - momentum) *
/// batch(value), or keeps the old ones where that is not finite.
template <typename OpTy>
void running(OpTy op, Operands operands, Results results,
             llvm::function_ref<double(double)> batch) {
  double momentum = op.getMomentum().convertToDouble();
  HostTensor &y = results[0];
  for (int64_t i = 0; i < y.size(); ++i) {
    double old = broadcastAt(*operands[0], i, y.shape()),
           value = batch(broadcastAt(*operands[1], i, y.shape()));
    double updated = momentum * old + (1 - momentum) * value;
    y[i] = std::isfinite(updated) ? updated : old;
  }
}

void runningMean(RunningMeanOp op, Operands operands, Results results) {
  running(op, operands, results, [](double mean) { return mean; });
}

void runningVariance(RunningVarianceOp op, Operands operands, Results results) {
  double epsilon = op.getEpsilon().convertToDouble();
  running(op, operands, results,
          [&](double rstd) { return std::pow(rstd, -2) - epsilon; });
}

} // namespace

static void normDeviation(NormDeviationOp, Operands operands, Results results) {
  for (int64_t i = 0; i < results[0].size(); ++i) {
    double apart = (*operands[0])[i] - (*operands[2])[i];
    results[0][i] = std::pow((*operands[1])[i], -2) + apart * apart;
  }
}

static void normRstd(NormRstdOp, Operands operands, Results results) {
  for (int64_t i = 0; i < results[0].size(); ++i)
    results[0][i] = 1 / std::sqrt((*operands[0])[i]);
}

void evaluateStatistics(NormStatsOp op, const HostTensor &x,
                        const SumRows &rows, HostTensor &mean,
                        HostTensor &rstd) {
  Sets sets(op, x);
  struct Moments {
    double count = 0, mean = 0, squares = 0;
  };
  std::vector<Moments> merged(sets.count);
  uint64_t seed = rows.seed * 0xd1342543de82ef95 + 1;
  int64_t row = rows.pixels * sets.channels;
  for (int64_t sample = 0; sample < x.size(); sample += sets.perSample)
    for (int64_t first = sample; first < sample + sets.perSample; first += row)
      for (int64_t c = 0; c < sets.channels; ++c) {
        double shift = x[first + c], sum = 0, squares = 0, count = 0;
        int64_t end = std::min(first + row, sample + sets.perSample);
        for (int64_t i = first + c; i < end; i += sets.channels, ++count) {
          double term = x[i] - shift;
          sum = disturbed(sum + term, rows.unit, seed);
          squares = disturbed(squares + term * term, rows.unit, seed);
        }
        // Moments are merged by the formula of Chan, Golub and LeVeque.
        Moments &set = merged[sets.of(first + c)];
        double total = set.count + count,
               delta = shift + sum / count - set.mean;
        set.squares += squares - sum * sum / count +
                       delta * delta * set.count * count / total;
        set.mean += delta * count / total;
        set.count = total;
      }
  double epsilon = op.getEpsilon().convertToDouble();
  std::vector<double> means, inverses;
  for (const Moments &set : merged) {
    means.push_back(set.mean);
    inverses.push_back(
        1 / std::sqrt(std::max(set.squares, 0.0) / set.count + epsilon));
  }
  sets.spread(means, mean);
  sets.spread(inverses, rstd);
}

void disturbRows(HostTensor &terms, const SumRows &rows) {
  int64_t channels = terms.channels(), row = rows.pixels * channels;
  uint64_t seed = rows.seed * 0xd1342543de82ef95 + 1;
  // After k of n terms of similar size, the sum is about k terms, so that the
  // errors of all additions together are sqrt(n / 3) times that of the last
  // one.
  double unit = rows.unit * std::sqrt(static_cast<double>(rows.pixels) / 3);
  for (int64_t first = 0; first < terms.size(); first += row)
    for (int64_t c = 0; c < channels; ++c) {
      double factor = disturbed(1, unit, seed);
      int64_t end = std::min(first + row, terms.size());
      for (int64_t i = first + c; i < end; i += channels)
        terms[i] *= factor;
    }
}

void attachNormModels(MLIRContext *context) {
  attach<NormOp, norm>(context);
  attach<NormStatsOp, normStats>(context);
  attach<NormGradOp, normGrad>(context);
  attach<NormGradStatsOp, normGradStats>(context);
  attach<NormApplyOp, normApply>(context);
  attach<NormGradApplyOp, normGradApply>(context);
  attach<NormDeviationOp, normDeviation>(context);
  attach<NormRstdOp, normRstd>(context);
  attach<BatchNormInferenceOp, batchNormInference>(context);
  attach<RunningMeanOp, runningMean>(context);
  attach<RunningVarianceOp, runningVariance>(context);
}

} // namespace segc::reference
