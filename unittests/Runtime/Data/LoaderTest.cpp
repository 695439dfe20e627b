//===- LoaderTest.cpp - Prefetched batches --------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Loader.h"
#include "TestSupport.h"
#include "segc/Runtime/Data/EpochOrder.h"

#include <set>

using namespace segc;
using namespace segc::test;
using testing::ElementsAre;

namespace {
/// A data set whose samples contain their own number.
class FakeDataset : public Dataset {
public:
  const char *kind() const override { return "fake"; }
  int64_t count(Split split) const override {
    return split == Split::Train ? 7 : 0;
  }
  std::string caseName(Split, int64_t index) const override {
    return std::to_string(index);
  }
  const std::vector<int64_t> &imageShape() const override { return shape; }
  const std::vector<int64_t> &labelShape() const override { return shape; }
  const std::vector<std::string> &classNames() const override { return names; }
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
  StatusOr<SourceCase> source(Split, int64_t) const override {
    return SourceCase();
  }
  StatusOr<std::vector<uint8_t>> predictedLabels(Split, int64_t,
                                                 const float *) const override {
    return std::vector<uint8_t>();
  }
  Status writePrediction(Split, int64_t, const float *,
                         const PredictionFolders &) override {
    return Status::success();
  }
  Status finishPredictions(const PredictionFolders &) override {
    return Status::success();
  }

  int64_t bad = -1;

private:
  std::vector<int64_t> shape = {2};
  std::vector<std::string> names = {"a", "b"};
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
        EXPECT_EQ((*batch)->image.data()[2 * i], float(expected));
        EXPECT_EQ((*batch)->image.data()[2 * i + 1], float(step * 3 + i));
        EXPECT_EQ((*batch)->label.data()[2 * i], expected);
      }
      EXPECT_EQ(reinterpret_cast<uintptr_t>((*batch)->image.data()) % 64, 0u);
    }
  }
}

// Two workers divide the samples of one.
TEST(LoaderTest, Workers) {
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
  options.labels = false;
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
    EXPECT_EQ((*batch)->label.data(), nullptr);
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
