//===- RecordedLossesTest.cpp - Losses of nnU-Net v2 ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The losses and gradients that bench/peers/record_losses.py recorded. v2's
// Dice loss is -D where ours is 1 - D.

#include "ReferenceTest.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cmath>

using namespace mlir;
using namespace segc;
using namespace segc::reference;

namespace {

/// An objective is one or two losses, whose ops define %dice and %entropy and
/// the gradients %dice_grad and %entropy_grad.
class RecordedLosses : public ReferenceTest {
protected:
  RecordedLosses() {
    auto file = llvm::MemoryBuffer::getFile(
        SEGC_SOURCE_DIR "/unittests/Reference/golden/losses.json");
    EXPECT_TRUE(bool(file));
    auto json = llvm::json::parse((*file)->getBuffer());
    EXPECT_TRUE(bool(json));
    recorded = *json->getAsObject();
    shape = integers("shape");
    shape.push_back(recorded.getInteger("channels").value_or(0));
  }

  std::vector<double> numbers(const llvm::json::Object &object,
                              llvm::StringRef name) {
    std::vector<double> values;
    for (const llvm::json::Value &value : *object.getArray(name))
      values.push_back(value.getAsNumber().value_or(NAN));
    return values;
  }
  std::vector<int64_t> integers(llvm::StringRef name) {
    std::vector<double> values = numbers(recorded, name);
    return {values.begin(), values.end()};
  }
  std::string number(llvm::StringRef name) {
    std::string text;
    llvm::raw_string_ostream(text)
        << llvm::formatv("{0:E}", recorded.getNumber(name).value_or(NAN));
    return text;
  }
  std::string regionsText() {
    std::string text;
    llvm::raw_string_ostream(text) << *recorded.get("regions");
    return "regions " + text + " ";
  }
  std::string ignoredText() { return "ignored " + integerText("ignored"); }
  std::string integerText(llvm::StringRef name) {
    return std::to_string(recorded.getInteger(name).value_or(-1)) + " ";
  }

  static std::string diceText(const std::string &attributes) {
    return "%dice, %each, %sums = seg.dice %z, %t " + attributes +
           " : (!z, !t) -> (!s, tensor<3xf64>, tensor<2x3x3xf64>)\n"
           "%dice_grad = seg.dice_grad %z, %t, %sums, %one " +
           attributes + " : (!z, !t, tensor<2x3x3xf64>, !s) -> !z\n";
  }
  /// A loss with a second result that its gradient reads.
  static std::string entropyText(const std::string &op,
                                 const std::string &attributes) {
    return "%entropy, %total = seg." + op + " %z, %t " + attributes +
           " : (!z, !t) -> (!s, !s)\n%entropy_grad = seg." + op +
           "_grad %z, %t, %total, %one " + attributes +
           " : (!z, !t, !s, !s) -> !z\n";
  }
  std::string topKText(const std::string &masked) {
    return "%losses = seg.voxel_cross_entropy %z, %t " + masked +
           " : (!z, !t) -> !v\n"
           "%entropy, %threshold, %weight, %tie = seg.top_k_mean %losses "
           "percent " +
           number("percent") +
           " : (!v) -> (!s, !s, !s, !s)\n"
           "%each_grad = seg.top_k_mean_grad %losses, %threshold, %weight, "
           "%tie, %one : (!v, !s, !s, !s, !s) -> !v\n"
           "%entropy_grad = seg.voxel_cross_entropy_grad %z, %t, %each_grad " +
           masked + " : (!z, !t, !v) -> !z\n";
  }

  /// Compares an objective with the record `name`.
  void check(const std::string &name, const std::string &dice,
             const std::string &entropy, llvm::StringRef labels = "labels") {
    std::string text =
        "!z = tensor<2x2x3x5x3xf64>\n!t = tensor<2x2x3x5xi32>\n"
        "!v = tensor<2x2x3x5x1xf64>\n!s = tensor<f64>\n"
        "func.func @f(%z: !z, %t: !t, %one: !s) -> (!s, !z) {\n" +
        dice + entropy;
    if (dice.empty())
      text += "return %entropy, %entropy_grad : !s, !z\n}\n";
    else
      text += "%loss = seg.add %dice, %entropy : (!s, !s) -> !s\n"
              "%grad = seg.add %dice_grad, %entropy_grad : (!z, !z) -> !z\n"
              "return %loss, %grad : !s, !z\n}\n";
    std::vector<HostTensor> results = run(
        text, {HostTensor(shape, ElementKind::F64, numbers(recorded, "logits")),
               labelsOf(labels), HostTensor::scalar(1.0)});
    ASSERT_EQ(results.size(), 2u) << name;
    const llvm::json::Object &expected =
        *recorded.getObject("cases")->getObject(name);
    // v2 converts the regions' targets to f32.
    constexpr double tolerance = 1e-6;
    EXPECT_NEAR(results[0][0] - (dice.empty() ? 0 : 1),
                expected.getNumber("loss").value_or(NAN), tolerance)
        << name;
    std::vector<double> gradient = numbers(expected, "gradient");
    ASSERT_EQ(static_cast<int64_t>(gradient.size()), results[1].size());
    for (size_t i = 0; i < gradient.size(); ++i)
      EXPECT_NEAR(results[1][static_cast<int64_t>(i)], gradient[i], tolerance)
          << name << ", element " << i;
  }

  std::string smoothText() { return "smooth " + number("smooth") + " "; }

private:
  HostTensor labelsOf(llvm::StringRef name) {
    HostTensor labels(ArrayRef<int64_t>(shape).drop_back(), ElementKind::I32);
    llvm::copy(integers(name), labels.integers().begin());
    return labels;
  }

  llvm::json::Object recorded;
  std::vector<int64_t> shape;
};

TEST_F(RecordedLosses, Regions) {
  for (bool batch : {false, true})
    for (bool ignored : {false, true}) {
      const std::string left = ignored ? ignoredText() : "";
      check(std::string("regions") + (batch ? "_batch" : "") +
                (ignored ? "_ignored" : ""),
            diceText((batch ? "batch_reduce " : "") + smoothText() +
                     regionsText() + left),
            // With an ignored label v2 divides by the voxels alone.
            entropyText("binary_cross_entropy",
                        regionsText() + left + (ignored ? "sum_classes" : "")));
    }
}

TEST_F(RecordedLosses, ClassesWithAnIgnoredLabel) {
  for (bool batch : {false, true})
    check(std::string("classes") + (batch ? "_batch" : "") + "_ignored",
          diceText((batch ? "batch_reduce " : "") +
                   std::string("exclude_background ") + smoothText() +
                   "masked"),
          entropyText("weighted_cross_entropy", "weights [1.0, 1.0, 1.0]"));
}

TEST_F(RecordedLosses, TopK) {
  const std::string plain = "exclude_background " + smoothText();
  check("top_k", "", topKText(""), "plain_labels");
  check("top_k_ignored", "", topKText("masked"));
  check("dice_top_k", diceText(plain), topKText(""), "plain_labels");
  check("dice_top_k_batch_ignored",
        diceText("batch_reduce " + plain + "masked"), topKText("masked"));
}

} // namespace
