//===- TargetBackendTest.cpp - Contract of backends -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Target/TargetBackend.h"

#include "ToyBackend.h"
#include "mlir/Parser/Parser.h"
#include "segc/Codegen/Common/KernelRunner.h"
#include "segc/Pipelines/Phases.h"
#include "segc/Reference/Reference.h"
#include "segc/Target/Strategy.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace segc;
using reference::HostTensor;

namespace {

// Its kernels are a convolution with bias, normalisation, activation and the
// sum of both branches, and a second convolution. A pointwise op before the
// second one is a separate kernel if convolutions support no prologue.
constexpr llvm::StringLiteral network = R"(
seg.network @toy format 1 classes 3 optimizer {kind = "adam"} pipeline {kind = "isbi"} forward {
^bb0(%image: tensor<2x6x5x2xf32>):
  %w = seg.param "conv.weight" glorot_uniform 0.0 decay : tensor<3x3x2x3xf32>
  %b = seg.param "conv.bias" constant 0.0 : tensor<3xf32>
  %v = seg.param "skip.weight" glorot_uniform 0.0 decay : tensor<1x1x2x3xf32>
  %gamma = seg.param "norm.gamma" constant 1.0 : tensor<3xf32>
  %beta = seg.param "norm.beta" constant 0.0 : tensor<3xf32>
  %mean = seg.state "norm.running_mean" 0.0 : tensor<3xf32>
  %variance = seg.state "norm.running_variance" 1.0 : tensor<3xf32>
  %0 = seg.conv %image, %w bias %b strides [1, 1] pad_low [1, 1] pad_high [1, 1] : (tensor<2x6x5x2xf32>, tensor<3x3x2x3xf32>, tensor<3xf32>) -> tensor<2x6x5x3xf32>
  %1 = seg.batch_norm %0, %gamma, %beta running %mean, %variance epsilon 1.0e-3 momentum 0.75 : (tensor<2x6x5x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x6x5x3xf32>
  %2 = seg.relu %1 : tensor<2x6x5x3xf32>
  %s = seg.sigmoid %image : tensor<2x6x5x2xf32>
  %3 = seg.conv %s, %v strides [1, 1] pad_low [0, 0] pad_high [0, 0] : (tensor<2x6x5x2xf32>, tensor<1x1x2x3xf32>) -> tensor<2x6x5x3xf32>
  %4 = seg.add %2, %3 : (tensor<2x6x5x3xf32>, tensor<2x6x5x3xf32>) -> tensor<2x6x5x3xf32>
  seg.output %4 : tensor<2x6x5x3xf32>
} objective ["loss"] {
^bb0(%logits: tensor<2x6x5x3xf32>, %labels: tensor<2x6x5xi32>):
  %loss = seg.cross_entropy %logits, %labels : (tensor<2x6x5x3xf32>, tensor<2x6x5xi32>) -> tensor<f32>
  seg.output %loss : tensor<f32>
}
)";

/// The entry `predict` of the network after a phase, for a target.
class Network {
public:
  explicit Network(const std::string &target, llvm::StringRef last = "plan") {
    DialectRegistry oracle;
    reference::registerReferenceModels(oracle);
    context.appendDialectRegistry(oracle);
    context.loadAllAvailableDialects();
    PipelineOptions options;
    options.training = false;
    options.target = target;
    module = parseSourceString<ModuleOp>(network, &context);
    PassManager manager(&context);
    for (size_t i = 0; i <= *findPhase(last); ++i)
      populatePhase(manager, phases()[i].name, options);
    if (failed(manager.run(*module)))
      module = nullptr;
  }

  func::FuncOp predict() {
    return module->lookupSymbol<func::FuncOp>("predict");
  }
  SmallVector<seg::FusionOp> fusions() {
    return llvm::to_vector(predict().getOps<seg::FusionOp>());
  }

  CompilerContext context{MLIRContext::Threading::DISABLED};
  OwningOpRef<ModuleOp> module;
};

class TargetBackendTest : public testing::TestWithParam<const char *> {
protected:
  static void SetUpTestSuite() {
    registerTargets();
    test::registerToyBackend();
  }
};

// The kernels of a network, run in order, compute the same as the reference
// evaluation.
TEST_P(TargetBackendTest, RunsANetwork) {
  Network compiled(GetParam());
  ASSERT_TRUE(compiled.module);
  llvm::SmallVector<seg::FusionOp> fusions = compiled.fusions();
  ASSERT_GE(fusions.size(), 2u);
  auto runner =
      KernelRunner::compile(fusions, llvm::cantFail(resolveTarget(GetParam())));
  ASSERT_TRUE(bool(runner)) << llvm::toString(runner.takeError());

  func::FuncOp predict = compiled.predict();
  llvm::DenseMap<Value, std::unique_ptr<GuardedBuffer>> memory;
  auto bufferOf = [&](Value value) -> GuardedBuffer & {
    auto &buffer = memory[value];
    if (!buffer)
      buffer = std::make_unique<GuardedBuffer>(
          cast<RankedTensorType>(value.getType()));
    return *buffer;
  };
  std::vector<HostTensor> inputs;
  for (auto [i, argument] : llvm::enumerate(predict.getArguments())) {
    auto type = cast<RankedTensorType>(argument.getType());
    // Variances must not be negative.
    inputs.push_back(reference::randomTensor(type, i, {0.1, 1}));
    inputs.back().roundToKind();
    bufferOf(argument).set(inputs.back().values());
  }
  for (auto [i, fusion] : llvm::enumerate(fusions)) {
    std::vector<void *> operands;
    for (Value value : fusion.getInputs())
      operands.push_back(bufferOf(value).data());
    for (Value value : fusion.getResults())
      operands.push_back(bufferOf(value).data());
    EXPECT_EQ((*runner)->run(i, operands, /*batch=*/2).message(), "");
  }
  auto expected = reference::evaluate(predict, inputs);
  ASSERT_TRUE(succeeded(expected));
  auto returned = predict.getBody().front().getTerminator()->getOperands();
  for (auto [value, tensor] : llvm::zip_equal(returned, *expected)) {
    EXPECT_TRUE(bufferOf(value).guardsIntact());
    EXPECT_THAT(
        bufferOf(value).get(),
        testing::Pointwise(testing::DoubleNear(1e-5), tensor.values().vec()));
  }
}

// Declared kernels are the emitted kernels without bodies.
TEST_P(TargetBackendTest, DeclaresWhatItEmits) {
  Network compiled(GetParam());
  ASSERT_TRUE(compiled.module);
  Target target = llvm::cantFail(resolveTarget(GetParam()));
  for (seg::FusionOp fusion : compiled.fusions()) {
    auto emit = [&](ModuleOp module, bool declareOnly) {
      KernelEmission emission{fusion, OpBuilder::atBlockEnd(module.getBody()),
                              "k", *target.version, declareOnly};
      EXPECT_TRUE(succeeded(target.backend->emitKernels(emission)));
      return emission.kernels;
    };
    OwningOpRef<ModuleOp> bodies = ModuleOp::create(fusion.getLoc()),
                          heads = ModuleOp::create(fusion.getLoc());
    auto emitted = emit(*bodies, false), declared = emit(*heads, true);
    ASSERT_EQ(emitted.size(), declared.size());
    for (auto [kernel, head] : llvm::zip(emitted, declared)) {
      auto function = cast<func::FuncOp>(kernel.function),
           declaration = cast<func::FuncOp>(head.function);
      EXPECT_EQ(function.getSymName(), declaration.getSymName());
      EXPECT_EQ(function.getFunctionType(), declaration.getFunctionType());
      EXPECT_FALSE(function.isExternal());
      EXPECT_TRUE(declaration.isExternal());
      EXPECT_EQ(kernel.tasks.fixed, head.tasks.fixed);
      EXPECT_EQ(kernel.tasks.perSample, head.tasks.perSample);
      EXPECT_EQ(kernel.scratchBytes, head.scratchBytes);
    }
  }
}

static std::string textOf(const CodeBytes &bytes) {
  return {bytes.data(), bytes.size()};
}

TEST_P(TargetBackendTest, SerializesKernels) {
  Network compiled(GetParam());
  ASSERT_TRUE(compiled.module);
  Target target = llvm::cantFail(resolveTarget(GetParam()));
  OwningOpRef<ModuleOp> kernels = ModuleOp::create(compiled.predict().getLoc());
  KernelEmission emission{compiled.fusions().front(),
                          OpBuilder::atBlockEnd(kernels->getBody()), "k7",
                          *target.version};
  ASSERT_TRUE(succeeded(target.backend->emitKernels(emission)));
  SerializeOptions options;
  options.assembly = true;
  auto text = target.backend->serialize(*kernels, *target.version, options);
  ASSERT_TRUE(bool(text)) << llvm::toString(text.takeError());
  ASSERT_EQ(text->objects.size(), 1u);
  EXPECT_THAT(textOf(text->objects.front()), testing::HasSubstr("k7"));
}

INSTANTIATE_TEST_SUITE_P(All, TargetBackendTest, testing::Values("cpu", "toy"),
                         [](const auto &test) {
                           return std::string(test.param);
                         });

// Fusion queries the target for which it compiles: the toy's kernels support no
// prologue.
TEST(TargetBackends, FusionAsksTheTarget) {
  registerTargets();
  test::registerToyBackend();
  Network cpu("cpu", "fusion"), toy("toy", "fusion");
  ASSERT_TRUE(cpu.module && toy.module);
  EXPECT_EQ(cpu.fusions().size(), 3u);
  EXPECT_EQ(toy.fusions().size(), 4u);
}

// GPU kernels are in a gpu.module and are compiled to PTX.
TEST(TargetBackends, KernelsOfAGpuBecomePTX) {
  registerTargets();
  test::registerToyBackend();
  Network compiled("toy", "fusion");
  ASSERT_TRUE(compiled.module);
  SmallVector<seg::FusionOp> fusions = compiled.fusions();
  auto pointwise = llvm::find_if(
      fusions, [](seg::FusionOp fusion) { return !fusion.getRoot(); });
  ASSERT_NE(pointwise, fusions.end());
  Target target = llvm::cantFail(resolveTarget("cuda"));
  OwningOpRef<ModuleOp> kernels = ModuleOp::create(compiled.predict().getLoc());
  KernelEmission emission{*pointwise, target.backend->kernelBuilder(*kernels),
                          "k3", *target.version};
  ASSERT_TRUE(succeeded(target.backend->emitKernels(emission)));
  SerializeOptions options;
  options.assemble = false;
  auto text = target.backend->serialize(*kernels, *target.version, options);
  ASSERT_TRUE(bool(text)) << llvm::toString(text.takeError());
  EXPECT_TRUE(text->objects.empty());
  ASSERT_EQ(text->blobs.size(), 1u);
  EXPECT_EQ(text->blobs.front().format, "ptx");
  EXPECT_EQ(text->blobs.front().processor, "sm_90");
  EXPECT_THAT(textOf(text->blobs.front().code),
              testing::AllOf(testing::HasSubstr(".target sm_90"),
                             testing::HasSubstr(".entry k3")));
}

TEST(TargetBackends, ResolvesSpecs) {
  registerTargets();
  EXPECT_EQ(llvm::cantFail(resolveTarget("cpu:x86-64-v3")).spec(),
            "cpu:x86-64-v3");
  EXPECT_EQ(llvm::cantFail(resolveTarget("cuda")).version->name, "sm_90");
  EXPECT_EQ(llvm::toString(resolveTarget("cpu:i386").takeError()),
            "unknown version 'i386' of the target cpu: expected one of "
            "armv8-a, x86-64-v2, x86-64-v3, x86-64-v4, x86-64-v4-vnni, "
            "x86-64-v4-bf16, "
            "x86-64-v4-fp16");
  EXPECT_THAT(
      llvm::toString(resolveTarget("tpu").takeError()),
      testing::StartsWith("unknown target 'tpu': expected one of cpu, cuda"));
}

// The cost of a fusion depends on its strategy: Winograd tiles reduce the
// number of multiplications.
TEST(TargetBackends, CostFollowsTheStrategy) {
  registerTargets();
  MLIRContext context;
  context.loadDialect<seg::SegDialect>();
  Builder b(&context);
  TargetVersion version;
  version.peakFlops = 1, version.bytesPerSecond = 1;
  EXPECT_DOUBLE_EQ(version.modelledSeconds(3, 2, 1), 3);
  EXPECT_DOUBLE_EQ(version.modelledSeconds(3, 8, 2), 4);
  auto tiles = seg::StrategyAttr::get(
      &context, "winograd",
      b.getNamedAttr(strategyTilesName, b.getDenseI64ArrayAttr({1, 4, 4})));
  EXPECT_DOUBLE_EQ(productWork(tiles).on(version), 0.5);
  // Integers of 8 bits have a rate of their own, on tensor cores twice that of
  // 16 bits.
  auto int8 = seg::StrategyAttr::get(&context, "int8");
  EXPECT_DOUBLE_EQ(productWork(int8).on(version), 0.25);
  auto mma = seg::StrategyAttr::get(&context, "mma_int8");
  const Target gpu = llvm::cantFail(resolveTarget("cuda"));
  EXPECT_DOUBLE_EQ(productWork(mma).on(*gpu.version), 1.0 / 32);
}

} // namespace
