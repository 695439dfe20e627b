//===- OpValuesTest.cpp - Evaluations against known values ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReferenceTest.h"
#include "segc/Base/Random.h"

#include <cmath>

using namespace mlir;
using namespace segc;
using namespace segc::reference;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::Pointwise;

namespace {

MATCHER_P(NearBy, tolerance, "") {
  return std::abs(std::get<0>(arg) - std::get<1>(arg)) <= tolerance;
}

HostTensor f64(std::vector<int64_t> shape, std::vector<double> values) {
  return HostTensor(shape, ElementKind::F64, std::move(values));
}
HostTensor i32(std::vector<int64_t> shape, std::vector<int64_t> values) {
  HostTensor result(shape, ElementKind::I32);
  llvm::copy(values, result.integers().begin());
  return result;
}

class OpValuesTest : public ReferenceTest {
protected:
  HostTensor random(std::vector<int64_t> shape, uint64_t seed) {
    return randomTensor(
        RankedTensorType::get(shape, Float64Type::get(&context)), seed);
  }
  /// Returns result `index` of one op.
  HostTensor only(std::vector<std::string> arguments,
                  std::vector<std::string> results, std::string op,
                  std::vector<HostTensor> inputs, int index = 0) {
    auto values = run(functionText(arguments, results, op), inputs);
    return values.empty() ? HostTensor() : values[index];
  }
};

// At stride 2, the two conventions of "same" padding differ by a shift of one
// voxel.
TEST_F(OpValuesTest, ConvPaddingPerSide) {
  HostTensor x = f64({1, 1, 4, 1}, {1, 10, 100, 1000}),
             w = f64({1, 3, 1, 1}, {1, 2, 3});
  auto conv = [&](const std::string &padding) {
    return only({"1x1x4x1xf64", "1x3x1x1xf64"}, {"1x1x2x1xf64"},
                "seg.conv %a0, %a1 strides [1, 2] " + padding +
                    " : (!a0, !a1) -> !r0",
                {x, w});
  };
  EXPECT_THAT(conv("pad_low [0, 0] pad_high [0, 1]").values(),
              ElementsAre(321, 2100));
  EXPECT_THAT(conv("pad_low [0, 1] pad_high [0, 0]").values(),
              ElementsAre(32, 3210));
}

TEST_F(OpValuesTest, ConvChannelsAndBias) {
  HostTensor y =
      only({"1x1x1x2xf64", "1x1x2x3xf64", "3xf64"}, {"1x1x1x3xf64"},
           "seg.conv %a0, %a1 bias %a2 strides [1, 1] pad_low [0, 0] pad_high "
           "[0, 0] : (!a0, !a1, !a2) -> !r0",
           {f64({1, 1, 1, 2}, {1, 10}), f64({1, 1, 2, 3}, {1, 2, 3, 4, 5, 6}),
            f64({3}, {100, 200, 300})});
  EXPECT_THAT(y.values(), ElementsAre(141, 252, 363));
}

TEST_F(OpValuesTest, InputGradientOfSomeChannels) {
  for (bool transposed : {false, true}) {
    std::string filter = transposed ? "1x3x2x5xf64" : "1x3x5x2xf64";
    HostTensor dy = random({2, 1, 4, 2}, 1),
               w = random(transposed ? std::vector<int64_t>{1, 3, 2, 5}
                                     : std::vector<int64_t>{1, 3, 5, 2},
                          2);
    auto channels = [&](int64_t first, int64_t count) {
      return only(
          {"2x1x4x2xf64", filter}, {"2x1x4x" + std::to_string(count) + "xf64"},
          std::string("seg.conv_input_grad %a0, %a1 strides [1, 1] "
                      "pad_low [0, 1] pad_high [0, 1]") +
              (transposed ? " transpose_filter" : "") + " first_channel " +
              std::to_string(first) + " : (!a0, !a1) -> !r0",
          {dy, w});
    };
    HostTensor whole = channels(0, 5), part = channels(2, 3);
    std::vector<double> expected;
    for (int64_t i = 0; i < whole.size(); ++i)
      if (i % 5 >= 2)
        expected.push_back(whole[i]);
    EXPECT_THAT(part.values(), ElementsAreArray(expected)) << transposed;
  }
}

TEST_F(OpValuesTest, ConvTransposeOverlapsAndCrops) {
  HostTensor y =
      only({"1x1x2x1xf64", "1x3x1x1xf64"}, {"1x1x4x1xf64"},
           "seg.conv_transpose %a0, %a1 strides [1, 2] pad_low [0, 0] pad_high "
           "[0, 1] : (!a0, !a1) -> !r0",
           {f64({1, 1, 2, 1}, {1, 10}), f64({1, 3, 1, 1}, {1, 2, 3})});
  EXPECT_THAT(y.values(), ElementsAre(1, 2, 13, 20));
}

TEST_F(OpValuesTest, MaxPoolGradGoesToTheFirstMaximum) {
  HostTensor dx =
      only({"1x2x2x1xf64", "1x1x1x1xf64"}, {"1x2x2x1xf64"},
           "seg.max_pool_grad %a0, %a1 window [2, 2] strides [2, 2] : (!a0, "
           "!a1) -> !r0",
           {f64({1, 2, 2, 1}, {1, 5, 5, 2}), f64({1, 1, 1, 1}, {7})});
  EXPECT_THAT(dx.values(), ElementsAre(0, 7, 0, 0));
}

// Elements in the padding are zeros, which are counted or not.
TEST_F(OpValuesTest, AvgPoolCountsPaddingOnlyIfAsked) {
  auto pool = [&](const std::string &counts) {
    return only({"1x3x2x1xf64"}, {"1x2x2x1xf64"},
                "seg.avg_pool %a0 window [2, 2] strides [2, 1] pad_low [1, 0] "
                "pad_high [0, 1]" +
                    counts + " : !a0 -> !r0",
                {f64({1, 3, 2, 1}, {1, 2, 4, 8, 16, 32})});
  };
  EXPECT_THAT(pool("").values(), ElementsAre(1.5, 2, 15, 20));
  EXPECT_THAT(pool(" count_include_pad").values(),
              ElementsAre(0.75, 0.5, 15, 10));
}

TEST_F(OpValuesTest, AvgPoolGradSharesEqually) {
  HostTensor dx =
      only({"1x1x2x1xf64"}, {"1x1x4x1xf64"},
           "seg.avg_pool_grad %a0 window [1, 3] strides [1, 2] pad_low "
           "[0, 1] pad_high [0, 0] : !a0 -> !r0",
           {f64({1, 1, 2, 1}, {4, 30})});
  EXPECT_THAT(dx.values(), ElementsAre(2, 12, 10, 10));
}

TEST_F(OpValuesTest, ResizeHalfPixelCentres) {
  auto resize = [&](const std::string &mode, std::vector<double> x,
                    int64_t out) {
    int64_t in = x.size();
    return only({"1x" + std::to_string(in) + "x1xf64"},
                {"1x" + std::to_string(out) + "x1xf64"},
                "seg.resize " + mode + " %a0 : !a0 -> !r0",
                {f64({1, in, 1}, std::move(x))});
  };
  EXPECT_THAT(resize("linear", {0, 8}, 4).values(), ElementsAre(0, 2, 6, 8));
  EXPECT_THAT(resize("linear", {0, 2, 4, 6}, 2).values(), ElementsAre(1, 5));
  EXPECT_THAT(resize("nearest", {1, 2, 3}, 6).values(),
              ElementsAre(1, 1, 2, 2, 3, 3));
  EXPECT_THAT(resize("nearest", {1, 2, 3, 4}, 2).values(), ElementsAre(2, 4));
  EXPECT_THAT(resize("nearest", {1, 2, 3, 4, 5}, 3).values(),
              ElementsAre(1, 3, 5));
  // Catmull-Rom at 1/4 and 3/4: weights -9, 111, 29, -3 over 128.
  EXPECT_THAT(resize("cubic", {0, 0, 128, 0}, 8).values(),
              ElementsAre(0, -3, -9, 29, 111, 111, 29, -9 - 0.0));
}

// As PyTorch's nearest-exact does.
TEST_F(OpValuesTest, DownsampledLabelsAreTheNearest) {
  HostTensor labels({1, 6}, ElementKind::I32);
  for (int64_t i = 0; i < 6; ++i)
    labels.integers()[i] = i;
  auto of = [&](int64_t size) {
    HostTensor result =
        only({"1x6xi32"}, {"1x" + std::to_string(size) + "xi32"},
             "seg.downsample_labels %a0 : !a0 -> !r0", {labels});
    return std::vector<int64_t>(result.integers().begin(),
                                result.integers().end());
  };
  EXPECT_THAT(of(3), ElementsAre(1, 3, 5));
  EXPECT_THAT(of(2), ElementsAre(1, 4));
  EXPECT_THAT(of(1), ElementsAre(3));
}

TEST_F(OpValuesTest, CubicReproducesLinesInside) {
  std::vector<double> line(9);
  for (int i = 0; i < 9; ++i)
    line[i] = 3.0 * i - 1;
  HostTensor y =
      only({"1x9x1xf64"}, {"1x21x1xf64"}, "seg.resize cubic %a0 : !a0 -> !r0",
           {f64({1, 9, 1}, line)});
  for (int i = 5; i < 16; ++i)
    EXPECT_NEAR(y[i], 3 * ((i + 0.5) * 9 / 21 - 0.5) - 1, 1e-13);
}

TEST_F(OpValuesTest, NormByHand) {
  std::string text = functionText({"2x2x1x2xf64", "2xf64", "2xf64"},
                                  {"2x2x1x2xf64", "2x2xf64", "2x2xf64"},
                                  "seg.norm instance %a0, %a1, %a2 epsilon 0.0 "
                                  ": (!a0, !a1, !a2) -> (!r0, !r1, !r2)");
  auto results = run(text, {f64({2, 2, 1, 2}, {1, 10, 3, 30, 5, 0, 9, 8}),
                            f64({2}, {1, 2}), f64({2}, {0, 100})});
  ASSERT_EQ(results.size(), 3u);
  EXPECT_THAT(results[1].values(), ElementsAre(2, 20, 7, 4));
  EXPECT_THAT(results[2].values(), ElementsAre(1, 0.1, 0.5, 0.25));
  EXPECT_THAT(results[0].values(), ElementsAre(-1, 98, 1, 102, -1, 98, 1, 102));
}

TEST_F(OpValuesTest, GroupStatisticsAreSharedByAGroupsChannels) {
  std::string text = functionText(
      {"1x1x1x4xf64"}, {"1x4xf64", "1x4xf64"},
      "seg.norm_stats group %a0 groups 2 epsilon 0.0 : (!a0) -> (!r0, !r1)");
  auto results = run(text, {f64({1, 1, 1, 4}, {1, 3, 10, 30})});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_THAT(results[0].values(), ElementsAre(2, 2, 20, 20));
  EXPECT_THAT(results[1].values(), ElementsAre(1, 1, 0.1, 0.1));
}

// The ops for statistics and their application equal the whole ops, for every
// kind.
class NormPiecesTest : public OpValuesTest,
                       public ::testing::WithParamInterface<
                           std::pair<const char *, const char *>> {};

TEST_P(NormPiecesTest, EqualTheWholeOp) {
  const char *kind = GetParam().first, *statistic = GetParam().second;
  std::string options = std::string(kind) == "group" ? " groups 2" : "";
  auto text = [&](bool pieces) {
    std::string t = "tensor<2x3x2x4xf64>", c = "tensor<4xf64>",
                s = std::string("tensor<") + statistic + "xf64>";
    std::string attributes = options + " epsilon 1.0e-3 : ", k = kind;
    std::string body =
        pieces ? "%m, %r = seg.norm_stats " + k + " %x" + attributes + "(" + t +
                     ") -> (" + s + ", " + s + ")\n" +
                     "%y = seg.norm_apply %x, %m, %r, %g, %b : (" + t + ", " +
                     s + ", " + s + ", " + c + ", " + c + ") -> " + t + "\n" +
                     "%s1, %s2, %dg, %db = seg.norm_grad_stats " + k +
                     " %x, %dy, %g, %m, %r" + attributes + "(" + t + ", " + t +
                     ", " + c + ", " + s + ", " + s + ") -> (" + s + ", " + s +
                     ", " + c + ", " + c + ")\n" +
                     "%dx = seg.norm_grad_apply %x, %dy, %g, %m, %r, %s1, %s2 "
                     ": (" +
                     t + ", " + t + ", " + c + ", " + s + ", " + s + ", " + s +
                     ", " + s + ") -> " + t + "\n"
               : "%y, %m, %r = seg.norm " + k + " %x, %g, %b" + attributes +
                     "(" + t + ", " + c + ", " + c + ") -> (" + t + ", " + s +
                     ", " + s + ")\n" + "%dx, %dg, %db = seg.norm_grad " + k +
                     " %x, %dy, %g, %m, %r" + attributes + "(" + t + ", " + t +
                     ", " + c + ", " + s + ", " + s + ") -> (" + t + ", " + c +
                     ", " + c + ")\n";
    std::string types = t + ", " + t + ", " + c + ", " + c;
    return "func.func @f(%x: " + t + ", %dy: " + t + ", %g: " + c +
           ", %b: " + c + ") -> (" + types + ") {\n" + body +
           "return %y, %dx, %dg, %db : " + types + "\n}";
  };
  std::vector<HostTensor> inputs = {random({2, 3, 2, 4}, 1),
                                    random({2, 3, 2, 4}, 2), random({4}, 3),
                                    random({4}, 4)};
  auto whole = run(text(false), inputs), pieces = run(text(true), inputs);
  ASSERT_EQ(whole.size(), 4u);
  ASSERT_EQ(pieces.size(), 4u);
  for (int i = 0; i < 4; ++i)
    EXPECT_THAT(pieces[i].values(), Pointwise(NearBy(1e-14), whole[i].values()))
        << "result " << i;
}

INSTANTIATE_TEST_SUITE_P(Kinds, NormPiecesTest,
                         ::testing::Values(std::pair("batch", "4"),
                                           std::pair("instance", "2x4"),
                                           std::pair("group", "2x4")),
                         [](const auto &info) {
                           return std::string(info.param.first);
                         });

TEST_F(OpValuesTest, RunningStatistics) {
  EXPECT_THAT(
      only({"2xf64", "2xf64"}, {"2xf64"},
           "seg.running_mean %a0, %a1 momentum 0.75 : (!a0, !a1) -> !r0",
           {f64({2}, {4, 8}), f64({2}, {0, 16})})
          .values(),
      ElementsAre(3, 10));
  EXPECT_THAT(only({"1xf64", "1xf64"}, {"1xf64"},
                   "seg.running_variance %a0, %a1 momentum 0.5 epsilon 1.0 : "
                   "(!a0, !a1) -> !r0",
                   {f64({1}, {2}), f64({1}, {0.5})})
                  .values(),
              ElementsAre(2.5));
}

// Whole numbers saturate at 127, halves become even, and the scale of a channel
// is its largest magnitude by 127. A channel of zeros has no scale.
TEST_F(OpValuesTest, Quantization) {
  auto activation =
      run(functionText({"5xf64"}, {"5xi8"},
                       "seg.quantize %a0 scale 0.5 : !a0 -> !r0"),
          {f64({5}, {0.25, 0.75, -1.3, 63.6, -1e9})}, Precision::Storage);
  ASSERT_EQ(activation.size(), 1u);
  EXPECT_THAT(activation[0].values(), ElementsAre(0, 2, -3, 127, -127));
  EXPECT_THAT(only({"5xi8"}, {"5xf64"},
                   "seg.dequantize %a0 scale 0.5 : (!a0) -> !r0", activation)
                  .values(),
              ElementsAre(0, 1, -1.5, 63.5, -63.5));
  auto filter =
      run(functionText({"1x1x2x3xf64"}, {"1x1x2x3xi8", "3xf64"},
                       "seg.quantize_filter %a0 : (!a0) -> (!r0, "
                       "!r1)"),
          {f64({1, 1, 2, 3}, {127, -508, 0, 2.5, 6, 0})}, Precision::Storage);
  ASSERT_EQ(filter.size(), 2u);
  EXPECT_THAT(filter[0].values(), ElementsAre(127, -127, 0, 2, 2, 0));
  EXPECT_THAT(filter[1].values(), ElementsAre(1, 4, 0));
  EXPECT_THAT(only({"1x1x2x3xi8", "3xf64"}, {"1x1x2x3xf64"},
                   "seg.dequantize %a0 scales %a1 : (!a0, !a1) -> !r0", filter)
                  .values(),
              ElementsAre(127, -508, 0, 2, 8, 0));
}

TEST_F(OpValuesTest, Broadcasting) {
  HostTensor x = f64({2, 1, 2, 2}, {0, 0, 0, 0, 0, 0, 0, 0});
  auto add = [&](const std::string &type, HostTensor other) {
    HostTensor y =
        only({"2x1x2x2xf64", type}, {"2x1x2x2xf64"},
             "seg.add %a0, %a1 : (!a0, !a1) -> !r0", {x, std::move(other)});
    return std::vector<double>(y.values());
  };
  EXPECT_THAT(add("f64", f64({}, {7})), ElementsAre(7, 7, 7, 7, 7, 7, 7, 7));
  EXPECT_THAT(add("2xf64", f64({2}, {1, 2})),
              ElementsAre(1, 2, 1, 2, 1, 2, 1, 2));
  EXPECT_THAT(add("2x2xf64", f64({2, 2}, {1, 2, 3, 4})),
              ElementsAre(1, 2, 1, 2, 3, 4, 3, 4));
  EXPECT_THAT(add("2x1x2x1xf64", f64({2, 1, 2, 1}, {1, 2, 3, 4})),
              ElementsAre(1, 1, 2, 2, 3, 3, 4, 4));
}

// The mask is word 0 of the block at the element's global index, in the stream
// (step, id). CounterRng returns this word at index * 4.
TEST_F(OpValuesTest, DropoutMask) {
  const int64_t seed = 0x123456789abcdef, step = 3, offset = 5, id = 2;
  HostTensor y = only({"2x3x3x2xf64", "i64", "i64", "i64"}, {"2x3x3x2xf64"},
                      "seg.dropout %a0 key(%a1, %a2, %a3) rate 0.25 id 2 : "
                      "(!a0, !a1, !a2, !a3) -> !r0",
                      {f64({2, 3, 3, 2}, std::vector<double>(36, 3)),
                       HostTensor::scalar(seed), HostTensor::scalar(step),
                       HostTensor::scalar(offset)});
  CounterRng rng(seed, (uint64_t{step} << 32) + id);
  std::vector<double> expected;
  for (int64_t i = 0; i < 36; ++i)
    expected.push_back(rng.uniform(4 * (i + offset * 18)) < 0.25f ? 0 : 4);
  EXPECT_THAT(y.values(), ElementsAreArray(expected));
  EXPECT_GT(llvm::count(expected, 0.0), 0);
}

// A voxel's softmax of (ln 3, 0) is (3/4, 1/4).
TEST_F(OpValuesTest, DiceByHand) {
  HostTensor logits = f64({1, 2, 1, 2}, {std::log(3.0), 0, 0, std::log(3.0)});
  HostTensor labels = i32({1, 2, 1}, {0, 0});
  auto dice = [&](const std::string &options) {
    return run(functionText({"1x2x1x2xf64", "1x2x1xi32"},
                            {"f64", "2xf64", "1x3x2xf64"},
                            "seg.dice %a0, %a1 " + options +
                                " : (!a0, !a1) -> (!r0, !r1, !r2)"),
               {logits, labels});
  };
  auto plain = dice("smooth 1.0");
  ASSERT_EQ(plain.size(), 3u);
  EXPECT_THAT(plain[2].values(),
              Pointwise(NearBy(1e-15), {1.0, 0.0, 1.0, 1.0, 2.0, 0.0}));
  EXPECT_THAT(plain[1].values(), Pointwise(NearBy(1e-15), {0.75, 0.5}));
  EXPECT_NEAR(plain[0][0], 0.375, 1e-15);
  auto squared = dice("squared exclude_background sum_classes smooth 1.0");
  ASSERT_EQ(squared.size(), 3u);
  EXPECT_THAT(squared[1].values(),
              Pointwise(NearBy(1e-15), {3 / 3.625, 1 / 1.625}));
  EXPECT_NEAR(squared[0][0], 1 - 1 / 1.625, 1e-15);
}

// Two samples with the sums of one; the loss is that of all.
TEST_F(OpValuesTest, DiceFromSumsByHand) {
  HostTensor sums =
      f64({2, 3, 2}, {0.5, 0, 0.5, 1, 1, 0, 0.5, 0, 0.5, 1, 1, 0});
  auto dice = run(functionText({"2x3x2xf64"}, {"f64", "2xf64"},
                               "seg.dice_from_sums %a0 smooth 1.0 : (!a0) -> "
                               "(!r0, !r1)"),
                  {sums});
  ASSERT_EQ(dice.size(), 2u);
  EXPECT_THAT(dice[1].values(), Pointwise(NearBy(1e-15), {0.75, 1 / 3.0}));
  EXPECT_NEAR(dice[0][0], 1 - (0.75 + 1 / 3.0) / 2, 1e-15);
}

// A deviation of 3 from another mean, beside a variance of 4.
TEST_F(OpValuesTest, StatisticsOfRanksByHand) {
  auto deviation = only({"1xf64", "1xf64", "1xf64"}, {"1xf64"},
                        "seg.norm_deviation %a0, %a1, %a2 : (!a0, !a1, !a2) -> "
                        "!r0",
                        {f64({1}, {5}), f64({1}, {0.5}), f64({1}, {2})});
  EXPECT_NEAR(deviation[0], 13, 1e-14);
  EXPECT_NEAR(only({"1xf64"}, {"1xf64"}, "seg.norm_rstd %a0 : !a0",
                   {f64({1}, {16})})[0],
              0.25, 1e-15);
  auto share = [&](double mean) {
    return only({"f64", "f64", "f64"}, {"f64"},
                "seg.weighted_share %a0, %a1, %a2 : (!a0, !a1, !a2) -> !r0",
                {f64({}, {0.5}), f64({}, {3}), f64({}, {mean})})[0];
  };
  EXPECT_EQ(share(2), 0.75);
  EXPECT_EQ(share(0), 0);
}

TEST_F(OpValuesTest, CrossEntropyByHand) {
  std::vector<HostTensor> inputs = {
      f64({1, 1, 2, 2}, {std::log(3.0), 0, 0, 1000}), i32({1, 1, 2}, {1, 0})};
  auto loss = [&](const std::string &options) {
    return only({"1x1x2x2xf64", "1x1x2xi32"}, {"f64"},
                "seg.cross_entropy %a0, %a1 " + options +
                    " : (!a0, !a1) -> !r0",
                inputs)[0];
  };
  EXPECT_NEAR(loss(""), (std::log(4.0) + 1000) / 2, 1e-12);
  EXPECT_NEAR(loss("focal_gamma 2.0"), (0.5625 * std::log(4.0) + 1000) / 2,
              1e-12);
}

// Labels that are no class are left out of the sums.
TEST_F(OpValuesTest, MaskedDiceByHand) {
  HostTensor logits = f64({1, 3, 1, 2}, {std::log(3.0), 0, 0, std::log(3.0), //
                                         5, 7});
  for (int label : {-1, 2}) {
    auto dice = run(functionText({"1x3x1x2xf64", "1x3x1xi32"},
                                 {"f64", "2xf64", "1x3x2xf64"},
                                 "seg.dice %a0, %a1 smooth 1.0 masked : (!a0, "
                                 "!a1) -> (!r0, !r1, !r2)"),
                    {logits, i32({1, 3, 1}, {0, 0, label})});
    ASSERT_EQ(dice.size(), 3u);
    EXPECT_THAT(dice[2].values(),
                Pointwise(NearBy(1e-15), {1.0, 0.0, 1.0, 1.0, 2.0, 0.0}));
    EXPECT_NEAR(dice[0][0], 0.375, 1e-15);
  }
}

TEST_F(OpValuesTest, WeightedCrossEntropyByHand) {
  HostTensor logits = f64({1, 1, 3, 2}, {std::log(3.0), 0, 0, 1000, 1, 2});
  auto loss = [&](const std::vector<int64_t> &labels) {
    auto results = run(
        functionText({"1x1x3x2xf64", "1x1x3xi32"}, {"f64", "f64"},
                     "seg.weighted_cross_entropy %a0, %a1 weights [0.5, 2.0] "
                     "focal_gamma 2.0 : (!a0, !a1) -> (!r0, !r1)"),
        {logits, i32({1, 1, 3}, labels)});
    return results.size() == 2 ? std::pair(results[0][0], results[1][0])
                               : std::pair(-1.0, -1.0);
  };
  auto [value, weight] = loss({1, 0, -1});
  EXPECT_EQ(weight, 2.5);
  EXPECT_NEAR(value, (2 * 0.5625 * std::log(4.0) + 0.5 * 1000) / 2.5, 1e-12);
  EXPECT_EQ(loss({2, -1, 7}), std::pair(0.0, 0.0)) << "no voxel counts";
}

// A sigmoid of ln 3 is 3/4. The third voxel is ignored, the second one is in
// the first region alone.
TEST_F(OpValuesTest, RegionsByHand) {
  const double z = std::log(3.0);
  std::vector<HostTensor> inputs = {f64({1, 3, 1, 2}, {z, 0, 0, z, 9, -9}),
                                    i32({1, 3, 1}, {2, 1, 3})};
  const std::string regions = "regions [[1, 2], [2]] ignored 3 ";
  auto dice = run(functionText({"1x3x1x2xf64", "1x3x1xi32"},
                               {"f64", "2xf64", "1x3x2xf64"},
                               "seg.dice %a0, %a1 smooth 1.0 " + regions +
                                   ": (!a0, !a1) -> (!r0, !r1, !r2)"),
                  inputs);
  ASSERT_EQ(dice.size(), 3u);
  EXPECT_THAT(dice[2].values(),
              Pointwise(NearBy(1e-15), {1.25, 0.5, 1.25, 1.25, 2.0, 1.0}));
  EXPECT_THAT(dice[1].values(),
              Pointwise(NearBy(1e-15), {3.5 / 4.25, 2 / 3.25}));
  for (bool sums : {false, true}) {
    auto entropy =
        run(functionText({"1x3x1x2xf64", "1x3x1xi32"}, {"f64", "f64"},
                         "seg.binary_cross_entropy %a0, %a1 " + regions +
                             (sums ? "sum_classes " : "") +
                             ": (!a0, !a1) -> (!r0, !r1)"),
            inputs);
    ASSERT_EQ(entropy.size(), 2u);
    EXPECT_EQ(entropy[1][0], 2);
    // -log of 3/4 and 1/2, of 1/2 and 1 - 3/4.
    EXPECT_NEAR(entropy[0][0],
                (std::log(4 / 3.0) + 2 * std::log(2.0) + std::log(4.0)) /
                    (sums ? 2 : 4),
                1e-14);
  }
}

TEST_F(OpValuesTest, RegionsWithoutAVoxelThatCounts) {
  auto entropy = run(functionText({"1x1x1x1xf64", "1x1x1xi32"}, {"f64", "f64"},
                                  "seg.binary_cross_entropy %a0, %a1 regions "
                                  "[[1]] ignored 2 : (!a0, !a1) -> (!r0, !r1)"),
                     {f64({1, 1, 1, 1}, {4}), i32({1, 1, 1}, {2})});
  ASSERT_EQ(entropy.size(), 2u);
  EXPECT_EQ(entropy[0][0], 0);
  EXPECT_EQ(entropy[1][0], 0);
}

// Of ten values 35 percent are three: 9, and two of the three that are 4.
TEST_F(OpValuesTest, TopKMeanByHand) {
  HostTensor x = f64({2, 5, 1, 1}, {0, 4, 1, 9, 4, 0, 2, 4, 3, 1});
  auto mean = run(functionText({"2x5x1x1xf64"}, {"f64", "f64", "f64", "f64"},
                               "seg.top_k_mean %a0 percent 35.0 : (!a0) -> "
                               "(!r0, !r1, !r2, !r3)"),
                  {x});
  ASSERT_EQ(mean.size(), 4u);
  EXPECT_NEAR(mean[0][0], 17 / 3.0, 1e-15);
  EXPECT_EQ(mean[1][0], 4);
  EXPECT_NEAR(mean[2][0], 1 / 3.0, 1e-15);
  EXPECT_NEAR(mean[3][0], 2 / 9.0, 1e-15);
  HostTensor grad =
      only({"2x5x1x1xf64", "f64", "f64", "f64", "f64"}, {"2x5x1x1xf64"},
           "seg.top_k_mean_grad %a0, %a1, %a2, %a3, %a4 : (!a0, !a1, !a2, !a3, "
           "!a4) -> !r0",
           {x, mean[1], mean[2], mean[3], HostTensor::scalar(9.0)});
  EXPECT_THAT(grad.values(),
              Pointwise(NearBy(1e-15),
                        {0.0, 2.0, 0.0, 3.0, 2.0, 0.0, 0.0, 2.0, 0.0, 0.0}));
}

TEST_F(OpValuesTest, VoxelCrossEntropyByHand) {
  HostTensor losses =
      only({"1x1x3x2xf64", "1x1x3xi32"}, {"1x1x3x1xf64"},
           "seg.voxel_cross_entropy %a0, %a1 masked : (!a0, !a1) -> !r0",
           {f64({1, 1, 3, 2}, {std::log(3.0), 0, 0, 1000, 1, 2}),
            i32({1, 1, 3}, {1, 0, 2})});
  EXPECT_THAT(losses.values(),
              Pointwise(NearBy(1e-12), {std::log(4.0), 1000.0, 0.0}));
}

// A certain and correct prediction has no loss, and a finite gradient for every
// gamma.
TEST_F(OpValuesTest, FocalGradientAtCertainty) {
  for (const char *gamma : {"0.0", "0.5", "1.0", "2.0"}) {
    HostTensor grad =
        only({"1x1x1x2xf64", "1x1x1xi32", "f64"}, {"1x1x1x2xf64"},
             std::string("seg.cross_entropy_grad %a0, %a1, %a2 focal_gamma ") +
                 gamma + " : (!a0, !a1, !a2) -> !r0",
             {f64({1, 1, 1, 2}, {2000, 0}), i32({1, 1, 1}, {0}),
              HostTensor::scalar(1.0)});
    EXPECT_THAT(grad.values(), ElementsAre(0, 0)) << gamma;
  }
}

TEST_F(OpValuesTest, ConcatSliceCropPad) {
  EXPECT_THAT(only({"1x2x1xf64", "1x2x2xf64"}, {"1x2x3xf64"},
                   "seg.concat %a0, %a1 : (!a0, !a1) -> !r0",
                   {f64({1, 2, 1}, {1, 2}), f64({1, 2, 2}, {3, 4, 5, 6})})
                  .values(),
              ElementsAre(1, 3, 4, 2, 5, 6));
  EXPECT_THAT(only({"1x2x3xf64"}, {"1x2x1xf64"},
                   "seg.slice_channels %a0 from 1 : !a0 -> !r0",
                   {f64({1, 2, 3}, {1, 2, 3, 4, 5, 6})})
                  .values(),
              ElementsAre(2, 5));
  EXPECT_THAT(only({"1x4x1xf64"}, {"1x2x1xf64"},
                   "seg.crop %a0 at [1] : !a0 -> !r0",
                   {f64({1, 4, 1}, {1, 2, 3, 4})})
                  .values(),
              ElementsAre(2, 3));
  EXPECT_THAT(only({"1x2x1xf64"}, {"1x4x1xf64"},
                   "seg.pad %a0 low [1] : !a0 -> !r0", {f64({1, 2, 1}, {1, 2})})
                  .values(),
              ElementsAre(0, 1, 2, 0));
}

TEST_F(OpValuesTest, SoftmaxDoesNotOverflow) {
  EXPECT_THAT(only({"1x1x2xf64"}, {"1x1x2xf64"}, "seg.softmax %a0 : !a0",
                   {f64({1, 1, 2}, {1e4, -1e4})})
                  .values(),
              ElementsAre(1, 0));
}

} // namespace
