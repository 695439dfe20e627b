//===- BucketSplitTest.cpp - Tests of the split into buckets --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Transforms/BucketSplit.h"

#include <gmock/gmock.h>
#include <random>

using namespace segc;
using testing::HasSubstr;

static Link slow(double microseconds, double gigabytes, int64_t ranks = 4) {
  return Link{ranks, microseconds * 1e-6, gigabytes * 1e9};
}

/// When kernels and collectives have ended with these buckets. Bit i: gradient
/// i + 1 begins a bucket. Negative where gradients of one bucket lie apart.
static double doneWith(const std::vector<Gradient> &gradients, unsigned cuts,
                       const StepWork &work, const Link &link) {
  double sent = 0, delay = 0;
  size_t next = 0;
  auto runKernels = [&](double until) {
    for (; next < work.between.size() && work.between[next].ready <= until;
         ++next) {
      const BlockingCollective &each = work.between[next];
      sent = std::max(sent, each.ready + delay) + each.seconds;
      delay = sent - each.ready;
    }
  };
  for (size_t begin = 0; begin < gradients.size();) {
    size_t end = begin + 1;
    int64_t bytes = gradients[begin].bytes;
    double ready = gradients[begin].ready;
    for (; end < gradients.size() && !((cuts >> (end - 1)) & 1); ++end) {
      if (!gradients[end].isNext)
        return -1;
      bytes += gradients[end].bytes;
      ready = std::max(ready, gradients[end].ready);
    }
    runKernels(ready);
    sent = std::max(sent, ready + delay) + link.seconds(bytes);
    begin = end;
  }
  runKernels(work.kernels);
  return std::max(sent, work.kernels + delay);
}

/// The best of all splits.
static double leastDone(const std::vector<Gradient> &gradients,
                        const StepWork &work, const Link &link,
                        size_t maxBuckets) {
  double least = -1;
  for (unsigned cuts = 0; cuts < 1u << (gradients.size() - 1); ++cuts) {
    const double done = doneWith(gradients, cuts, work, link);
    if (done >= 0 &&
        static_cast<size_t>(__builtin_popcount(cuts)) < maxBuckets &&
        (least < 0 || done < least))
      least = done;
  }
  return least;
}

TEST(BucketSplit, IsTheBestOfAll) {
  std::mt19937 random(7); // NOLINT(bugprone-random-generator-seed)
  for (int round = 0; round < 60; ++round) {
    std::vector<Gradient> gradients(1 + random() % 10);
    StepWork work;
    for (Gradient &gradient : gradients) {
      work.kernels += 1e-4 * static_cast<double>(random() % 20);
      gradient = {static_cast<int64_t>(random() % (1 << 20)), work.kernels,
                  random() % 8 != 0};
      // Every second step has collectives that its kernels wait for.
      work.kernels += 1e-4 * static_cast<double>(random() % 5);
      if (round % 2 && random() % 2)
        work.between.push_back(
            {work.kernels, 1e-4 * static_cast<double>(1 + random() % 3)});
    }
    for (const Link &link :
         {slow(1, 10), slow(200, 1), slow(5000, 0.1, 8), slow(30, 0.1, 2)}) {
      for (size_t most : {3u, 20u}) {
        BucketSplit split = splitBuckets(gradients, work, link, most);
        const double least = leastDone(gradients, work, link, most);
        if (least >= 0)
          EXPECT_NEAR(split.done, least, 1e-9 * least) << round << " " << most;
        // The buckets are all gradients, one after another.
        size_t next = 0;
        double done = 0;
        for (const Bucket &bucket : split.buckets) {
          EXPECT_EQ(bucket.begin, next);
          next = bucket.end;
          EXPECT_GE(bucket.start, std::max(done, bucket.ready));
          if (work.between.empty())
            EXPECT_EQ(bucket.start, std::max(done, bucket.ready));
          done = bucket.done;
          EXPECT_NEAR(done, bucket.start + link.seconds(bucket.bytes), 1e-12);
        }
        EXPECT_EQ(next, gradients.size());
      }
    }
  }
}

TEST(BucketSplit, WeighsLatencyAgainstOverlap) {
  const std::vector<Gradient> gradients = {
      {1 << 20, 0.01, true}, {1 << 20, 0.02, true}, {1 << 20, 0.03, true}};
  // One message costs more than all that could overlap.
  EXPECT_EQ(splitBuckets(gradients, {}, slow(1e5, 10), 9).buckets.size(), 1u);
  // Waiting for bytes costs more than messages.
  BucketSplit split = splitBuckets(gradients, {}, slow(1, 0.1), 9);
  EXPECT_EQ(split.buckets.size(), 3u);
  EXPECT_NEAR(split.done, 0.01 + 3 * slow(1, 0.1).seconds(1 << 20), 1e-4);
  // Of equal splits the one with the fewest buckets.
  EXPECT_EQ(splitBuckets(gradients, {}, slow(1, 1e6), 9).buckets.size(), 2u);
  // One rank sends nothing.
  EXPECT_EQ(splitBuckets(gradients, {}, slow(1, 1, 1), 9).done, 0.03);
  EXPECT_TRUE(splitBuckets({}, {}, slow(1, 1), 9).buckets.empty());
}

// What kernels wait for queues behind what has been sent: a bucket that would
// delay it waits for the next gradient.
TEST(BucketSplit, KernelsThatWaitForTheLink) {
  const std::vector<Gradient> gradients = {{10, 1, true}, {10, 3, true}};
  const Link link{2, 0, 1}; // Seconds are bytes.
  StepWork work{{}, 20};
  BucketSplit split = splitBuckets(gradients, work, link, 9);
  ASSERT_EQ(split.buckets.size(), 2u);
  EXPECT_DOUBLE_EQ(split.done, 21);
  work.between = {{2, 0.125}};
  split = splitBuckets(gradients, work, link, 9);
  ASSERT_EQ(split.buckets.size(), 1u);
  EXPECT_DOUBLE_EQ(split.buckets[0].ready, 3.125);
  EXPECT_DOUBLE_EQ(split.done, 23.125);
  // Kernels end last where all is hidden behind them.
  work.kernels = 40;
  EXPECT_DOUBLE_EQ(splitBuckets(gradients, work, link, 9).done, 40.125);
}

TEST(BucketSplit, GradientsThatLieApart) {
  const std::vector<Gradient> gradients = {
      {64, 1, true}, {64, 1, false}, {64, 1, false}};
  EXPECT_EQ(splitBuckets(gradients, {}, slow(1, 1), 1).buckets.size(), 3u);
}

TEST(BucketSplit, UndecayedGradientsGoTogether) {
  // Filters at 0 to 192, biases at 256 to 384, of three layers.
  const std::vector<PlacedGradient> gradients = {{0, 64, 6},   {64, 64, 4},
                                                 {128, 64, 2}, {256, 64, 5},
                                                 {320, 64, 3}, {384, 64, 1}};
  using testing::ElementsAre;
  GradientSchedule schedule =
      scheduleGradients(gradients, 256, {}, slow(1, 10), 9);
  EXPECT_THAT(schedule.order, ElementsAre(2, 1, 5, 4, 3, 0));
  EXPECT_THAT(scheduleGradients(gradients, 256, {}, slow(1e6, 10), 9).order,
              ElementsAre(2, 1, 0, 5, 4, 3));
  EXPECT_THAT(scheduleGradients(gradients, 1000, {}, slow(1, 10), 9).order,
              ElementsAre(5, 4, 3, 2, 1, 0));
  // Bytes between tensors that the alignment asks for do not separate them.
  const std::vector<PlacedGradient> odd = {{0, 4, 1}, {64, 36, 1}};
  EXPECT_EQ(
      scheduleGradients(odd, 1000, {}, slow(1, 1), 9).split.buckets.size(), 1u);
}

TEST(Link, SecondsOfARing) {
  EXPECT_DOUBLE_EQ(slow(10, 1, 4).seconds(4000), 6 * (10e-6 + 1e-6));
  EXPECT_EQ(slow(10, 1, 1).seconds(4000), 0);
}

TEST(Link, Names) {
  for (llvm::StringRef name : linkNames()) {
    llvm::Expected<Link> link = parseLink(name, 8);
    ASSERT_TRUE(static_cast<bool>(link)) << name.str();
    EXPECT_EQ(link->ranks, 8);
    EXPECT_GT(link->bytesPerSecond, 0);
  }
  llvm::Expected<Link> own = parseLink("30:1.5", 2);
  ASSERT_TRUE(static_cast<bool>(own));
  EXPECT_DOUBLE_EQ(own->latency, 30e-6);
  EXPECT_DOUBLE_EQ(own->bytesPerSecond, 1.5e9);
  for (const char *wrong : {"", "fast", "30", "30:", ":1", "30:0", "-1:1",
                            "30:nan", "inf:1", "30:1:2"}) {
    llvm::Expected<Link> link = parseLink(wrong, 2);
    ASSERT_FALSE(static_cast<bool>(link)) << wrong;
    EXPECT_THAT(llvm::toString(link.takeError()),
                HasSubstr("expected ethernet-1g, "));
  }
}
