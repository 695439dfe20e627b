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
#include <array>
#include <cmath>
#include <numeric>
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
      if (!how.useMask)
        std::transform(values + begin, values + end, values + begin, f);
      for (int64_t i = begin; how.useMask && i < end; ++i)
        if (counts(i))
          values[i] = f(values[i]);
    });
  }

  int64_t number() const {
    if (!how.useMask)
      return count;
    int64_t number = 0;
    for (int64_t i = 0; i < count; ++i)
      number += counts(i);
    return number;
  }

  /// Adds up f(value).
  template <typename F>
  double sum(F f) const {
    std::vector<double> parts(static_cast<size_t>((count + block - 1) / block));
    forEachBlock([&](int64_t task, int64_t begin, int64_t end) {
      auto masked = [&](int64_t i) {
        return counts(i) ? f(static_cast<double>(values[i])) : 0;
      };
      auto all = [&](int64_t i) { return f(static_cast<double>(values[i])); };
      parts[static_cast<size_t>(task)] =
          how.useMask ? sumOf(begin, end, masked) : sumOf(begin, end, all);
    });
    return std::accumulate(parts.begin(), parts.end(), 0.0);
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
  /// Adds up term(i) in sums of every eighth, which are vectors.
  template <typename F>
  static double sumOf(int64_t begin, int64_t end, F term) {
    constexpr int64_t lanes = 8;
    std::array<double, lanes> sums = {};
    int64_t i = begin;
    for (; i + lanes <= end; i += lanes)
      for (int64_t lane = 0; lane < lanes; ++lane)
        sums[static_cast<size_t>(lane)] += term(i + lane);
    for (int64_t lane = 0; i + lane < end; ++lane)
      sums[static_cast<size_t>(lane)] += term(i + lane);
    return std::accumulate(sums.begin(), sums.end(), 0.0);
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
  const auto number = static_cast<double>(channel.number());
  if (number == 0)
    return;
  const double mean = channel.sum([](double value) { return value; }) / number;
  const double squares = channel.sum(
      [&](double value) { return (value - mean) * (value - mean); });
  double std = std::sqrt(squares / number);
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
