//===- NnunetCheckpointTest.cpp -------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Predictions are compared with PyTorch's by bench/peers/nnunet_import.py.

#include "segc/Runtime/Prepare/NnunetCheckpoint.h"
#include "segc/Base/Files.h"
#include "segc/Plan/PlanFile.h"

#include "gmock/gmock.h"

#include <filesystem>
#include <numeric>
#include <unistd.h>

using namespace segc;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

class NnunetCheckpoint : public testing::Test {
protected:
  NnunetCheckpoint() : path(testing::TempDir() + "nnunet-XXXXXX") {
    ::close(::mkstemp(path.data()));
  }
  ~NnunetCheckpoint() override { std::filesystem::remove(path); }

  static NNUNetOptions options(const std::string &configuration) {
    StatusOr<std::string> text =
        readFile(SEGC_SOURCE_DIR "/bench/peers/plans/small.json");
    StatusOr<Plan> plan = parsePlan(*text, "small.json");
    StatusOr<NNUNetOptions> found =
        NNUNetOptions::forPlan(*plan, configuration);
    EXPECT_TRUE(found.ok()) << found.status().message();
    return *found;
  }
  /// The value i at place i of each tensor.
  void write(const std::vector<NnunetParameter> &parameters,
             const std::string &leftOut = "", const std::string &more = "") {
    std::vector<float> values(1 << 20);
    std::iota(values.begin(), values.end(), 0.0F);
    std::vector<TensorSource> sources;
    for (const NnunetParameter &parameter : parameters)
      if (parameter.foreignName != leftOut)
        sources.push_back({parameter.foreignName, "F32", parameter.foreignShape,
                           values.data()});
    if (!more.empty())
      sources.push_back({more, "F32", {1}, values.data()});
    ASSERT_TRUE(writeSafetensors(path, sources, {}).ok());
  }
  StatusOr<std::vector<ImportedParameter>>
  importFrom(const NNUNetOptions &network) {
    StatusOr<SafetensorsFile> file = SafetensorsFile::read(path);
    return file.ok() ? importNnunet(*file, network)
                     : StatusOr<std::vector<ImportedParameter>>(file.status());
  }

  std::string path;
};

TEST_F(NnunetCheckpoint, FiltersBecomeChannelsLast) {
  const NNUNetOptions network = options("3d_plain");
  write(nnunetParameters(network));
  auto imported = importFrom(network);
  ASSERT_TRUE(imported.ok()) << imported.status().message();
  const ImportedParameter &first = imported->front();
  EXPECT_EQ(first.name, "encoder0.conv1.weight");
  EXPECT_THAT(first.shape, ElementsAre(1, 3, 3, 1, 8));
  // Of 8 x 1 x 1 x 3 x 3: the output channel is the last one here.
  EXPECT_EQ(first.values[0], 0);
  EXPECT_EQ(first.values[1], 9);
  EXPECT_EQ(first.values[8], 1);
}

TEST_F(NnunetCheckpoint, NamesOfBothNetworks) {
  auto nameOf = [&](const NNUNetOptions &network, const std::string &ours) {
    for (const NnunetParameter &parameter : nnunetParameters(network))
      if (parameter.name == ours)
        return parameter.foreignName;
    return std::string();
  };
  const NNUNetOptions plain = options("3d_plain"),
                      residual = options("3d_residual");
  EXPECT_EQ(nameOf(plain, "encoder2.conv2.bias"),
            "encoder.stages.2.0.convs.1.conv.bias");
  EXPECT_EQ(nameOf(plain, "decoder0.up.weight"),
            "decoder.transpconvs.2.weight");
  EXPECT_EQ(nameOf(plain, "decoder2.norm1.gamma"),
            "decoder.stages.0.convs.0.norm.weight");
  EXPECT_EQ(nameOf(plain, "head.weight"), "decoder.seg_layers.2.weight");
  EXPECT_EQ(nameOf(plain, "head1.bias"), "decoder.seg_layers.1.bias");
  EXPECT_EQ(nameOf(residual, "stem.conv1.weight"),
            "encoder.stem.convs.0.conv.weight");
  EXPECT_EQ(nameOf(residual, "encoder1.block1.skip_conv.weight"),
            "encoder.stages.1.blocks.0.skip.1.conv.weight");
  EXPECT_EQ(nameOf(residual, "encoder1.block1.norm2.beta"),
            "encoder.stages.1.blocks.0.conv2.norm.bias");
}

TEST_F(NnunetCheckpoint, OtherTensors) {
  const NNUNetOptions network = options("3d_plain");
  const std::vector<NnunetParameter> parameters = nnunetParameters(network);
  write(parameters, "", "decoder.encoder.stages.0.0.convs.0.conv.weight");
  EXPECT_TRUE(importFrom(network).ok());
  write(parameters, "encoder.stages.0.0.convs.0.conv.weight");
  EXPECT_THAT(
      importFrom(network).status().message(),
      HasSubstr("no tensor \"encoder.stages.0.0.convs.0.conv.weight\""));
  write(parameters, "", "encoder.stages.9.0.convs.0.conv.weight");
  EXPECT_THAT(importFrom(network).status().message(),
              HasSubstr("which the planned network lacks"));
  EXPECT_THAT(importFrom(options("3d_residual")).status().message(),
              HasSubstr("no tensor \"encoder.stem"));
}

TEST_F(NnunetCheckpoint, PicklesAreNamed) {
  ASSERT_TRUE(writeFileAtomically(path, "PK\x03\x04 and more than that").ok());
  EXPECT_THAT(importFrom(options("3d_plain")).status().message(),
              HasSubstr("a pickle, which runs code when it is read"));
}

} // namespace
