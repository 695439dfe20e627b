//===- NormKernelsTest.cpp ------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTest.h"

#include <gtest/gtest.h>
#include <ostream>

using namespace segc::test;

namespace {

struct NormCase {
  const char *target, *kind;
  std::string shape;
  int groups;
};

void PrintTo(const NormCase &test, std::ostream *os) {
  *os << test.target << " " << test.kind << " " << test.shape << " "
      << test.groups;
}

class NormKernels : public testing::TestWithParam<NormCase> {
protected:
  std::string channels() const {
    return GetParam().shape.substr(GetParam().shape.rfind('x') + 1);
  }
  std::string row() const { return "tensor<" + channels() + "xf32>"; }
  std::string statistics() const {
    return GetParam().kind == std::string("batch")
               ? row()
               : "tensor<$Nx" + channels() + "xf32>";
  }
  std::string attributes() const {
    return (GetParam().groups ? " groups " + std::to_string(GetParam().groups)
                              : "") +
           " epsilon 1.0e-3 : (";
  }
  KernelTestOptions options() const {
    KernelTestOptions options;
    options.target = GetParam().target;
    options.largestBatch = 3;
    options.batch = 2;
    return options;
  }
};

TEST_P(NormKernels, Statistics) {
  std::string t = activation(GetParam().shape), s = statistics();
  std::string text = fusionFunction(
      {t}, {s, s},
      "%r0, %r1 = seg.norm_stats " + std::string(GetParam().kind) + " %a0" +
          attributes() + t + ") -> (" + s + ", " + s + ")");
  EXPECT_EQ(checkKernels(text, options()), "");
  // With a mean far from zero, the precision of f32 is 1e-7 * 100.
  KernelTestOptions far = options();
  far.low = 100;
  far.high = 101;
  far.tolerance = 1e-4;
  EXPECT_EQ(checkKernels(text, far), "");
}

// Ranks share those of batch norms alone, which are not of samples.
TEST_P(NormKernels, StatisticsOfRanks) {
  if (GetParam().kind != std::string("batch"))
    GTEST_SKIP() << "its statistics are of one sample";
  std::string s = statistics();
  KernelTestOptions positive = options();
  positive.low = 0.5;
  EXPECT_EQ(
      checkKernels(fusionFunction({s, s, s}, {s},
                                  "%d = seg.norm_deviation %a0, %a1, %a2 : (" +
                                      s + ", " + s + ", " + s + ") -> " + s +
                                      "\n%r0 = seg.norm_rstd %d : " + s),
                   positive),
      "");
}

TEST_P(NormKernels, GradientSums) {
  std::string t = activation(GetParam().shape), s = statistics(), c = row();
  std::string text = fusionFunction(
      {t, t, c, s, s}, {s, s, c, c},
      "%r0, %r1, %r2, %r3 = seg.norm_grad_stats " +
          std::string(GetParam().kind) + " %a0, %a1, %a2, %a3, %a4" +
          attributes() + t + ", " + t + ", " + c + ", " + s + ", " + s +
          ") -> (" + s + ", " + s + ", " + c + ", " + c + ")");
  // Thousands of terms of both signs have a sum of about 1, with an error of
  // sqrt(K) units of their magnitudes.
  KernelTestOptions sums = options();
  sums.tolerance = 5e-5;
  EXPECT_EQ(checkKernels(text, sums), "");
}

std::vector<NormCase> cases() {
  std::vector<NormCase> result;
  for (const char *target : {"x86-64-v3", "x86-64-v4", "sm_90"})
    for (const char *shape : {"5x7x1", "5x7x2", "91x97x3", "3x5x7x16", "5x7x17",
                              "3x3x48", "2x3x100", "33x32x32"}) {
      result.push_back({target, "batch", shape, 0});
      result.push_back({target, "instance", shape, 0});
    }
  for (const char *target : {"x86-64-v3", "x86-64-v4", "sm_90"}) {
    result.push_back({target, "group", "5x7x2", 2});
    result.push_back({target, "group", "5x7x6", 3});
    result.push_back({target, "group", "33x31x48", 8});
  }
  return result;
}

INSTANTIATE_TEST_SUITE_P(Shapes, NormKernels, testing::ValuesIn(cases()));

} // namespace
