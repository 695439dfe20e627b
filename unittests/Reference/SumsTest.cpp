//===- SumsTest.cpp - Rounding errors of sums -----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Reference/Sums.h"
#include "ReferenceTest.h"
#include "segc/Reference/Products.h"

#include <numeric>

namespace segc::reference {
namespace {

class SumsTest : public ReferenceTest {
protected:
  static constexpr double f32Unit = 0x1p-24;

  /// Returns the reciprocal deviations of an activation of 16 channels.
  std::vector<double> deviations(const SumRows &rows, bool exact = false) {
    auto module = mlir::parseSourceString<mlir::ModuleOp>(
        functionText({"2x32x32x16xf64"}, {"2x16xf64", "2x16xf64"},
                     "seg.norm_stats instance %a0 epsilon 0.0 : (!a0) -> "
                     "(!r0, !r1)"),
        &context);
    EXPECT_TRUE(module);
    auto function = *module->getOps<mlir::func::FuncOp>().begin();
    HostTensor x = randomTensor(
        llvm::cast<mlir::RankedTensorType>(function.getArgumentTypes()[0]), 3);
    if (exact)
      return (*evaluate(function, {x}))[1].values().vec();
    HostTensor mean({2, 16}, ElementKind::F64), rstd({2, 16}, ElementKind::F64);
    evaluateStatistics(*function.getOps<seg::NormStatsOp>().begin(), x, rows,
                       mean, rstd);
    return rstd.values().vec();
  }

  /// Returns the root mean square of their relative errors.
  double error(int64_t pixels) {
    std::vector<double> exact = deviations({}, /*exact=*/true);
    double squares = 0;
    int64_t count = 0;
    for (uint64_t seed = 0; seed < 4; ++seed)
      for (auto [e, d] :
           llvm::zip_equal(exact, deviations({pixels, f32Unit, seed}))) {
        squares += (d / e - 1) * (d / e - 1);
        ++count;
      }
    return std::sqrt(squares / count);
  }
};

TEST_F(SumsTest, RowsEqualTheStatistics) {
  for (int64_t pixels : {1, 3, 100, 1024})
    for (auto [e, d] : llvm::zip_equal(deviations({}, /*exact=*/true),
                                       deviations({pixels, 0, 1})))
      EXPECT_NEAR(d / e, 1, 1e-13);
}

// The sum of n squares has a random error of sqrt(n / 3) units. Errors of rows
// average out, and a deviation has half the relative error of its square.
TEST_F(SumsTest, ErrorGrowsWithTheRow) {
  double whole = error(1024), parts = error(64);
  EXPECT_GT(whole, 0.3 * std::sqrt(1024.0 / 3) / 2 * f32Unit);
  EXPECT_LT(whole, 3 * std::sqrt(1024.0 / 3) / 2 * f32Unit);
  EXPECT_LT(parts, whole / 4);
  EXPECT_GT(parts, whole / 64);
}

// For terms of the same sign, the error of the sum is that of a row, not the
// error of a term divided by the square root of their number.
TEST_F(SumsTest, ErrorsOfOneSignAddUp) {
  HostTensor terms({4096, 8}, ElementKind::F64);
  for (double &value : terms.values())
    value = 1;
  disturbRows(terms, {1024, f32Unit, 5});
  for (int64_t c = 0; c < 8; ++c) {
    double sum = 0;
    for (int64_t i = 0; i < 4096; ++i)
      sum += terms[i * 8 + c];
    EXPECT_GT(std::fabs(sum / 4096 - 1), f32Unit / 8);
    EXPECT_LT(std::fabs(sum / 4096 - 1), 2 * std::sqrt(1024.0 / 3) * f32Unit);
  }
}

// A value that the kernel has exactly in the middle between two 16-bit values
// is rounded in the same way, whatever noise models the rest of the rounding.
TEST_F(SumsTest, TiesOfExactFactorsStayTies) {
  auto module = mlir::parseSourceString<mlir::ModuleOp>(
      functionText({"1x4x4x1xf64", "1x1x1x1xf64"}, {"1x4x4x1xf64"},
                   "seg.conv %a0, %a1 strides [1, 1] pad_low [0, 0] pad_high "
                   "[0, 0] : (!a0, !a1) -> !r0"),
      &context);
  ASSERT_TRUE(module);
  mlir::Operation *conv = &(*module->getOps<mlir::func::FuncOp>().begin())
                               .getBody()
                               .front()
                               .front();
  HostTensor x({1, 4, 4, 1}, ElementKind::F64),
      w({1, 1, 1, 1}, ElementKind::F64);
  w[0] = 1;
  for (int64_t i = 0; i < x.size(); ++i)
    x[i] = 128.5 + i; // These are ties, because bf16 has 8 digits.
  ProductArithmetic arithmetic;
  arithmetic.round = [](llvm::MutableArrayRef<double> values) {
    for (double &value : values)
      value = roundTo(ElementKind::BF16, value);
  };
  arithmetic.noise = f32Unit;
  std::vector<int64_t> elements(16);
  std::iota(elements.begin(), elements.end(), 0);
  for (arithmetic.seed = 1; arithmetic.seed < 20; ++arithmetic.seed) {
    HostTensor y({1, 4, 4, 1}, ElementKind::F64);
    ASSERT_TRUE(
        succeeded(evaluateProducts(conv, {&x, &w}, elements, arithmetic, y)));
    for (int64_t i = 0; i < x.size(); ++i)
      EXPECT_NEAR(y[i], roundTo(ElementKind::BF16, x[i]), 1e-3) << x[i];
  }
}

} // namespace
} // namespace segc::reference
