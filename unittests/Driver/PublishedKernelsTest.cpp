//===- PublishedKernelsTest.cpp - Kernels of the published networks -------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Every kernel model that is chosen for a GPU at the published sizes, for every
// op and type, computes on an emulated GPU what the reference evaluation does.
// Sizes are those of smaller networks, whose fusions take the strategies of the
// large ones.

#include "PublishedKernels.h"
#include "segc/Driver/Verify/Verify.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace segc;

namespace {

/// Holds the kernels of a fusion against the reference.
llvm::Error check(seg::FusionOp fusion, const KernelUse &use) {
  KernelCheckOptions options;
  options.batch = use.batch;
  options.products = 2e6;
  SmallVector<int> inPlace(fusion.getNumResults(), -1);
  auto deviation = checkKernel(fusion, use.target, inPlace, options);
  if (!deviation)
    return deviation.takeError();
  if (deviation->ok())
    return llvm::Error::success();
  return llvm::createStringError(deviation->fault.empty()
                                     ? "differs by " +
                                           std::to_string(deviation->excess()) +
                                           " of its bound"
                                     : deviation->fault);
}

class PublishedKernelsTest : public testing::TestWithParam<const char *> {};

TEST_P(PublishedKernelsTest, RunEmulated) {
  PublishedKernels kernels(GetParam());
  if (llvm::Error failure = kernels.collect())
    FAIL() << llvm::toString(std::move(failure));
  auto pairs = kernels.pairs();
  EXPECT_GT(pairs.size(), 20u);
  for (const auto &[key, pair] : pairs) {
    SCOPED_TRACE(key);
    if (!pair.small) {
      ADD_FAILURE() << "no small network has such a fusion";
      continue;
    }
    const KernelUse &use = *pair.small;
    if (llvm::Error failure = PublishedKernels::withStrategyOf(
            pair, [&](seg::FusionOp fusion) { return check(fusion, use); }))
      ADD_FAILURE() << pair.large->target.version->name << ": "
                    << llvm::toString(std::move(failure));
  }
}

INSTANTIATE_TEST_SUITE_P(Precisions, PublishedKernelsTest,
                         testing::Values("f32", "tf32", "f16", "bf16"),
                         [](const auto &info) {
                           return std::string(info.param);
                         });

} // namespace
