//===- Normalization.cpp - Normalisation of a channel ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Normalization.h"
#include "segc/Plan/DataPipeline.h"
#include "segc/Runtime/Core/ThreadPool.h"

#include <algorithm>
#include <cmath>
#include <vector>

using namespace segc;

static constexpr int64_t block = 1 << 16;

namespace {

/// The values of a channel that count.
class Channel {
public:
  Channel(const ChannelNormalization &how, float *values, int64_t count,
          ThreadPool &pool)
      : how(how), values(values), count(count), pool(pool) {}

  template <typename F>
  void transform(F f) {
    forEachBlock([&](int64_t, int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        if (counts(i))
          values[i] = f(values[i]);
    });
  }

  /// Adds up f(value), and how many values there are.
  template <typename F>
  double sum(F f, int64_t &number) const {
    std::vector<std::pair<double, int64_t>> parts(
        static_cast<size_t>((count + block - 1) / block));
    forEachBlock([&](int64_t task, int64_t begin, int64_t end) {
      auto &[sum, counted] = parts[static_cast<size_t>(task)];
      for (int64_t i = begin; i < end; ++i)
        if (counts(i)) {
          sum += f(static_cast<double>(values[i]));
          ++counted;
        }
    });
    double sum = 0;
    number = 0;
    for (const auto &[part, counted] : parts) {
      sum += part;
      number += counted;
    }
    return sum;
  }

  std::pair<float, float> range() const {
    auto [low, high] = std::minmax_element(values, values + count);
    return {*low, *high};
  }

private:
  bool counts(int64_t i) const {
    if (!how.useMask)
      return true;
    return how.rules == PlanRules::Example ? values[i] != 0
                                           : !how.labels || how.labels[i] >= 0;
  }
  template <typename F>
  void forEachBlock(F f) const {
    pool.parallelFor((count + block - 1) / block, [&](int64_t task, uint32_t) {
      f(task, task * block, std::min(count, (task + 1) * block));
    });
  }

  const ChannelNormalization &how;
  float *values;
  int64_t count;
  ThreadPool &pool;
};

} // namespace

static void zScore(Channel &channel, PlanRules rules) {
  int64_t number = 0;
  const double sum = channel.sum([](double value) { return value; }, number);
  if (number == 0)
    return;
  const double mean = sum / static_cast<double>(number);
  const double squares = channel.sum(
      [&](double value) { return (value - mean) * (value - mean); }, number);
  double std = std::sqrt(squares / static_cast<double>(number));
  if (rules == PlanRules::V2)
    std = std::max(std, 1e-8);
  else if (std == 0)
    std = 1e-7;
  channel.transform([&](float value) {
    return static_cast<float>((static_cast<double>(value) - mean) / std);
  });
}

std::optional<VoxelNormalization>
segc::voxelNormalization(const ChannelNormalization &how) {
  if (how.scheme != "ct")
    return std::nullopt;
  const ForegroundIntensities &ct = how.intensities;
  return VoxelNormalization{ct.lowerClip, ct.upperClip, ct.mean,
                            how.rules == PlanRules::V2 ? std::max(ct.std, 1e-8)
                                                       : ct.std};
}

Status segc::normalizeChannel(const ChannelNormalization &how, float *values,
                              int64_t count, ThreadPool &pool) {
  if (how.scheme == "zscore") {
    Channel channel(how, values, count, pool);
    zScore(channel, how.rules);
    return Status::success();
  }
  ChannelNormalization whole = how;
  whole.useMask = false;
  Channel channel(whole, values, count, pool);
  if (const std::optional<VoxelNormalization> map = voxelNormalization(how)) {
    channel.transform(*map);
    return Status::success();
  }
  const auto [low, high] = channel.range();
  if (how.scheme == "rescale_to_0_1") {
    const float least = low, extent = std::max(high - low, 1e-8f);
    channel.transform([&](float value) { return (value - least) / extent; });
  } else if (how.scheme == "rgb_to_0_1") {
    if (low < 0 || high > 255)
      return invalidArgument("values from " + numberText(double{low}) + " to " +
                             numberText(double{high}) +
                             ", expected 0 to 255 for the normalisation "
                             "rgb_to_0_1; name the channel otherwise");
    channel.transform([](float value) { return value / 255.0f; });
  }
  return Status::success();
}
