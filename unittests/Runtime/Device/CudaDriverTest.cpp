//===- CudaDriverTest.cpp - Drivers and GPUs that cannot be used ----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../../../lib/Runtime/Device/Cuda/CudaBlobs.h"
#include "FakeCuda.h"
#include "segc/Runtime/Device/CudaDevice.h"
#include "segc/Runtime/Device/MakeDevice.h"

#include <gmock/gmock.h>

using namespace segc;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {

/// The error of making `spec` on a machine.
Status refusal(const fakecuda::Machine &machine, const std::string &spec) {
  fakecuda::reset(machine);
  ThreadPool pool(1);
  auto device = makeDevice(spec, pool);
  EXPECT_FALSE(device.ok());
  EXPECT_THAT(fakecuda::misuses(), IsEmpty());
  EXPECT_EQ(fakecuda::alive(), "");
  return device.status();
}

fakecuda::Machine machine(void (*change)(fakecuda::Machine &)) {
  fakecuda::Machine changed;
  change(changed);
  return changed;
}

} // namespace

TEST(CudaDriver, IsMissing) {
  auto driver = cuda::CudaDriver::open("libcuda-absent.so.1");
  ASSERT_FALSE(driver.ok());
  EXPECT_EQ(driver.status().code(), StatusCode::Unsupported);
  EXPECT_THAT(driver.status().message(),
              AllOf(HasSubstr("no NVIDIA driver: libcuda-absent.so.1"),
                    HasSubstr("install the driver"),
                    HasSubstr("--device cpu")));
}

TEST(CudaDriver, IsAnotherLibrary) {
  auto driver = cuda::CudaDriver::open("libm.so.6");
  ASSERT_FALSE(driver.ok());
  EXPECT_THAT(driver.status().message(),
              HasSubstr("libm.so.6 has no function cuInit"));
}

TEST(CudaDriver, IsAStub) {
  Status status = refusal(machine([](auto &m) { m.init = 34; }), "cuda");
  EXPECT_EQ(status.code(), StatusCode::Unsupported);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("stub of the CUDA toolkit"),
                                      HasSubstr("LD_LIBRARY_PATH")));
}

TEST(CudaDriver, FindsNoGpu) {
  for (auto change : {+[](fakecuda::Machine &m) { m.init = 100; },
                      +[](fakecuda::Machine &m) { m.devices = 0; }})
    EXPECT_THAT(
        refusal(machine(change), "cuda").message(),
        AllOf(HasSubstr("finds no GPU"), HasSubstr("CUDA_VISIBLE_DEVICES")));
}

TEST(CudaDriver, IsTooOld) {
  EXPECT_THAT(
      refusal(machine([](auto &m) { m.driver = 11040; }), "cuda").message(),
      AllOf(HasSubstr("is of CUDA 11.4, expected at least 12.0"),
            HasSubstr("update the driver")));
}

TEST(CudaDriver, DoesNotStart) {
  EXPECT_THAT(refusal(machine([](auto &m) { m.init = 999; }), "cuda").message(),
              AllOf(HasSubstr("does not start"), HasSubstr("999")));
}

// The machine's GPUs are listed; it is the command line that is wrong.
TEST(CudaDriver, HasNoGpuOfTheNumber) {
  Status status = refusal(machine([](auto &m) { m.devices = 2; }), "cuda:7");
  EXPECT_EQ(status.code(), StatusCode::WrongUsage);
  EXPECT_EQ(status.message(), "--device cuda:7: no such GPU, this machine has "
                              "cuda:0 (Fake GPU), cuda:1 (Fake GPU)");
}

TEST(CudaDriver, FailuresAtTheStartAreTold) {
  ThreadPool pool(1);
  for (const char *function :
       {"cuDeviceGetCount", "cuDeviceGet", "cuDeviceGetName",
        "cuDeviceGetAttribute", "cuDevicePrimaryCtxRetain", "cuStreamCreate",
        "cuModuleLoadDataEx", "cuModuleGetFunction", "cuFuncGetAttribute"}) {
    fakecuda::reset();
    fakecuda::failCall(function, 1, 2);
    auto device = makeCudaDevice(pool, 0);
    ASSERT_FALSE(device.ok()) << function;
    EXPECT_THAT(device.status().message(),
                HasSubstr("out of memory (CUDA_ERROR_OUT_OF_MEMORY, 2)"));
    EXPECT_THAT(fakecuda::misuses(), IsEmpty());
    EXPECT_EQ(fakecuda::alive(), "") << function;
  }
}

TEST(MakeDevice, NamesAreChecked) {
  ThreadPool pool(1);
  fakecuda::reset(machine([](auto &m) { m.devices = 2; }));
  const std::pair<const char *, segc_device> known[] = {
      {"cpu", SEGC_DEVICE_HOST},
      {"cuda", SEGC_DEVICE_CUDA},
      {"cuda:0", SEGC_DEVICE_CUDA},
      {"cuda:1", SEGC_DEVICE_CUDA},
      {"emulated", SEGC_DEVICE_CUDA_EMULATED},
      {"emulated:3", SEGC_DEVICE_CUDA_EMULATED}};
  for (auto [spec, kind] : known) {
    auto device = makeDevice(spec, pool);
    ASSERT_TRUE(device.ok()) << device.status().message();
    EXPECT_EQ((*device)->kind(), kind) << spec;
  }
  for (const char *spec : {"", "gpu", "cpu:0", "cuda:", "cuda:x", "cuda:-1",
                           "cuda:1 ", "cuda:99999999999", "cuda0", "CUDA",
                           "emulated:", "emulated:x", "emulated:-1"}) {
    auto device = makeDevice(spec, pool);
    ASSERT_FALSE(device.ok()) << spec;
    EXPECT_EQ(device.status().code(), StatusCode::WrongUsage);
    EXPECT_EQ(device.status().message(),
              std::string("--device ") + spec + ": expected " + deviceNames());
  }
  EXPECT_THAT(deviceNames(), HasSubstr("cpu, cuda"));
}

TEST(CudaBlobs, Architectures) {
  using cuda::Architecture;
  EXPECT_FALSE(Architecture::parse("x86-64"));
  for (const char *wrong : {"", "sm_", "sm_9", "sm_9000", "sm_a", "sm_90ab"})
    EXPECT_FALSE(Architecture::parse(wrong)) << wrong;
  EXPECT_EQ(Architecture::parse("sm_120")->capability, 120);
  auto ptx = [](const char *target, int gpu) {
    return Architecture::parse(target)->ptxRunsOn(gpu);
  };
  EXPECT_TRUE(ptx("sm_80", 80));
  EXPECT_TRUE(ptx("sm_80", 120));
  EXPECT_FALSE(ptx("sm_80", 75));
  EXPECT_TRUE(ptx("sm_90a", 90));
  EXPECT_FALSE(ptx("sm_90a", 100)) << "no future architecture";
  EXPECT_TRUE(ptx("sm_100f", 103)) << "of the family";
  EXPECT_FALSE(ptx("sm_100f", 120));
  EXPECT_TRUE(Architecture::parse("sm_90a")->cubinRunsOn(90));
  EXPECT_FALSE(Architecture::parse("sm_80")->cubinRunsOn(90));
}

TEST(CudaBlobs, VersionsOfPtx) {
  EXPECT_EQ(cuda::cudaVersionOfPtx(70), 11000);
  EXPECT_EQ(cuda::cudaVersionOfPtx(78), 11080);
  EXPECT_EQ(cuda::cudaVersionOfPtx(80), 12000);
  EXPECT_EQ(cuda::cudaVersionOfPtx(85), 12050);
  EXPECT_EQ(cuda::cudaVersionOfPtx(86), 12070);
  EXPECT_EQ(cuda::cudaVersionOfPtx(88), 12090);
  EXPECT_EQ(cuda::cudaVersionOfPtx(90), 13000);
  EXPECT_EQ(cuda::cudaVersionOfPtx(89), 0) << "nobody knows it";
}
