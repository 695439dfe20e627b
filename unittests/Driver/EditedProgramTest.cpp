//===- EditedProgramTest.cpp - Collectives written into a program ---------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/MLIRContext.h"
#include "segc/Base/Files.h"
#include "segc/Driver/CompileSession.h"
#include "segc/Networks/Networks.h"
#include "segc/Runtime/Device/HostDevice.h"
#include "segc/Runtime/Device/ModelRunner.h"
#include "llvm/Support/FileSystem.h"

#include <gtest/gtest.h>
#include <regex>

using namespace segc;

namespace {

/// Simulates a number of ranks that all have the same gradients.
class EqualRanks : public Collectives {
public:
  explicit EqualRanks(float ranks) : ranks(ranks) {}
  int64_t rank() const override { return 0; }
  int64_t size() const override { return static_cast<int64_t>(ranks); }
  StatusOr<uint64_t> start(const segc_collective &collective) override {
    // The program has means of its own, which change nothing here.
    if (collective.kind == SEGC_COLLECTIVE_MEAN)
      return UINT64_MAX;
    seen.push_back(collective);
    streams.push_back(collective.stream);
    return seen.size() - 1;
  }
  Status wait(uint64_t ticket) override {
    if (ticket == UINT64_MAX)
      return Status::success();
    auto *values = static_cast<float *>(seen[ticket].data);
    for (uint64_t i = 0; i < seen[ticket].count; ++i)
      values[i] *= ranks;
    return Status::success();
  }
  Status enqueue(Stream &, const segc_collective &) override {
    return internalError("a processor has no queue");
  }
  float ranks;
  std::vector<segc_collective> seen;
  std::vector<std::string> streams;
};

struct EditedProgram : testing::Test {
  void SetUp() override {
    ASSERT_FALSE(
        llvm::sys::fs::createUniqueDirectory("segc-edited", directory));
    CompilerContext context;
    std::string message;
    auto module =
        buildNetwork(&context, "vnet",
                     {"--width", "4", "--input-shape", "8", "8", "8",
                      "--downscale-blocks", "1", "1", "--upscale-blocks", "1"},
                     message);
    ASSERT_TRUE(succeeded(module)) << message;
    std::error_code error;
    llvm::raw_fd_ostream file(path("network.mlir"), error);
    ASSERT_FALSE(error);
    printNetwork(**module, file);
  }
  void TearDown() override { llvm::sys::fs::remove_directories(directory); }

  std::string path(const std::string &name) {
    return (directory + "/" + name).str();
  }
  void compileTo(CompileOptions options, const std::string &output) {
    options.output = path(output);
    options.pipeline.threads = 2;
    options.cpus = {"native"};
    if (llvm::Error error = compile(options))
      ADD_FAILURE() << llvm::toString(std::move(error));
  }
  ModelRunner load(const std::string &name, ThreadPool &pool) {
    auto model = ModelLibrary::load(path(name));
    EXPECT_TRUE(model.ok()) << model.status().message();
    auto runner = ModelRunner::create(*model, makeHostDevice(pool), {true});
    EXPECT_TRUE(runner.ok()) << runner.status().message();
    EXPECT_TRUE(runner->initialize(3).ok());
    return std::move(*runner);
  }
  /// One step on an image of ones.
  static std::vector<float> gradientsAfterStep(ModelRunner &runner) {
    std::vector<AlignedBuffer> memory;
    std::vector<void *> inputs;
    for (const TensorSignature &input :
         runner.manifest().entry("train_step")->inputs) {
      memory.push_back(std::move(*AlignedBuffer::create(
          static_cast<uint64_t>(input.bytes()), "input")));
      inputs.push_back(memory.back().data());
    }
    for (uint64_t i = 0; i < memory[0].size() / sizeof(float); ++i)
      memory[0].floats()[i] = static_cast<float>(i % 5) - 2;
    segc_scalars scalars = {};
    scalars.loss_scale = 1;
    scalars.step = 1;
    Status status = runner.call("train_step", inputs, 1, scalars);
    EXPECT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(scalars.step, 2);
    const DeviceBuffer &gradients = runner.gradients();
    return {gradients.hostFloats(),
            gradients.hostFloats() + gradients.size() / sizeof(float)};
  }

  llvm::SmallString<64> directory;
};

} // namespace

// Two ranks sum a bucket of gradients in a program that was edited by hand.
TEST_F(EditedProgram, SumsGradientsOverRanks) {
  CompileOptions options;
  options.input = path("network.mlir");
  compileTo(options, "plain.so");
  options.emit = "program";
  compileTo(options, "program.mlir");
  StatusOr<std::string> text = readFile(path("program.mlir"));
  ASSERT_TRUE(text.ok());
  const size_t step = text->find("exec.program @train_step");
  ASSERT_NE(step, std::string::npos);
  std::smatch join;
  const std::string before = text->substr(0, step), after = text->substr(step);
  ASSERT_TRUE(std::regex_search(
      after, join,
      std::regex("(%[0-9]+) = (exec\\.join .* -> \\((.* : (.*))\\))\n")));
  const std::string place = join[3], type = join[4];
  const std::string edited =
      before + join.prefix().str() + "%all = " + join[2].str() +
      "\n%t = exec.record stream \"compute\"\n"
      "exec.wait %t stream \"communication\"\n" +
      join[1].str() + ", %summed = exec.collective sum (%all : " + type +
      ") -> (" + place + ") stream \"communication\"\n" +
      "exec.wait %summed stream \"compute\"\n" + join.suffix().str();
  ASSERT_TRUE(writeFileAtomically(path("edited.mlir"), edited).ok());
  options.input = path("edited.mlir");
  options.from = "program";
  options.emit.clear();
  compileTo(options, "edited.so");

  ThreadPool pool(2);
  ModelRunner plain = load("plain.so", pool), ranks = load("edited.so", pool);
  EqualRanks two(2);
  ranks.setCollectives(&two);
  std::vector<float> expected = gradientsAfterStep(plain);
  for (float &gradient : expected)
    gradient *= 2;
  EXPECT_EQ(gradientsAfterStep(ranks), expected);
  EXPECT_NE(expected, std::vector<float>(expected.size(), 0.0f));
  ASSERT_EQ(two.seen.size(), 1u);
  EXPECT_EQ(two.seen[0].kind, uint32_t{SEGC_COLLECTIVE_SUM});
  EXPECT_EQ(two.seen[0].type, uint32_t{SEGC_F32});
  EXPECT_EQ(two.seen[0].region, uint32_t{SEGC_REGION_GRADIENTS});
  EXPECT_EQ(two.seen[0].count, expected.size());
  EXPECT_EQ(two.streams[0], "communication");
}
