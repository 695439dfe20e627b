//===- LoaderTest.cpp - Prefetched batches --------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Loader.h"
#include "TestSupport.h"
#include "segc/Runtime/Data/EpochOrder.h"

#include <chrono>
#include <set>
#include <thread>

using namespace segc;
using namespace segc::test;
using testing::ElementsAre;

namespace {
/// A source whose samples contain their own number.
class FakeDataset : public ImageSource {
public:
  int64_t count(Split split) const override {
    return split == Split::Train ? 7 : 0;
  }
  const std::vector<int64_t> &imageShape() const override { return shape; }
  const std::vector<int64_t> &labelShape() const override { return shape; }
  Status load(Split) const override { return Status::success(); }
  Status sample(Split, int64_t index, const AugmentKey &key, float *image,
                int32_t *label) const override {
    if (index == bad)
      return dataLoss("case " + std::to_string(index) + " is bad");
    image[0] = float(index);
    image[1] = key.augment ? float(key.sampleIndex) : -1;
    if (label)
      label[0] = label[1] = int32_t(index);
    return Status::success();
  }

  int64_t bad = -1;

private:
  std::vector<int64_t> shape = {2};
};
} // namespace

// The order is that of EpochOrder, across epochs. A loader that starts later
// returns the same batches from there on.
TEST(LoaderTest, OrderAndResume) {
  FakeDataset data;
  LoaderOptions options;
  options.batch = 3;
  options.seed = 11;
  options.augment = true;
  EpochOrder order(7, 11);
  for (uint64_t first : {0u, 1u, 5u}) {
    options.firstStep = first;
    auto loader = Loader::create(data, Split::Train, options);
    ASSERT_OK(loader.status());
    for (uint64_t step = first; step < first + 10; ++step) {
      auto batch = (*loader)->next();
      ASSERT_OK(batch.status());
      ASSERT_NE(*batch, nullptr);
      EXPECT_EQ((*batch)->step, step);
      EXPECT_EQ((*batch)->size, 3);
      EXPECT_EQ((*batch)->firstSample, step * 3);
      for (uint64_t i = 0; i < 3; ++i) {
        int64_t expected = order.at(step * 3 + i);
        EXPECT_EQ((*batch)->cases[i], expected);
        EXPECT_EQ((*batch)->floats("image")[2 * i], float(expected));
        EXPECT_EQ((*batch)->floats("image")[2 * i + 1], float(step * 3 + i));
        EXPECT_EQ((*batch)->integers("label")[2 * i], expected);
      }
      EXPECT_EQ(reinterpret_cast<uintptr_t>((*batch)->floats("image")) % 64,
                0u);
    }
  }
}

// Two processes divide the samples of one.
TEST(LoaderTest, Processes) {
  FakeDataset data;
  LoaderOptions options;
  options.batch = 4;
  auto whole = Loader::create(data, Split::Train, options);
  options.batch = 2;
  options.worldSize = 2;
  auto first = Loader::create(data, Split::Train, options);
  options.rank = 1;
  auto second = Loader::create(data, Split::Train, options);
  for (int step = 0; step < 6; ++step) {
    auto all = (*whole)->next();
    auto low = (*first)->next(), high = (*second)->next();
    std::vector<int64_t> together = (*low)->cases;
    together.insert(together.end(), (*high)->cases.begin(),
                    (*high)->cases.end());
    EXPECT_EQ((*all)->cases, together);
  }
}

// Every case is read once. The last batch is smaller, then the loader ends.
TEST(LoaderTest, OnePass) {
  FakeDataset data;
  LoaderOptions options;
  options.batch = 3;
  options.shuffle = false;
  options.ahead = 1;
  options.samples = 7;
  auto loader = Loader::create(data, Split::Train, options);
  ASSERT_OK(loader.status());
  std::vector<int64_t> sizes, cases;
  while (true) {
    auto batch = (*loader)->next();
    ASSERT_OK(batch.status());
    if (!*batch)
      break;
    sizes.push_back((*batch)->size);
    cases.insert(cases.end(), (*batch)->cases.begin(), (*batch)->cases.end());
    EXPECT_EQ((*batch)->floats("crop"), nullptr);
  }
  EXPECT_THAT(sizes, ElementsAre(3, 3, 1));
  EXPECT_THAT(cases, ElementsAre(0, 1, 2, 3, 4, 5, 6));
  EXPECT_EQ(*(*loader)->next(), nullptr);
}

// Batches before a bad case are returned; later calls return the error.
TEST(LoaderTest, Errors) {
  FakeDataset data;
  data.bad = 4;
  LoaderOptions options;
  options.batch = 2;
  options.shuffle = false;
  auto loader = Loader::create(data, Split::Train, options);
  ASSERT_OK(loader.status());
  ASSERT_OK((*loader)->next().status());
  ASSERT_OK((*loader)->next().status());
  for (int i = 0; i < 2; ++i)
    EXPECT_ERROR((*loader)->next().status(), DataLoss, "case 4 is bad");
  EXPECT_ERROR(Loader::create(data, Split::Test, options).status(),
               InvalidArgument, "no test cases");
  options.batch = 0;
  EXPECT_ERROR(Loader::create(data, Split::Train, options).status(),
               InvalidArgument, "batch 0");
  options.batch = int64_t{1} << 50;
  EXPECT_ERROR(Loader::create(data, Split::Train, options).status(),
               InvalidArgument, "expected at most 1048576");
}

// A loader may be destroyed while it works.
TEST(LoaderTest, EarlyEnd) {
  FakeDataset data;
  for (int takes = 0; takes < 4; ++takes) {
    auto loader = Loader::create(data, Split::Train, {});
    ASSERT_OK(loader.status());
    for (int i = 0; i < takes; ++i)
      ASSERT_OK((*loader)->next().status());
  }
}

// A step's batch is the same whichever thread makes it, and steps come in their
// order, however long each takes.
TEST(LoaderTest, Threads) {
  struct SlowDataset : FakeDataset {
    Status sample(Split split, int64_t index, const AugmentKey &key,
                  float *image, int32_t *label) const override {
      std::this_thread::sleep_for(
          std::chrono::microseconds(key.sampleIndex * 7919 % 400));
      return FakeDataset::sample(split, index, key, image, label);
    }
  };
  SlowDataset data;
  auto read = [&](int64_t threads) {
    LoaderOptions options;
    options.batch = 2;
    options.seed = 5;
    options.augment = true;
    options.firstStep = 3;
    options.threads = threads;
    auto loader = Loader::create(data, Split::Train, options);
    EXPECT_TRUE(loader.ok()) << loader.status().message();
    std::vector<float> values;
    for (uint64_t step = 3; step < 43; ++step) {
      auto batch = (*loader)->next();
      EXPECT_EQ((*batch)->step, step);
      values.insert(values.end(), (*batch)->floats("image"),
                    (*batch)->floats("image") + 4);
    }
    return values;
  };
  const std::vector<float> one = read(1);
  EXPECT_EQ(read(2), one);
  EXPECT_EQ(read(3), one);
}

// The first error in the order of steps ends a loader of several threads, and
// so does the end of the samples.
TEST(LoaderTest, ThreadsEnd) {
  FakeDataset data;
  LoaderOptions options;
  options.shuffle = false;
  options.threads = 3;
  options.samples = 7;
  auto loader = Loader::create(data, Split::Train, options);
  ASSERT_OK(loader.status());
  for (int i = 0; i < 7; ++i)
    EXPECT_EQ((*(*loader)->next())->cases[0], i);
  EXPECT_EQ(*(*loader)->next(), nullptr);
  EXPECT_EQ(*(*loader)->next(), nullptr);
  data.bad = 4;
  loader = Loader::create(data, Split::Train, options);
  ASSERT_OK(loader.status());
  for (int i = 0; i < 4; ++i)
    ASSERT_OK((*loader)->next().status());
  for (int i = 0; i < 2; ++i)
    EXPECT_ERROR((*loader)->next().status(), DataLoss, "case 4 is bad");
}
