//===- OptimizerTest.cpp - Optimizers against their recurrences -----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each optimizer takes a few steps on three elements, two of them with weight
// decay. They are compared with the recurrence of one scalar as published.
//
//===----------------------------------------------------------------------===//

#include "ReferenceTest.h"

#include <cmath>

using namespace mlir;
using namespace segc;
using namespace segc::reference;
using ::testing::ElementsAre;

namespace {

constexpr double learningRate = 0.1, momentum = 0.9, weightDecay = 0.01,
                 lossScale = 4;
constexpr int steps = 8;

HostTensor flat(std::vector<double> values) {
  int64_t size = values.size();
  return HostTensor({size}, ElementKind::F64, std::move(values));
}

class OptimizerTest : public ReferenceTest {
protected:
  const std::vector<double> start = {1, -0.5, 0.25};

  /// Returns the scaled gradient of a step.
  static HostTensor grads(int step) {
    return flat({std::sin(1.0 * step), -0.3 * step, 1.5 - step});
  }
  /// Returns the gradient in the recurrence of element i at weight w.
  static double seen(int step, int i, double w) {
    return grads(step)[i] / lossScale + (i < 2 ? weightDecay * w : 0);
  }

  /// Runs `text` with the state [params, slots...]; `scalars(step)` follow the
  /// gradients and slots. Returns the states after each step.
  std::vector<std::vector<HostTensor>>
  train(llvm::StringRef text, std::vector<HostTensor> slots,
        llvm::function_ref<std::vector<HostTensor>(int)> scalars) {
    func::FuncOp function = parse(text);
    EXPECT_TRUE(function) << text.str();
    std::vector<HostTensor> state = {flat(start)};
    state.insert(state.end(), slots.begin(), slots.end());
    std::vector<std::vector<HostTensor>> history;
    for (int step = 1; function && step <= steps; ++step) {
      std::vector<HostTensor> inputs = {state[0], grads(step)};
      inputs.insert(inputs.end(), state.begin() + 1, state.end());
      for (HostTensor &scalar : scalars(step))
        inputs.push_back(std::move(scalar));
      state = run(function, inputs);
      if (state.empty())
        break;
      history.push_back(state);
    }
    return history;
  }

  /// Expects history[step - 1][0][i] == update(step, i) for the weights.
  static void
  expectWeights(const std::vector<std::vector<HostTensor>> &history,
                llvm::function_ref<void(int, int, double &)> update) {
    ASSERT_EQ(history.size(), size_t(steps));
    for (int i = 0; i < 3; ++i) {
      double w = std::vector<double>{1, -0.5, 0.25}[i];
      for (int step = 1; step <= steps; ++step) {
        update(step, i, w);
        EXPECT_NEAR(history[step - 1][0][i], w, 1e-13) << "step " << step;
      }
    }
  }

  static HostTensor one() { return HostTensor::scalar(1.0); }
  static HostTensor counter(int step) {
    return HostTensor::scalar(int64_t{step});
  }
};

std::string adamText(const std::string &rectified) {
  return functionText(
      {"3xf64", "3xf64", "3xf64", "3xf64", "f64", "f64", "f64", "f64", "i64"},
      {"3xf64", "3xf64", "3xf64"},
      "seg.adam %a0, %a1, %a2, %a3, %a4, %a5, %a6, %a7, %a8 {"
      "beta1 = 0.9, beta2 = 0.8, epsilon = 1.0e-3, " +
          rectified +
          "decay_elements = 2 : i64} : (!a0, !a1, !a2, !a3, "
          "!a4, !a5, !a6, !a7, !a8) -> (!r0, !r1, !r2)");
}
std::vector<HostTensor> adamScalars(int step) {
  return {HostTensor::scalar(1.0), HostTensor::scalar(learningRate),
          HostTensor::scalar(weightDecay), HostTensor::scalar(lossScale),
          HostTensor::scalar(int64_t{step})};
}

// Kingma and Ba, section 2, last paragraph (the order with alpha_t).
TEST_F(OptimizerTest, Adam) {
  auto history =
      train(adamText(""), {flat({0, 0, 0}), flat({0, 0, 0})}, adamScalars);
  double m, v;
  expectWeights(history, [&](int t, int i, double &w) {
    if (t == 1)
      m = v = 0;
    double g = seen(t, i, w);
    m = 0.9 * m + 0.1 * g;
    v = 0.8 * v + 0.2 * g * g;
    double alpha =
        learningRate * std::sqrt(1 - std::pow(0.8, t)) / (1 - std::pow(0.9, t));
    w -= alpha * m / (std::sqrt(v) + 1e-3);
  });
}

// Liu et al., algorithm 2, with the threshold 5 of its authors' code. At
// beta2 = 0.8 rho_inf is 9, so that both branches occur within the steps.
TEST_F(OptimizerTest, RectifiedAdam) {
  auto history = train(adamText("rectified, "),
                       {flat({0, 0, 0}), flat({0, 0, 0})}, adamScalars);
  double m, v;
  int adaptive = 0, plain = 0;
  expectWeights(history, [&](int t, int i, double &w) {
    if (t == 1)
      m = v = 0;
    double g = seen(t, i, w);
    m = 0.9 * m + 0.1 * g;
    v = 0.8 * v + 0.2 * g * g;
    double mHat = m / (1 - std::pow(0.9, t)), rhoInf = 2 / (1 - 0.8) - 1;
    double rho = rhoInf - 2 * t * std::pow(0.8, t) / (1 - std::pow(0.8, t));
    if (rho > 5) {
      ++adaptive;
      double vHat = std::sqrt(v / (1 - std::pow(0.8, t)));
      double r = std::sqrt((rho - 4) / (rhoInf - 4) * (rho - 2) / (rhoInf - 2) *
                           rhoInf / rho);
      w -= learningRate * r * mHat / (vHat + 1e-3);
    } else {
      ++plain;
      w -= learningRate * mHat;
    }
  });
  EXPECT_GT(adaptive, 0);
  EXPECT_GT(plain, 0);
}

TEST_F(OptimizerTest, DecoupledWeightDecay) {
  auto history = train(adamText("decoupled, "),
                       {flat({0, 0, 0}), flat({0, 0, 0})}, adamScalars);
  double m, v;
  expectWeights(history, [&](int t, int i, double &w) {
    if (t == 1)
      m = v = 0;
    double g = grads(t)[i] / lossScale;
    m = 0.9 * m + 0.1 * g;
    v = 0.8 * v + 0.2 * g * g;
    double alpha =
        learningRate * std::sqrt(1 - std::pow(0.8, t)) / (1 - std::pow(0.9, t));
    if (i < 2)
      w *= 1 - learningRate * weightDecay;
    w -= alpha * m / (std::sqrt(v) + 1e-3);
  });
}

TEST_F(OptimizerTest, CentredRmsprop) {
  std::string text =
      functionText({"3xf64", "3xf64", "3xf64", "3xf64", "3xf64", "f64", "f64",
                    "f64", "f64", "f64"},
                   {"3xf64", "3xf64", "3xf64", "3xf64"},
                   "seg.rmsprop %a0, %a1, %a2, %a3, %a4, %a5, %a6, %a7, %a8, "
                   "%a9 {decay = 0.9, epsilon = 1.0e-10, "
                   "decay_elements = 2 : i64} : (!a0, !a1, !a2, !a3, !a4, !a5, "
                   "!a6, !a7, !a8, !a9) -> (!r0, !r1, !r2, !r3)");
  auto history =
      train(text, {flat({1, 1, 1}), flat({0, 0, 0}), flat({0, 0, 0})}, [](int) {
        return std::vector<HostTensor>{one(), HostTensor::scalar(learningRate),
                                       HostTensor::scalar(momentum),
                                       HostTensor::scalar(weightDecay),
                                       HostTensor::scalar(lossScale)};
      });
  double ms, mg, mom;
  expectWeights(history, [&](int t, int i, double &w) {
    if (t == 1) {
      ms = 1;
      mg = mom = 0;
    }
    double g = seen(t, i, w);
    ms = 0.9 * ms + 0.1 * g * g;
    mg = 0.9 * mg + 0.1 * g;
    mom = momentum * mom + learningRate * g / std::sqrt(ms - mg * mg + 1e-10);
    w -= mom;
  });
}

std::string sgdText(const std::string &nesterov) {
  return functionText(
      {"3xf64", "3xf64", "3xf64", "f64", "f64", "f64", "f64", "f64"},
      {"3xf64", "3xf64"},
      "seg.sgd %a0, %a1, %a2, %a3, %a4, %a5, %a6, %a7 {" + nesterov +
          "decay_elements = 2 : i64} : (!a0, !a1, !a2, !a3, !a4, !a5, !a6, "
          "!a7) -> (!r0, !r1)");
}
std::vector<HostTensor> sgdScalars(double finite) {
  return {HostTensor::scalar(finite), HostTensor::scalar(learningRate),
          HostTensor::scalar(momentum), HostTensor::scalar(weightDecay),
          HostTensor::scalar(lossScale)};
}

TEST_F(OptimizerTest, Sgd) {
  auto history =
      train(sgdText(""), {flat({0, 0, 0})}, [](int) { return sgdScalars(1); });
  double v;
  expectWeights(history, [&](int t, int i, double &w) {
    v = (t == 1 ? 0 : momentum * v) + seen(t, i, w);
    w -= learningRate * v;
  });
}

TEST_F(OptimizerTest, NesterovSgd) {
  auto history = train(sgdText("nesterov, "), {flat({0, 0, 0})},
                       [](int) { return sgdScalars(1); });
  double v;
  expectWeights(history, [&](int t, int i, double &w) {
    double g = seen(t, i, w);
    v = (t == 1 ? 0 : momentum * v) + g;
    w -= learningRate * (g + momentum * v);
  });
}

// A step with a non-finite gradient changes nothing, even if values are NaN.
TEST_F(OptimizerTest, NothingChangesWhereNotFinite) {
  std::vector<HostTensor> inputs = {flat(start), flat({NAN, INFINITY, 1}),
                                    flat({1, 2, 3})};
  for (HostTensor &scalar : sgdScalars(0))
    inputs.push_back(std::move(scalar));
  auto results = run(sgdText(""), inputs);
  ASSERT_EQ(results.size(), 2u);
  EXPECT_THAT(results[0].values(), ElementsAre(1, -0.5, 0.25));
  EXPECT_THAT(results[1].values(), ElementsAre(1, 2, 3));
}

TEST_F(OptimizerTest, AllFinite) {
  std::string text =
      functionText({"3xf64"}, {"f64"}, "seg.all_finite %a0 : !a0 -> !r0");
  EXPECT_THAT(run(text, {flat({1, -2, 0})})[0].values(), ElementsAre(1));
  EXPECT_THAT(run(text, {flat({1, NAN, 0})})[0].values(), ElementsAre(0));
  EXPECT_THAT(run(text, {flat({1, 0, -INFINITY})})[0].values(), ElementsAre(0));
}

// The squares that Adam and RMSProp keep must be finite in f32 too.
TEST_F(OptimizerTest, AllFiniteSquares) {
  std::string text = functionText({"3xf32"}, {"f32"},
                                  "seg.all_finite %a0 {squares} : !a0 -> !r0");
  auto finite = [&](double second) {
    HostTensor gradient({3}, ElementKind::F32);
    gradient[0] = 1;
    gradient[1] = second;
    return run(text, {gradient})[0][0];
  };
  EXPECT_EQ(finite(-1.8e19), 1);
  EXPECT_EQ(finite(-1.9e19), 0);
  EXPECT_EQ(finite(NAN), 0);
}

// Slow weights start at the weights before step 1 and are synchronised every 3
// steps.
// The norm of (12, -16) / 4 is 5.
TEST_F(OptimizerTest, ClipScale) {
  auto scale = [&](const std::string &norm) {
    return run(functionText({"3xf64", "f64"}, {"f64"},
                            "seg.clip_scale %a0, %a1 max_norm " + norm +
                                " : (!a0, !a1) -> !r0"),
               {flat({12, -16, 0}), HostTensor::scalar(lossScale)})[0][0];
  };
  EXPECT_NEAR(scale("2.0"), 4 * 2.5000005, 1e-12);
  EXPECT_EQ(scale("6.0"), 4);
}

TEST_F(OptimizerTest, Lookahead) {
  func::FuncOp function = parse(functionText(
      {"1xf64", "1xf64", "1xf64", "f64", "i64"}, {"1xf64", "1xf64"},
      "seg.lookahead %a0, %a1, %a2, %a3, %a4 {sync = 3 : i64, alpha = 0.5} : "
      "(!a0, !a1, !a2, !a3, !a4) -> (!r0, !r1)"));
  ASSERT_TRUE(function);
  auto step = [&](int t, double before, double after, double slow,
                  double finite = 1) {
    auto results = run(function, {flat({before}), flat({after}), flat({slow}),
                                  HostTensor::scalar(finite), counter(t)});
    return std::pair(results[0][0], results[1][0]);
  };
  EXPECT_EQ(step(1, 8, 6, -99), std::pair(6.0, 8.0));
  EXPECT_EQ(step(2, 6, 5, 8), std::pair(5.0, 8.0));
  EXPECT_EQ(step(3, 5, 2, 8), std::pair(5.0, 5.0));
  EXPECT_EQ(step(3, 5, 5, 8, /*finite=*/0), std::pair(5.0, 8.0));
  EXPECT_EQ(step(4, 5, 4, 5), std::pair(4.0, 5.0));
}

} // namespace
