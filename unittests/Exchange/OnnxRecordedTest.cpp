//===- OnnxRecordedTest.cpp -----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Models that PyTorch wrote, and what ONNX Runtime computes with them
// (bench/peers/record_onnx.py).

#include "ExchangeTest.h"
#include "segc/Base/Files.h"
#include "segc/Exchange/Onnx.h"

using namespace mlir;
using namespace segc;

namespace {

class OnnxRecorded : public ExchangeTest {
protected:
  void check(const std::string &name);

  static std::string goldenPath(const std::string &file) {
    return SEGC_SOURCE_DIR "/unittests/Exchange/golden/" + file;
  }
  /// The values of a recorded tensor, with the channels last.
  static std::vector<float> channelsLast(const SafetensorsFile &file,
                                         const std::string &name) {
    const TensorEntry &tensor = *file.find(name);
    const auto *values = reinterpret_cast<const float *>(file.data(tensor));
    int64_t channels = tensor.shape[1], positions = 1;
    for (size_t i = 2; i < tensor.shape.size(); ++i)
      positions *= tensor.shape[i];
    std::vector<float> result;
    for (int64_t at = 0; at < positions; ++at)
      for (int64_t c = 0; c < channels; ++c)
        result.push_back(values[c * positions + at]);
    return result;
  }
  static void expectNear(const reference::HostTensor &actual,
                         const std::vector<float> &expected) {
    ASSERT_EQ(static_cast<size_t>(actual.size()), expected.size());
    double largest = 0;
    for (size_t i = 0; i < expected.size(); ++i)
      largest = std::max(largest, std::abs(actual[static_cast<int64_t>(i)] -
                                           double{expected[i]}));
    // f32 beside f64, of probabilities.
    EXPECT_LT(largest, 1e-5);
  }
};

} // namespace

void OnnxRecorded::check(const std::string &name) {
  SCOPED_TRACE(name);
  const std::string path = goldenPath(name + ".onnx");
  StatusOr<std::string> bytes = readFile(path);
  StatusOr<SafetensorsFile> recorded =
      SafetensorsFile::read(goldenPath(name + ".safetensors"));
  ASSERT_TRUE(bytes.ok() && recorded.ok());
  auto imported = importOnnx(&context, *bytes, path, {});
  ASSERT_TRUE(!!imported) << llvm::toString(imported.takeError());
  const Tensors weights = byName(std::move(imported->weights));
  const std::vector<float> image = channelsLast(*recorded, "image"),
                           expected = channelsLast(*recorded, "result");
  expectNear(predict(*imported->module, weights, image), expected);

  // All of its ops are exported, too.
  auto again = exportOnnx(network(*imported->module), fileOf(weights));
  ASSERT_TRUE(!!again) << llvm::toString(again.takeError());
  auto back = importOnnx(&context, *again, "again.onnx", {});
  ASSERT_TRUE(!!back) << llvm::toString(back.takeError());
  expectNear(predict(*back->module, byName(std::move(back->weights)), image),
             expected);
}

namespace {

TEST_F(OnnxRecorded, Planes) { check("layers2d"); }

TEST_F(OnnxRecorded, Volumes) { check("layers3d"); }

} // namespace
