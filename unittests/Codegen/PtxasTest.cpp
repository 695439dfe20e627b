//===- PtxasTest.cpp ------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/GPU/Ptxas.h"

#include "segc/Codegen/GPU/GpuTarget.h"
#include <gtest/gtest.h>

using namespace segc;

TEST(Ptxas, ReadsTheFiguresOfEachKernel) {
  std::vector<KernelResources> kernels = parsePtxasLog(
      "ptxas info    : 0 bytes gmem\n"
      "ptxas info    : Compiling entry function 'k1_conv' for 'sm_90'\n"
      "ptxas info    : Function properties for k1_conv\n"
      "    16 bytes stack frame, 8 bytes spill stores, 12 bytes spill loads\n"
      "ptxas info    : Used 55 registers, used 1 barriers, 16 bytes cumulative "
      "stack size\n"
      "ptxas info    : Compiling entry function 'k0_add' for 'sm_90'\n"
      "ptxas info    : Function properties for k0_add\n"
      "    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n"
      "ptxas info    : Used 18 registers, used 0 barriers\n");
  ASSERT_EQ(kernels.size(), 2u);
  EXPECT_EQ(kernels[0].kernel, "k1_conv");
  EXPECT_EQ(kernels[0].registers, 55);
  EXPECT_EQ(kernels[0].stackBytes, 16);
  EXPECT_EQ(kernels[0].spillBytes, 20);
  EXPECT_EQ(kernels[1].kernel, "k0_add");
  EXPECT_EQ(kernels[1].registers, 18);
  EXPECT_EQ(kernels[1].spillBytes, 0);
  EXPECT_TRUE(parsePtxasLog("").empty());
}

// The four limits of a multiprocessor, each alone; figures of NVIDIA's
// occupancy calculator for compute capability 9.0.
TEST(Occupancy, IsThatOfTheScarcestResource) {
  GpuTarget target = *lookupGpuTarget("sm_90");
  EXPECT_EQ(target.residentBlocks(128, 32, 0), 16); // threads
  EXPECT_EQ(target.residentBlocks(32, 32, 0), 32);  // blocks
  EXPECT_EQ(target.residentBlocks(128, 168, 0), 3); // registers
  EXPECT_EQ(target.residentBlocks(128, 32, 98304), 2);
  EXPECT_EQ(target.residentBlocks(128, 32, target.sharedBytes), 1);
}
