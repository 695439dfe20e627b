//===- CommandLineTest.cpp ------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Networks/Networks.h"
#include "gmock/gmock.h"

using namespace mlir;
using namespace segc;
using testing::AllOf;
using testing::HasSubstr;

namespace {

std::string errorOf(llvm::StringRef name,
                    const std::vector<std::string> &args) {
  MLIRContext context;
  std::string error;
  EXPECT_TRUE(failed(buildNetwork(&context, name, args, error)));
  return error;
}

TEST(CommandLine, SaysWhatWasExpectedAndFound) {
  EXPECT_EQ(errorOf("resnet", {}),
            "network: expected unet2d, vnet, nnunet, unet3d, got 'resnet'");
  EXPECT_EQ(errorOf("unet2d", {"--size", "570"}),
            "unet2d: size: expected 188 plus a multiple of 16, got 570");
  EXPECT_EQ(errorOf("nnunet", {"--task", "12"}),
            "nnunet: task: expected 01 to 10, got '12'");
  EXPECT_EQ(errorOf("nnunet", {"--dim", "4"}),
            "nnunet: dim: expected 2 or 3, got 4");
  EXPECT_EQ(errorOf("nnunet", {"--patch", "32", "32"}),
            "nnunet: spacing: expected a value for each axis of --patch (or a "
            "--task), got none");
  EXPECT_EQ(
      errorOf("nnunet", {"--task", "04", "--dim", "3", "--patch", "32", "32"}),
      "nnunet: patch: expected 3 sizes, got 2");
  EXPECT_THAT(errorOf("unet2d", {"--optimizer", "lion"}),
              AllOf(HasSubstr("unet2d: --optimizer"), HasSubstr("rmsprop"),
                    HasSubstr("lion")));
  EXPECT_THAT(errorOf("vnet", {"--width", "wide"}),
              AllOf(HasSubstr("--width"), HasSubstr("wide"),
                    HasSubstr("'segc model vnet --help'")));
  EXPECT_THAT(errorOf("vnet", {"--input-shape", "32", "32"}),
              HasSubstr("--input-shape"));
  EXPECT_THAT(errorOf("vnet", {"--unknown"}), HasSubstr("--unknown"));
  EXPECT_EQ(errorOf("unet3d", {"--patch", "64", "64", "48"}),
            "unet3d: patch: expected multiples of 32, got 48");
  EXPECT_EQ(errorOf("unet3d", {"--filters", "8,0"}),
            "unet3d: filters: expected 1 to 65536, got 0");
  EXPECT_THAT(errorOf("unet3d", {"--norm", "none"}),
              AllOf(HasSubstr("--norm"), HasSubstr("none")));
  // Nesterov is an option of the recipe's optimizer, not of others.
  EXPECT_EQ(errorOf("unet3d", {"--optimizer", "adam", "--nesterov"}),
            "unet3d: nesterov: expected the optimizer sgd, got adam");
}

TEST(CommandLine, SwitchesTakeYesAndNo) {
  MLIRContext context;
  std::string error;
  for (auto [args, wanted] :
       {std::pair(std::vector<std::string>{"--deep-supervision"}, 3u),
        {{"--deep_supervision", "true", "--task", "04"}, 3u},
        {{"--deep-supervision=no"}, 1u}}) {
    auto module = buildNetwork(&context, "nnunet", args, error);
    ASSERT_TRUE(succeeded(module)) << error;
    auto network = *(*module)->getOps<seg::NetworkOp>().begin();
    EXPECT_EQ(network.getForward().front().getTerminator()->getNumOperands(),
              wanted);
  }
  EXPECT_THAT(errorOf("nnunet", {"--lookahead", "maybe"}),
              HasSubstr("--lookahead: expected yes or no, got maybe"));
}

TEST(CommandLine, HelpNamesTheOptions) {
  EXPECT_THAT(networkHelp("unet2d"),
              AllOf(HasSubstr("--width"), HasSubstr("--learning-rate")));
  EXPECT_THAT(networkHelp("vnet"), HasSubstr("--downscale-blocks"));
  EXPECT_THAT(networkHelp("nnunet"), HasSubstr("--deep-supervision"));
  EXPECT_THAT(networkHelp("unet3d"),
              AllOf(HasSubstr("--filters"), HasSubstr("MLPerf")));
  EXPECT_EQ(networkHelp("resnet"), "");
}

} // namespace
