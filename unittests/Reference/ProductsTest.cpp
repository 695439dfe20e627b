//===- ProductsTest.cpp - Elements of convolutions ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Reference/Products.h"
#include "ReferenceTest.h"

#include <numeric>

namespace segc::reference {
namespace {

/// Returns F(2, 3) of Lavin and Gray.
TileTransform tileOf2() {
  return {2,
          3,
          4,
          {1, 0, -1, 0, 0, 1, 1, 0, 0, -1, 1, 0, 0, 1, 0, -1},
          {1, 0, 0, 0.5, 0.5, 0.5, 0.5, -0.5, 0.5, 0, 0, 1},
          {1, 1, 1, 0, 0, 1, -1, -1}};
}

class ProductsTest : public ReferenceTest {
protected:
  /// Compares the op's results with those of evaluateProducts at every other
  /// element.
  void check(const std::vector<std::string> &arguments,
             const std::string &result, const std::string &op,
             const ProductArithmetic &arithmetic, double tolerance) {
    auto module = mlir::parseSourceString<mlir::ModuleOp>(
        functionText(arguments, {result}, op), &context);
    ASSERT_TRUE(module) << op;
    auto function = *module->getOps<mlir::func::FuncOp>().begin();
    std::vector<HostTensor> inputs;
    for (auto [i, type] : llvm::enumerate(function.getArgumentTypes()))
      inputs.push_back(
          randomTensor(llvm::cast<mlir::RankedTensorType>(type), 7 + i));
    std::vector<HostTensor> expected = *evaluate(function, inputs);
    HostTensor actual(expected[0].shape(), expected[0].kind());
    std::vector<int64_t> elements;
    for (int64_t i = 0; i < actual.size(); i += 2)
      elements.push_back(i);
    mlir::Operation *product = &function.getBody().front().front();
    ASSERT_TRUE(multiplies(product));
    ASSERT_TRUE(succeeded(evaluateProducts(
        product,
        llvm::map_to_vector(
            inputs,
            [](const HostTensor &t) -> const HostTensor * { return &t; }),
        elements, arithmetic, actual)));
    double largest = 0;
    for (int64_t i = 0; i < actual.size(); ++i) {
      double wanted = i % 2 ? 0 : expected[0][i];
      largest = std::max(largest, std::abs(actual[i] - wanted));
    }
    EXPECT_LE(largest, tolerance) << op;
    if (arithmetic.round)
      EXPECT_GT(largest, 1e-4) << op;
  }

  /// Checks every kind of convolution, with stride 1 for tiles.
  void checkAll(const ProductArithmetic &arithmetic, double tolerance) {
    std::string attributes = arithmetic.tiles
                                 ? "strides [1, 1] pad_low [1, 0] pad_high "
                                   "[1, 2] : (!a0, !a1"
                                 : "strides [2, 1] pad_low [1, 0] pad_high "
                                   "[1, 2] : (!a0, !a1";
    std::string large = "2x7x6x3xf64", filter = "3x3x3x5xf64",
                small = arithmetic.tiles ? "2x7x6x5xf64" : "2x4x6x5xf64";
    check({large, filter}, small,
          "seg.conv %a0, %a1 " + attributes + ") -> !r0", arithmetic,
          tolerance);
    check({large, filter, "5xf64"}, small,
          "seg.conv %a0, %a1 bias %a2 " + attributes + ", !a2) -> !r0",
          arithmetic, tolerance);
    check({small, filter}, large,
          "seg.conv_input_grad %a0, %a1 " + attributes + ") -> !r0", arithmetic,
          tolerance);
    check({large, small}, filter,
          "seg.conv_filter_grad %a0, %a1 " + attributes + ") -> !r0",
          arithmetic, tolerance);
  }
};

TEST_F(ProductsTest, EqualTheOps) { checkAll({}, 1e-12); }

TEST_F(ProductsTest, OfATransposedConvolution) {
  check({"1x3x4x5xf64", "2x2x5x3xf64"}, "1x6x8x3xf64",
        "seg.conv_transpose %a0, %a1 strides [2, 2] pad_low [0, 0] pad_high "
        "[0, 0] : (!a0, !a1) -> !r0",
        {}, 1e-12);
}

TEST_F(ProductsTest, TilesEqualTheOps) {
  ProductArithmetic arithmetic;
  arithmetic.tiles = {TileTransform(), tileOf2(), tileOf2()};
  checkAll(arithmetic, 1e-11);
}

TEST_F(ProductsTest, RoundTheirFactors) {
  ProductArithmetic arithmetic;
  arithmetic.round = [](llvm::MutableArrayRef<double> values) {
    for (double &value : values)
      value = roundTo(ElementKind::BF16, value);
  };
  checkAll(arithmetic, 0.1);
  arithmetic.tiles = {TileTransform(), tileOf2(), tileOf2()};
  checkAll(arithmetic, 0.3);
}

TEST_F(ProductsTest, RefusesUnsuitableTiles) {
  auto module = mlir::parseSourceString<mlir::ModuleOp>(
      functionText({"1x4x4x1xf64", "3x3x1x1xf64"}, {"1x4x4x1xf64"},
                   "seg.conv %a0, %a1 strides [1, 1] pad_low [1, 1] pad_high "
                   "[1, 1] : (!a0, !a1) -> !r0"),
      &context);
  ASSERT_TRUE(module);
  mlir::Operation *conv = &(*module->getOps<mlir::func::FuncOp>().begin())
                               .getBody()
                               .front()
                               .front();
  HostTensor x({1, 4, 4, 1}, ElementKind::F64),
      w({3, 3, 1, 1}, ElementKind::F64), y({1, 4, 4, 1}, ElementKind::F64);
  std::string message;
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &error) {
    message = error.str();
    return mlir::success();
  });
  ProductArithmetic arithmetic;
  arithmetic.tiles = {TileTransform(), TileTransform(), tileOf2()};
  EXPECT_TRUE(failed(evaluateProducts(conv, {&x, &w}, {0}, arithmetic, y)));
  EXPECT_THAT(message, testing::HasSubstr("tiles have 1 taps"));
  arithmetic.tiles = {TileTransform(), tileOf2(), tileOf2()};
  (*arithmetic.tiles)[2].filter[3] = 1;
  EXPECT_TRUE(failed(evaluateProducts(conv, {&x, &w}, {0}, arithmetic, y)));
  EXPECT_THAT(message, testing::HasSubstr(
                           "the matrices of tiles compute no correlation"));
}

// Rounding is compared with LLVM's conversions.
TEST_F(ProductsTest, RoundAsTheFormatsDo) {
  for (auto [kind, semantics] :
       {std::pair(ElementKind::F16, &llvm::APFloat::IEEEhalf()),
        std::pair(ElementKind::BF16, &llvm::APFloat::BFloat())})
    for (double value :
         {0.0,           1.0,         1.0 + 0x1p-11, 1.0 + 3 * 0x1p-11,
          -1.5 - 0x1p-9, 65519.0,     65520.0,       -1e30,
          3e38,          3.4e38,      1e-7,          0x1p-24,
          0x1p-25,       3 * 0x1p-26, 5.9e-8,        1e-40,
          -1e-45,        0.1,         1.0 + 0x1p-8,  1.0 + 3 * 0x1p-9}) {
      llvm::APFloat rounded(value);
      bool losesInfo;
      rounded.convert(*semantics, llvm::APFloat::rmNearestTiesToEven,
                      &losesInfo);
      EXPECT_EQ(roundTo(kind, value), rounded.convertToDouble()) << value;
    }
}

} // namespace
} // namespace segc::reference
