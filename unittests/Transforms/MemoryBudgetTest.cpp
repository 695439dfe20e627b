//===- MemoryBudgetTest.cpp - Recomputation to save memory ----------------===//
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

class MemoryBudget : public testing::TestWithParam<const char *> {
protected:
  /// Prologues are disabled, because they leave small networks little to
  /// recompute.
  static PipelineOptions options(int64_t budget = -1) {
    PipelineOptions options;
    options.prologues = false;
    options.recompute = 0;
    options.fitMemory = budget;
    return options;
  }
};

size_t kernelCount(func::FuncOp entry) {
  return llvm::range_size(entry.getOps<seg::FusionOp>());
}

// Each row of the table has less memory and more time than the previous one. A
// budget equal to a row, or a little larger, results in its arena, and every
// such plan is valid.
TEST_P(MemoryBudget, TableIsMonotoneAndReached) {
  PipelineOptions listing = options();
  listing.memoryTable = true;
  PlannedModel listed(GetParam(), listing);
  ASSERT_TRUE(listed.module);
  func::FuncOp entry = listed.entry("grad_step");
  auto table = entry->getAttrOfType<DenseI64ArrayAttr>(memoryStepsAttrName);
  ASSERT_TRUE(table);
  ArrayRef<int64_t> steps = table.asArrayRef();
  ASSERT_GE(steps.size(), 8u);
  EXPECT_EQ(steps[0], listed.arena("grad_step"));
  EXPECT_EQ(steps[1], 0);
  // Recomputation can save at least a third of the memory.
  EXPECT_LT(steps[steps.size() - 2], steps[0] * 2 / 3);
  int64_t kernels = kernelCount(entry);
  for (size_t i = 2; i < steps.size(); i += 2) {
    SCOPED_TRACE(steps[i]);
    std::printf("%-14s arena %12lld  extra %8.3f ms\n", GetParam(),
                static_cast<long long>(steps[i]), steps[i + 1] * 1e-6);
    EXPECT_LT(steps[i], steps[i - 2]);
    EXPECT_GT(steps[i + 1], steps[i - 1]);
    if (i % 4) // Only some rows are tested, because each compiles the network.
      continue;
    for (int64_t slack : {0, 64}) {
      PlannedModel fitted(GetParam(), options(steps[i] + slack));
      ASSERT_TRUE(fitted.module);
      EXPECT_EQ(fitted.arena("grad_step"), steps[i]);
      func::FuncOp fittedEntry = fitted.entry("grad_step");
      EXPECT_GT(kernelCount(fittedEntry), kernels);
      exec::ProgramOp program = fitted.program("grad_step");
      MemoryVerifier checker(program);
      ASSERT_TRUE(succeeded(checker.verify()));
      EXPECT_EQ(static_cast<int64_t>(program.getArena()), steps[i]);
      // Short live ranges of recomputed values are harder to place between long
      // ones, in particular below half of the memory.
      double loosest = steps[i] * 2 > steps[0] ? 1.05 : 1.1;
      EXPECT_LE(static_cast<double>(steps[i]), loosest * checker.bound);
    }
  }
}

// The arena never grows when the budget falls, and never exceeds it.
TEST_P(MemoryBudget, ArenaFallsWithTheBudget) {
  PlannedModel free(GetParam(), options());
  ASSERT_TRUE(free.module);
  int64_t largest = free.arena("grad_step"), last = largest;
  for (int percent = 95; percent >= 55; percent -= 8) {
    int64_t budget = largest / 100 * percent;
    PlannedModel fitted(GetParam(), options(budget));
    ASSERT_TRUE(fitted.module) << percent;
    int64_t arena = fitted.arena("grad_step");
    EXPECT_LE(arena, budget);
    EXPECT_LE(arena, last);
    last = arena;
  }
  // A budget that is already met changes nothing.
  PlannedModel same(GetParam(), options(largest));
  ASSERT_TRUE(same.module);
  EXPECT_EQ(kernelCount(same.entry("grad_step")),
            kernelCount(free.entry("grad_step")));
}

INSTANTIATE_TEST_SUITE_P(Models, MemoryBudget,
                         testing::Values("unet2d", "vnet", "nnunet_04_3d",
                                         "nnunet_04_2d"),
                         [](const auto &info) {
                           return std::string(info.param);
                         });

} // namespace
