//===- AdjointTest.cpp - Adjoints against finite differences --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every op with DifferentiableOpInterface, in f64, on small odd shapes:
//  - <(f(x + hv) - f(x - hv)) / 2h, u> = <v, J'u> for random directions v.
//    With h = eps^(1/3) the error is about h^2 + eps/h = 1e-10; relu's kink and
//    equal maxima are further than h from the inputs.
//  - <J v, u> = <v, J'u> to rounding for operands in which the op is affine.
//
//===----------------------------------------------------------------------===//

#include "ReferenceTest.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Verifier.h"

#include <cmath>

using namespace mlir;
using namespace segc;
using namespace segc::reference;
using segc::seg::DifferentiableOpInterface;

namespace {

struct AdjointCase {
  const char *name;
  std::vector<std::string> arguments, results;
  std::string op;
  /// Operands in which the op is affine while the others are fixed.
  std::vector<int> affine = {};
  /// Minimum distance of float inputs from 0.
  double gap = 0;
  /// Class indices of i32 inputs are below this.
  int classes = 2;
  /// The first operands whose gradient is wanted; -1 for all floats.
  int needed = -1;
  /// Float inputs are at least this.
  double least = -1;
};

void PrintTo(const AdjointCase &test, std::ostream *os) { *os << test.name; }

double dot(const HostTensor &a, const HostTensor &b) {
  double sum = 0;
  for (int64_t i = 0; i < a.size(); ++i)
    sum += a[i] * b[i];
  return sum;
}

/// Returns a + factor * b.
HostTensor moved(const HostTensor &a, double factor, const HostTensor &b) {
  HostTensor result = a;
  for (int64_t i = 0; i < a.size(); ++i)
    result[i] += factor * b[i];
  return result;
}

HostTensor zeros(const HostTensor &like) {
  return HostTensor(like.shape(), like.kind());
}

class AdjointTest : public ReferenceTest,
                    public ::testing::WithParamInterface<AdjointCase> {
protected:
  static bool isNeeded(const AdjointCase &test, Type type, int operand) {
    return isa<FloatType>(getElementTypeOrSelf(type)) &&
           (test.needed < 0 || operand < test.needed);
  }

  HostTensor input(const AdjointCase &test, Type type, uint64_t seed) {
    auto tensor = cast<RankedTensorType>(type);
    if (tensor.getElementType().isInteger(32))
      return randomTensor(tensor, seed, {0, double(test.classes)});
    if (tensor.getElementType().isInteger(64))
      return randomTensor(tensor, seed, {0, 100});
    return randomTensor(tensor, seed, {test.least, 1, test.gap});
  }

  /// Builds @g, which maps the arguments of @f and the gradient of its first
  /// result to the gradients of the needed operands.
  func::FuncOp buildAdjointOf(func::FuncOp f, const AdjointCase &test) {
    OpBuilder b(&context);
    Location loc = f.getLoc();
    SmallVector<Type> types(f.getArgumentTypes()), gradTypes;
    types.push_back(f.getResultTypes().front());
    for (auto [i, type] : llvm::enumerate(f.getArgumentTypes()))
      if (isNeeded(test, type, i))
        gradTypes.push_back(type);
    b.setInsertionPointToEnd(module->getBody());
    auto g =
        func::FuncOp::create(b, loc, "g", b.getFunctionType(types, gradTypes));
    b.setInsertionPointToStart(g.addEntryBlock());
    IRMapping mapping;
    mapping.map(f.getArguments(), g.getArguments().drop_back());
    Operation *op = b.clone(f.getBody().front().front(), mapping);

    SmallVector<Value> upstream(op->getNumResults());
    upstream[0] = g.getArguments().back();
    SmallVector<bool> needed;
    for (auto [i, type] : llvm::enumerate(op->getOperandTypes()))
      needed.push_back(isNeeded(test, type, i));
    SmallVector<Value> grads(op->getNumOperands());
    if (failed(cast<DifferentiableOpInterface>(op).buildAdjoint(b, upstream,
                                                                needed, grads)))
      return nullptr;
    SmallVector<Value> returned;
    for (auto [value, wanted] : llvm::zip_equal(grads, needed)) {
      EXPECT_EQ(bool(value), wanted) << "set if and only if needed";
      if (wanted)
        returned.push_back(value);
    }
    func::ReturnOp::create(b, loc, returned);
    return succeeded(verify(g)) ? g : nullptr;
  }
};

TEST_P(AdjointTest, AgreesWithDifferences) {
  const AdjointCase &test = GetParam();
  func::FuncOp f = parse(functionText(test.arguments, test.results, test.op));
  ASSERT_TRUE(f);
  func::FuncOp g = buildAdjointOf(f, test);
  ASSERT_TRUE(g);

  std::vector<HostTensor> inputs;
  for (auto [i, type] : llvm::enumerate(f.getArgumentTypes()))
    inputs.push_back(input(test, type, 10 + i));
  HostTensor u = randomTensor(cast<RankedTensorType>(f.getResultTypes()[0]), 1);
  std::vector<HostTensor> extended = inputs;
  extended.push_back(u);
  std::vector<HostTensor> grads = run(g, extended);
  ASSERT_EQ(grads.size(), g.getNumResults());

  // Returns <f, u> with operand j replaced.
  auto value = [&](int j, const HostTensor &replacement) {
    std::vector<HostTensor> changed = inputs;
    changed[j] = replacement;
    return dot(run(f, changed).front(), u);
  };
  size_t slot = 0;
  for (auto [j, type] : llvm::enumerate(f.getArgumentTypes())) {
    if (!isNeeded(test, type, j))
      continue;
    const HostTensor &grad = grads[slot++];
    for (uint64_t seed : {101, 102, 103}) {
      HostTensor v = randomTensor(cast<RankedTensorType>(type), seed + 7 * j);
      const double h = 6e-6;
      double analytic = dot(grad, v);
      double numeric = (value(j, moved(inputs[j], h, v)) -
                        value(j, moved(inputs[j], -h, v))) /
                       (2 * h);
      EXPECT_NEAR(numeric, analytic, 1e-8 * std::max(1.0, std::abs(analytic)))
          << "operand " << j;
      if (llvm::is_contained(test.affine, int(j))) {
        double exact = value(j, v) - value(j, zeros(v));
        EXPECT_NEAR(exact, analytic, 1e-12 * std::max(1.0, std::abs(analytic)))
            << "operand " << j;
      }
    }
    double norm = dot(grad, grad);
    EXPECT_GT(norm, 0) << "operand " << j << ": nothing was tested";
  }
}

using Types = std::vector<std::string>;

std::string nameOf(const ::testing::TestParamInfo<AdjointCase> &info) {
  return info.param.name;
}

std::vector<AdjointCase> convCases() {
  return {AdjointCase{"k1",
                      Types{"2x3x5x3xf64", "1x1x3x2xf64", "2xf64"},
                      Types{"2x3x5x2xf64"},
                      "seg.conv %a0, %a1 bias %a2 strides [1, 1] pad_low [0, "
                      "0] pad_high [0, 0] : (!a0, !a1, !a2) -> !r0",
                      {0, 1, 2}},
          AdjointCase{"k3_same",
                      Types{"2x5x4x3xf64", "3x3x3x2xf64", "2xf64"},
                      Types{"2x5x4x2xf64"},
                      "seg.conv %a0, %a1 bias %a2 strides [1, 1] pad_low [1, "
                      "1] pad_high [1, 1] : (!a0, !a1, !a2) -> !r0",
                      {0, 1, 2}},
          AdjointCase{"k2_valid_no_bias",
                      Types{"1x4x5x2xf64", "2x2x2x3xf64"},
                      Types{"1x3x4x3xf64"},
                      "seg.conv %a0, %a1 strides [1, 1] pad_low [0, 0] "
                      "pad_high [0, 0] : (!a0, !a1) -> !r0",
                      {0, 1}},
          AdjointCase{"k3_stride2_pad_high",
                      Types{"2x6x4x2xf64", "3x3x2x3xf64"},
                      Types{"2x3x2x3xf64"},
                      "seg.conv %a0, %a1 strides [2, 2] pad_low [0, 0] "
                      "pad_high [1, 1] : (!a0, !a1) -> !r0",
                      {0, 1}},
          AdjointCase{"k3_stride2_pad_low",
                      Types{"2x6x5x2xf64", "3x3x2x3xf64"},
                      Types{"2x3x3x3xf64"},
                      "seg.conv %a0, %a1 strides [2, 2] pad_low [1, 1] "
                      "pad_high [0, 1] : (!a0, !a1) -> !r0",
                      {0, 1}},
          AdjointCase{"k3_stride3_remainder",
                      Types{"1x8x7x1xf64", "3x2x1x2xf64"},
                      Types{"1x2x3x2xf64"},
                      "seg.conv %a0, %a1 strides [3, 3] pad_low [0, 1] "
                      "pad_high [0, 1] : (!a0, !a1) -> !r0",
                      {0, 1}},
          AdjointCase{"k5_same_3d",
                      Types{"1x3x5x4x2xf64", "5x5x5x2x1xf64", "1xf64"},
                      Types{"1x3x5x4x1xf64"},
                      "seg.conv %a0, %a1 bias %a2 strides [1, 1, 1] pad_low "
                      "[2, 2, 2] pad_high [2, 2, 2] : (!a0, !a1, !a2) -> !r0",
                      {0, 1, 2}},
          AdjointCase{"k3_mixed_strides_3d",
                      Types{"2x3x5x4x2xf64", "1x3x2x2x3xf64"},
                      Types{"2x3x3x2x3xf64"},
                      "seg.conv %a0, %a1 strides [1, 2, 2] pad_low [0, 1, 0] "
                      "pad_high [0, 1, 0] : (!a0, !a1) -> !r0",
                      {0, 1}},
          AdjointCase{"transpose_filter",
                      Types{"2x5x4x3xf64", "3x2x2x3xf64"},
                      Types{"2x3x2x2xf64"},
                      "seg.conv %a0, %a1 strides [2, 2] pad_low [1, 0] "
                      "pad_high [1, 0] transpose_filter : (!a0, !a1) -> !r0",
                      {0, 1}},
          AdjointCase{"dilated_stride2",
                      Types{"2x7x6x2xf64", "3x2x2x3xf64", "3xf64"},
                      Types{"2x3x3x3xf64"},
                      "seg.conv %a0, %a1 bias %a2 strides [2, 2] pad_low [1, "
                      "1] pad_high [2, 2] dilations [2, 3] : (!a0, !a1, !a2) "
                      "-> !r0",
                      {0, 1, 2}},
          AdjointCase{"groups_3d",
                      Types{"2x3x4x3x4xf64", "2x3x3x2x6xf64"},
                      Types{"2x2x4x3x6xf64"},
                      "seg.conv %a0, %a1 strides [1, 1, 1] pad_low [0, 1, 1] "
                      "pad_high [0, 1, 1] groups 2 : (!a0, !a1) -> !r0",
                      {0, 1}},
          AdjointCase{"depthwise_dilated",
                      Types{"2x5x6x3xf64", "3x3x1x3xf64"},
                      Types{"2x5x6x3xf64"},
                      "seg.conv %a0, %a1 strides [1, 1] pad_low [2, 1] "
                      "pad_high [2, 1] dilations [2, 1] groups 3 : (!a0, !a1) "
                      "-> !r0",
                      {0, 1}},
          AdjointCase{"groups_transpose_filter",
                      Types{"2x5x4x4xf64", "3x2x6x2xf64"},
                      Types{"2x3x2x6xf64"},
                      "seg.conv %a0, %a1 strides [2, 2] pad_low [1, 0] "
                      "pad_high [1, 0] groups 2 transpose_filter : (!a0, !a1) "
                      "-> !r0",
                      {0, 1}},
          AdjointCase{"transposed_groups_dilated",
                      Types{"2x3x2x6xf64", "2x3x6x2xf64", "4xf64"},
                      Types{"2x7x3x4xf64"},
                      "seg.conv_transpose %a0, %a1 bias %a2 strides [2, 1] "
                      "pad_low [0, 1] pad_high [1, 0] dilations [3, 1] groups "
                      "2 : (!a0, !a1, !a2) -> !r0",
                      {0, 1, 2}},
          AdjointCase{"transposed_k2_stride2",
                      Types{"2x3x2x3xf64", "2x2x3x2xf64", "2xf64"},
                      Types{"2x6x4x2xf64"},
                      "seg.conv_transpose %a0, %a1 bias %a2 strides [2, 2] "
                      "pad_low [0, 0] pad_high [0, 0] : (!a0, !a1, !a2) -> !r0",
                      {0, 1, 2}},
          AdjointCase{"transposed_k3_stride2_pad_high",
                      Types{"2x3x2x3xf64", "3x3x3x2xf64", "2xf64"},
                      Types{"2x6x4x2xf64"},
                      "seg.conv_transpose %a0, %a1 bias %a2 strides [2, 2] "
                      "pad_low [0, 0] pad_high [1, 1] : (!a0, !a1, !a2) -> !r0",
                      {0, 1, 2}},
          AdjointCase{"transposed_3d",
                      Types{"1x2x3x2x2xf64", "1x3x2x2x3xf64"},
                      Types{"1x2x5x4x3xf64"},
                      "seg.conv_transpose %a0, %a1 strides [1, 2, 2] pad_low "
                      "[0, 1, 0] pad_high [0, 1, 0] : (!a0, !a1) -> !r0",
                      {0, 1}},
          AdjointCase{"channel_sum",
                      Types{"2x3x2x3xf64"},
                      Types{"3xf64"},
                      "seg.channel_sum %a0 : !a0 -> !r0",
                      {0}}};
}

AdjointCase avgPoolCase(const char *name, std::string in, std::string out,
                        std::string attributes) {
  return {name,
          Types{std::move(in)},
          Types{std::move(out)},
          "seg.avg_pool %a0 " + std::move(attributes) + " : !a0 -> !r0",
          {0}};
}

std::vector<AdjointCase> poolCases() {
  return {
      AdjointCase{"window2", Types{"2x4x6x3xf64"}, Types{"2x2x3x3xf64"},
                  "seg.max_pool %a0 window [2, 2] strides [2, 2] : !a0 -> !r0"},
      AdjointCase{
          "remainder_3d", Types{"1x5x3x7x2xf64"}, Types{"1x2x1x2x2xf64"},
          "seg.max_pool %a0 window [2, 3, 2] strides [2, 3, 4] : !a0 -> !r0"},
      avgPoolCase("avg_halves", "2x4x6x3xf64", "2x2x3x3xf64",
                  "window [2, 2] strides [2, 2] pad_low [0, 0] pad_high "
                  "[0, 0]"),
      // Overlapping windows, with padding on both sides.
      avgPoolCase("avg_overlap", "1x6x5x2xf64", "1x3x5x2xf64",
                  "window [3, 4] strides [2, 1] pad_low [1, 2] pad_high "
                  "[1, 1]"),
      avgPoolCase("avg_counts_padding", "1x6x5x2xf64", "1x3x5x2xf64",
                  "window [3, 4] strides [2, 1] pad_low [1, 2] pad_high "
                  "[1, 1] count_include_pad"),
      // Elements between windows and after the last window.
      avgPoolCase("avg_gaps_3d", "1x5x3x7x2xf64", "1x2x1x3x2xf64",
                  "window [2, 3, 1] strides [2, 3, 3] pad_low [0, 0, 0] "
                  "pad_high [0, 0, 0]")};
}

std::vector<AdjointCase> normCases() {
  return {
      AdjointCase{"batch",
                  Types{"3x3x2x3xf64", "3xf64", "3xf64"},
                  Types{"3x3x2x3xf64", "3xf64", "3xf64"},
                  "seg.norm batch %a0, %a1, %a2 epsilon 1.0e-3 : (!a0, "
                  "!a1, !a2) -> (!r0, !r1, !r2)",
                  {1, 2}},
      AdjointCase{"instance",
                  Types{"2x3x2x2x3xf64", "3xf64", "3xf64"},
                  Types{"2x3x2x2x3xf64", "2x3xf64", "2x3xf64"},
                  "seg.norm instance %a0, %a1, %a2 epsilon 1.0e-3 : (!a0, "
                  "!a1, !a2) -> (!r0, !r1, !r2)",
                  {1, 2}},
      AdjointCase{
          "gradient_of_the_input_alone",
          Types{"2x3x2x3xf64", "3xf64", "3xf64"},
          Types{"2x3x2x3xf64", "2x3xf64", "2x3xf64"},
          "seg.norm instance %a0, %a1, %a2 epsilon 1.0e-3 : (!a0, !a1, !a2) "
          "-> (!r0, !r1, !r2)",
          {},
          0,
          2,
          1},
      AdjointCase{"group",
                  Types{"2x3x2x6xf64", "6xf64", "6xf64"},
                  Types{"2x3x2x6xf64", "2x6xf64", "2x6xf64"},
                  "seg.norm group %a0, %a1, %a2 groups 3 epsilon 1.0e-5 : "
                  "(!a0, !a1, !a2) -> (!r0, !r1, !r2)",
                  {1, 2}},
      AdjointCase{"inference",
                  Types{"2x3x2x3xf64", "3xf64", "3xf64", "3xf64", "3xf64"},
                  Types{"2x3x2x3xf64"},
                  "seg.batch_norm_inference %a0, %a1, %a2, %a3, %a4 "
                  "epsilon 2.0 : (!a0, !a1, !a2, !a3, !a4) -> !r0",
                  {0},
                  0,
                  2,
                  1}};
}

std::vector<AdjointCase> elementwiseCases() {
  return {AdjointCase{"relu",
                      Types{"2x3x2x3xf64"},
                      Types{"2x3x2x3xf64"},
                      "seg.relu %a0 : !a0",
                      {},
                      0.01},
          AdjointCase{"leaky_relu",
                      Types{"2x3x2x3xf64"},
                      Types{"2x3x2x3xf64"},
                      "seg.leaky_relu %a0 slope 0.01 : !a0",
                      {},
                      0.01},
          AdjointCase{"sigmoid", Types{"2x3x2x3xf64"}, Types{"2x3x2x3xf64"},
                      "seg.sigmoid %a0 : !a0"},
          AdjointCase{"scale",
                      Types{"2x3x2x3xf64"},
                      Types{"2x3x2x3xf64"},
                      "seg.scale %a0 by -2.5 : !a0",
                      {0}},
          AdjointCase{"cast",
                      Types{"2x3x2x3xf64"},
                      Types{"2x3x2x3xf32"},
                      "seg.cast %a0 : !a0 -> !r0",
                      {0}},
          AdjointCase{"add",
                      Types{"2x3x2x3xf64", "2x3x2x3xf64"},
                      Types{"2x3x2x3xf64"},
                      "seg.add %a0, %a1 : (!a0, !a1) -> !r0",
                      {0, 1}},
          AdjointCase{"add_per_channel",
                      Types{"2x3x2x3xf64", "3xf64"},
                      Types{"2x3x2x3xf64"},
                      "seg.add %a0, %a1 : (!a0, !a1) -> !r0",
                      {0, 1}},
          AdjointCase{"add_over_channels",
                      Types{"2x3x2x1xf64", "2x3x2x3xf64"},
                      Types{"2x3x2x3xf64"},
                      "seg.add %a0, %a1 : (!a0, !a1) -> !r0",
                      {0, 1}},
          AdjointCase{"sub",
                      Types{"2x3x2x3xf64", "2x3x2x3xf64"},
                      Types{"2x3x2x3xf64"},
                      "seg.sub %a0, %a1 : (!a0, !a1) -> !r0",
                      {0, 1}},
          AdjointCase{"sub_per_channel",
                      Types{"2x3x2x3xf64", "3xf64"},
                      Types{"2x3x2x3xf64"},
                      "seg.sub %a0, %a1 : (!a0, !a1) -> !r0",
                      {0, 1}},
          AdjointCase{"mul",
                      Types{"2x3x2x3xf64", "2x3x2x3xf64"},
                      Types{"2x3x2x3xf64"},
                      "seg.mul %a0, %a1 : (!a0, !a1) -> !r0",
                      {0, 1}},
          AdjointCase{"mul_attention",
                      Types{"2x3x2x3xf64", "2x3x2x1xf64"},
                      Types{"2x3x2x3xf64"},
                      "seg.mul %a0, %a1 : (!a0, !a1) -> !r0",
                      {0, 1}},
          AdjointCase{"mul_per_channel",
                      Types{"3xf64", "2x3x2x3xf64"},
                      Types{"2x3x2x3xf64"},
                      "seg.mul %a0, %a1 : (!a0, !a1) -> !r0",
                      {0, 1}},
          AdjointCase{"prelu",
                      Types{"2x3x2x3xf64", "3xf64"},
                      Types{"2x3x2x3xf64"},
                      "seg.prelu %a0, %a1 : (!a0, !a1) -> !r0",
                      {1},
                      0.01},
          AdjointCase{"dropout",
                      Types{"3x5x4x3xf64", "i64", "i64", "i64"},
                      Types{"3x5x4x3xf64"},
                      "seg.dropout %a0 key(%a1, %a2, %a3) rate 0.3 id 5 : "
                      "(!a0, !a1, !a2, !a3) -> !r0",
                      {0}},
          AdjointCase{"softmax", Types{"2x3x2x4xf64"}, Types{"2x3x2x4xf64"},
                      "seg.softmax %a0 : !a0"},
          AdjointCase{"channel_total",
                      Types{"2x3x2x4xf64"},
                      Types{"2x3x2x1xf64"},
                      "seg.channel_total %a0 : !a0 -> !r0",
                      {0}}};
}

std::vector<AdjointCase> shapeCases() {
  return {AdjointCase{"concat",
                      Types{"2x3x2x1xf64", "2x3x2x3xf64", "2x3x2x2xf64"},
                      Types{"2x3x2x6xf64"},
                      "seg.concat %a0, %a1, %a2 : (!a0, !a1, !a2) -> !r0",
                      {0, 1, 2}},
          AdjointCase{"slice_first",
                      Types{"2x3x2x5xf64"},
                      Types{"2x3x2x2xf64"},
                      "seg.slice_channels %a0 from 0 : !a0 -> !r0",
                      {0}},
          AdjointCase{"slice_middle",
                      Types{"2x3x2x5xf64"},
                      Types{"2x3x2x2xf64"},
                      "seg.slice_channels %a0 from 1 : !a0 -> !r0",
                      {0}},
          AdjointCase{"slice_all",
                      Types{"2x3x2x5xf64"},
                      Types{"2x3x2x5xf64"},
                      "seg.slice_channels %a0 from 0 : !a0 -> !r0",
                      {0}},
          AdjointCase{"crop",
                      Types{"2x5x4x3xf64"},
                      Types{"2x3x2x3xf64"},
                      "seg.crop %a0 at [2, 1] : !a0 -> !r0",
                      {0}},
          AdjointCase{"pad_3d",
                      Types{"2x3x1x2x2xf64"},
                      Types{"2x5x2x4x2xf64"},
                      "seg.pad %a0 low [1, 0, 2] : !a0 -> !r0",
                      {0}},
          AdjointCase{"resize_nearest",
                      Types{"2x3x5x2xf64"},
                      Types{"2x7x3x2xf64"},
                      "seg.resize nearest %a0 : !a0 -> !r0",
                      {0}},
          AdjointCase{"resize_linear",
                      Types{"2x3x5x2xf64"},
                      Types{"2x7x3x2xf64"},
                      "seg.resize linear %a0 : !a0 -> !r0",
                      {0}},
          AdjointCase{"resize_linear_3d",
                      Types{"1x2x3x2x2xf64"},
                      Types{"1x4x6x4x2xf64"},
                      "seg.resize linear %a0 : !a0 -> !r0",
                      {0}},
          AdjointCase{"resize_cubic",
                      Types{"2x4x5x2xf64"},
                      Types{"2x7x3x2xf64"},
                      "seg.resize cubic %a0 : !a0 -> !r0",
                      {0}}};
}

std::string dice(const std::string &options) {
  return "seg.dice %a0, %a1 " + options + " : (!a0, !a1) -> (!r0, !r1, !r2)";
}
AdjointCase crossEntropyCase(const char *name, const std::string &options) {
  return {name,
          Types{"2x3x3x2x3xf64", "2x3x3x2xi32"},
          Types{"f64"},
          "seg.cross_entropy %a0, %a1 " + options + " : (!a0, !a1) -> !r0",
          {},
          0,
          3};
}

} // namespace

/// With 5 labels, the last is no class.
static AdjointCase diceCase(const char *name, const std::string &options,
                            int labels = 4) {
  return {name,
          Types{"3x3x5x4xf64", "3x3x5xi32"},
          Types{"f64", "4xf64", "3x3x4xf64"},
          dice(options),
          {},
          0,
          labels};
}

/// Of labels of which the last is no class.
static AdjointCase weightedCase(const char *name, const std::string &options) {
  return {name,
          Types{"2x3x3x2x3xf64", "2x3x3x2xi32"},
          Types{"f64", "f64"},
          "seg.weighted_cross_entropy %a0, %a1 " + options +
              " : (!a0, !a1) -> (!r0, !r1)",
          {},
          0,
          4};
}

/// Regions that overlap; label 4 is in none.
static AdjointCase binaryCase(const char *name, const std::string &options) {
  return {
      name,
      Types{"2x3x3x2x3xf64", "2x3x3x2xi32"},
      Types{"f64", "f64"},
      "seg.binary_cross_entropy %a0, %a1 regions [[1, 2, 3], [2], [3, 1]] " +
          options + " : (!a0, !a1) -> (!r0, !r1)",
      {},
      0,
      5};
}

/// Of labels of which the last is no class.
static AdjointCase voxelCase(const char *name, const std::string &options,
                             int labels) {
  return {name,
          Types{"2x3x3x2x3xf64", "2x3x3x2xi32"},
          Types{"2x3x3x2x1xf64"},
          "seg.voxel_cross_entropy %a0, %a1 " + options +
              " : (!a0, !a1) -> !r0",
          {},
          0,
          labels};
}

static AdjointCase topKCase(const char *name, const std::string &percent) {
  return {name,
          Types{"2x3x7x1xf64"},
          Types{"f64", "f64", "f64", "f64"},
          "seg.top_k_mean %a0 percent " + percent +
              " : (!a0) -> (!r0, !r1, !r2, !r3)",
          {},
          0,
          2,
          -1,
          0.25};
}

/// For one rank; unittests/Program has several.
static std::vector<AdjointCase> collectiveCases() {
  return {AdjointCase{"all_reduce",
                      Types{"3x2xf64"},
                      Types{"3x2xf64"},
                      "seg.all_reduce mean %a0 : !a0",
                      {0}}};
}

namespace {

std::vector<AdjointCase> lossCases() {
  const std::string regions = "regions [[1, 2, 3], [2], [3], [4, 1]]";
  return {
      diceCase("dice", "smooth 1.0e-6"),
      diceCase("dice_squared", "squared smooth 1.0"),
      diceCase("dice_batch", "batch_reduce smooth 1.0e-6"),
      diceCase("dice_foreground", "exclude_background smooth 1.0"),
      diceCase("dice_sum", "sum_classes smooth 1.0e-6"),
      diceCase("dice_sum_foreground",
               "exclude_background sum_classes smooth 1.0e-6"),
      diceCase("dice_squared_batch_foreground",
               "squared batch_reduce exclude_background smooth 1.0e-6"),
      diceCase("dice_masked", "smooth 1.0e-6 masked", 5),
      diceCase("dice_squared_masked", "squared smooth 1.0 masked", 5),
      diceCase("dice_regions", "smooth 1.0e-6 " + regions, 6),
      diceCase("dice_regions_squared_ignored",
               "squared batch_reduce smooth 1.0 " + regions + " ignored 5", 6),
      binaryCase("binary", ""),
      binaryCase("binary_ignored", "ignored 4"),
      binaryCase("binary_ignored_sum", "ignored 0 sum_classes"),
      voxelCase("voxel", "", 3),
      voxelCase("voxel_masked", "masked", 4),
      topKCase("top_k", "20.0"),
      topKCase("top_k_one", "0.001"),
      topKCase("top_k_all", "100.0"),
      weightedCase("weighted", "weights [1.0, 0.5, 3.0]"),
      weightedCase("weighted_focal", "weights [0.0, 2.0, 2.0] focal_gamma 2.0"),
      crossEntropyCase("cross_entropy", ""),
      crossEntropyCase("focal_2", "focal_gamma 2.0"),
      crossEntropyCase("focal_half", "focal_gamma 0.5")};
}

std::vector<AdjointCase> allCases() {
  std::vector<AdjointCase> all;
  for (auto family : {convCases, poolCases, normCases, elementwiseCases,
                      shapeCases, lossCases, collectiveCases})
    for (AdjointCase &test : family())
      all.push_back(std::move(test));
  return all;
}

INSTANTIATE_TEST_SUITE_P(Ops, AdjointTest, ::testing::ValuesIn(allCases()),
                         nameOf);

TEST_F(ReferenceTest, EveryDifferentiableOpHasAnAdjointCase) {
  unsigned count = 0;
  for (RegisteredOperationName name : context.getRegisteredOperations()) {
    if (!name.hasInterface<DifferentiableOpInterface>())
      continue;
    ++count;
    std::string start = name.getStringRef().str() + " ";
    EXPECT_TRUE(llvm::any_of(allCases(), [&](const AdjointCase &test) {
      return llvm::StringRef(test.op).starts_with(start);
    })) << start;
  }
  EXPECT_GT(count, 0u);
}

// A missing adjoint is an error that states the reason.
class MissingAdjointTest : public ReferenceTest {
protected:
  std::string errorOf(llvm::StringRef text,
                      ArrayRef<int> resultsWithGrad = {0}) {
    func::FuncOp f = parse(text);
    EXPECT_TRUE(f) << text.str();
    std::string message;
    ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
      message += diagnostic.str();
      return success();
    });
    Operation &op = f.getBody().front().front();
    OpBuilder b(&op);
    b.setInsertionPointAfter(&op);
    SmallVector<Value> upstream(op.getNumResults()), grads(op.getNumOperands());
    for (int result : resultsWithGrad)
      upstream[result] = op.getResult(result);
    SmallVector<bool> needed(op.getNumOperands(), true);
    EXPECT_TRUE(failed(cast<DifferentiableOpInterface>(op).buildAdjoint(
        b, upstream, needed, grads)));
    return message;
  }
};

TEST_F(MissingAdjointTest, OperandBroadcastFromScalar) {
  EXPECT_THAT(
      errorOf(functionText({"1x2x2x3xf64", "f64"}, {"1x2x2x3xf64"},
                           "seg.mul %a0, %a1 : (!a0, !a1) -> !r0")),
      ::testing::HasSubstr(
          "has no adjoint for operand #1, broadcast from 'tensor<f64>'"));
}
TEST_F(MissingAdjointTest, OverlappingWindows) {
  EXPECT_THAT(
      errorOf(functionText(
          {"1x5x5x1xf64"}, {"1x2x2x1xf64"},
          "seg.max_pool %a0 window [3, 3] strides [2, 2] : !a0 -> !r0")),
      ::testing::HasSubstr("got window 3 at stride 2"));
}
TEST_F(MissingAdjointTest, StatisticsOfNorm) {
  EXPECT_THAT(
      errorOf(functionText({"1x2x2x3xf64", "3xf64", "3xf64"},
                           {"1x2x2x3xf64", "1x3xf64", "1x3xf64"},
                           "seg.norm instance %a0, %a1, %a2 epsilon 1.0e-3 : "
                           "(!a0, !a1, !a2) -> (!r0, !r1, !r2)"),
              {0, 1}),
      ::testing::HasSubstr("has no adjoint for its statistics"));
}
TEST_F(MissingAdjointTest, ParametersOfInferenceNorm) {
  EXPECT_THAT(
      errorOf(functionText({"1x2x2x3xf64", "3xf64", "3xf64", "3xf64", "3xf64"},
                           {"1x2x2x3xf64"},
                           "seg.batch_norm_inference %a0, %a1, %a2, %a3, %a4 "
                           "epsilon 2.0 : (!a0, !a1, !a2, !a3, !a4) -> !r0")),
      ::testing::HasSubstr(
          "has an adjoint for its input only: train with seg.norm"));
}
TEST_F(MissingAdjointTest, PerClassDice) {
  EXPECT_THAT(
      errorOf(
          functionText(
              {"1x2x2x3xf64", "1x2x2xi32"}, {"f64", "3xf64", "1x3x3xf64"},
              "seg.dice %a0, %a1 smooth 1.0 : (!a0, !a1) -> (!r0, !r1, !r2)"),
          {0, 1}),
      ::testing::HasSubstr("has an adjoint for its loss only"));
}
TEST_F(MissingAdjointTest, VoxelsOfRegions) {
  EXPECT_THAT(
      errorOf(functionText({"1x2x2x2xf64", "1x2x2xi32"}, {"f64", "f64"},
                           "seg.binary_cross_entropy %a0, %a1 regions [[1], "
                           "[2]] : (!a0, !a1) -> (!r0, !r1)"),
              {0, 1}),
      ::testing::HasSubstr("has an adjoint for its loss only"));
}
TEST_F(MissingAdjointTest, ThresholdOfTopK) {
  EXPECT_THAT(
      errorOf(functionText({"1x2x2x1xf64"}, {"f64", "f64", "f64", "f64"},
                           "seg.top_k_mean %a0 percent 10.0 : (!a0) "
                           "-> (!r0, !r1, !r2, !r3)"),
              {0, 1}),
      ::testing::HasSubstr("has an adjoint for its mean only"));
}
TEST_F(MissingAdjointTest, TotalWeight) {
  EXPECT_THAT(errorOf(functionText({"1x2x2x3xf64", "1x2x2xi32"}, {"f64", "f64"},
                                   "seg.weighted_cross_entropy %a0, %a1 "
                                   "weights [1.0, 1.0, 1.0] : (!a0, !a1) -> "
                                   "(!r0, !r1)"),
                      {0, 1}),
              ::testing::HasSubstr("has an adjoint for its loss only"));
}

} // namespace
