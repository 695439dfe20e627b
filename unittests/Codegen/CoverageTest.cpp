//===- CoverageTest.cpp ---------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Every op of the dialect has a kernel of the CPU and of a GPU.

#include "segc/Codegen/CPU/CpuBackend.h"
#include "segc/Codegen/GPU/GpuBackend.h"
#include "segc/Target/TargetBackend.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringMap.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace segc;

namespace {

/// Returns the ops that need no kernel, each with the reason.
const llvm::StringMap<const char *> &withoutKernel() {
  static const llvm::StringMap<const char *> reasons = {
      {"seg.network", "holds regions; import makes entry functions of it"},
      {"seg.param", "an argument of the entries after import"},
      {"seg.state", "an argument of the entries after import"},
      {"seg.output", "ends a region of seg.network"},
      {"seg.fusion", "is what a kernel is made of"},
      {"seg.yield", "ends a seg.fusion"},
      {"seg.batch_norm",
       "import makes it seg.norm or seg.batch_norm_inference"},
      {"seg.network_dropout", "import makes it seg.dropout or drops it"},
      {"seg.all_reduce", "a step between kernels"},
      {"seg.quantize_filter", "prepares the filter of the kernel it is in"},
      {"seg.norm", "expanded into norm_stats and norm_apply"},
      {"seg.norm_grad", "expanded into norm_grad_stats and norm_grad_apply"},
  };
  return reasons;
}

class Coverage : public testing::TestWithParam<const char *> {};

TEST_P(Coverage, EveryOpHasAKernelOrAReason) {
  DialectRegistry registry;
  registry.insert<seg::SegDialect>();
  registerCpuBackend();
  registerGpuBackend();
  const TargetBackend &backend = *findTargetBackend(GetParam());
  backend.registerDialects(registry);
  MLIRContext context(registry);
  context.loadDialect<seg::SegDialect>();
  unsigned count = 0;
  for (RegisteredOperationName name : context.getRegisteredOperations()) {
    if (name.getDialectNamespace() != "seg")
      continue;
    ++count;
    bool runs = name.hasInterface<seg::PointwiseOpInterface>() ||
                llvm::any_of(backend.models(), [&](const auto &model) {
                  return model->computes(name);
                });
    bool excused = withoutKernel().contains(name.getStringRef());
    EXPECT_TRUE(runs || excused)
        << name.getStringRef().str() << " is neither pointwise nor has it a "
        << "kernel for " << GetParam()
        << ": add a kernel model, or say here why it needs none";
    EXPECT_FALSE(runs && excused)
        << name.getStringRef().str() << " needs no excuse";
  }
  EXPECT_GT(count, withoutKernel().size());
}

INSTANTIATE_TEST_SUITE_P(Targets, Coverage, testing::Values("cpu", "cuda"));

} // namespace
