//===- PrologueKernelsTest.cpp - Operands with prologues ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConvCase.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace segc::test;

namespace {

std::string channelsOf(const std::string &type) {
  return type.substr(type.rfind('x', type.rfind('x') - 1) + 1);
}

/// A normalisation with statistics of the batch or of each sample, and a ReLU.
Prologue normalised(const std::string &type, bool instance) {
  std::string row = "tensor<" + channelsOf(type),
              s = instance ? "tensor<$Nx" + channelsOf(type) : row;
  return {{type, s, s, row, row},
          "%n = seg.norm_apply %a0, %a1, %a2, %a3, %a4 : (" + type + ", " + s +
              ", " + s + ", " + row + ", " + row + ") -> " + type +
              "\n%x = seg.leaky_relu %n slope 0.01 : " + type + "\n"};
}

/// Returns the type of a larger tensor and the text that crops it.
std::pair<std::string, std::string>
cropped(const std::string &names, const Sizes &size, int64_t channels) {
  Sizes larger = size;
  std::string offsets;
  for (size_t d = 0; d < size.size(); ++d) {
    larger[d] += 3;
    offsets += (d ? ", " : "") + std::to_string(d + 1);
  }
  auto [result, input] = llvm::StringRef(names).split(' ');
  std::string type = channelsAt(larger, channels);
  return {type, result.str() + " = seg.crop " + input.str() + " at [" +
                    offsets + "] : " + type + " -> " +
                    channelsAt(size, channels) + "\n"};
}

/// A concatenation of a tensor, a crop and a sum with `parts` channels.
Prologue croppedAndAdded(const Sizes &size, std::array<int64_t, 3> parts) {
  std::string first = channelsAt(size, parts[0]),
              crop = channelsAt(size, parts[1]),
              sum = channelsAt(size, parts[2]),
              all = channelsAt(size, parts[0] + parts[1] + parts[2]);
  auto [large, text] = cropped("%c %a1", size, parts[1]);
  return {{first, large, sum, sum},
          text + "%s = seg.add %a2, %a3 : (" + sum + ", " + sum + ") -> " +
              sum + "\n%x = seg.concat %a0, %c, %s : (" + first + ", " + crop +
              ", " + sum + ") -> " + all + "\n"};
}

/// A concatenation of a part that one channel of a crop scales, and another
/// part.
Prologue partlyGated(const Sizes &size, std::array<int64_t, 2> parts) {
  std::string first = channelsAt(size, parts[0]),
              second = channelsAt(size, parts[1]), one = channelsAt(size, 1);
  auto [large, text] = cropped("%c %a2", size, 1);
  return {{first, second, large},
          text + "%g = seg.sigmoid %c : " + one + "\n%s = seg.mul %a1, %g : (" +
              second + ", " + one + ") -> " + second +
              "\n%x = seg.concat %a0, %s : (" + first + ", " + second +
              ") -> " + channelsAt(size, parts[0] + parts[1]) + "\n"};
}

void check(const ConvCase &c, const Prologue &prologue, const std::string &op) {
  checkConv(prologueText(c, prologue, op));
}

void checkAll(const ConvCase &c) {
  int64_t third = c.in / 3;
  for (const char *op : {"conv", "conv_filter_grad"}) {
    check(c, normalised(convTypes(c).large, false), op);
    check(c, normalised(convTypes(c).large, true), op);
    check(c, croppedAndAdded(c.large, {third, third + 1, c.in - 2 * third - 1}),
          op);
    check(c, gated(convTypes(c).large), op);
    check(c, partlyGated(c.large, {third, c.in - third}), op);
  }
}

// The padding is zero after the prologue, not before it.
TEST(PrologueKernels, WinogradConvolutions) {
  checkAll({{6, 7, 9}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 32, 16});
  checkAll({{19, 22}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 49, 32});
}
// With a prologue, the input is packed even if there is no padding.
TEST(PrologueKernels, DirectConvolutions) {
  checkAll({{9, 11}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 16, 48});
  checkAll({{13, 21}, {5, 5}, {1, 1}, {2, 2}, {2, 2}, 5, 20});
  checkAll({{6, 10, 8}, {2, 2, 2}, {2, 2, 2}, {0, 0, 0}, {0, 0, 0}, 17, 33});
}
TEST(PrologueKernels, FewOutputChannels) {
  checkAll({{5, 6, 11}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 33, 3});
  checkAll({{9, 13}, {1, 1}, {1, 1}, {0, 0}, {0, 0}, 48, 2});
}

// A value that root and epilogue read is recomputed in the epilogue.
TEST(PrologueKernels, ReadByRootAndEpilogue) {
  std::string t = activation("6x7x9x16"), w = "tensor<3x3x3x16x16xf32>";
  checkConv(fusionFunction({t, w}, {t},
                           "%x = seg.relu %a0 : " + t +
                               "\n%y = seg.conv %x, %a1 strides [1, 1, 1] "
                               "pad_low [1, 1, 1] pad_high "
                               "[1, 1, 1] : (" +
                               t + ", " + w + ") -> " + t +
                               "\n%r0 = seg.add %y, %x : (" + t + ", " + t +
                               ") -> " + t));
}

// An operand that kernels do not pack has no prologue.
TEST(PrologueKernels, UnsupportedOperand) {
  std::string t = activation("6x7x16"), w = "tensor<3x3x16x16xf32>";
  std::string text = fusionFunction(
      {t, w}, {t},
      "%v = seg.relu %a1 : " + w +
          "\n%r0 = seg.conv %a0, %v strides [1, 1] pad_low [1, 1] pad_high [1, "
          "1] : (" +
          t + ", " + w + ") -> " + t);
  EXPECT_THAT(checkKernels(text),
              testing::HasSubstr("has a prologue of operand #1"));
}

} // namespace
