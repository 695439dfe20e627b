//===- DeletedBarriersTest.cpp - Every barrier is needed ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Each operation that orders the threads of a kernel is deleted in turn, from
// what PTX is made of. The emulator reports each deletion: it would find a
// barrier that a kernel forgets, and kernels have none that they do not need.

#include "ConvCase.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "segc/Codegen/Common/KernelRunner.h"
#include "segc/Codegen/Common/StrategySelection.h"
#include "segc/Dialect/Exec/IR/ExecDialect.h"
#include "segc/Reference/Reference.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace segc;
using namespace segc::test;

namespace {

bool ordersThreads(Operation *op) {
  return isa<NVVM::Barrier0Op, NVVM::BarrierOp, NVVM::SyncWarpOp,
             NVVM::CpAsyncWaitGroupOp>(op);
}

/// The kernels of the only fusion of a function, lowered.
class LoweredKernels {
public:
  explicit LoweredKernels(const std::string &text)
      : context(kernelRegistry(), MLIRContext::Threading::DISABLED),
        target(targetOf("sm_90")) {
    context.loadDialect<exec::ExecDialect>();
    context.loadAllAvailableDialects();
    source = parseSourceString<ModuleOp>(withBatch(text, batch), &context);
    auto function = *source->getOps<func::FuncOp>().begin();
    fusion = *function.getOps<seg::FusionOp>().begin();
    if (seg::StrategyAttr strategy = selectStrategy(fusion, {target}))
      fusion.setStrategyAttr(strategy);
    kernels = ModuleOp::create(fusion.getLoc());
    KernelEmission emission{fusion, target.backend->kernelBuilder(*kernels),
                            "k", *target.version};
    EXPECT_TRUE(succeeded(target.backend->emitKernels(emission)));
    auto name = FlatSymbolRefAttr::get(&context, "f");
    for (auto [i, kernel] : llvm::enumerate(emission.kernels))
      kernel.function->setAttr(
          exec::kernelAttrName,
          exec::KernelAttr::get(&context, name, i, kernel.tasks.fixed,
                                kernel.tasks.perSample, kernel.scratchBytes,
                                kernel.threads, kernel.sharedBytes));
    PassManager manager(&context);
    target.backend->populateLowering(manager);
    EXPECT_TRUE(succeeded(manager.run(*kernels)));
  }

  size_t countOfOrderingOps() {
    size_t count = 0;
    kernels->walk([&](Operation *op) { count += ordersThreads(op); });
    return count;
  }

  /// Runs the kernels without the ordering operation of this number, which does
  /// not exist if all are kept. Returns the error of the first interleaving
  /// that has one.
  std::string runWithout(size_t number) {
    OwningOpRef<ModuleOp> damaged = kernels->clone();
    SmallVector<Operation *> ops;
    damaged->walk([&](Operation *op) {
      if (ordersThreads(op))
        ops.push_back(op);
    });
    if (number < ops.size())
      ops[number]->erase();
    auto runner = KernelRunner::load(*damaged, {fusion}, {"k"}, target);
    if (!runner)
      return llvm::toString(runner.takeError());
    for (unsigned i = 0; i < target.backend->interleavings(); ++i) {
      std::vector<std::unique_ptr<GuardedBuffer>> buffers;
      std::vector<void *> operands;
      auto allocate = [&](Value value) {
        auto type = cast<RankedTensorType>(value.getType());
        buffers.push_back(std::make_unique<GuardedBuffer>(type));
        operands.push_back(buffers.back()->data());
        return type.getNumElements();
      };
      for (Value input : fusion.getInputs()) {
        std::vector<double> values(allocate(input), 0.5);
        buffers.back()->set(values);
      }
      for (Value output : fusion.getOutputs())
        allocate(output);
      if (Status status = (*runner)->run(0, operands, batch,
                                         KernelRunner::Order::Forward, i);
          !status.ok())
        return status.message();
    }
    return "";
  }

private:
  static constexpr int64_t batch = 2;
  MLIRContext context;
  Target target;
  OwningOpRef<ModuleOp> source, kernels;
  seg::FusionOp fusion;
};

class DeletedBarriers : public testing::TestWithParam<std::string> {};

TEST_P(DeletedBarriers, AreReported) {
  LoweredKernels kernels(GetParam());
  size_t count = kernels.countOfOrderingOps();
  ASSERT_GT(count, 0u);
  EXPECT_EQ(kernels.runWithout(count), "");
  for (size_t i = 0; i < count; ++i)
    EXPECT_THAT(kernels.runWithout(i), testing::HasSubstr("kernel k"))
        << "without ordering operation " << i << " of " << count;
}

std::string convWithStatistics() {
  return fusionFunction(
      {"tensor<$Nx9x11x20xf32>", "tensor<3x3x20x24xf32>"},
      {"tensor<$Nx9x11x24xf32>", "tensor<$Nx24xf32>", "tensor<$Nx24xf32>"},
      R"(%r0 = seg.conv %a0, %a1 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<$Nx9x11x20xf32>, tensor<3x3x20x24xf32>) -> tensor<$Nx9x11x24xf32>
%r1, %r2 = seg.norm_stats instance %r0 epsilon 1.0e-5 : (tensor<$Nx9x11x24xf32>) -> (tensor<$Nx24xf32>, tensor<$Nx24xf32>))");
}

INSTANTIATE_TEST_SUITE_P(Kernels, DeletedBarriers,
                         testing::Values(convWithStatistics()));

} // namespace
