//===- OnnxRoundTripTest.cpp ----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A network that is exported and imported again predicts the same. What both
// directions would do wrong in the same way the recorded model shows, which
// another program wrote.

#include "ExchangeTest.h"
#include "segc/Exchange/Onnx.h"

using namespace mlir;
using namespace segc;

namespace {

class OnnxRoundTrip : public ExchangeTest {
protected:
  void check(const std::string &name, std::vector<std::string> arguments) {
    SCOPED_TRACE(name);
    auto module = build(name, std::move(arguments));
    ASSERT_TRUE(module);
    const Tensors weights = randomWeights(network(*module));
    auto bytes = exportOnnx(network(*module), fileOf(weights));
    ASSERT_TRUE(!!bytes) << llvm::toString(bytes.takeError());
    auto back = importOnnx(&context, *bytes, "model.onnx", {});
    ASSERT_TRUE(!!back) << llvm::toString(back.takeError());
    EXPECT_EQ(network(*back->module).getPipeline(),
              network(*module).getPipeline());
    const reference::HostTensor expected = predict(*module, weights);
    // The batch of a file is open, and an import has one sample.
    const reference::HostTensor actual =
        predict(*back->module, byName(std::move(back->weights)));
    ASSERT_GT(actual.size(), 0);
    double largest = 0;
    for (int64_t i = 0; i < actual.size(); ++i)
      largest = std::max(largest, std::abs(actual[i] - expected[i]));
    // Both are the same products of doubles. Epsilon was rounded to f32.
    EXPECT_LT(largest, 1e-7);
  }
};

TEST_F(OnnxRoundTrip, UNet) {
  check("unet2d", {"--size", "188", "--width", "1", "--channels", "2"});
}

TEST_F(OnnxRoundTrip, VNet) {
  check("vnet", {"--input-shape", "8,8,8", "--width", "4", "--channels", "2",
                 "--batch-size", "1"});
}

TEST_F(OnnxRoundTrip, PlannedNetworks) {
  const std::string plan = SEGC_SOURCE_DIR "/bench/peers/plans/small.json";
  for (const char *configuration : {"2d_residual", "3d_plain", "3d_residual"})
    check("nnunet", {"--plan", plan, "--configuration", configuration,
                     "--batch-size", "1"});
}

TEST_F(OnnxRoundTrip, UNet3D) {
  check("unet3d",
        {"--patch", "8,8,8", "--filters", "2,4", "--batch-size", "1"});
  check("unet3d", {"--patch", "8,8,8", "--filters", "2,4", "--batch-size", "1",
                   "--norm", "batch"});
}

} // namespace
