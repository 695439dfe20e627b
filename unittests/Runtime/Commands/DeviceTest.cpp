//===- DeviceTest.cpp - Commands on a GPU of the fake driver --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandTest.h"

#include <limits>

using namespace segc;
using testing::AllOf;

namespace {

struct DeviceCommand : Command {
  /// Runs segrun with the fake driver, which FAKE_CUDA controls. The driver's
  /// kernels are the functions of the model.
  int runWith(const std::string &fakeCuda,
              const std::vector<std::string> &arguments,
              const std::string &drivers = SEGC_BINARY_DIR
              "/unittests/fake-cuda") {
    return run(arguments, [&] {
      setenv("LD_LIBRARY_PATH", drivers.c_str(), 1);
      setenv("FAKE_CUDA",
             ("kernels=" + model + (fakeCuda.empty() ? "" : ",") + fakeCuda)
                 .c_str(),
             1);
      for (const auto &[name, value] : environment)
        setenv(name.c_str(), value.c_str(), 1);
    });
  }
  std::vector<std::string> train(const std::string &results,
                                 std::vector<std::string> more, float odd = 0) {
    std::vector<std::string> words = {"train",
                                      "--model",
                                      model,
                                      "--batches",
                                      writeBatches(folder, odd),
                                      "--results",
                                      folder + "/" + results,
                                      "--max-steps",
                                      "9"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  std::string model = fakeModel("FakeCudaProgram");
  std::map<std::string, std::string> environment; ///< For runWith().
};

} // namespace

TEST_F(DeviceCommand, TrainsToTheSameBytes) {
  ASSERT_EQ(runWith("", train("gpu", {"--device", "cuda"})), 0) << output;
  ASSERT_EQ(runWith("devices=2", train("second", {"--device", "cuda:1"})), 0)
      << output;
  ASSERT_EQ(run(train("cpu", {})), 0) << output;
  const std::string weights = "/checkpoints/last/model.safetensors";
  EXPECT_EQ(file("gpu" + weights), file("cpu" + weights));
  EXPECT_EQ(file("second" + weights), file("cpu" + weights));
}

TEST_F(DeviceCommand, DriversAndGpusThatCannotBeUsed) {
  const std::vector<std::string> benchmark = {
      "benchmark", "--model", model, "--steps", "2", "--device"};
  struct {
    const char *fakeCuda, *device;
    int code;
    const char *text;
  } cases[] = {
      {"init=34", "cuda", 1, "stub of the CUDA toolkit"},
      {"init=100", "cuda", 1, "finds no GPU"},
      {"driver=11080", "cuda", 1, "is of CUDA 11.8, expected at least 12.0"},
      {"capability=75", "cuda", 1, "the GPU is an sm_75, the kernels are ptx"},
      {"memory=9000", "cuda", 1, "where 9000 are free: parameters 128"},
      {"call-fails=cuModuleGetFunction:2:500", "cuda", 1, "kernel "},
      {"", "cuda:7", 2, "no such GPU, this machine has cuda:0 (Fake GPU)"},
      {"", "cuda:x", 2, "--device cuda:x: expected cpu, cuda"},
      {"", "gpu", 2, "--device gpu: expected cpu, cuda"},
  };
  for (const auto &wrong : cases) {
    std::vector<std::string> words = benchmark;
    words.emplace_back(wrong.device);
    EXPECT_EQ(runWith(wrong.fakeCuda, words), wrong.code) << output;
    EXPECT_THAT(output, HasSubstr(wrong.text)) << wrong.fakeCuda;
  }
}

// Ranks that share cases or folds take a GPU each, as those of a training do.
TEST_F(DeviceCommand, RanksTakeTheirOwnGpu) {
  const std::string results = folder + "/results";
  const std::vector<std::vector<std::string>> commands = {
      {"predict", "--output", results},
      {"evaluate", "--results", results},
      {"cross-validate", "--results", results}};
  for (std::vector<std::string> words : commands) {
    words.insert(words.end(),
                 {"--model", model, "--data", data, "--device", "cuda"});
    environment = {{"OMPI_COMM_WORLD_RANK", "1"},
                   {"OMPI_COMM_WORLD_SIZE", "2"},
                   {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"},
                   {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                   {"PMIX_NAMESPACE", "job"}};
    EXPECT_EQ(runWith("devices=2,memory=100", words), 1);
    EXPECT_THAT(output, HasSubstr("on cuda:1 (Fake GPU), where 100 are free"));
    EXPECT_EQ(runWith("devices=1,memory=100", words), 1);
    EXPECT_THAT(output, HasSubstr("on cuda:0 (Fake GPU), where 100 are free"));
    environment["OMPI_COMM_WORLD_SIZE"] = "3";
    environment["OMPI_COMM_WORLD_LOCAL_SIZE"] = "3";
    EXPECT_EQ(runWith("devices=2", words), 2);
    EXPECT_THAT(output, HasSubstr("this machine has 2 GPUs for 3 ranks"));
  }
}

TEST_F(DeviceCommand, ADriverThatIsNoLibrary) {
  ASSERT_TRUE(writeFileAtomically(folder + "/libcuda.so.1", "text").ok());
  EXPECT_EQ(runWith("",
                    {"benchmark", "--model", model, "--steps", "2", "--device",
                     "cuda"},
                    folder),
            1);
  EXPECT_THAT(output, AllOf(HasSubstr("no NVIDIA driver: "),
                            HasSubstr("--device cpu")));
}

TEST_F(DeviceCommand, AModelWithoutKernelsForTheGpu) {
  EXPECT_EQ(runWith("", {"benchmark", "--model", fakeModel("FakeProgram"),
                         "--steps", "2", "--device", "cuda"}),
            1);
  EXPECT_THAT(output, AllOf(HasSubstr("compiled for fake-cpu"),
                            HasSubstr("`segc compile"),
                            HasSubstr("--target cpu,cuda`")));
}

// The last checkpoint is whole, and the processor goes on from it.
TEST_F(DeviceCommand, AFaultLeavesTheCheckpoint) {
  EXPECT_EQ(runWith("kernel-fails=gradient_kernel:8:700",
                    train("moved", {"--device", "cuda", "--save-every", "3"})),
            1);
  EXPECT_THAT(output,
              AllOf(HasSubstr("CUDA_ERROR_ILLEGAL_ADDRESS"),
                    HasSubstr("train_step"), HasSubstr("one of the 4 kernels"),
                    HasSubstr("--check-memory")));
  // With the option, the kernel is named.
  EXPECT_EQ(runWith("kernel-fails=gradient_kernel:8:700",
                    train("found", {"--device", "cuda", "--check-memory"})),
            1);
  EXPECT_THAT(output, HasSubstr("in the kernel gradient_kernel (seg.fake"));
  ASSERT_EQ(run(train("moved", {"--save-every", "3", "--resume"})), 0)
      << output;
  ASSERT_EQ(run(train("stayed", {"--save-every", "3"})), 0) << output;
  const std::string weights = "/checkpoints/last/model.safetensors";
  EXPECT_EQ(file("moved" + weights), file("stayed" + weights));
}

// The times of the profile are those of the GPU's events: 2 ms a launch.
TEST_F(DeviceCommand, ProfilesTheKernelsOfTheGpu) {
  ASSERT_EQ(
      runWith("", {"benchmark", "--model", model, "--steps", "2", "--device",
                   "cuda", "--profile", folder + "/profile.json"}),
      0)
      << output;
  EXPECT_THAT(file("profile.json"),
              AllOf(HasSubstr("\"name\": \"predict_kernel\""),
                    HasSubstr("\"median_ms\": 2.0")));
}

TEST_F(DeviceCommand, TheFirstKernelThatIsNotFiniteIsNamed) {
  EXPECT_EQ(runWith("", train("r", {"--device", "cuda"},
                              std::numeric_limits<float>::infinity())),
            1);
  EXPECT_THAT(output, AllOf(HasSubstr("step 2: the loss is nan"),
                            HasSubstr("kernel 0 of train_step, "
                                      "objective_kernel (seg.fake at 1:1), "
                                      "wrote nan at element 0 of output 0")));
}
