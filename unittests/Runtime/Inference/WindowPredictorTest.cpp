//===- WindowPredictorTest.cpp - Prediction of volumes in windows ---------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The fake model computes each voxel from itself alone (weights 1, 2, 3 without
// bias), so that what a volume is predicted to is known whatever the windows: a
// voxel that goes astray, or is weighed wrongly, shows.
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/WindowPredictor.h"
#include "../FakeRun.h"

using namespace segc;

static constexpr int64_t classes = 3;

namespace {

struct Fake {
  ThreadPool pool;
  ModelRunner runner;
  WeightEnsemble ensemble{runner};

  explicit Fake(const std::string &name = "FakeFrozen", unsigned threads = 2)
      : pool(threads), runner(make(name, pool)) {
    EXPECT_TRUE(runner.loadEmbeddedWeights().ok());
  }
  static ModelRunner make(const std::string &name, ThreadPool &pool) {
    auto model = ModelLibrary::load(fakeModel(name));
    EXPECT_TRUE(model.ok()) << model.status().message();
    auto runner =
        ModelRunner::create(*model, makeHostDevice(pool), {false, true});
    EXPECT_TRUE(runner.ok()) << runner.status().message();
    return std::move(*runner);
  }
  WindowPredictor predictor(const WindowOptions &options,
                            Scores scores = Scores::Logits, int64_t batch = 2) {
    auto made = WindowPredictor::create(ensemble, options, scores, batch);
    EXPECT_TRUE(made.ok()) << made.status().message();
    return std::move(*made);
  }
  /// Multiplies the weights of the classes.
  void setWeights(float factor) {
    const float weights[] = {factor, 2 * factor, 3 * factor};
    EXPECT_TRUE(
        runner.write(runner.parameters(), 0, weights, sizeof(weights)).ok());
    runner.weightsChanged();
  }
};

struct Output {
  std::vector<uint8_t> labels;
  std::vector<float> probabilities;
};

} // namespace

static std::vector<float> imageOf(Shape3 shape) {
  std::vector<float> image;
  for (int64_t i = 0; i < shape[0] * shape[1] * shape[2]; ++i)
    image.push_back(static_cast<float>(i * 7919 % 1009) / 250.0f - 2);
  return image;
}

static Output predict(WindowPredictor predictor,
                      const std::vector<float> &image, Shape3 shape) {
  Output output;
  output.labels.resize(image.size());
  output.probabilities.resize(image.size() * classes);
  const Status status =
      predictor.predict("case", image.data(), GridReturn::identity(shape),
                        {output.labels.data(), output.probabilities.data()});
  EXPECT_TRUE(status.ok()) << status.message();
  return output;
}

/// Expects softmax of the logits image * (1, 2, 3) * factor.
static void expectPointwise(const Output &output,
                            const std::vector<float> &image, float factor = 1) {
  for (size_t i = 0; i < image.size(); ++i) {
    float sum = 0;
    for (int c = 1; c <= classes; ++c)
      sum += std::exp(static_cast<float>(c) * factor * image[i]);
    for (int c = 1; c <= classes; ++c)
      ASSERT_NEAR(
          output.probabilities[static_cast<size_t>(c - 1) * image.size() + i],
          std::exp(static_cast<float>(c) * factor * image[i]) / sum, 2e-5)
          << i;
    if (image[i] != 0)
      ASSERT_EQ(output.labels[i], image[i] > 0 ? 2 : 0) << i;
  }
}

TEST(WindowPredictorTest, PredictsVolumesOfAnySize) {
  Fake fake;
  for (Shape3 shape :
       {Shape3{8, 8, 8}, Shape3{21, 11, 17}, Shape3{3, 19, 5}, Shape3{1, 1, 1}})
    for (PlanRules rules : allPlanRules)
      for (WindowWeights weights :
           {WindowWeights::Constant, WindowWeights::Gaussian})
        for (Scores scores : {Scores::Logits, Scores::Probabilities}) {
          SCOPED_TRACE(testing::PrintToString(shape));
          const std::vector<float> image = imageOf(shape);
          expectPointwise(
              predict(fake.predictor({rules, weights}, scores), image, shape),
              image);
        }
}

TEST(WindowPredictorTest, FlipsAreUndone) {
  Fake fake;
  WindowOptions options;
  options.flips = true;
  const Shape3 shape = {13, 9, 10};
  const std::vector<float> image = imageOf(shape);
  expectPointwise(predict(fake.predictor(options), image, shape), image);
  EXPECT_EQ(fake.predictor(options).samples(shape), 3 * 2 * 2 * 8);
}

TEST(WindowPredictorTest, PlanesArePredictedOneByOne) {
  Fake fake("FakePlanes");
  WindowOptions options;
  options.flips = true;
  const Shape3 shape = {5, 20, 33};
  const std::vector<float> image = imageOf(shape);
  expectPointwise(predict(fake.predictor(options), image, shape), image);
  EXPECT_EQ(fake.predictor(options).patch(), (Shape3{1, 16, 32}));
  EXPECT_EQ(fake.predictor(options).samples(shape), 5 * 2 * 2 * 4);
}

TEST(WindowPredictorTest, BitsDependOnNeitherThreadsNorBatch) {
  Fake one("FakeFrozen", 1), four("FakeFrozen", 4);
  WindowOptions options;
  options.flips = true;
  const Shape3 shape = {19, 9, 12};
  const std::vector<float> image = imageOf(shape);
  const Output expected = predict(one.predictor(options), image, shape);
  for (int64_t batch : {1, 2}) {
    const Output output =
        predict(four.predictor(options, Scores::Logits, batch), image, shape);
    EXPECT_EQ(output.labels, expected.labels);
    EXPECT_EQ(output.probabilities, expected.probabilities);
  }
}

TEST(WindowPredictorTest, EnsemblesAverageTheirMembers) {
  Fake fake;
  for (float factor : {1.0f, 2.0f, 6.0f}) {
    fake.setWeights(factor);
    ASSERT_TRUE(fake.ensemble.add().ok());
  }
  EXPECT_EQ(fake.ensemble.size(), 3U);
  EXPECT_EQ(fake.ensemble.bytes(), 3U * (128 + 64));
  const Shape3 shape = {12, 8, 9};
  std::vector<float> image = imageOf(shape);
  for (float &value : image)
    value /= 6;
  expectPointwise(predict(fake.predictor({}), image, shape), image, 3);
}

// The same network gives its image as the features of its head.
TEST(WindowPredictorTest, AppliesTheHeadOfFeatures) {
  Fake fake("FakeHead"), whole;
  WindowOptions options;
  options.flips = true;
  const Shape3 shape = {13, 9, 10};
  const std::vector<float> image = imageOf(shape);
  expectPointwise(predict(fake.predictor(options), image, shape), image);
  // One number for each voxel and not one for each class.
  auto grownBy = [&](Fake &of) {
    auto bytes = [&](const Shape3 &volume) {
      const WindowPredictor predictor = of.predictor(options);
      return predictor.memory(GridReturn::identity(volume)).total();
    };
    return bytes({13, 90, 100}) - bytes({13, 9, 100});
  };
  auto sumsGrowBy = [&](int64_t channels, int64_t parts) {
    auto bytes = [&](const Shape3 &volume) {
      WindowUse use;
      use.hasRounds = parts > 1;
      ScoreLayout layout;
      layout.channels = channels;
      layout.parts = parts;
      return WindowSums::bytes(WindowTiling(volume, {8, 8, 8}, options, use),
                               layout);
    };
    return bytes({13, 90, 100}) - bytes({13, 9, 100});
  };
  EXPECT_GT(sumsGrowBy(classes, 1), 2 * sumsGrowBy(1, 1));
  EXPECT_EQ(grownBy(whole), sumsGrowBy(classes, 1));
  EXPECT_EQ(grownBy(fake), sumsGrowBy(1, 1));
  // Features of an ensemble are kept apart: their heads differ.
  for (float factor : {1.0f, 2.0f, 6.0f}) {
    fake.setWeights(factor);
    ASSERT_TRUE(fake.ensemble.add().ok());
  }
  std::vector<float> dark = image;
  for (float &value : dark)
    value /= 6;
  expectPointwise(predict(fake.predictor(options), dark, shape), dark, 3);
  EXPECT_EQ(grownBy(fake), sumsGrowBy(1, 3));
  const Status status =
      WindowPredictor::create(fake.ensemble, options, Scores::Probabilities, 2)
          .status();
  EXPECT_NE(status.message().find("compile without --features"),
            std::string::npos)
      << status.message();
}

// A region's label is written where its probability is above 0.5; the last one
// that is stays.
TEST(WindowPredictorTest, RegionsWriteTheirLabelsInTheirOrder) {
  Fake fake("FakeRegions");
  const std::array<float, classes> weights = {1, -2, 3};
  ASSERT_TRUE(
      fake.runner
          .write(fake.runner.parameters(), 0, weights.data(), sizeof(weights))
          .ok());
  fake.runner.weightsChanged();
  WindowOptions options;
  options.flips = true;
  const Shape3 shape = {13, 9, 10};
  std::vector<float> image = imageOf(shape);
  image[7] = 0;
  for (Scores scores : {Scores::Logits, Scores::Probabilities}) {
    WindowPredictor predictor = fake.predictor(options, scores);
    const Output numbered = predict(predictor, image, shape);
    predictor.setRegionLabels({9, 4, 7});
    const Output output = predict(predictor, image, shape);
    EXPECT_EQ(output.probabilities, numbered.probabilities);
    for (size_t i = 0; i < image.size(); ++i) {
      for (size_t c = 0; c < classes; ++c)
        ASSERT_NEAR(output.probabilities[c * image.size() + i],
                    1 / (1 + std::exp(-weights[c] * image[i])), 2e-5)
            << i;
      if (std::abs(image[i]) < 1e-3)
        continue;
      const bool positive = image[i] > 0;
      ASSERT_EQ(numbered.labels[i], positive ? 3 : 2) << i;
      ASSERT_EQ(output.labels[i], positive ? 7 : 4) << i;
    }
  }
}

TEST(WindowPredictorTest, LeavesOutWindowsThatAreNotNeeded) {
  Fake fake;
  const Shape3 shape = {30, 20, 17};
  const std::vector<float> image = imageOf(shape);
  StageTimes times;
  WindowPredictor predictor = fake.predictor({});
  predictor.setTimes(&times);
  const auto samples = [&] {
    for (const StageTimes::Stage &stage : times.stages())
      if (stage.name == "network")
        return stage.count;
    return int64_t{0};
  };
  const Output all = predict(predictor, image, shape);
  EXPECT_EQ(samples(), predictor.samples(shape));
  const int64_t before = samples();
  const size_t marked = (25 * 20 + 10) * 17 + 8;
  std::vector<uint8_t> needed(image.size());
  needed[marked] = 1;
  std::vector<uint8_t> labels(image.size(), 77);
  std::vector<float> probabilities(image.size() * classes, -1);
  ASSERT_TRUE(predictor
                  .predict("case", image.data(), GridReturn::identity(shape),
                           {labels.data(), probabilities.data()}, &needed)
                  .ok());
  // Two windows along each axis have a voxel away from the faces, or three
  // where starts are rounded.
  EXPECT_GE(samples() - before, 8);
  EXPECT_LE(samples() - before, 27);
  EXPECT_EQ(labels[marked], all.labels[marked]);
  for (size_t c = 0; c < classes; ++c)
    EXPECT_EQ(probabilities[c * image.size() + marked],
              all.probabilities[c * image.size() + marked]);
}

TEST(WindowPredictorTest, ResultsThatAreNotFiniteAreNamed) {
  Fake fake;
  std::vector<float> image = imageOf({8, 8, 8});
  image[5] = INFINITY;
  std::vector<uint8_t> labels(512);
  const Status status = fake.predictor({}).predict(
      "case-7", image.data(), GridReturn::identity({8, 8, 8}),
      {labels.data(), nullptr});
  EXPECT_EQ(status.code(), StatusCode::NonFinite);
  EXPECT_NE(status.message().find("case-7"), std::string::npos)
      << status.message();
}

TEST(WindowPredictorTest, MemoryDoesNotGrowWithTheDepth) {
  Fake fake;
  const auto bytes = [&](Shape3 shape) {
    return fake.predictor({}).memory(GridReturn::identity(shape)).total();
  };
  EXPECT_EQ(bytes({1000, 20, 20}), bytes({2000, 20, 20}));
  EXPECT_GT(bytes({1000, 40, 20}), bytes({1000, 20, 20}));
}

// Labels are those of the sum over all windows, whatever the order of the
// windows and the grid of the labels: of a volume of which the last axis is
// the longest, windows change along it last.
TEST(WindowPredictorTest, WindowsMayChangeAlongAnyAxisLast) {
  Fake fake;
  for (const Shape3 &to :
       {Shape3{9, 12, 70}, Shape3{13, 12, 100}, Shape3{6, 5, 31}}) {
    SCOPED_TRACE(testing::PrintToString(to));
    GridReturn grid = GridReturn::identity(to);
    grid.from = {9, 12, 70};
    const WindowTiling tiling(grid.from, {8, 8, 8}, {});
    ASSERT_EQ(tiling.order()[0], 2U);
    // A voxel's logits are its intensity times 1, 2, 3: so are the resized
    // ones.
    const std::vector<float> image = imageOf(grid.from);
    std::vector<float> resized(static_cast<size_t>(grid.voxels));
    ThreadPool pool(2);
    resizeGrid(
        image.data(), grid.from, resized.data(), to,
        {Interpolation::Linear, Interpolation::Linear, Interpolation::Linear},
        pool);
    Output output;
    output.labels.resize(resized.size());
    output.probabilities.resize(resized.size() * classes);
    const Status status = fake.predictor({}).predict(
        "case", image.data(), grid,
        {output.labels.data(), output.probabilities.data()});
    ASSERT_TRUE(status.ok()) << status.message();
    expectPointwise(output, resized);
  }
}
