//===- NetworkPlansTest.cpp - Memory plans of the networks in models ------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlannedModel.h"

#include "gtest/gtest.h"

using namespace mlir;
using namespace segc;

namespace {

class NetworkPlans : public testing::TestWithParam<const char *> {};

// Values whose live ranges overlap share no memory, except for results computed
// in place. Arenas are close to the lower bound.
TEST_P(NetworkPlans, AreValidAndTight) {
  for (const char *target : {"cpu:x86-64-v3", "cpu:x86-64-v4"}) {
    PipelineOptions options;
    options.target = target;
    PlannedModel plan(GetParam(), options);
    ASSERT_TRUE(plan.module);
    for (auto entry : plan.module->getOps<func::FuncOp>()) {
      SCOPED_TRACE(target + (" " + entry.getName()).str());
      exec::ProgramOp program = plan.program(entry.getName());
      MemoryVerifier checker(program);
      ASSERT_TRUE(succeeded(checker.verify()));
      auto stated = static_cast<int64_t>(program.getBound()),
           arena = static_cast<int64_t>(program.getArena());
      double ratio =
          checker.bound ? static_cast<double>(arena) / checker.bound : 1;
      std::printf("%-12s %-10s %-14s arena %12lld  bound %12lld  ratio %.4f  "
                  "in place %lld\n",
                  GetParam(), target, entry.getName().str().c_str(),
                  static_cast<long long>(arena),
                  static_cast<long long>(checker.bound), ratio,
                  static_cast<long long>(checker.inPlace));
      EXPECT_EQ(stated, checker.bound);
      EXPECT_LE(ratio, 1.03);
    }
  }
}

// Without in-place results, no two live values share memory; without reuse, no
// two values of an entry do.
TEST_P(NetworkPlans, HoldWithoutInPlaceAndReuse) {
  PipelineOptions options;
  options.inPlace = false;
  options.recompute = 0; // The kernels must be the same as without reuse.
  PlannedModel apart(GetParam(), options);
  options.reuse = false;
  PlannedModel alone(GetParam(), options);
  ASSERT_TRUE(apart.module && alone.module);
  for (auto [a, b] : llvm::zip_equal(apart.module->getOps<func::FuncOp>(),
                                     alone.module->getOps<func::FuncOp>())) {
    exec::ProgramOp first = apart.program(a.getName()),
                    second = alone.program(b.getName());
    MemoryVerifier checker(first), loose(second);
    ASSERT_TRUE(succeeded(checker.verify()));
    ASSERT_TRUE(succeeded(loose.verify()));
    EXPECT_EQ(checker.inPlace, 0);
    EXPECT_EQ(loose.inPlace, 0);
    EXPECT_LE(first.getArena(), second.getArena());
  }
}

// The chosen order needs less memory than the program's order for training a
// network, and not more for any entry.
TEST_P(NetworkPlans, OrdersSaveMemory) {
  PipelineOptions options;
  options.recompute = 0;
  PlannedModel ordered(GetParam(), options);
  options.schedule = false;
  PlannedModel program(GetParam(), options);
  ASSERT_TRUE(ordered.module && program.module);
  for (auto entry : ordered.module->getOps<func::FuncOp>()) {
    StringRef name = entry.getSymName();
    EXPECT_LE(ordered.arena(name), program.arena(name)) << name.str();
  }
  // The program's order of unet3d cannot be improved.
  if (GetParam() != StringRef("unet3d"))
    EXPECT_LT(ordered.arena("grad_step"), program.arena("grad_step"));
}

INSTANTIATE_TEST_SUITE_P(Models, NetworkPlans,
                         testing::Values("unet2d", "vnet", "nnunet_04_3d",
                                         "nnunet_04_2d", "unet3d"),
                         [](const auto &info) {
                           return std::string(info.param);
                         });

} // namespace
