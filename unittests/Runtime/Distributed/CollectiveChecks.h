//===- CollectiveChecks.h - What every kind of collectives must do -*- C++
//-*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RUNTIME_DISTRIBUTED_COLLECTIVECHECKS_H
#define SEGC_UNITTESTS_RUNTIME_DISTRIBUTED_COLLECTIVECHECKS_H

#include "segc/Base/Floats.h"
#include "segc/Base/Random.h"
#include "segc/Runtime/Core/Elements.h"
#include "segc/Runtime/Core/Shards.h"
#include "segc/Runtime/Device/Collectives.h"

#include "gtest/gtest.h"

#include <cmath>
#include <functional>
#include <vector>

namespace segc {

/// A rank whose collectives are checked.
struct CheckedRank {
  int64_t rank = 0, size = 1;
  /// Does collectives that are all started before the first is waited for.
  /// `data` of each is memory of the host, which has the result then.
  std::function<Status(const std::vector<segc_collective> &)> run;
  /// What sums of f32 may differ from those in the order of the ranks, as a
  /// part of the sum of the magnitudes; 0: no bit.
  double deviation = 0;
};

/// Values of very different sizes, so that another order of their sum shows;
/// those of f16 hold their sums.
inline std::vector<float> valuesOfRank(int64_t rank, size_t count) {
  std::vector<float> values;
  const CounterRng rng(7, static_cast<uint64_t>(rank));
  for (size_t i = 0; i < count; ++i)
    values.push_back(std::ldexp(
        rng.uniform(i, -1, 1), static_cast<int>(rng.bits(i + count) % 20) - 8));
  return values;
}

inline float roundedTo(uint32_t type, float value) {
  return type == SEGC_F16    ? floatOfHalf(halfOf(value))
         : type == SEGC_BF16 ? floatOfBF16(bf16Of(value))
                             : value;
}

/// What a collective makes of value `i` of all ranks.
inline float expectedValue(uint32_t kind, uint32_t travelsAs,
                           const std::vector<std::vector<float>> &ofRanks,
                           size_t i) {
  if (ofRanks.size() == 1)
    return ofRanks[0][i];
  float result = roundedTo(travelsAs, ofRanks[0][i]);
  if (kind == SEGC_COLLECTIVE_BROADCAST)
    return result;
  for (size_t rank = 1; rank < ofRanks.size(); ++rank) {
    const float value = roundedTo(travelsAs, ofRanks[rank][i]);
    result =
        kind == SEGC_COLLECTIVE_MAX ? std::max(result, value) : result + value;
  }
  if (kind == SEGC_COLLECTIVE_MEAN)
    result /= static_cast<float>(ofRanks.size());
  return roundedTo(travelsAs, result);
}

inline segc_collective collectiveOn(std::vector<float> &values, uint32_t kind,
                                    uint32_t travelsAs = SEGC_F32) {
  return {sizeof(segc_collective),
          kind,
          SEGC_F32,
          SEGC_REGION_GRADIENTS,
          "communication",
          values.data(),
          values.size(),
          travelsAs,
          0,
          1,
          0,
          nullptr};
}

/// What `expected` may err by where it is a sum of value `i` of all ranks.
inline double allowedDeviation(const CheckedRank &rank, uint32_t travelsAs,
                               const std::vector<std::vector<float>> &ofRanks,
                               size_t i, float expected) {
  if (rank.deviation == 0)
    return 0;
  // A sum that errs may round to the next number of 16 bits.
  const double unit = travelsAs == SEGC_F16    ? 0x1p-10
                      : travelsAs == SEGC_BF16 ? 0x1p-7
                                               : 0;
  double magnitudes = 0;
  for (const std::vector<float> &theirs : ofRanks)
    magnitudes += std::abs(static_cast<double>(theirs[i]));
  return rank.deviation * magnitudes +
         unit * std::abs(static_cast<double>(expected));
}

inline void checkCollective(const CheckedRank &rank, uint32_t kind,
                            uint32_t travelsAs, size_t count) {
  std::vector<std::vector<float>> ofRanks;
  for (int64_t other = 0; other < rank.size; ++other)
    ofRanks.push_back(valuesOfRank(other, count));
  std::vector<float> values = ofRanks[static_cast<size_t>(rank.rank)];
  const Status status = rank.run({collectiveOn(values, kind, travelsAs)});
  ASSERT_TRUE(status.ok()) << status.message();
  for (size_t i = 0; i < count; ++i) {
    const float expected = expectedValue(kind, travelsAs, ofRanks, i);
    const bool adds =
        kind == SEGC_COLLECTIVE_SUM || kind == SEGC_COLLECTIVE_MEAN;
    const double allowed =
        adds ? allowedDeviation(rank, travelsAs, ofRanks, i, expected) : 0;
    ASSERT_LE(std::abs(static_cast<double>(values[i]) - expected), allowed)
        << "value " << i << " of " << count << ", kind " << kind
        << ", travels as " << travelsAs << ", rank " << rank.rank << " of "
        << rank.size << ": " << values[i] << ", expected " << expected;
  }
}

/// Buckets of a step that are under way together, then the next step: what was
/// started first is done first on all ranks, and results lie where they belong.
inline void checkBuckets(const CheckedRank &rank) {
  constexpr size_t count = 5000;
  for (int step = 0; step < 3; ++step) {
    std::vector<std::vector<float>> buckets;
    std::vector<segc_collective> collectives;
    for (size_t i = 0; i < 4; ++i)
      buckets.emplace_back(count + 1000 * i,
                           static_cast<float>(rank.rank) +
                               static_cast<float>(10 * i + 100 * step));
    for (size_t i = 0; i < buckets.size(); ++i) {
      collectives.push_back(collectiveOn(buckets[i], SEGC_COLLECTIVE_SUM));
      collectives.back().index = static_cast<uint32_t>(i);
      collectives.back().of = static_cast<uint32_t>(buckets.size());
    }
    const Status status = rank.run(collectives);
    ASSERT_TRUE(status.ok()) << status.message();
    const auto size = static_cast<float>(rank.size);
    for (size_t i = 0; i < buckets.size(); ++i) {
      const float sum = size * (size - 1) / 2 +
                        size * static_cast<float>(10 * i + 100 * step);
      EXPECT_EQ(buckets[i], std::vector<float>(buckets[i].size(), sum))
          << "bucket " << i << " of step " << step;
    }
  }
}

/// Ranks that share a tensor, of which the collective has a piece: each gets
/// the means of its own elements, then all get those of all.
inline void checkShards(const CheckedRank &rank, uint64_t slice, size_t offset,
                        size_t count, uint32_t travelsAs) {
  const segc_shards shards = {10007, slice, offset};
  std::vector<std::vector<float>> ofRanks;
  for (int64_t other = 0; other < rank.size; ++other)
    ofRanks.push_back(valuesOfRank(other, count));
  std::vector<float> values = ofRanks[static_cast<size_t>(rank.rank)];
  segc_collective scatter =
      collectiveOn(values, SEGC_COLLECTIVE_REDUCE_SCATTER, travelsAs);
  scatter.shards = &shards;
  const Status status = rank.run({scatter});
  ASSERT_TRUE(status.ok()) << status.message();
  const ElementRange own =
      shardsOf(shards, rank.size, count)[static_cast<size_t>(rank.rank)];
  const auto meanAt = [&](size_t i) {
    return expectedValue(SEGC_COLLECTIVE_MEAN, travelsAs, ofRanks, i);
  };
  for (size_t i = own.begin; i < own.end; ++i)
    ASSERT_NEAR(values[i], meanAt(i),
                allowedDeviation(rank, travelsAs, ofRanks, i, meanAt(i)))
        << "value " << i;
  // What a rank does not own it need not know.
  for (size_t i = 0; i < count; ++i)
    values[i] = i < own.begin || i >= own.end ? NAN : meanAt(i);
  segc_collective gather = collectiveOn(values, SEGC_COLLECTIVE_ALL_GATHER);
  gather.shards = &shards;
  const Status gathered = rank.run({gather});
  ASSERT_TRUE(gathered.ok()) << gathered.message();
  for (size_t i = 0; i < count; ++i)
    ASSERT_EQ(values[i], meanAt(i)) << "value " << i << " of " << count;
}

inline void checkShards(const CheckedRank &rank) {
  for (uint32_t travelsAs : {SEGC_F32, SEGC_BF16}) {
    checkShards(rank, 1000, 0, 10007, travelsAs);
    checkShards(rank, 16, 5000, 5007, travelsAs);
    checkShards(rank, 9000, 3, 8000, travelsAs); // Two slices, for all ranks.
    checkShards(rank, 1000, 2500, 1, travelsAs);
  }
}

/// What collectives of all backends must do; each rank calls it.
inline void checkCollectives(const CheckedRank &rank) {
  for (uint32_t kind : {SEGC_COLLECTIVE_SUM, SEGC_COLLECTIVE_MEAN,
                        SEGC_COLLECTIVE_MAX, SEGC_COLLECTIVE_BROADCAST}) {
    for (uint32_t travelsAs : {SEGC_F32, SEGC_F16, SEGC_BF16})
      for (size_t count : {size_t{0}, size_t{1}, size_t{2}, size_t{1001}})
        checkCollective(rank, kind, travelsAs, count);
    checkCollective(rank, kind, SEGC_F32, (size_t{1} << 20) + 3);
  }
  checkBuckets(rank);
  checkShards(rank);
}

} // namespace segc

#endif // SEGC_UNITTESTS_RUNTIME_DISTRIBUTED_COLLECTIVECHECKS_H
