//===- FingerprintTest.cpp - Fingerprint of the files of a data set -------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SmallDataset.h"
#include "segc/Plan/PlanFile.h"
#include "segc/Plan/Planner.h"

using namespace segc;
using namespace segc::test;
using testing::ElementsAre;

static StatusOr<FingerprintResult>
fingerprint(const SmallDataset &data, PlanRules rules, unsigned threads = 2) {
  SEGC_ASSIGN_OR_RETURN(TrainingCases set, listTrainingCases(data.folder.path));
  ThreadPool pool(threads);
  FingerprintOptions options;
  options.rules = rules;
  return fingerprintOf(set, options, pool);
}

/// The intensities of all voxels of a class, in order.
static std::vector<double> foregroundOf(int cases) {
  std::vector<double> values;
  for (int i = 0; i < cases; ++i) {
    const std::vector<float> image = SmallDataset::image(i);
    const std::vector<float> label = SmallDataset::label(i);
    for (size_t k = 0; k < image.size(); ++k)
      if (label[k] > 0)
        values.push_back(double{image[k]});
  }
  return values;
}

TEST(Fingerprint, OfTheExampleCountsAllVoxels) {
  SmallDataset data;
  StatusOr<FingerprintResult> found = fingerprint(data, PlanRules::Example);
  ASSERT_OK(found.status());
  const Fingerprint &ours = found->fingerprint;
  ASSERT_EQ(ours.cases.size(), 6u);
  EXPECT_THAT(ours.cases[0].shape, ElementsAre(8, 7, 6));
  EXPECT_THAT(ours.cases[0].spacing, ElementsAre(1, 1, 1));
  EXPECT_DOUBLE_EQ(ours.medianRelativeSize, 8 * 7 * 6 / 720.0);
  const std::vector<double> values = foregroundOf(6);
  double sum = 0, squares = 0;
  for (double value : values)
    sum += value;
  const double mean = sum / double(values.size());
  for (double value : values)
    squares += (value - mean) * (value - mean);
  const ForegroundIntensities &intensities = ours.intensities[0];
  EXPECT_NEAR(intensities.mean, mean, 1e-9);
  EXPECT_NEAR(intensities.std, std::sqrt(squares / double(values.size())),
              1e-9);
  EXPECT_EQ(intensities.median, numpyPercentile(values, 50));
  EXPECT_EQ(intensities.lowerClip, numpyPercentile(values, 0.5));
  EXPECT_EQ(intensities.upperClip, numpyPercentile(values, 99.5));
  EXPECT_EQ(intensities.min, numpyPercentile(values, 0));
  EXPECT_EQ(intensities.max, numpyPercentile(values, 100));
}

// The numbers are NumPy's for RandomState(1234).choice(values, 100000000 // 6)
// of each case, joined.
TEST(Fingerprint, OfV2DrawsAsNumpyDoes) {
  SmallDataset data;
  StatusOr<FingerprintResult> found = fingerprint(data, PlanRules::V2);
  ASSERT_OK(found.status());
  const ForegroundIntensities &ours = found->fingerprint.intensities[0];
  EXPECT_NEAR(ours.mean, 50.794861291794454, 1e-5);
  EXPECT_NEAR(ours.std, 29.210805531222956, 1e-5);
  EXPECT_EQ(ours.median, 51);
  EXPECT_EQ(ours.lowerClip, 1);
  EXPECT_EQ(ours.upperClip, 100);
}

TEST(Fingerprint, IsThatOfAnyNumberOfThreads) {
  SmallDataset data;
  auto textOf = [&](unsigned threads) {
    StatusOr<FingerprintResult> found =
        fingerprint(data, PlanRules::V2, threads);
    EXPECT_TRUE(found.ok()) << found.status().message();
    StatusOr<Plan> plan = planV2(found->fingerprint);
    EXPECT_TRUE(plan.ok()) << plan.status().message();
    return planText(*plan);
  };
  EXPECT_EQ(textOf(1), textOf(3));
}

TEST(Fingerprint, NamesCasesThatFail) {
  SmallDataset data;
  std::filesystem::remove(data.labelPath(2));
  ASSERT_OK(writeFileAtomically(data.imagePath(4), "no volume"));
  SmallDataset::writeVolume(data.labelPath(5), std::vector<float>(720, 7));
  StatusOr<FingerprintResult> found = fingerprint(data, PlanRules::Example);
  ASSERT_OK(found.status());
  EXPECT_EQ(found->fingerprint.cases.size(), 3u);
  ASSERT_EQ(found->faults.size(), 3u);
  EXPECT_EQ(found->faults[0].name, "c2");
  EXPECT_THAT(found->faults[0].status.message(), testing::HasSubstr("missing"));
  EXPECT_EQ(found->faults[1].name, "c4");
  EXPECT_THAT(found->faults[2].status.message(),
              testing::HasSubstr("the value 7"));
  for (int i : {0, 1, 3})
    std::filesystem::remove(data.labelPath(i));
  EXPECT_ERROR(fingerprint(data, PlanRules::Example).status(), NotFound,
               "case c0", "missing");
}

// Labels alone say how many classes a plain folder has.
TEST(Fingerprint, NamesClassesByTheirValues) {
  SmallDataset data(3);
  std::filesystem::rename(data.folder / "imagesTr", data.folder / "images");
  std::filesystem::rename(data.folder / "labelsTr", data.folder / "labels");
  std::filesystem::remove(data.folder / "dataset.json");
  StatusOr<FingerprintResult> found = fingerprint(data, PlanRules::Example);
  ASSERT_OK(found.status());
  EXPECT_THAT(found->fingerprint.classNames,
              ElementsAre("background", "class 1", "class 2"));
}
