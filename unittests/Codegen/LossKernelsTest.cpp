//===- LossKernelsTest.cpp ------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTest.h"

#include <algorithm>
#include <gtest/gtest.h>

using namespace segc::test;

/// Weights of the classes, with a run of equal ones and zeros among them.
static std::string weightsOf(int classes) {
  std::string text = "weights [";
  for (int c = 0; c < classes; ++c)
    text += std::string(c ? ", " : "") + (c % 5 == 0   ? "0.25"
                                          : c % 5 == 4 ? "0.0"
                                                       : "2.0");
  return text + "] ";
}

namespace {

/// Spatial sizes of one tile and of several; numbers of classes for which
/// kernels are unrolled, and over which they loop.
struct LossShape {
  std::string spatial;
  int classes;
};
const LossShape shapes[] = {{"5x7", 2},   {"9x11", 3},  {"5x7x6", 4},
                            {"4x5", 11},  {"91x93", 3}, {"17x18x19", 2},
                            {"19x17", 37}};

class LossKernels : public testing::TestWithParam<const char *> {
protected:
  KernelTestOptions options(const LossShape &shape) const {
    KernelTestOptions options;
    options.target = GetParam();
    options.largestBatch = 3;
    options.batch = 2;
    options.classes = shape.classes;
    options.low = -4;
    options.high = 4;
    return options;
  }
  /// Of a variant of the Dice loss: masked ones have labels that are no class.
  KernelTestOptions optionsOf(const LossShape &shape,
                              const std::string &variant) const {
    KernelTestOptions options = this->options(shape);
    options.classes += variant.find("masked") != std::string::npos;
    return options;
  }
  static std::string logits(const LossShape &shape) {
    return activation(shape.spatial + "x" + std::to_string(shape.classes));
  }
  static std::string labels(const LossShape &shape) {
    return "tensor<$Nx" + shape.spatial + "xi32>";
  }
};

const char *const diceVariants[] = {
    "smooth 1.0",
    "squared smooth 1.0e-5",
    "batch_reduce smooth 1.0",
    "squared exclude_background sum_classes smooth 1.0",
    "batch_reduce exclude_background smooth 0.5",
    "batch_reduce smooth 1.0 masked",
    "squared smooth 1.0e-5 masked"};

TEST_P(LossKernels, Dice) {
  for (const LossShape &shape : shapes)
    for (const char *variant : diceVariants) {
      std::string z = logits(shape), y = labels(shape),
                  classes = std::to_string(shape.classes);
      std::vector<std::string> results = {"tensor<f32>",
                                          "tensor<" + classes + "xf32>",
                                          "tensor<$Nx3x" + classes + "xf32>"};
      EXPECT_EQ(
          checkKernels(
              fusionFunction({z, y}, results,
                             std::string("%r0, %r1, %r2 = seg.dice %a0, %a1 ") +
                                 variant + " : (" + z + ", " + y + ") -> (" +
                                 results[0] + ", " + results[1] + ", " +
                                 results[2] + ")"),
              optionsOf(shape, variant)),
          "")
          << z << variant;
    }
}

// Of fewer samples than the largest batch.
TEST_P(LossKernels, DiceFromSums) {
  for (const LossShape &shape : shapes)
    for (const char *variant :
         {"smooth 1.0", "exclude_background sum_classes smooth 0.5"}) {
      std::string classes = std::to_string(shape.classes),
                  sums = "tensor<$Nx3x" + classes + "xf32>",
                  each = "tensor<" + classes + "xf32>";
      KernelTestOptions options = this->options(shape);
      options.low = 0;
      EXPECT_EQ(
          checkKernels(
              fusionFunction({sums}, {"tensor<f32>", each},
                             std::string("%r0, %r1 = seg.dice_from_sums %a0 ") +
                                 variant + " : (" + sums +
                                 ") -> (tensor<f32>, " + each + ")"),
              options),
          "")
          << sums << variant;
    }
}

TEST_P(LossKernels, WeightedShare) {
  const std::string s = "tensor<f32>";
  const std::string text =
      fusionFunction({s, s, s}, {s},
                     "%r0 = seg.weighted_share %a0, %a1, %a2 : (" + s + ", " +
                         s + ", " + s + ") -> " + s);
  KernelTestOptions options = this->options(shapes[0]);
  options.low = 0.5;
  EXPECT_EQ(checkKernels(text, options), "");
  options.inputs[2] = {0}; // Nothing has weight on any rank.
  EXPECT_EQ(checkKernels(text, options), "");
}

/// Returns two losses of the same logits, which share a softmax.
std::string bothLosses(const std::string &z, const std::string &y,
                       const std::string &classes) {
  return "%r0 = seg.leaky_relu %a0 slope 0.5 : " + z +
         "\n%r1, %d, %s = seg.dice %r0, %a1 smooth 1.0 : (" + z + ", " + y +
         ") -> (tensor<f32>, tensor<" + classes + "xf32>, tensor<$Nx3x" +
         classes + "xf32>)\n%r2 = seg.cross_entropy %r0, %a1 : (" + z + ", " +
         y + ") -> tensor<f32>";
}

TEST_P(LossKernels, DiceAndCrossEntropy) {
  for (const LossShape &shape : shapes) {
    std::string z = logits(shape), y = labels(shape),
                classes = std::to_string(shape.classes);
    EXPECT_EQ(
        checkKernels(fusionFunction({z, y}, {z, "tensor<f32>", "tensor<f32>"},
                                    bothLosses(z, y, classes)),
                     options(shape)),
        "")
        << z;
  }
}

TEST_P(LossKernels, DiceWithoutSums) {
  std::string z = logits(shapes[1]), y = labels(shapes[1]);
  std::string body = "%r0, %d, %s = seg.dice %a0, %a1 smooth 1.0 : (" + z +
                     ", " + y +
                     ") -> (tensor<f32>, tensor<3xf32>, tensor<$Nx3x3xf32>)";
  EXPECT_EQ(checkKernels(fusionFunction({z, y}, {"tensor<f32>"}, body),
                         options(shapes[1])),
            "");
}

TEST_P(LossKernels, DiceGrad) {
  for (const LossShape &shape : shapes)
    for (const char *variant : diceVariants) {
      std::string z = logits(shape), y = labels(shape),
                  classes = std::to_string(shape.classes);
      std::string sums = "tensor<$Nx3x" + classes + "xf32>";
      KernelTestOptions options = optionsOf(shape, variant);
      // Sums of the size that Dice has, and a gradient above rounding errors.
      Values sumValues;
      for (int i = 0; i < 3 * 3 * shape.classes; ++i)
        sumValues.push_back(20 + i % 7);
      options.inputs = {{2, sumValues}, {3, {100}}};
      EXPECT_EQ(checkKernels(
                    fusionFunction(
                        {z, y, sums, "tensor<f32>"}, {z},
                        std::string("%r0 = seg.dice_grad %a0, %a1, %a2, %a3 ") +
                            variant + " : (" + z + ", " + y + ", " + sums +
                            ", tensor<f32>) -> " + z),
                    options),
                "")
          << z << variant;
    }
}

TEST_P(LossKernels, CrossEntropy) {
  for (const LossShape &shape : shapes)
    for (const char *gamma : {"", "focal_gamma 1.0 ", "focal_gamma 2.0 ",
                              "focal_gamma 0.5 ", "focal_gamma 1.5 "}) {
      std::string z = logits(shape), y = labels(shape);
      EXPECT_EQ(checkKernels(
                    fusionFunction(
                        {z, y}, {"tensor<f32>"},
                        std::string("%r0 = seg.cross_entropy %a0, %a1 ") +
                            gamma + ": (" + z + ", " + y + ") -> tensor<f32>"),
                    options(shape)),
                "")
          << z << gamma;
      KernelTestOptions options = this->options(shape);
      options.inputs = {{2, {1000}}};
      EXPECT_EQ(
          checkKernels(
              fusionFunction(
                  {z, y, "tensor<f32>"}, {z},
                  std::string("%r0 = seg.cross_entropy_grad %a0, %a1, %a2 ") +
                      gamma + ": (" + z + ", " + y + ", tensor<f32>) -> " + z),
              options),
          "")
          << z << gamma;
    }
}

TEST_P(LossKernels, WeightedCrossEntropy) {
  for (const LossShape &shape : shapes)
    for (const char *gamma : {"", "focal_gamma 2.0 ", "focal_gamma 1.5 "}) {
      std::string z = logits(shape), y = labels(shape),
                  attributes = weightsOf(shape.classes) + gamma;
      KernelTestOptions options = this->options(shape);
      // Labels of which the last is no class.
      options.classes = shape.classes + 1;
      EXPECT_EQ(
          checkKernels(
              fusionFunction({z, y}, {"tensor<f32>", "tensor<f32>"},
                             "%r0, %r1 = seg.weighted_cross_entropy %a0, %a1 " +
                                 attributes + ": (" + z + ", " + y +
                                 ") -> (tensor<f32>, tensor<f32>)"),
              options),
          "")
          << z << attributes;
      for (double total : {30.0, 0.0}) {
        options.inputs = {{2, {total}}, {3, {1000}}};
        EXPECT_EQ(
            checkKernels(fusionFunction(
                             {z, y, "tensor<f32>", "tensor<f32>"}, {z},
                             "%r0 = seg.weighted_cross_entropy_grad %a0, %a1, "
                             "%a2, %a3 " +
                                 attributes + ": (" + z + ", " + y +
                                 ", tensor<f32>, tensor<f32>) -> " + z),
                         options),
            "")
            << z << attributes << total;
      }
    }
}

} // namespace

/// Regions that overlap: of label values 1 to `regions`, of which that value is
/// in no region but the first.
static std::string regionsOf(int regions) {
  std::string text = "regions [";
  for (int r = 0; r < regions; ++r) {
    text += r ? ", [" : "[";
    std::string values;
    for (int value = 1; value <= regions; ++value)
      if (r == 0 || (value < regions && (value == r || value % (r + 1) == 1)))
        values += (values.empty() ? "" : ", ") + std::to_string(value);
    text += values + "]";
  }
  return text + "] ";
}

/// Labels: the background, those of regions, and one that is ignored.
static std::vector<std::string> regionVariants(int regions) {
  return {regionsOf(regions),
          regionsOf(regions) + "ignored " + std::to_string(regions + 1) + " "};
}

namespace {

TEST_P(LossKernels, DiceOfRegions) {
  std::vector<LossShape> all(std::begin(shapes), std::end(shapes));
  all.push_back({"9x11", 1});
  for (const LossShape &shape : all)
    for (const std::string &regions : regionVariants(shape.classes))
      for (const char *variant :
           {"smooth 1.0 ", "squared batch_reduce smooth 1.0e-5 "}) {
        std::string z = logits(shape), y = labels(shape),
                    classes = std::to_string(shape.classes),
                    each = "tensor<" + classes + "xf32>",
                    sums = "tensor<$Nx3x" + classes + "xf32>",
                    attributes = variant + regions;
        KernelTestOptions options = this->options(shape);
        options.classes = shape.classes + 2;
        EXPECT_EQ(
            checkKernels(fusionFunction({z, y}, {"tensor<f32>", each, sums},
                                        "%r0, %r1, %r2 = seg.dice %a0, "
                                        "%a1 " +
                                            attributes + ": (" + z + ", " + y +
                                            ") -> (tensor<f32>, " + each +
                                            ", " + sums + ")"),
                         options),
            "")
            << z << attributes;
        Values sumValues;
        for (int i = 0; i < 3 * 3 * shape.classes; ++i)
          sumValues.push_back(20 + i % 7);
        options.inputs = {{2, sumValues}, {3, {100}}};
        EXPECT_EQ(checkKernels(fusionFunction(
                                   {z, y, sums, "tensor<f32>"}, {z},
                                   "%r0 = seg.dice_grad %a0, %a1, %a2, %a3 " +
                                       attributes + ": (" + z + ", " + y +
                                       ", " + sums + ", tensor<f32>) -> " + z),
                               options),
                  "")
            << z << attributes;
      }
}

TEST_P(LossKernels, BinaryCrossEntropy) {
  std::vector<LossShape> all(std::begin(shapes), std::end(shapes));
  all.push_back({"9x11", 1});
  for (const LossShape &shape : all)
    for (const std::string &regions : regionVariants(shape.classes))
      for (const char *sum : {"", "sum_classes "}) {
        std::string z = logits(shape), y = labels(shape),
                    attributes = regions + sum;
        KernelTestOptions options = this->options(shape);
        options.classes = shape.classes + 2;
        EXPECT_EQ(
            checkKernels(
                fusionFunction({z, y}, {"tensor<f32>", "tensor<f32>"},
                               "%r0, %r1 = seg.binary_cross_entropy %a0, %a1 " +
                                   attributes + ": (" + z + ", " + y +
                                   ") -> (tensor<f32>, tensor<f32>)"),
                options),
            "")
            << z << attributes;
        for (double voxels : {30.0, 0.0}) {
          options.inputs = {{2, {voxels}}, {3, {1000}}};
          EXPECT_EQ(
              checkKernels(fusionFunction(
                               {z, y, "tensor<f32>", "tensor<f32>"}, {z},
                               "%r0 = seg.binary_cross_entropy_grad %a0, %a1, "
                               "%a2, %a3 " +
                                   attributes + ": (" + z + ", " + y +
                                   ", tensor<f32>, tensor<f32>) -> " + z),
                           options),
              "")
              << z << attributes << voxels;
        }
      }
}

TEST_P(LossKernels, CertainRegions) {
  const LossShape &shape = shapes[1];
  std::string z = logits(shape), y = labels(shape);
  KernelTestOptions options = this->options(shape);
  // Right and wrong by far; the loss of a right one is small, not lost.
  options.low = -300;
  options.high = 300;
  EXPECT_EQ(checkKernels(
                fusionFunction({z, y}, {"tensor<f32>", "tensor<f32>"},
                               "%r0, %r1 = seg.binary_cross_entropy %a0, %a1 " +
                                   regionsOf(shape.classes) + ": (" + z + ", " +
                                   y + ") -> (tensor<f32>, tensor<f32>)"),
                options),
            "");
}

TEST_P(LossKernels, VoxelCrossEntropy) {
  for (const LossShape &shape : shapes)
    for (const std::string masked : {"", "masked "}) {
      std::string z = logits(shape), y = labels(shape),
                  v = activation(shape.spatial + "x1");
      KernelTestOptions options = optionsOf(shape, masked);
      EXPECT_EQ(
          checkKernels(
              fusionFunction({z, y}, {v},
                             "%r0 = seg.voxel_cross_entropy %a0, %a1 " +
                                 masked + ": (" + z + ", " + y + ") -> " + v),
              options),
          "")
          << z << masked;
      EXPECT_EQ(checkKernels(fusionFunction(
                                 {z, y, v}, {z},
                                 "%r0 = seg.voxel_cross_entropy_grad %a0, %a1, "
                                 "%a2 " +
                                     masked + ": (" + z + ", " + y + ", " + v +
                                     ") -> " + z),
                             options),
                "")
          << z << masked;
    }
}

TEST_P(LossKernels, CertainLogits) {
  // The exponential underflows, so that p is 0 or 1.
  const LossShape &shape = shapes[1];
  std::string z = logits(shape), y = labels(shape);
  KernelTestOptions options = this->options(shape);
  options.low = -300;
  options.high = 300;
  for (const char *gamma : {"", "focal_gamma 2.0 ", "focal_gamma 1.5 "})
    EXPECT_EQ(
        checkKernels(fusionFunction(
                         {z, y}, {"tensor<f32>"},
                         std::string("%r0 = seg.cross_entropy %a0, %a1 ") +
                             gamma + ": (" + z + ", " + y + ") -> tensor<f32>"),
                     options),
        "")
        << gamma;
}

// Kernels of many classes loop over them, so that the size of the code does not
// depend on their number.
TEST_P(LossKernels, CodeSizeDoesNotGrowWithClasses) {
  auto lines = [&](int classes) {
    LossShape shape{"9x11", classes};
    std::string z = logits(shape), y = labels(shape),
                c = std::to_string(classes);
    std::string sums = "tensor<$Nx3x" + c + "xf32>",
                pixel = activation("9x11x1"), pair = " : (" + z + ", " + y;
    size_t count = 0;
    auto add = [&](const std::vector<std::string> &inputs,
                   const std::vector<std::string> &results,
                   const std::string &body) {
      std::string error;
      auto compiled = CompiledFunction::compile(
          fusionFunction(inputs, results, body), options(shape), error);
      ASSERT_TRUE(compiled) << error;
      std::string text = compiled->kernelText();
      count += std::count(text.begin(), text.end(), '\n');
    };
    add({z, y}, {z, "tensor<f32>", "tensor<f32>"}, bothLosses(z, y, c));
    add({z, y, sums, "tensor<f32>"}, {z},
        "%r0 = seg.dice_grad %a0, %a1, %a2, %a3 smooth 1.0" + pair + ", " +
            sums + ", tensor<f32>) -> " + z);
    add({z, y, "tensor<f32>"}, {z},
        "%r0 = seg.cross_entropy_grad %a0, %a1, %a2 focal_gamma 1.5" + pair +
            ", tensor<f32>) -> " + z);
    add({z}, {z}, "%r0 = seg.softmax %a0 : " + z);
    add({z, z}, {z}, "%r0 = seg.softmax_grad %a0, %a1 : " + z);
    add({z}, {pixel}, "%r0 = seg.channel_total %a0 : " + z + " -> " + pixel);
    return count;
  };
  size_t few = lines(50);
  EXPECT_GT(few, 100u);
  // Masked code for channels that do not fill a vector may differ.
  EXPECT_LE(lines(100), few + few / 10);
  EXPECT_LE(lines(200), few + few / 10);
}

INSTANTIATE_TEST_SUITE_P(Targets, LossKernels,
                         testing::Values("x86-64-v3", "x86-64-v4", "sm_90"));

} // namespace
