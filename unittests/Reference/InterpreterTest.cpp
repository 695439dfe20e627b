//===- InterpreterTest.cpp - Evaluation of functions ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReferenceTest.h"

#include <cmath>

using namespace mlir;
using namespace segc;
using namespace segc::reference;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace {

class InterpreterTest : public ReferenceTest {
protected:
  /// Returns the diagnostics of an evaluation that fails.
  std::string errorOf(llvm::StringRef text, ArrayRef<HostTensor> inputs) {
    func::FuncOp function = parse(text);
    EXPECT_TRUE(function) << text.str();
    std::string message;
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      message += diagnostic.str();
      return success();
    });
    EXPECT_TRUE(failed(evaluate(function, inputs)));
    return message;
  }
};

TEST_F(InterpreterTest, ChainsOpsAndConstants) {
  auto results = run(R"(
    func.func @f(%x: tensor<3xf64>) -> (tensor<3xf64>, tensor<2xi64>) {
      %c = arith.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf64>
      %n = arith.constant dense<[-7, 5]> : tensor<2xi64>
      %0 = seg.mul %x, %c : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
      %1 = seg.relu %0 : tensor<3xf64>
      return %1, %n : tensor<3xf64>, tensor<2xi64>
    })",
                     {HostTensor({3}, ElementKind::F64, {-1, 0.5, 2})});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_THAT(results[0].values(), ElementsAre(0, 1, 6));
  EXPECT_THAT(results[1].integers(), ElementsAre(-7, 5));
}

TEST_F(InterpreterTest, DescendsIntoFusion) {
  auto results = run(R"(
    func.func @f(%x: tensor<2xf64>, %y: tensor<2xf64>) -> (tensor<2xf64>, tensor<2xf64>) {
      %0:2 = seg.fusion (%a = %x : tensor<2xf64>, %b = %y : tensor<2xf64>) -> (tensor<2xf64>, tensor<2xf64>) {
        %1 = seg.add %a, %b : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
        %2 = seg.scale %1 by 2.0 : tensor<2xf64>
        seg.yield %1, %2 : tensor<2xf64>, tensor<2xf64>
      }
      return %0#1, %0#0 : tensor<2xf64>, tensor<2xf64>
    })",
                     {HostTensor({2}, ElementKind::F64, {1, 2}),
                      HostTensor({2}, ElementKind::F64, {10, 20})});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_THAT(results[0].values(), ElementsAre(22, 44));
  EXPECT_THAT(results[1].values(), ElementsAre(11, 22));
}

// Storage precision rounds every result to its element type, ties to even.
// Exact evaluation keeps doubles.
TEST_F(InterpreterTest, StoragePrecisionRounds) {
  std::string text = R"(
    func.func @f(%x: tensor<1xf32>) -> (tensor<1xf32>, tensor<1xf16>, tensor<1xbf16>) {
      %0 = seg.scale %x by 1.0 : tensor<1xf32>
      %1 = seg.cast %0 : tensor<1xf32> -> tensor<1xf16>
      %2 = seg.cast %0 : tensor<1xf32> -> tensor<1xbf16>
      return %0, %1, %2 : tensor<1xf32>, tensor<1xf16>, tensor<1xbf16>
    })";
  double third = 1.0 / 3;
  HostTensor x({1}, ElementKind::F32, {third});
  auto exact = run(text, {x});
  auto stored = run(text, {x}, Precision::Storage);
  ASSERT_EQ(exact.size(), 3u);
  ASSERT_EQ(stored.size(), 3u);
  for (const HostTensor &result : exact)
    EXPECT_EQ(result[0], third);
  EXPECT_EQ(stored[0][0], 1.0f / 3);
  EXPECT_EQ(stored[1][0], 0x1.554p-2);
  EXPECT_EQ(stored[2][0], 0x1.56p-2);
}

TEST_F(InterpreterTest, NamesTheOpWithoutEvaluation) {
  EXPECT_THAT(
      errorOf(functionText({"2x3x3x1xf64"}, {"2x3x3x1xf64"},
                           "seg.network_dropout %a0 rate 0.5 : !a0"),
              {HostTensor({2, 3, 3, 1}, ElementKind::F64)}),
      HasSubstr("'seg.network_dropout' op has no reference evaluation"));
}

TEST_F(InterpreterTest, ChecksInputs) {
  std::string text = functionText({"2xf64"}, {"2xf64"}, "seg.relu %a0 : !a0");
  EXPECT_THAT(errorOf(text, {}),
              HasSubstr("expects 1 inputs to evaluate, got 0"));
  EXPECT_THAT(errorOf(text, {HostTensor({3}, ElementKind::F64)}),
              HasSubstr("expects input #0 of type 'tensor<2xf64>'"));
  EXPECT_THAT(errorOf(text, {HostTensor({2}, ElementKind::I64)}),
              HasSubstr("expects input #0 of type 'tensor<2xf64>'"));
}

// The verifiers of the ops refuse them before the evaluation.
TEST_F(InterpreterTest, RefusesDynamicShapes) {
  std::string message;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    message += diagnostic.str();
    return success();
  });
  EXPECT_FALSE(parse(functionText({"?xf64"}, {"?xf64"}, "seg.relu %a0 : !a0")));
  EXPECT_THAT(message, HasSubstr("must be static tensor"));
}

TEST_F(InterpreterTest, RefusesDeclarations) {
  EXPECT_THAT(errorOf("func.func private @f(tensor<2xf64>)",
                      {HostTensor({2}, ElementKind::F64)}),
              HasSubstr("expects one block to evaluate, got 0"));
}

TEST_F(InterpreterTest, RefusesLabelsOutsideTheClasses) {
  HostTensor labels({1, 1, 1}, ElementKind::I32);
  labels.integers()[0] = 2;
  EXPECT_THAT(
      errorOf(functionText({"1x1x1x2xf64", "1x1x1xi32"}, {"f64"},
                           "seg.cross_entropy %a0, %a1 : (!a0, !a1) -> !r0"),
              {HostTensor({1, 1, 1, 2}, ElementKind::F64), labels}),
      HasSubstr("expects labels in [0, 2), got 2"));
}

TEST_F(InterpreterTest, RandomTensorsAreReproducibleAndBounded) {
  auto type = RankedTensorType::get({1000}, Float64Type::get(&context));
  HostTensor a = randomTensor(type, 5, {-2, 3, 0.25});
  HostTensor b = randomTensor(type, 5, {-2, 3, 0.25});
  EXPECT_EQ(a.values(), b.values());
  EXPECT_NE(a.values(), randomTensor(type, 6, {-2, 3, 0.25}).values());
  for (double value : a.values()) {
    EXPECT_GE(std::abs(value), 0.25);
    EXPECT_GE(value, -2);
    EXPECT_LT(value, 3);
  }
  auto labelType =
      RankedTensorType::get({1000}, IntegerType::get(&context, 32));
  HostTensor labels = randomTensor(labelType, 1, {0, 3});
  int64_t seen[3] = {0, 0, 0};
  for (int64_t label : labels.integers())
    ++seen[label];
  for (int64_t count : seen)
    EXPECT_GT(count, 250);
}

} // namespace
