//===- ShapeFunctionsTest.cpp - Shapes of convolutions, broadcasting ------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/MLIRContext.h"

#include "gtest/gtest.h"

using namespace mlir;
using namespace segc::seg;

namespace {

class ShapeFunctionsTest : public ::testing::Test {
protected:
  RankedTensorType type(ArrayRef<int64_t> shape) {
    return RankedTensorType::get(shape, Float32Type::get(&context));
  }
  MLIRContext context;
};

// Stride 2 with and without remainder, padding on one side, and a window that
// does not fit.
TEST_F(ShapeFunctionsTest, ConvOutput) {
  EXPECT_EQ(convOutputSpatial({572, 8, 7, 2}, {3, 3, 3, 3}, {1, 2, 2, 1},
                              {0, 0, 1, 0}, {0, 1, 1, 0}),
            (Shape{570, 4, 4, 0}));
}

TEST_F(ShapeFunctionsTest, ConvTransposeOutput) {
  EXPECT_EQ(convTransposeOutputSpatial({4, 4, 5}, {3, 2, 3}, {2, 2, 1},
                                       {0, 0, 1}, {1, 0, 1}),
            (Shape{8, 8, 5}));
}

TEST_F(ShapeFunctionsTest, PartsOfAnActivation) {
  RankedTensorType activation = type({2, 3, 4, 5, 6});
  EXPECT_EQ(Shape(spatialDims(activation)), (Shape{3, 4, 5}));
  EXPECT_EQ(spatialSize(activation), 60);
  EXPECT_EQ(channels(activation), 6);
  EXPECT_EQ(activationType(activation, {7, 8}, 9), type({2, 7, 8, 9}));
  EXPECT_EQ(shapeText({2, 3, 4}), "2x3x4");
}

// Types of low rank have no spatial dimensions. Verifiers call these functions
// before they have checked the rank.
TEST_F(ShapeFunctionsTest, PartsOfLowRanks) {
  for (int64_t rank : {0, 1, 2}) {
    RankedTensorType low = type(Shape(rank, 3));
    EXPECT_TRUE(spatialDims(low).empty());
    EXPECT_EQ(channels(low), rank == 0 ? 1 : 3);
    EXPECT_EQ(positionDims(low).size(), size_t(rank == 0 ? 0 : rank - 1));
  }
}

TEST_F(ShapeFunctionsTest, Broadcasts) {
  RankedTensorType to = type({2, 3, 4, 5});
  auto kind = [&](ArrayRef<int64_t> shape) {
    return classifyBroadcast(type(shape), to);
  };
  EXPECT_EQ(kind({2, 3, 4, 5}), Broadcast::None);
  EXPECT_EQ(kind({2, 3, 4, 1}), Broadcast::Channel);
  EXPECT_EQ(kind({5}), Broadcast::PerChannel);
  EXPECT_EQ(kind({2, 5}), Broadcast::PerSample);
  EXPECT_EQ(kind({}), Broadcast::Scalar);
  for (const Shape &shape :
       {Shape{4}, Shape{3, 5}, Shape{2, 3, 1, 5}, Shape{1, 3, 4, 5}})
    EXPECT_EQ(kind(shape), Broadcast::Invalid) << shapeText(shape);
}

} // namespace
