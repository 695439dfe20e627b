//===- ModelLibraryTest.cpp - Loading of models ---------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Core/ModelLibrary.h"
#include "segc/Runtime/Core/CpuFeatures.h"

#include <cstring>
#include <elf.h>
#include <fstream>
#include <gmock/gmock.h>

using namespace segc;
using testing::HasSubstr;

static std::string fake(const std::string &name) {
  return SEGC_BINARY_DIR "/unittests/" + name + ".so";
}

static std::string errorOf(const std::string &path) {
  auto model = ModelLibrary::load(path);
  return model.ok() ? "no error" : model.status().message();
}

TEST(ModelLibrary, Loads) {
  auto model = ModelLibrary::load(fake("FakeModel"));
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ((*model)->manifest().network, "fake");
  EXPECT_EQ((*model)->version().name, "fake-cpu");
  EXPECT_NE((*model)->entry("train_step"), nullptr);
  EXPECT_EQ((*model)->entry("unheard_of"), nullptr);
  EXPECT_FALSE((*model)->hasWeights());
  EXPECT_TRUE((*ModelLibrary::load(fake("FakeFrozen")))->hasWeights());
}

TEST(ModelLibrary, LoadsEarlierVersions) {
  for (auto [name, version] : {std::pair("FakeAbi1", 1u), {"FakeModel", 2u}}) {
    auto model = ModelLibrary::load(fake(name));
    ASSERT_TRUE(model.ok()) << model.status().message();
    EXPECT_EQ((*model)->model().abi_version, version);
    EXPECT_EQ((*model)->programs(), nullptr);
  }
}

TEST(ModelLibrary, FindsPrograms) {
  auto model = ModelLibrary::load(fake("FakeProgram"));
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ((*model)->model().abi_version, SEGC_ABI_VERSION);
  ASSERT_NE((*model)->programs(), nullptr);
  ASSERT_NE((*model)->program("train_step"), nullptr);
  EXPECT_EQ((*model)->program("train_step")->output_count, 3u);
  EXPECT_EQ((*model)->program("unheard_of"), nullptr);
}

TEST(ModelLibrary, RefusesOtherAbiVersions) {
  EXPECT_THAT(errorOf(fake("FakeOldAbi")),
              HasSubstr("model ABI 0, this runtime knows 1 to " +
                        std::to_string(SEGC_ABI_VERSION)));
  EXPECT_THAT(errorOf(fake("FakeNewAbi")),
              HasSubstr("needs a newer runtime than this one"));
  EXPECT_THAT(errorOf(fake("FakeFormat2")),
              HasSubstr("manifest format 2, this segrun reads format 1"));
}

TEST(ModelLibrary, RefusesOtherProcessors) {
  EXPECT_THAT(errorOf(fake("FakeOtherCpu")),
              HasSubstr("compiled for fake-cpu, this is a " + cpuName()));
  // The same file with another machine number in its header.
  std::ifstream in(fake("FakeModel"), std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(in), {});
  Elf64_Half machine = EM_AARCH64;
  std::memcpy(&bytes[offsetof(Elf64_Ehdr, e_machine)], &machine, 2);
  std::string path = testing::TempDir() + "aarch64.so";
  std::ofstream(path, std::ios::binary) << bytes;
#if defined(__x86_64__)
  EXPECT_THAT(errorOf(path),
              HasSubstr("compiled for aarch64, this machine is x86-64"));
#endif
}

TEST(ModelLibrary, RefusesOtherFiles) {
  EXPECT_THAT(errorOf("/nonexistent/m.so"), HasSubstr("No such file"));
  EXPECT_THAT(errorOf(fake("FakeNoQuery")),
              HasSubstr("no function segc_model_query"));
  std::string path = testing::TempDir() + "text.so";
  std::ofstream(path) << "seg.network";
  EXPECT_THAT(errorOf(path), HasSubstr("expected a compiled model"));
}

TEST(CpuFeatures, UnknownNamesAreAbsent) {
  EXPECT_FALSE(cpuHasFeature("no-such-feature"));
#if defined(__x86_64__)
  EXPECT_TRUE(cpuHasFeature("sse2"));
  EXPECT_EQ(cpuHasFeature("avx512f"), __builtin_cpu_supports("avx512f") != 0);
#endif
}
