//===- ConvCase.h - Convolutions to test ------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_CODEGEN_CONVCASE_H
#define SEGC_UNITTESTS_CODEGEN_CONVCASE_H

#include "KernelTest.h"
#include "llvm/ADT/SmallVector.h"

namespace segc::test {

using Sizes = llvm::SmallVector<int64_t, 3>;

/// A convolution from the large to the small side, with an optional epilogue
/// and strategy.
struct ConvCase {
  Sizes large, taps, strides, low, high;
  int64_t in, out; ///< Channels of the large and the small side.
  bool transposeFilter = false;
  bool epilogue = false; ///< Adds a bias where the op has one, a residual sum
                         ///< and a ReLU.
  int64_t sums = 1;      ///< Number of times that the residual is added.
  std::string strategy = "";
  Sizes dilations = {}; ///< If empty, all are 1.
  int64_t groups = 1;
};

/// The types of the large side, the small side and the filter.
struct ConvTypes {
  std::string large, small, filter;
};
ConvTypes convTypes(const ConvCase &c);
/// Returns strides and padding in the ops' syntax.
std::string convAttributes(const ConvCase &c, bool mayTranspose = true);

/// Prints the parameter of a failing test.
void PrintTo(const ConvCase &c, std::ostream *os);

// These return functions of one fusion with the op as root. Inputs are the
// operands, then the residual.
std::string convText(const ConvCase &c);
std::string inputGradText(const ConvCase &c);
std::string filterGradText(const ConvCase &c);
/// The op is from the small to the large side. Its output has only rows that
/// windows reach, so the large side may be smaller than c's.
std::string convTransposeText(ConvCase c);

/// Returns "tensor<$Nx5x7x16xf32>" for 5x7 positions of 16 channels.
std::string channelsAt(const Sizes &size, int64_t channels);

/// Ops that compute %x, the large side of a convolution.
struct Prologue {
  std::vector<std::string> inputs;
  std::string body;
};
/// Concatenates tensors with these numbers of channels.
Prologue concatenated(const Sizes &size, const std::vector<int64_t> &parts);
/// Multiplies a tensor with a function of one channel.
Prologue gated(const std::string &type);
/// Returns a function of one fusion: `op` (conv or conv_filter_grad) on %x and
/// the next input.
std::string prologueText(const ConvCase &c, Prologue prologue,
                         const std::string &op);

/// Quantizes both factors of the convolution of a text, or its input alone. The
/// operands are called `input` and `filter`. The scale of inputs is a power of
/// two, by which the division is exact.
std::string quantizedText(std::string text, const std::string &input,
                          const std::string &filter, bool keepsFilter = false);

/// Compares the kernels of every instruction-set version with the reference.
void checkConv(const std::string &text, KernelTestOptions options = {});

} // namespace segc::test

#endif // SEGC_UNITTESTS_CODEGEN_CONVCASE_H
