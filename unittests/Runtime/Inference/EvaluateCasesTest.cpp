//===- EvaluateCasesTest.cpp - Dice of prepared cases ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/EvaluateCases.h"
#include "../FakeRun.h"

#include <algorithm>
#include <array>

using namespace segc;

namespace {

/// A case whose voxels the fake model computes from themselves alone.
struct MadeCase {
  std::vector<float> image;
  std::vector<int16_t> labels;

  explicit MadeCase(Shape3 shape) : shape(shape) {
    // No value is where a class or region begins.
    for (int64_t i = 0; i < shape[0] * shape[1] * shape[2]; ++i) {
      image.push_back(static_cast<float>(i * 7919 % 1009) / 250.0f - 2.001f);
      labels.push_back(static_cast<int16_t>(i * 31 % 5 - 1));
    }
  }
  MemoryPatchSource source() const {
    PreparedCase prepared;
    prepared.name = "made";
    prepared.shape = shape;
    prepared.channels = 1;
    prepared.image = image.data();
    prepared.labels = labels.data();
    return MemoryPatchSource({prepared});
  }

private:
  Shape3 shape;
};

class EvaluateCases : public testing::Test {
protected:
  /// The model's logits are image * weights + bias.
  StatusOr<Evaluation> evaluate(const std::string &name,
                                const DatasetDescription &data,
                                const std::array<float, 3> &weights,
                                const std::array<float, 3> &bias) {
    SEGC_ASSIGN_OR_RETURN(auto model, ModelLibrary::load(fakeModel(name)));
    SEGC_ASSIGN_OR_RETURN(
        ModelRunner runner,
        ModelRunner::create(model, makeHostDevice(pool), {false, true}));
    SEGC_RETURN_IF_ERROR(runner.loadEmbeddedWeights());
    constexpr uint64_t biasOffset = 64;
    SEGC_RETURN_IF_ERROR(
        runner.write(runner.parameters(), 0, weights.data(), sizeof(weights)));
    SEGC_RETURN_IF_ERROR(runner.write(runner.parameters(), biasOffset,
                                      bias.data(), sizeof(bias)));
    runner.weightsChanged();
    const MemoryPatchSource source = made.source();
    return evaluateCases(runner, source, data, {}, 2);
  }

  ThreadPool pool{2};
  MadeCase made{{10, 12, 9}};
};

} // namespace

// A voxel is in every region whose probability is above 0.5, whatever the
// others are; a label in every region that has its value.
TEST_F(EvaluateCases, CountsRegionsThatOverlap) {
  DatasetDescription data;
  data.classNames = {"background", "whole", "rest", "core"};
  data.regions = {{1, 2}, {1}, {2}};
  data.regionsClassOrder = {1, 2, 3};
  data.ignoreLabel = 3;
  auto found = evaluate("FakeRegions", data, {1, -1, 1}, {0, -0.5f, -1});
  ASSERT_TRUE(found.ok()) << found.status().message();
  ASSERT_EQ(found->cases.size(), 1u);
  EXPECT_TRUE(found->ofRegions);
  std::vector<ClassCounts> counts(3);
  for (size_t i = 0; i < made.image.size(); ++i) {
    const float x = made.image[i];
    const int16_t label = made.labels[i];
    const bool predicted[] = {x > 0, x < -0.5f, x > 1},
               expected[] = {label == 1 || label == 2, label == 1, label == 2};
    for (size_t region = 0; label != 3 && region < 3; ++region) {
      counts[region].predicted += predicted[region];
      counts[region].expected += expected[region];
      counts[region].both += predicted[region] && expected[region];
    }
  }
  for (size_t region = 0; region < 3; ++region) {
    const ClassCounts &of = found->cases[0].counts[region];
    EXPECT_EQ(of.predicted, counts[region].predicted) << region;
    EXPECT_EQ(of.expected, counts[region].expected) << region;
    EXPECT_EQ(of.both, counts[region].both) << region;
    EXPECT_GT(of.both, 50) << region;
  }
  EXPECT_EQ(found->cases[0].dice, hardDice(counts));
}

// The class with the largest logit; -1 is background, 3 is no class.
TEST_F(EvaluateCases, CountsClasses) {
  DatasetDescription data;
  data.classNames = {"background", "anterior", "posterior"};
  data.ignoreLabel = 3;
  auto found = evaluate("FakeFrozen", data, {0, 1, 2}, {0, 0, -1});
  ASSERT_TRUE(found.ok()) << found.status().message();
  std::vector<int32_t> predicted, expected;
  for (size_t i = 0; i < made.image.size(); ++i) {
    predicted.push_back(made.image[i] > 1 ? 2 : made.image[i] > 0 ? 1 : 0);
    expected.push_back(std::max<int16_t>(made.labels[i], 0));
  }
  const auto counts = countClasses(predicted.data(), expected.data(),
                                   static_cast<int64_t>(predicted.size()), 3);
  EXPECT_FALSE(found->ofRegions);
  EXPECT_EQ(found->cases[0].dice, hardDice(counts));
  EXPECT_GT(counts[2].both, 50);
}
