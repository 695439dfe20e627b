//===- CudnnAlternativesTest.cpp - Calls of cuDNN beside kernels ----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A call has a kernel beside it that computes the same: a loop in this file.
// The runtime holds the plans of the fake cuDNN against it.
//
//===----------------------------------------------------------------------===//

#include "CudaTestModel.h"
#include "FakeCuda.h"
#include "FakeCudnn.h"
#include "FakeNumbers.h"
#include "segc/Base/Files.h"
#include "segc/Base/PrivateFolders.h"
#include "segc/Runtime/Device/CudaDevice.h"
#include "segc/Runtime/Device/ProgramRunner.h"

#include <cstdlib>
#include <filesystem>
#include <gmock/gmock.h>

using namespace segc;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

constexpr int64_t samples = 2, height = 5, width = 4, inputs = 3, outputs = 4,
                  taps = 3;

/// The convolution that the kernel computes: 3x3 taps, padded by 1.
struct Convolution {
  std::string role = "forward", type = "f32", layout = "ktc",
              filterType = "f32";
  bool required = false;

  static uint32_t elementOf(const std::string &name) {
    return name == "f16" ? SEGC_F16 : name == "bf16" ? SEGC_BF16 : SEGC_F32;
  }
  int64_t filterElement(int64_t k, int64_t t, int64_t c) const {
    constexpr int64_t all = taps * taps;
    return layout == "ktc"   ? (k * all + t) * inputs + c
           : layout == "tck" ? (t * inputs + c) * outputs + k
                             : (t * outputs + k) * inputs + c;
  }
  std::string options() const {
    return R"({"convolution": ")" + role + R"(", "type": ")" + type +
           R"(", "image": [5, 4, 3], "filter": [4, 3, 3, 3],
               "strides": [1, 1], "padding_before": [1, 1],
               "padding_after": [1, 1], "tensor_cores": true,
               "filter_layout": ")" +
           layout + R"(", "filter_type": ")" + filterType +
           R"(", "required": )" + (required ? "true" : "false") + "}";
  }
  bool isFilterGrad() const { return role == "filter_gradient"; }
};
Convolution tested;

/// Operands as those of the call; one task.
void convolve(void *const *operands, void *, int64_t n, int64_t) {
  const bool forward = tested.role == "forward";
  const uint32_t type = Convolution::elementOf(tested.type),
                 filterType = Convolution::elementOf(tested.filterType);
  const int atFilter = tested.isFilterGrad() ? 2 : 1,
            atImage = forward                 ? 0
                      : tested.isFilterGrad() ? 1
                                              : 2,
            atResult = forward ? 2 : 0;
  const int64_t size = tested.isFilterGrad() ? outputs * taps * taps * inputs
                       : forward             ? n * height * width * outputs
                                             : n * height * width * inputs;
  std::vector<float> sums(size);
  for (int64_t b = 0; b < n; ++b)
    for (int64_t o = 0; o < height * width; ++o)
      for (int64_t t = 0; t < taps * taps; ++t) {
        const int64_t y = o / width + t / taps - 1,
                      x = o % width + t % taps - 1;
        if (y < 0 || y >= height || x < 0 || x >= width)
          continue;
        for (int64_t k = 0; k < outputs; ++k)
          for (int64_t c = 0; c < inputs; ++c) {
            const int64_t in = ((b * height + y) * width + x) * inputs + c,
                          out = (b * height * width + o) * outputs + k,
                          w = tested.filterElement(k, t, c);
            auto value = [&](int operand, int64_t at, uint32_t of) {
              return fakecuda::load(operands[operand], at, of);
            };
            if (forward)
              sums[out] +=
                  value(atImage, in, type) * value(atFilter, w, filterType);
            else if (tested.isFilterGrad())
              sums[w] += value(atImage, in, type) * value(atResult, out, type);
            else
              sums[in] +=
                  value(atResult, out, type) * value(atFilter, w, filterType);
          }
      }
  for (int64_t i = 0; i < size; ++i)
    fakecuda::store(operands[2], i, tested.isFilterGrad() ? filterType : type,
                    sums[i]);
}

/// A program of the call and the kernel.
class CudnnAlternatives : public testing::Test {
protected:
  CudnnAlternatives() {
    fakecuda::reset();
    fakecudnn::counts() = {};
    fakecudnn::faults() = {};
    fakecuda::addKernel("k0_conv", convolve);
    tested = {};
    auto made = PrivateTemporaryFolder::create();
    EXPECT_TRUE(made.ok()) << made.status().message();
    cache.emplace(std::move(*made));
    setenv("XDG_CACHE_HOME", cache->path().c_str(), 1);
  }
  ~CudnnAlternatives() override {
    close();
    EXPECT_THAT(fakecuda::misuses(), IsEmpty());
    EXPECT_EQ(fakecuda::alive(), "");
    EXPECT_EQ(fakecudnn::counts().alive, 0);
    fakecudnn::faults() = {};
    unsetenv("XDG_CACHE_HOME");
  }
  /// Builds the program for `tested` and opens the device.
  void open() {
    close();
    options = tested.options();
    const uint32_t type = Convolution::elementOf(tested.type),
                   filterType = Convolution::elementOf(tested.filterType);
    const segc_operand image = {SEGC_REGION_ARENA,       0,    0, 0,
                                height * width * inputs, type, 0},
                       filter = {SEGC_REGION_PARAMETERS,
                                 0,
                                 0,
                                 outputs * taps * taps * inputs,
                                 0,
                                 filterType,
                                 0},
                       result = {SEGC_REGION_ARENA,        0,    4096, 0,
                                 height * width * outputs, type, 0};
    operands[0] = tested.role == "forward" ? image : result;
    operands[1] = tested.isFilterGrad() ? image : filter;
    operands[2] = tested.role == "forward" ? result
                  : tested.isFilterGrad()  ? filter
                                           : image;
    model.emplace("k0_conv", convolve, 3, /*tasks=*/1);
    commands[1] = model->command;
    commands[1].operands = operands;
    commands[1].input_count = 2;
    commands[1].output_count = 1;
    commands[0] = commands[1];
    commands[0].kind = SEGC_COMMAND_CALL;
    commands[0].name = "cudnn";
    commands[0].options = options.c_str();
    commands[0].alternatives = 1;
    model->program.commands = commands;
    model->program.command_count = 2;
    model->program.streams = &stream;
    model->program.stream_count = 1;
    device = *makeCudaDevice(pool, 0);
    Status loaded = device->load(model->version);
    EXPECT_TRUE(loaded.ok()) << loaded.message();
    main = std::move(*device->createStream());
    arena = std::move(*device->allocate(8192, "arena"));
    parameters = std::move(*device->allocate(4096, "parameters"));
    memory.flat[SEGC_REGION_ARENA] = arena.address();
    memory.flat[SEGC_REGION_PARAMETERS] = parameters.address();
    runner.emplace(*device, *main);
  }
  void close() {
    runner.reset();
    arena = DeviceBuffer();
    parameters = DeviceBuffer();
    main.reset();
    device.reset();
  }
  Status run(int64_t batch = samples) {
    return runner->run(model->program, memory, batch, nullptr);
  }
  /// Runs and returns what is written to stderr.
  std::string warningsOf(const std::function<void()> &what) {
    testing::internal::CaptureStderr();
    what();
    return testing::internal::GetCapturedStderr();
  }
  /// Runs twice, the second time as a graph. Returns whether cuDNN computed.
  bool isCalled() {
    Status status = run();
    EXPECT_TRUE(status.ok()) << status.message();
    const int launches = fakecuda::launches("k0_conv"),
              executions = fakecudnn::counts().executions;
    status = run();
    EXPECT_TRUE(status.ok()) << status.message();
    EXPECT_TRUE(device->synchronize(*main).ok());
    const bool called = fakecudnn::counts().executions > executions;
    EXPECT_NE(called, fakecuda::launches("k0_conv") > launches);
    return called;
  }
  std::filesystem::path keptFile() {
    for (const auto &entry :
         std::filesystem::recursive_directory_iterator(cache->path()))
      if (entry.path().extension() == ".json")
        return entry.path();
    return {};
  }

  ThreadPool pool{1};
  std::optional<PrivateTemporaryFolder> cache;
  const char *stream = "compute";
  std::string options;
  segc_operand operands[3];
  segc_command commands[2];
  std::optional<CudaTestModel> model;
  std::shared_ptr<Device> device;
  std::unique_ptr<Stream> main;
  DeviceBuffer arena, parameters;
  ProgramMemory memory;
  std::optional<ProgramRunner> runner;
};

} // namespace

// The kernel is a loop over the model's own layout and types, so a plan that
// passes was given the right filter.
TEST_F(CudnnAlternatives, EveryRoleLayoutAndType) {
  for (const char *role : {"forward", "input_gradient", "filter_gradient"})
    for (const char *layout : {"ktc", "tck", "tkc"})
      for (const char *type : {"f32", "f16", "bf16"})
        for (bool wideFilter : {false, true}) {
          tested = {role, type, layout, wideFilter ? "f32" : type, true};
          open();
          EXPECT_TRUE(isCalled()) << role << " " << layout << " " << type;
        }
}

TEST_F(CudnnAlternatives, TheFasterOneIsTaken) {
  open();
  EXPECT_TRUE(isCalled());
  fakecudnn::faults().milliseconds = 1000;
  std::filesystem::remove_all(cache->path() + "/segc");
  open();
  EXPECT_FALSE(isCalled());
  // Unless the call is required.
  tested.required = true;
  open();
  EXPECT_TRUE(isCalled());
}

TEST_F(CudnnAlternatives, TheChoiceIsKept) {
  open();
  EXPECT_TRUE(isCalled());
  const int heuristics = fakecudnn::counts().heuristics;
  fakecudnn::faults().milliseconds = 1000; // would lose now
  open();
  EXPECT_TRUE(isCalled());
  EXPECT_EQ(fakecudnn::counts().heuristics, heuristics);
  // Another kernel is another choice, another name of it is not.
  open();
  commands[1].tasks_fixed = 2;
  EXPECT_FALSE(isCalled());
}

TEST_F(CudnnAlternatives, ADamagedChoiceIsMadeAnew) {
  open();
  EXPECT_TRUE(isCalled());
  const std::filesystem::path file = keptFile();
  ASSERT_FALSE(file.empty());
  std::string text = *readFile(file);
  text.replace(text.find("kernels "), 7, "cuDNN's");
  ASSERT_TRUE(writeFileAtomically(file, text).ok());
  open();
  bool called = false;
  EXPECT_THAT(
      warningsOf([&] { called = isCalled(); }),
      AllOf(HasSubstr(file.string()), HasSubstr("the plan is made anew")));
  EXPECT_TRUE(called);
}

TEST_F(CudnnAlternatives, AWrongPlanIsNeverUsed) {
  fakecudnn::faults().wrongPlans = 1;
  for (const char *type : {"f32", "f16", "bf16"}) {
    tested.type = tested.filterType = type;
    open();
    bool called = false;
    const std::string warnings = warningsOf([&] { called = isCalled(); });
    EXPECT_THAT(warnings,
                AllOf(HasSubstr("warning: cuDNN 9.19 computes seg.test at 1:1 "
                                "wrongly: "),
                      HasSubstr("elements differ from the generated kernel's"),
                      HasSubstr("the plan is not used")));
    EXPECT_TRUE(called) << "the second plan is right";
  }
}

TEST_F(CudnnAlternatives, WithoutARightPlanTheKernelRuns) {
  fakecudnn::faults().wrongPlans = 2;
  open();
  bool called = true;
  EXPECT_THAT(warningsOf([&] { called = isCalled(); }), HasSubstr("wrongly"));
  EXPECT_FALSE(called);
  // It is not tried again.
  open();
  EXPECT_THAT(warningsOf([&] { called = isCalled(); }), IsEmpty());
  EXPECT_FALSE(called);
  // A call that is required is refused before anything runs.
  tested.required = true;
  open();
  warningsOf([&] {
    EXPECT_THAT(run().message(),
                AllOf(HasSubstr("predict, cudnn: "),
                      HasSubstr("every plan of cuDNN 9.19 computes wrongly"),
                      HasSubstr("--conv auto or generated")));
  });
}

TEST_F(CudnnAlternatives, WithoutAPlanTheKernelRuns) {
  fakecudnn::faults().noPlans = true;
  open();
  bool called = true;
  EXPECT_THAT(warningsOf([&] { called = isCalled(); }),
              AllOf(HasSubstr("note: cudnn: no deterministic plan"),
                    HasSubstr("generated kernels compute seg.test at 1:1")));
  EXPECT_FALSE(called);
  tested.required = true;
  open();
  EXPECT_THAT(run().message(), HasSubstr("no deterministic plan"));
}

TEST_F(CudnnAlternatives, SmallerBatchesHaveTheirOwnChoice) {
  open();
  Status status = run(1);
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(fakecudnn::counts().heuristics, 1);
  EXPECT_TRUE(isCalled());
  EXPECT_EQ(fakecudnn::counts().heuristics, 2);
}
