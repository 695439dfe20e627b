//===- GpuConvCase.h - Convolutions to test on GPUs -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_CODEGEN_GPUCONVCASE_H
#define SEGC_UNITTESTS_CODEGEN_GPUCONVCASE_H

#include "ConvCase.h"

#include <functional>

namespace segc::test {

/// Options for sums of so many products of values below 1: each addition has an
/// error of about 2^-24 times the sum.
KernelTestOptions optionsFor(int64_t products);
int64_t tapsOf(const ConvCase &c);
int64_t pixelsOf(const ConvCase &c); ///< Of the large side.
ConvCase withGroups(ConvCase c, int64_t groups, Sizes dilations = {});

/// Sets the strategy of the fusion: `number` of the samples of a model, the
/// last if there are fewer.
std::function<void(seg::FusionOp)>
sample(const std::string &version, const std::string &kind, size_t number);
/// Factors are what is stored, sums are of f32. Kinds of wgmma take sm_90a.
void useTensorCores(KernelTestOptions &options, const std::string &narrow,
                    size_t number = 0, const std::string &kind = "mma_sync");
/// Factors are f32 in memory, and multiplied as tf32. With `exact` they have so
/// many levels, whose bits tf32 has.
void useTf32(KernelTestOptions &options, bool exact, size_t number = 0,
             const std::string &kind = "mma_sync", int64_t levels = 1024);

/// A convolution of a normalised input, with statistics of its result.
std::string normalised(const ConvCase &c);
/// A convolution of 16-bit values by a filter in f32, with a residual sum and
/// statistics.
std::string withWideFilter(const ConvCase &c, const std::string &narrow,
                           bool inputGrad);

/// Checks all ops of the family, with options that `change` may set.
void checkRoles(
    const ConvCase &c, const std::function<void(KernelTestOptions &)> &change =
                           [](KernelTestOptions &) {});

/// Convolutions that kernels of patches take: boxes that the output cuts in all
/// dimensions, padding and none, several chunks of channels, taps in some
/// dimensions.
std::vector<ConvCase> patchShapes();

/// Checks the convolution with the strategy or, if `parts` is not 0, its filter
/// gradient in so many parts, several of which leave sums in the temporary.
void checkTiling(ConvCase c, const std::string &strategy, int64_t parts,
                 const KernelTestOptions &options);

/// A convolution of 16-bit values with the parameters of a strategy.
struct StrategyCase {
  ConvCase conv;
  const char *narrow;
  const char *parameters;

  /// The convolution with the strategy of that kind.
  ConvCase of(const std::string &kind) const;
  /// For sums of so many products, rounded as they are stored.
  KernelTestOptions options(int64_t products) const;
};
void PrintTo(const StrategyCase &c, std::ostream *os);

/// Expects errors about strategies; holds what those of a test have in common.
struct StrategyErrors {
  std::string start; ///< Of the strategy: "wgmma, multiply_type = bf16, ".
  ConvCase shape;    ///< Of a call that gives none.
  KernelTestOptions options = gpuOptions();
  std::function<std::string(const ConvCase &)> text = convText;

  /// The strategy is `start` and `rest`; a part of the message is `error`.
  void operator()(const std::string &rest, const std::string &error) const {
    (*this)(rest, error, shape);
  }
  void operator()(const std::string &rest, const std::string &error,
                  ConvCase c) const;
  /// The same on another target, with other types in memory, of another op.
  StrategyErrors on(const std::string &otherTarget) const;
  StrategyErrors storedAs(const std::string &otherNarrow) const;
  StrategyErrors
  of(const std::function<std::string(const ConvCase &)> &otherText) const;
};

} // namespace segc::test

#endif // SEGC_UNITTESTS_CODEGEN_GPUCONVCASE_H
