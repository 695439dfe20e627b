//===- DeletedBarriersTest.cpp - Every barrier is needed ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Each operation that orders the threads of a kernel is deleted in turn, from
// what PTX is made of. The emulator reports each deletion: it would find a
// barrier that a kernel forgets. Those that a kernel does not need are listed.

#include "ConvCase.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "segc/Codegen/Common/KernelRunner.h"
#include "segc/Codegen/Common/StrategySelection.h"
#include "segc/Dialect/Exec/IR/ExecDialect.h"
#include "segc/Reference/Reference.h"
#include "gtest/gtest.h"
#include <set>

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
    StrategyContext strategies{target};
    strategies.multiplyTypes = target.version->multiplyTypes;
    if (!fusion.getStrategyAttr())
      fusion.setStrategyAttr(selectStrategy(fusion, strategies));
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
                                kernel.threads, kernel.sharedBytes,
                                kernel.tensorMaps));
    PassManager manager(&context);
    target.backend->populateLowering(manager);
    EXPECT_TRUE(succeeded(manager.run(*kernels)));
  }

  size_t countOfOrderingOps() {
    size_t count = 0;
    kernels->walk([&](Operation *op) { count += ordersThreads(op); });
    return count;
  }

  bool waitsForCopies() {
    return kernels
        ->walk([](NVVM::CpAsyncWaitGroupOp) { return WalkResult::interrupt(); })
        .wasInterrupted();
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

struct KernelCase {
  const char *name;
  std::string text;
  /// Numbers of the operations whose deletion changes nothing.
  std::set<size_t> unneeded = {};
  bool waitsForCopies = false;
};
void PrintTo(const KernelCase &c, std::ostream *os) { *os << c.name; }

class DeletedBarriers : public testing::TestWithParam<KernelCase> {};

TEST_P(DeletedBarriers, AreReported) {
  LoweredKernels kernels(GetParam().text);
  size_t count = kernels.countOfOrderingOps();
  ASSERT_GT(count, 0u);
  EXPECT_EQ(kernels.waitsForCopies(), GetParam().waitsForCopies);
  EXPECT_EQ(kernels.runWithout(count), "");
  for (size_t i = 0; i < count; ++i)
    EXPECT_EQ(kernels.runWithout(i).empty(), GetParam().unneeded.count(i) != 0)
        << "without ordering operation " << i << " of " << count;
}

std::string convWithStatistics() {
  return fusionFunction(
      {"tensor<$Nx9x11x20xf32>", "tensor<3x3x20x24xf32>"},
      {"tensor<$Nx9x11x24xf32>", "tensor<$Nx24xf32>", "tensor<$Nx24xf32>"},
      R"(%r0 = seg.conv %a0, %a1 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<$Nx9x11x20xf32>, tensor<3x3x20x24xf32>) -> tensor<$Nx9x11x24xf32>
%r1, %r2 = seg.norm_stats instance %r0 epsilon 1.0e-5 : (tensor<$Nx9x11x24xf32>) -> (tensor<$Nx24xf32>, tensor<$Nx24xf32>))");
}

/// On tensor cores, with stages of asynchronous copies.
std::string convOfHalves() {
  return fusionFunction(
      {"tensor<$Nx9x11x64xf16>", "tensor<3x3x64x32xf16>"},
      {"tensor<$Nx9x11x32xf16>"},
      R"(%x = seg.cast %a0 : tensor<$Nx9x11x64xf16> -> tensor<$Nx9x11x64xf32>
%w = seg.cast %a1 : tensor<3x3x64x32xf16> -> tensor<3x3x64x32xf32>
%c = seg.conv %x, %w strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<$Nx9x11x64xf32>, tensor<3x3x64x32xf32>) -> tensor<$Nx9x11x32xf32>
%r0 = seg.cast %c : tensor<$Nx9x11x32xf32> -> tensor<$Nx9x11x32xf16>)");
}

std::string filterGrad() {
  return filterGradText(
      {{9, 11}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, /*in=*/20, /*out=*/24});
}

/// The sums of a normalisation's gradient read two tensors.
std::string inputGradWithSums() {
  return fusionFunction(
      {"tensor<$Nx9x11x24xf32>", "tensor<3x3x20x24xf32>",
       "tensor<$Nx9x11x20xf32>", "tensor<20xf32>", "tensor<$Nx20xf32>"},
      {"tensor<$Nx9x11x20xf32>", "tensor<$Nx20xf32>", "tensor<$Nx20xf32>",
       "tensor<20xf32>", "tensor<20xf32>"},
      R"(%r0 = seg.conv_input_grad %a0, %a1 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<$Nx9x11x24xf32>, tensor<3x3x20x24xf32>) -> tensor<$Nx9x11x20xf32>
%r1, %r2, %r3, %r4 = seg.norm_grad_stats instance %a2, %r0, %a3, %a4, %a4 epsilon 1.0e-5 : (tensor<$Nx9x11x20xf32>, tensor<$Nx9x11x20xf32>, tensor<20xf32>, tensor<$Nx20xf32>, tensor<$Nx20xf32>) -> (tensor<$Nx20xf32>, tensor<$Nx20xf32>, tensor<20xf32>, tensor<20xf32>))");
}

/// By tensor cores, with asynchronous copies of both factors, or with a ReLU of
/// the input, which goes through registers.
std::string convOfBf16(bool prologue) {
  std::string relu = prologue ? "%3 = seg.relu %1 : !x\n" : "",
              input = prologue ? "%3" : "%1";
  return R"(
!xh = tensor<$Nx5x7x16xbf16>
!x = tensor<$Nx5x7x16xf32>
!wh = tensor<3x3x16x32xbf16>
!w = tensor<3x3x16x32xf32>
!y = tensor<$Nx5x7x32xf32>
func.func @f(%x: !xh, %w: !wh) -> !y {
  %0 = seg.fusion (%a = %x : !xh, %b = %w : !wh) -> (!y)
      attributes {strategy = #seg.strategy<mma_sync, tile = [32, 32, 16], warp_rows = 16, warp_columns = 16, stages = 3, multiply_type = bf16>} {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.cast %b : !wh -> !w
    )" + relu +
         "%4 = seg.conv " + input +
         R"(, %2 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !y
    seg.yield %4 : !y
  }
  return %0 : !y
}
)";
}

/// The same with a patch of the input in shared memory, of three chunks of
/// channels.
std::string convOfPatches(bool prologue) {
  std::string relu = prologue ? "%3 = seg.relu %1 : !x\n" : "",
              input = prologue ? "%3" : "%1";
  return R"(
!xh = tensor<$Nx5x7x48xbf16>
!x = tensor<$Nx5x7x48xf32>
!wh = tensor<3x3x48x32xbf16>
!w = tensor<3x3x48x32xf32>
!y = tensor<$Nx5x7x32xf32>
func.func @f(%x: !xh, %w: !wh) -> !y {
  %0 = seg.fusion (%a = %x : !xh, %b = %w : !wh) -> (!y)
      attributes {strategy = #seg.strategy<mma_patch, tile = [32, 32, 16], box = [1, 4, 8], warp_rows = 16, warp_columns = 16, stages = 3, multiply_type = bf16>} {
    %1 = seg.cast %a : !xh -> !x
    %2 = seg.cast %b : !wh -> !w
    )" + relu +
         "%4 = seg.conv " + input +
         R"(, %2 strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (!x, !w) -> !y
    seg.yield %4 : !y
  }
  return %0 : !y
}
)";
}

std::string norm() {
  return fusionFunction(
      {"tensor<$Nx40x50x24xf32>"}, {"tensor<$Nx24xf32>", "tensor<$Nx24xf32>"},
      "%r0, %r1 = seg.norm_stats instance %a0 epsilon 1.0e-5 : "
      "(tensor<$Nx40x50x24xf32>) -> (tensor<$Nx24xf32>, tensor<$Nx24xf32>)");
}

std::string loss(const char *op) {
  return fusionFunction({"tensor<$Nx40x50x4xf32>", "tensor<$Nx40x50xi32>"},
                        {"tensor<f32>"},
                        "%r0 = " + std::string(op) +
                            " %a0, %a1 : (tensor<$Nx40x50x4xf32>, "
                            "tensor<$Nx40x50xi32>) -> tensor<f32>");
}

std::string allFinite() {
  return fusionFunction(
      {"tensor<20000xf32>"}, {"tensor<f32>"},
      "%r0 = seg.all_finite %a0 : tensor<20000xf32> -> tensor<f32>");
}

std::string diceGrad() {
  return fusionFunction(
      {"tensor<$Nx40x50x4xf32>", "tensor<$Nx40x50xi32>", "tensor<$Nx3x4xf32>",
       "tensor<f32>"},
      {"tensor<$Nx40x50x4xf32>"},
      "%r0 = seg.dice_grad %a0, %a1, %a2, %a3 smooth 1.0 : "
      "(tensor<$Nx40x50x4xf32>, tensor<$Nx40x50xi32>, tensor<$Nx3x4xf32>, "
      "tensor<f32>) -> tensor<$Nx40x50x4xf32>");
}

INSTANTIATE_TEST_SUITE_P(
    Kernels, DeletedBarriers,
    testing::Values(
        KernelCase{"conv with statistics", convWithStatistics()},
        // The stages of the last copies lie after the sums.
        KernelCase{"conv of halves", convOfHalves(), {2}, true},
        KernelCase{"filter gradient", filterGrad()},
        KernelCase{"input gradient with sums", inputGradWithSums()},
        KernelCase{"tensor cores", convOfBf16(/*prologue=*/false), {}, true},
        KernelCase{
            "tensor cores, prologue", convOfBf16(/*prologue=*/true), {}, true},
        KernelCase{"patches", convOfPatches(/*prologue=*/false), {}, true},
        KernelCase{
            "patches, prologue", convOfPatches(/*prologue=*/true), {}, true},
        // 42 rows of sums become 21, 11, 6, 3, 2, 1: the step from 3 rows does
        // not write the one that the next reads.
        KernelCase{"statistics", norm(), {5}},
        // The thread that adds the last two numbers stores the sum.
        KernelCase{"cross entropy", loss("seg.cross_entropy"), {8}},
        KernelCase{"gradient of dice", diceGrad()},
        KernelCase{"finite check", allFinite(), {8, 17}}));

} // namespace
