//===- SyncBatchTest.cpp - Batches over several ranks ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// With synchronized batches, N ranks of batch B compute what one rank of batch
// N*B does: losses, gradients and running statistics. Values are evaluated in
// f64 and stored in f32, so that rounding is all that they may differ by.

#include "CompiledPrograms.h"

#include <cmath>

using namespace mlir;
using namespace segc;
using namespace segc::reference;
using segc::test::Programs;

/// Two convolutions with a batch norm between them. MIDDLE computes %y from %r,
/// LOSS the objective's %loss.
static constexpr const char *network = R"(
seg.network @net format 1 classes 3 SIGMOID optimizer {kind = "sgd"} pipeline {kind = "isbi"} forward {
^bb0(%image: tensor<1x6x5x2xf32>):
  %w0 = seg.param "a.weight" glorot_uniform 0.0 decay : tensor<3x3x2x4xf32>
  %0 = seg.conv %image, %w0 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<1x6x5x2xf32>, tensor<3x3x2x4xf32>) -> tensor<1x6x5x4xf32>
  %g = seg.param "n.gamma" constant 1.0 : tensor<4xf32>
  %b = seg.param "n.beta" constant 0.0 : tensor<4xf32>
  %m = seg.state "n.running_mean" 0.0 : tensor<4xf32>
  %v = seg.state "n.running_variance" 1.0 : tensor<4xf32>
  %1 = seg.batch_norm %0, %g, %b running %m, %v epsilon 1.0e-3 momentum 0.9 : (tensor<1x6x5x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x6x5x4xf32>
  %r = seg.sigmoid %1 : tensor<1x6x5x4xf32>
  MIDDLE
  %w1 = seg.param "b.weight" glorot_uniform 0.0 decay : tensor<3x3x4x3xf32>
  %2 = seg.conv %y, %w1 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<1x6x5x4xf32>, tensor<3x3x4x3xf32>) -> tensor<1x6x5x3xf32>
  seg.output %2 : tensor<1x6x5x3xf32>
} objective ["loss"] {
^bb0(%z: tensor<1x6x5x3xf32>, %t: tensor<1x6x5xi32>):
  LOSS
  seg.output %loss : tensor<f32>
}
)";

static constexpr StringLiteral dice = R"(
  %loss, %d, %s = seg.dice %z, %t squared batch_reduce exclude_background smooth 0.5
    : (tensor<1x6x5x3xf32>, tensor<1x6x5xi32>) -> (tensor<f32>, tensor<3xf32>, tensor<1x3x3xf32>)
)";
static constexpr StringLiteral weighted = R"(
  %0, %d, %s = seg.dice %z, %t batch_reduce sum_classes smooth 1.0e-6
    : (tensor<1x6x5x3xf32>, tensor<1x6x5xi32>) -> (tensor<f32>, tensor<3xf32>, tensor<1x3x3xf32>)
  %1, %weight = seg.weighted_cross_entropy %z, %t weights [0.25, 4.0, 0.0] focal_gamma 2.0
    : (tensor<1x6x5x3xf32>, tensor<1x6x5xi32>) -> (tensor<f32>, tensor<f32>)
  %2 = seg.scale %1 by 0.5 : tensor<f32>
  %loss = seg.add %0, %2 : (tensor<f32>, tensor<f32>) -> tensor<f32>
)";
static constexpr StringLiteral regions = R"(
  %0, %d, %s = seg.dice %z, %t batch_reduce smooth 1.0 regions [[0, 1], [1], [2]] ignored 3
    : (tensor<1x6x5x3xf32>, tensor<1x6x5xi32>) -> (tensor<f32>, tensor<3xf32>, tensor<1x3x3xf32>)
  %1, %voxels = seg.binary_cross_entropy %z, %t regions [[0, 1], [1], [2]] ignored 3
    : (tensor<1x6x5x3xf32>, tensor<1x6x5xi32>) -> (tensor<f32>, tensor<f32>)
  %loss = seg.add %0, %1 : (tensor<f32>, tensor<f32>) -> tensor<f32>
)";
static constexpr StringLiteral crossEntropy =
    "%loss = seg.cross_entropy %z, %t : (tensor<1x6x5x3xf32>, "
    "tensor<1x6x5xi32>) -> tensor<f32>";
static constexpr StringLiteral nothing =
    "%y = seg.scale %r by 1.0 : tensor<1x6x5x4xf32>";

static std::string networkOf(StringRef loss, StringRef middle = nothing) {
  std::string text = network;
  auto replace = [&](StringRef word, StringRef by) {
    text.replace(text.find(word), word.size(), by);
  };
  replace("SIGMOID", loss == regions ? "sigmoid" : "");
  replace("MIDDLE", middle);
  replace("LOSS", loss);
  return text;
}

static ElementKind kindOf(exec::BufferAttr buffer) {
  return elementKind(buffer.getType().getElementType())
      .value_or(ElementKind::F32);
}

namespace {

constexpr int64_t samplesOfRank = 2;

/// The programs of `ranks` processes, with the memory of each.
class Job {
public:
  Job(int64_t ranks, int64_t batch, bool sync, StringRef text)
      : programs(optionsOf(batch, sync), text),
        ranks(ranks, ProgramMemory(*programs.module)) {
    EXPECT_TRUE(succeeded(verifyPrograms(*programs.module)));
  }

  /// Runs an entry on arguments that depend on nothing but names, and samples
  /// that depend on their number.
  void run(StringRef name) {
    exec::ProgramOp program = programs.program(name);
    for (BlockArgument argument : program.getBody().getArguments())
      if (auto buffer = exec::bufferOf(argument);
          buffer.getRegion() == exec::Region::Inputs)
        writeSamples(buffer, argument.getArgNumber());
      else if (buffer.getRegion() != exec::Region::Gradients)
        for (ProgramMemory &memory : ranks)
          memory.write(buffer, drawn(buffer, argument.getArgNumber()));
    for (const auto &[buffer, tensor] : replaced)
      for (ProgramMemory &memory : ranks)
        memory.write(buffer, tensor);
    ASSERT_TRUE(succeeded(runProgram(program, ranks)));
  }

  /// The results of an entry in a region, on each rank.
  std::vector<std::vector<HostTensor>> results(StringRef name,
                                               exec::Region region) {
    std::vector<std::vector<HostTensor>> all(ranks.size());
    for (Value value : programs.program(name).getReturn().getValues())
      if (exec::BufferAttr buffer = exec::bufferOf(value);
          buffer.getRegion() == region)
        for (auto [memory, own] : llvm::zip_equal(ranks, all))
          own.push_back(memory.read(buffer));
    return all;
  }

  /// The mean over the ranks of the first output.
  double loss(StringRef name) {
    double sum = 0;
    for (const auto &own : results(name, exec::Region::Outputs))
      sum += own.front()[0];
    return sum / static_cast<double>(ranks.size());
  }

  Programs programs;
  std::vector<ProgramMemory> ranks;
  /// Parameters that have other values than those drawn.
  std::vector<std::pair<exec::BufferAttr, HostTensor>> replaced;
  int64_t maxLabel = 2; ///< 3 where there is an ignored label.

private:
  static PipelineOptions optionsOf(int64_t batch, bool sync) {
    PipelineOptions options;
    options.batch = batch;
    options.syncBatch = sync;
    return options;
  }

  /// Labels of small numbers are the rarer the higher the sample's number, so
  /// that ranks have weights of their own.
  void writeSamples(exec::BufferAttr buffer, unsigned seed) {
    SmallVector<int64_t> shape(buffer.getType().getShape());
    shape[0] = 1;
    auto type = RankedTensorType::get(shape, buffer.getType().getElementType());
    for (auto [rank, memory] : llvm::enumerate(ranks)) {
      HostTensor all(buffer.getType().getShape(), kindOf(buffer));
      const int64_t samples = buffer.getType().getDimSize(0);
      for (int64_t i = 0; i < samples; ++i) {
        const auto number = static_cast<int64_t>(rank) * samples + i;
        const bool counts = type.getElementType().isInteger(32);
        HostTensor one = randomTensor(
            type, uint64_t{100} * seed + number + 1,
            counts
                ? Distribution{0, static_cast<double>(4 - number % 3), 0}
                : Distribution{-1, 1 + 0.5 * static_cast<double>(number), 0});
        for (int64_t k = 0; k < one.size(); ++k)
          if (counts)
            all.integers()[i * one.size() + k] =
                std::min<int64_t>(one.integers()[k], maxLabel);
          else
            all[i * one.size() + k] = one[k];
      }
      memory.write(buffer, all);
    }
  }

  HostTensor drawn(exec::BufferAttr buffer, unsigned seed) {
    if (buffer.getRegion() != exec::Region::Scalars)
      return randomTensor(buffer.getType(), seed + 1,
                          buffer.getRegion() == exec::Region::Parameters
                              ? Distribution{}
                              : Distribution{0.25, 1, 0});
    HostTensor one({}, kindOf(buffer));
    if (isFloat(one.kind()))
      one[0] = 1;
    else
      one.integers()[0] = 1;
    return one;
  }
};

struct Differences {
  double loss = 0, gradients = 0, states = 0;
};

} // namespace

/// The largest difference of two lists of tensors, each by the largest value of
/// the tensor.
static double difference(const std::vector<HostTensor> &actual,
                         const std::vector<HostTensor> &expected) {
  EXPECT_EQ(actual.size(), expected.size());
  double largest = 0;
  for (auto [a, e] : llvm::zip_equal(actual, expected)) {
    double apart = 0, scale = 1e-3;
    for (int64_t i = 0; i < e.size(); ++i) {
      apart = std::max(apart, std::abs(a[i] - e[i]));
      scale = std::max(scale, std::abs(e[i]));
      if (std::isnan(a[i]) || std::isnan(e[i]))
        apart = std::numeric_limits<double>::infinity();
    }
    largest = std::max(largest, apart / scale);
  }
  return largest;
}

/// What N ranks of batch B differ by from one rank of batch N*B.
static Differences compareStep(int64_t ranks, bool sync, StringRef loss) {
  const std::string text = networkOf(loss);
  Job many(ranks, samplesOfRank, sync, text),
      one(1, ranks * samplesOfRank, /*sync=*/false, text);
  many.maxLabel = one.maxLabel = loss == regions ? 3 : 2;
  many.run("train_step");
  one.run("train_step");
  Differences found;
  found.loss = std::abs(many.loss("train_step") - one.loss("train_step")) /
               one.loss("train_step");
  const std::pair<exec::Region, double *> regionsOf[] = {
      {exec::Region::Gradients, &found.gradients},
      {exec::Region::States, &found.states}};
  for (auto [region, largest] : regionsOf) {
    auto expected = one.results("train_step", region).front();
    EXPECT_FALSE(expected.empty());
    for (const auto &own : many.results("train_step", region))
      *largest = std::max(*largest, difference(own, expected));
  }
  return found;
}

namespace {

class SyncBatch : public testing::TestWithParam<
                      std::tuple<int64_t, std::pair<const char *, StringRef>>> {
};

TEST_P(SyncBatch, RanksAreOneLargeBatch) {
  auto [ranks, loss] = GetParam();
  Differences found = compareStep(ranks, /*sync=*/true, loss.second);
  EXPECT_LT(found.loss, 1e-6);
  EXPECT_LT(found.gradients, 1e-5);
  EXPECT_LT(found.states, 1e-6);
  // Ranks apart are not, so that the bounds above mean something.
  Differences apart = compareStep(ranks, /*sync=*/false, loss.second);
  EXPECT_GT(apart.loss, 1e-4);
  EXPECT_GT(apart.gradients, 1e-2);
  EXPECT_GT(apart.states, 1e-2);
}

INSTANTIATE_TEST_SUITE_P(
    Losses, SyncBatch,
    testing::Combine(testing::Values(2, 3, 4),
                     testing::Values(std::pair("Dice", StringRef(dice)),
                                     std::pair("Weighted", StringRef(weighted)),
                                     std::pair("Regions", StringRef(regions)))),
    [](const auto &test) {
      return std::string(std::get<1>(test.param).first) +
             std::to_string(std::get<0>(test.param));
    });

// A process that trains alone gets what it gets without the option, and what
// evaluates or predicts has no collectives.
TEST(SyncBatch, OneRankIsUnchanged) {
  for (StringRef loss : {StringRef(dice), StringRef(weighted)}) {
    Differences found = compareStep(1, /*sync=*/true, loss);
    EXPECT_LT(found.loss, 1e-6);
    EXPECT_LT(found.gradients, 1e-5);
    EXPECT_LT(found.states, 1e-6);
  }
  Job job(1, 2, /*sync=*/true, networkOf(dice));
  auto collectives = [&](StringRef name) {
    auto ops =
        job.programs.program(name).getBody().getOps<exec::CollectiveOp>();
    return std::distance(ops.begin(), ops.end());
  };
  EXPECT_EQ(collectives("predict"), 0);
  EXPECT_EQ(collectives("evaluate_step"), 0);
  EXPECT_GT(collectives("grad_step"), 0);
  EXPECT_EQ(job.programs.check(), "");
}

// The adjoint of a collective, against differences of the mean of the ranks'
// losses by the weights that all of them have.
TEST(SyncBatch, AdjointAgreesWithDifferences) {
  for (StringRef kind : {"sum", "mean"}) {
    SCOPED_TRACE(kind.str());
    Job job(3, samplesOfRank, /*sync=*/true,
            networkOf(crossEntropy, ("%y = seg.all_reduce " + kind +
                                     " %r : tensor<1x6x5x4xf32>")
                                        .str()));
    exec::ProgramOp step = job.programs.program("train_step");
    std::vector<std::pair<exec::BufferAttr, HostTensor>> weights, directions;
    for (BlockArgument argument : step.getBody().getArguments()) {
      exec::BufferAttr buffer = exec::bufferOf(argument);
      // The update takes all parameters as one more tensor.
      if (buffer.getRegion() != exec::Region::Parameters ||
          buffer.getType().getRank() != 4)
        continue;
      weights.emplace_back(buffer, randomTensor(buffer.getType(), 50));
      directions.emplace_back(
          buffer, randomTensor(buffer.getType(), 7 + argument.getArgNumber()));
    }
    ASSERT_EQ(weights.size(), 2u);
    auto lossAt = [&](double distance) {
      job.replaced = weights;
      for (auto [moved, direction] : llvm::zip_equal(job.replaced, directions))
        for (int64_t i = 0; i < moved.second.size(); ++i)
          moved.second[i] += distance * direction.second[i];
      job.run("train_step");
      return job.loss("train_step");
    };
    // The third derivative and the rounding of losses err by less than 1e-3.
    constexpr double h = 1e-2;
    const double expected = (lossAt(h) - lossAt(-h)) / (2 * h);
    lossAt(0);
    HostTensor gradients =
        job.results("train_step", exec::Region::Gradients)[0][0];
    double slope = 0;
    for (const auto &[buffer, direction] : directions)
      for (int64_t i = 0; i < direction.size(); ++i)
        slope += direction[i] * gradients[buffer.getOffset() / 4 + i];
    EXPECT_GT(std::abs(expected), 1e-2);
    EXPECT_NEAR(slope, expected, 2e-3 * std::abs(expected));
  }
}

} // namespace
