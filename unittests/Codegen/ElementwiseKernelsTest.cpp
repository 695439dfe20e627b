//===- ElementwiseKernelsTest.cpp -----------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelTest.h"

#include <gtest/gtest.h>

using namespace segc::test;

namespace {

/// Shapes of a sample: channels that divide a vector, that do not, and that
/// fill more than one; sizes of one task and of several.
const char *const shapes[] = {"5x7x1",    "5x7x2",   "9x11x3",
                              "3x5x7x16", "5x7x17",  "3x3x48",
                              "2x3x100",  "90x91x3", "33x32x32"};

class ElementwiseKernels : public testing::TestWithParam<const char *> {
protected:
  KernelTestOptions options() const {
    KernelTestOptions options;
    options.target = GetParam();
    options.largestBatch = 3;
    options.batch = 2;
    return options;
  }
  static std::string channelsOf(const std::string &shape) {
    return shape.substr(shape.rfind('x') + 1);
  }
  static std::string row(const std::string &shape) {
    return "tensor<" + channelsOf(shape) + "xf32>";
  }
  static std::string sampleRow(const std::string &shape) {
    return "tensor<$Nx" + channelsOf(shape) + "xf32>";
  }
};

TEST_P(ElementwiseKernels, SameShape) {
  for (const char *shape : shapes) {
    std::string t = activation(shape);
    EXPECT_EQ(
        checkKernels(
            fusionFunction({t, t}, {t, t},
                           "%r0 = seg.add %a0, %a1 : (" + t + ", " + t +
                               ") -> " + t + "\n%s = seg.sigmoid %r0 : " + t +
                               "\n%r1 = seg.leaky_relu %a1 slope 0.25 : " + t),
            options()),
        "")
        << shape;
  }
}

TEST_P(ElementwiseKernels, Broadcast) {
  for (const char *shape : shapes) {
    std::string t = activation(shape), s = sampleRow(shape), c = row(shape);
    std::string apply = "%r0 = seg.norm_apply %a0, %a1, %a2, %a3, %a4 : (" + t +
                        ", " + s + ", " + s + ", " + c + ", " + c + ") -> " + t;
    EXPECT_EQ(
        checkKernels(fusionFunction({t, s, s, c, c}, {t}, apply), options()),
        "")
        << shape;
  }
}

TEST_P(ElementwiseKernels, OnePixelForAllChannels) {
  for (const char *shape : shapes) {
    std::string t = activation(shape), spatial(shape);
    std::string pixels =
        activation(spatial.substr(0, spatial.rfind('x')) + "x1");
    EXPECT_EQ(
        checkKernels(fusionFunction({t, pixels, row(shape)}, {t},
                                    "%m = seg.mul %a0, %a1 : (" + t + ", " +
                                        pixels + ") -> " + t +
                                        "\n%r0 = seg.prelu %m, %a2 : (" + t +
                                        ", " + row(shape) + ") -> " + t),
                     options()),
        "")
        << shape;
  }
}

TEST_P(ElementwiseKernels, SmallRanks) {
  KernelTestOptions options = this->options();
  for (std::string t : {"tensor<f32>", "tensor<1xf32>", "tensor<37xf32>",
                        "tensor<40000xf32>", "tensor<3x48xf32>"})
    EXPECT_EQ(checkKernels(fusionFunction({t, "tensor<f32>"}, {t},
                                          "%s = seg.scale %a0 by 0.5 : " + t +
                                              "\n%r0 = seg.mul %s, %a1 : (" +
                                              t + ", tensor<f32>) -> " + t),
                           options),
              "")
        << t;
}

// The sum of a filter's gradients covers every tap, whatever the batch.
TEST_P(ElementwiseKernels, FilterGradients) {
  const char *text = R"mlir(
    func.func @f(%x: tensor<3x3x2x4xf32>, %y: tensor<3x3x2x4xf32>) -> tensor<3x3x2x4xf32> {
      %r = seg.fusion (%a = %x : tensor<3x3x2x4xf32>, %b = %y : tensor<3x3x2x4xf32>) -> (tensor<3x3x2x4xf32>)
          attributes {strategy = #seg.strategy<pointwise, unbatched>} {
        %s = seg.add %a, %b : (tensor<3x3x2x4xf32>, tensor<3x3x2x4xf32>) -> tensor<3x3x2x4xf32>
        seg.yield %s : tensor<3x3x2x4xf32>
      }
      return %r : tensor<3x3x2x4xf32>
    })mlir";
  EXPECT_EQ(checkKernels(text, options()), "");
}

// Parts of odd shapes, with broadcasts, casts and a value that two of them
// read.
TEST(HorizontalKernels, OddShapes) {
  const char *text = R"mlir(
    !a = tensor<1031xf32>
    !w = tensor<3x3x5x7xf32>
    !wh = tensor<3x3x5x7xbf16>
    !v = tensor<2x9x48xf32>
    !c = tensor<48xf32>
    !s = tensor<f32>
    func.func @f(%x: !a, %y: !w, %z: !v, %u: !c, %n: !s)
        -> (!a, !wh, !v, !c, !v, !s) {
      %r:6 = seg.fusion (%a = %x : !a, %b = %y : !w, %v = %z : !v, %c = %u : !c, %s = %n : !s)
          -> (!a, !wh, !v, !c, !v, !s) attributes {strategy = #seg.strategy<horizontal>} {
        %0 = seg.mul %a, %s : (!a, !s) -> !a
        %1 = seg.relu %b : !w
        %2 = seg.cast %1 : !w -> !wh
        %3 = seg.prelu %v, %c : (!v, !c) -> !v
        %4 = seg.scale %c by 0.5 : !c
        %5 = seg.sigmoid %3 : !v
        %6 = seg.scale %s by 3.0 : !s
        seg.yield %0, %2, %3, %4, %5, %6 : !a, !wh, !v, !c, !v, !s
      }
      return %r#0, %r#1, %r#2, %r#3, %r#4, %r#5 : !a, !wh, !v, !c, !v, !s
    })mlir";
  KernelTestOptions options = gpuOptions();
  options.levels = 16; // Exact in bf16.
  EXPECT_EQ(checkKernels(text, options), "");
  options.inPlace = {{0, 0}, {2, 2}};
  EXPECT_EQ(checkKernels(text, options), "");
}

TEST_P(ElementwiseKernels, Dropout) {
  for (const char *shape : {"5x7x3", "9x3x5x17"}) {
    std::string t = activation(shape), i = "tensor<i64>";
    KernelTestOptions options = this->options();
    options.inputs = {{1, {7}}, {2, {11}}, {3, {1000}}};
    EXPECT_EQ(
        checkKernels(
            fusionFunction(
                {t, i, i, i}, {t},
                "%r0 = seg.dropout %a0 key(%a1, %a2, %a3) rate 0.3 id 5 : (" +
                    t + ", " + i + ", " + i + ", " + i + ") -> " + t),
            options),
        "")
        << shape;
  }
}

TEST_P(ElementwiseKernels, InPlace) {
  std::string t = activation("5x7x3");
  KernelTestOptions options = this->options();
  options.inPlace = {{0, 0}};
  EXPECT_EQ(checkKernels(fusionFunction({t}, {t}, "%r0 = seg.relu %a0 : " + t),
                         options),
            "");
}

TEST_P(ElementwiseKernels, ChannelSum) {
  for (const char *shape : shapes)
    EXPECT_EQ(checkKernels(fusionFunction({activation(shape)}, {row(shape)},
                                          "%r0 = seg.channel_sum %a0 : " +
                                              activation(shape) + " -> " +
                                              row(shape)),
                           options()),
              "")
        << shape;
  for (std::string type : {"tensor<$Nx5xf32>", "tensor<5xf32>"})
    EXPECT_EQ(checkKernels(fusionFunction({type}, {"tensor<5xf32>"},
                                          "%r0 = seg.channel_sum %a0 : " +
                                              type + " -> tensor<5xf32>"),
                           options()),
              "")
        << type;
}

TEST_P(ElementwiseKernels, ChannelTotal) {
  for (const char *shape : shapes) {
    std::string t = activation(shape), spatial(shape);
    std::string pixels =
        activation(spatial.substr(0, spatial.rfind('x')) + "x1");
    EXPECT_EQ(checkKernels(fusionFunction({t}, {pixels},
                                          "%r0 = seg.channel_total %a0 : " + t +
                                              " -> " + pixels),
                           options()),
              "")
        << shape;
  }
}

TEST_P(ElementwiseKernels, Softmax) {
  for (const char *shape : shapes) {
    std::string t = activation(shape);
    KernelTestOptions options = this->options();
    options.low = -30;
    options.high = 30;
    EXPECT_EQ(
        checkKernels(fusionFunction({t}, {t}, "%r0 = seg.softmax %a0 : " + t),
                     options),
        "")
        << shape;
    EXPECT_EQ(
        checkKernels(fusionFunction({t, t}, {t},
                                    "%r0 = seg.softmax_grad %a0, %a1 : " + t),
                     this->options()),
        "")
        << shape;
  }
}

TEST_P(ElementwiseKernels, Cast) {
  // Casts to 16 bits and back. The reference does not round in between, so the
  // tolerance is half a unit in the last place of the 16-bit type.
  for (const char *shape : {"5x7x3", "90x91x3"})
    for (auto [narrow, tolerance] :
         {std::pair("f16", 0x1p-11), std::pair("bf16", 0x1p-8)}) {
      std::string t = activation(shape),
                  half = "tensor<$Nx" + std::string(shape) + "x" + narrow + ">";
      KernelTestOptions options = this->options();
      options.tolerance = tolerance;
      EXPECT_EQ(
          checkKernels("func.func @f(%x: " + t + ") -> " + t +
                           " {\n%h = seg.fusion (%a = %x : " + t + ") -> (" +
                           half + ") {\n%y = seg.cast %a : " + t + " -> " +
                           half + "\nseg.yield %y : " + half +
                           "\n}\n%r = seg.fusion (%a = %h : " + half +
                           ") -> (" + t + ") {\n%y = seg.cast %a : " + half +
                           " -> " + t + "\nseg.yield %y : " + t +
                           "\n}\nreturn %r : " + t + "\n}",
                       options),
          "")
          << shape << narrow;
    }
}

INSTANTIATE_TEST_SUITE_P(Targets, ElementwiseKernels,
                         testing::Values("x86-64-v3", "x86-64-v4", "sm_90"));

} // namespace
