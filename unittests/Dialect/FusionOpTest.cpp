//===- FusionOpTest.cpp - The parts of a seg.fusion -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Dialect/Seg/IR/SegDialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace segc;

namespace {

class FusionOpTest : public ::testing::Test {
protected:
  FusionOpTest() { context.loadDialect<seg::SegDialect, func::FuncDialect>(); }

  /// Parses a fusion of activations %a and %b and a filter %w. `yields` are
  /// values and their types.
  seg::FusionOp parse(const std::string &body, const std::string &yields,
                      const std::string &types) {
    const std::string text = R"(
      !t = tensor<2x4x4x8xf32>
      !w = tensor<1x1x8x8xf32>
      !s = tensor<2x8xf32>
      func.func @f(%x: !t, %y: !t, %f: !w) {
        %0:)" + std::to_string(std::count(types.begin(), types.end(), '!')) +
                             " = seg.fusion (%a = %x : !t, %b = %y : !t, "
                             "%w = %f : !w) -> (" +
                             types + ") {" + body + "\nseg.yield " + yields +
                             " : " + types + "\n} return }";
    module = parseSourceString<ModuleOp>(text, &context);
    if (!module)
      return {};
    seg::FusionOp found;
    module->walk([&](seg::FusionOp fusion) { found = fusion; });
    return found;
  }

  static std::string name(Operation *op) {
    return op ? op->getName().stripDialect().str() : "none";
  }
  template <typename Ops>
  static std::vector<std::string> names(const Ops &ops) {
    std::vector<std::string> result;
    for (Operation *op : ops)
      result.push_back(name(op));
    return result;
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

using Names = std::vector<std::string>;

const std::string conv = "\n%c = seg.conv %p, %w strides [1, 1] pad_low [0, 0] "
                         "pad_high [0, 0] : (!t, !w) -> !t";

// Ops that only the root reads are its prologue. Other ops are the epilogue, if
// a yielded value depends on them.
TEST_F(FusionOpTest, ConvolutionWithPrologueEpilogueAndStatistics) {
  seg::FusionOp fusion = parse(
      "%r = seg.relu %a : !t\n%p = seg.add %r, %b : (!t, !t) -> !t" + conv +
          "\n%e = seg.sigmoid %c : !t\n%unused = seg.relu %c : !t"
          "\n%beside = seg.leaky_relu %b slope 0.1 : !t"
          "\n%m, %d = seg.norm_stats instance %e epsilon 1.0e-5 : (!t) -> "
          "(!s, !s)",
      "%e, %beside, %m, %d", "!t, !t, !s, !s");
  ASSERT_TRUE(fusion);
  EXPECT_EQ(name(fusion.getRoot()), "conv");
  EXPECT_EQ(name(fusion.getMainOp()), "conv");
  EXPECT_EQ(names(fusion.getPrologue()), (Names{"relu", "add"}));
  EXPECT_EQ(names(fusion.getEpilogue()), (Names{"sigmoid", "leaky_relu"}));
  EXPECT_EQ(names(fusion.getReductions()), (Names{"norm_stats"}));
  EXPECT_EQ(fusion.getYield().getNumOperands(), 4u);
}

// If a reduction is the root, the results of pointwise ops before it are stored
// first.
TEST_F(FusionOpTest, ReductionAsRoot) {
  seg::FusionOp fusion = parse(
      "%r = seg.relu %a : !t\n%m, %d = seg.norm_stats instance %r epsilon "
      "1.0e-5 : (!t) -> (!s, !s)",
      "%r, %m, %d", "!t, !s, !s");
  ASSERT_TRUE(fusion);
  EXPECT_EQ(name(fusion.getRoot()), "norm_stats");
  EXPECT_TRUE(fusion.getPrologue().empty());
  EXPECT_EQ(names(fusion.getEpilogue()), (Names{"relu"}));
  EXPECT_EQ(names(fusion.getReductions()), (Names{"norm_stats"}));
}

TEST_F(FusionOpTest, PointwiseOnly) {
  seg::FusionOp fusion =
      parse("%r = seg.relu %a : !t\n%p = seg.add %r, %b : (!t, !t) -> !t", "%p",
            "!t");
  ASSERT_TRUE(fusion);
  EXPECT_EQ(fusion.getRoot(), nullptr);
  EXPECT_EQ(name(fusion.getMainOp()), "relu");
  EXPECT_TRUE(fusion.getPrologue().empty());
  EXPECT_EQ(names(fusion.getEpilogue()), (Names{"relu", "add"}));
}

// The epilogue reads %b elementwise, the prologue reads %a at other positions.
TEST_F(FusionOpTest, ReadsElementwise) {
  seg::FusionOp fusion =
      parse("%p = seg.relu %a : !t" + conv +
                "\n%e = seg.add %c, %b : (!t, !t) -> !t"
                "\n%m, %d = seg.norm_stats instance %e epsilon 1.0e-5 : (!t) "
                "-> (!s, !s)",
            "%e, %m, %d", "!t, !s, !s");
  ASSERT_TRUE(fusion);
  EXPECT_FALSE(fusion.readsElementwise(0));
  EXPECT_TRUE(fusion.readsElementwise(1));
  EXPECT_FALSE(fusion.readsElementwise(2));
}

// A reduction of an input reads all its elements.
TEST_F(FusionOpTest, ReductionOfAnInputIsNotElementwise) {
  seg::FusionOp fusion = parse("%m, %d = seg.norm_stats instance %a epsilon "
                               "1.0e-5 : (!t) -> (!s, !s)",
                               "%m, %d", "!s, !s");
  ASSERT_TRUE(fusion);
  EXPECT_FALSE(fusion.readsElementwise(0));
}

} // namespace
