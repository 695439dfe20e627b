//===- PatchSamplesTest.cpp - Patches by a loader -------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Augment/PatchSamples.h"
#include "TestCases.h"

using namespace segc;
using namespace segc::test;

namespace {
/// Cases of formulas; one may be broken.
class MadeCases : public PatchSource {
public:
  explicit MadeCases(const std::vector<Shape3> &shapes, int64_t channels = 1) {
    for (const Shape3 &shape : shapes) {
      made.push_back(makeCase(shape, channels));
      made.back().name = "case" + std::to_string(made.size() - 1);
    }
  }
  int64_t cases() const override { return static_cast<int64_t>(made.size()); }
  const std::string &caseName(int64_t index) const override {
    return made[static_cast<size_t>(index)].name;
  }
  StatusOr<PreparedCase> at(int64_t index) const override {
    if (index == broken)
      return dataLoss("its chunk 3 has another checksum");
    return made[static_cast<size_t>(index)];
  }

  std::vector<PreparedCase> made;
  int64_t broken = -1;
};

struct Samples {
  std::vector<int64_t> cases;
  std::vector<float> images;
  std::vector<int32_t> labels;
};
} // namespace

static PatchOptions optionsOf(PlanRules rules, Shape3 patch, int64_t batch) {
  PatchOptions options;
  options.rules = rules;
  options.patch = patch;
  options.batch = batch;
  return options;
}

/// What a loader gives out in the steps [first, last).
static Samples load(const PatchSource &cases, const PatchOptions &options,
                    int64_t threads, uint64_t first, uint64_t last,
                    uint64_t seed = 3, bool augment = true) {
  auto samples = PatchSamples::create(cases, 1, options);
  EXPECT_TRUE(samples.ok()) << samples.status().message();
  LoaderOptions loading;
  followRules(options, loading);
  loading.seed = seed;
  loading.augment = augment;
  loading.threads = threads;
  loading.firstStep = first;
  auto loader = Loader::create(**samples, Split::Train, loading);
  EXPECT_TRUE(loader.ok()) << loader.status().message();
  Samples result;
  for (uint64_t step = first; step < last; ++step) {
    auto batch = (*loader)->next();
    EXPECT_TRUE(batch.ok()) << batch.status().message();
    result.cases.insert(result.cases.end(), (*batch)->cases.begin(),
                        (*batch)->cases.end());
    const int64_t voxels =
        options.batch * options.patch[0] * options.patch[1] * options.patch[2];
    result.images.insert(result.images.end(), (*batch)->floats("image"),
                         (*batch)->floats("image") + voxels);
    result.labels.insert(result.labels.end(), (*batch)->integers("label"),
                         (*batch)->integers("label") + voxels);
  }
  const LoaderTimes times = (*loader)->times();
  EXPECT_GT(times.worked, 0);
  EXPECT_GE(times.waited, 0);
  return result;
}

// The bytes of a sample depend on seed and number alone.
TEST(PatchSamples, ThreadsAndResumedRuns) {
  const MadeCases cases({{20, 21, 22}, {9, 30, 31}, {6, 7, 8}});
  for (PlanRules rules : {PlanRules::Example, PlanRules::V2}) {
    SCOPED_TRACE(planRulesName(rules));
    const PatchOptions options = optionsOf(rules, {8, 9, 17}, 3);
    const Samples one = load(cases, options, 1, 0, 12);
    for (int64_t threads : {2, 3}) {
      const Samples several = load(cases, options, threads, 0, 12);
      EXPECT_EQ(several.cases, one.cases);
      EXPECT_EQ(several.images, one.images);
      EXPECT_EQ(several.labels, one.labels);
    }
    const Samples rest = load(cases, options, 2, 7, 12);
    EXPECT_TRUE(std::equal(rest.images.begin(), rest.images.end(),
                           one.images.end() -
                               static_cast<int64_t>(rest.images.size())));
    EXPECT_NE(load(cases, options, 1, 0, 12, 4).images, one.images);
    // What is not augmented has the values of the cases.
    const Samples plain = load(cases, options, 1, 0, 12, 3, false);
    EXPECT_NE(plain.images, one.images);
    EXPECT_EQ(plain.cases, one.cases);
    for (float value : plain.images)
      ASSERT_FLOAT_EQ(value * 100, std::round(value * 100));
    for (int32_t label : one.labels)
      ASSERT_TRUE(label >= 0 && label < 4);
  }
}

// By the rules of v2 cases are drawn, by those of the example each comes once
// an epoch.
TEST(PatchSamples, OrderOfCases) {
  const MadeCases cases({{8, 8, 8}, {8, 8, 8}, {8, 8, 8}, {8, 8, 8}});
  std::vector<int> drawn(4);
  const Samples example =
      load(cases, optionsOf(PlanRules::Example, {4, 4, 4}, 2), 1, 0, 100);
  for (auto epoch = example.cases.begin(); epoch != example.cases.end();
       epoch += 4)
    EXPECT_THAT(std::vector<int64_t>(epoch, epoch + 4),
                testing::UnorderedElementsAre(0, 1, 2, 3));
  const Samples v2 =
      load(cases, optionsOf(PlanRules::V2, {4, 4, 4}, 2), 1, 0, 400);
  for (int64_t index : v2.cases)
    ++drawn[static_cast<size_t>(index)];
  for (int count : drawn)
    EXPECT_NEAR(count, 200, 60);
  int repeats = 0;
  for (size_t i = 4; i < 804 - 4; i += 4)
    repeats += v2.cases[i] == v2.cases[i + 1];
  EXPECT_GT(repeats, 20);
}

// Planes have no depth; by the rules of the example slices that follow each
// other share a volume and what is drawn.
TEST(PatchSamples, Planes) {
  MadeCases cases({{12, 20, 21}, {10, 20, 21}});
  // Every voxel is the number of its slice.
  std::vector<float> numbers;
  for (int z = 0; z < 12; ++z)
    numbers.insert(numbers.end(), 420, static_cast<float>(z));
  for (PreparedCase &made : cases.made)
    made.image = numbers.data();
  PatchOptions options = optionsOf(PlanRules::Example, {1, 9, 10}, 6);
  options.slicesPerVolume = 3;
  auto samples = PatchSamples::create(cases, 1, options);
  ASSERT_OK(samples.status());
  EXPECT_THAT((*samples)->imageShape(), testing::ElementsAre(9, 10, 1));
  EXPECT_THAT((*samples)->labelShape(), testing::ElementsAre(9, 10));
  const Samples loaded = load(cases, options, 2, 0, 40);
  int plain = 0;
  for (size_t group = 0; group < 80; ++group) {
    const float *first = loaded.images.data() + group * 3 * 90;
    EXPECT_EQ(loaded.cases[3 * group], loaded.cases[3 * group + 2]);
    // Without noise and with brightness 1 the numbers are still there.
    if (std::abs(first[0] - std::round(first[0])) > 1e-4f ||
        std::abs(first[90] - first[0] - 1) > 1e-4f)
      continue;
    ++plain;
    for (size_t slice = 0; slice < 3; ++slice)
      for (size_t i = 0; i < 90; ++i)
        EXPECT_NEAR(first[90 * slice + i], first[0] + static_cast<float>(slice),
                    1e-4);
  }
  EXPECT_GT(plain, 30);
  options.rules = PlanRules::V2;
  load(cases, options, 2, 0, 20);
}

// A case that cannot be read ends the run with its name; the batches before it
// are given out.
TEST(PatchSamples, BrokenCase) {
  MadeCases cases({{8, 8, 8}, {8, 8, 8}, {8, 8, 8}});
  cases.broken = 1;
  const PatchOptions options = optionsOf(PlanRules::V2, {4, 4, 4}, 1);
  auto samples = PatchSamples::create(cases, 1, options);
  ASSERT_OK(samples.status());
  EXPECT_ERROR((*samples)->load(Split::Train), DataLoss, "chunk 3");
  for (int64_t threads : {1, 3}) {
    LoaderOptions loading;
    followRules(options, loading);
    loading.threads = threads;
    auto loader = Loader::create(**samples, Split::Train, loading);
    ASSERT_OK(loader.status());
    Status status;
    for (int step = 0; step < 100 && status.ok(); ++step)
      status = (*loader)->next().status();
    EXPECT_ERROR(std::move(status), DataLoss, "case1", "chunk 3");
    EXPECT_ERROR((*loader)->next().status(), DataLoss, "case1");
  }
}

// All that is wrong is said at once.
TEST(PatchSamples, WrongCases) {
  MadeCases cases({{8, 8, 8}, {8, 8, 8}, {8, 8, 8}}, 2);
  cases.made[1].labels = nullptr;
  cases.made[2].channels = 1;
  auto samples =
      PatchSamples::create(cases, 2, optionsOf(PlanRules::V2, {4, 4, 4}, 1));
  ASSERT_OK(samples.status());
  EXPECT_ERROR((*samples)->load(Split::Train), InvalidArgument,
               "case1: no labels", "case2: 1 channels, expected 2");
  EXPECT_EQ((*samples)->count(Split::Train), 3);
  EXPECT_EQ((*samples)->count(Split::Validation), 0);
}

TEST(PatchSamples, WrongOptions) {
  const MadeCases cases({{8, 8, 8}});
  auto refusal = [&](auto change) {
    PatchOptions options = optionsOf(PlanRules::V2, {1, 8, 8}, 4);
    change(options);
    return PatchSamples::create(cases, 1, options).status();
  };
  ASSERT_OK(refusal([](PatchOptions &) {}));
  EXPECT_ERROR(refusal([](PatchOptions &o) { o.patch[1] = 0; }),
               InvalidArgument, "1x0x8");
  EXPECT_ERROR(refusal([](PatchOptions &o) { o.patch[2] = 5000; }),
               InvalidArgument, "1x8x5000", "4096");
  EXPECT_ERROR(refusal([](PatchOptions &o) { o.slicesPerVolume = 3; }),
               InvalidArgument, "3 slices");
  EXPECT_ERROR(refusal([](PatchOptions &o) { o.oversampling = 1.5; }),
               InvalidArgument, "oversampling");
  EXPECT_ERROR(PatchSamples::create(cases, 0, {}).status(), InvalidArgument,
               "0 channels");
}
