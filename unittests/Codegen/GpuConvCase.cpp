//===- GpuConvCase.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GpuConvCase.h"

#include "gmock/gmock.h"

using namespace segc;
using namespace segc::test;

KernelTestOptions segc::test::optionsFor(int64_t products) {
  KernelTestOptions options = gpuOptions();
  options.tolerance = 1e-6 * std::max<int64_t>(10, products / 10);
  return options;
}

int64_t segc::test::tapsOf(const ConvCase &c) {
  int64_t taps = 1;
  for (int64_t count : c.taps)
    taps *= count;
  return taps;
}

int64_t segc::test::pixelsOf(const ConvCase &c) {
  int64_t pixels = 1;
  for (int64_t size : c.large)
    pixels *= size;
  return pixels;
}

ConvCase segc::test::withGroups(ConvCase c, int64_t groups, Sizes dilations) {
  c.groups = groups;
  c.dilations = dilations;
  return c;
}

std::function<void(seg::FusionOp)>
segc::test::sample(const std::string &version, const std::string &kind,
                   size_t number) {
  return [=](seg::FusionOp fusion) {
    Target target = targetOf(version);
    StrategyContext context{target};
    context.multiplyTypes = target.version->multiplyTypes;
    mlir::Operation *root = fusion.getRoot();
    for (const KernelModel *model : target.backend->modelsOf(root)) {
      if (model->kind(root->getName()) != kind)
        continue;
      auto samples = model->samples(fusion, context);
      seg::StrategyAttr strategy =
          samples[std::min(number, samples.size() - 1)].strategy;
      EXPECT_TRUE(strategy) << samples.front().reason;
      fusion.setStrategyAttr(strategy);
    }
  };
}

void segc::test::useTensorCores(KernelTestOptions &options,
                                const std::string &narrow, size_t number,
                                const std::string &kind) {
  options.narrow = narrow;
  options.tolerance += narrow == "f16" ? 0x1p-11 : 0x1p-8;
  if (llvm::StringRef(kind).starts_with("wgmma"))
    options.target = "sm_90a";
  options.choose = sample(options.target, kind, number);
}

void segc::test::useTf32(KernelTestOptions &options, bool exact, size_t number,
                         const std::string &kind, int64_t levels) {
  if (exact)
    options.levels = levels;
  else
    options.tolerance = 2e-2; // Of sums of up to about a thousand products.
  options.choose = [=](seg::FusionOp fusion) {
    mlir::Operation *root = fusion.getRoot();
    root->setAttr(seg::precisionAttrName,
                  mlir::StringAttr::get(root->getContext(), "tf32"));
    sample("sm_90", kind, number)(fusion);
  };
}

std::string segc::test::normalised(const ConvCase &c) {
  ConvTypes types = convTypes(c);
  std::string x = types.large, y = types.small, g = vectorOf(c.in),
              s = perSample(c.in), t = perSample(c.out);
  return fusionFunction(
      {x, s, s, g, g, types.filter}, {y, t, t},
      "%n = seg.norm_apply %a0, %a1, %a2, %a3, %a4 : (" + x + ", " + s + ", " +
          s + ", " + g + ", " + g + ") -> " + x +
          "\n%l = seg.leaky_relu %n slope 0.01 : " + x +
          "\n%r0 = seg.conv %l, %a5 " + convAttributes(c) + " : (" + x + ", " +
          types.filter + ") -> " + y +
          "\n%r1, %r2 = seg.norm_stats instance %r0 epsilon 1.0e-2 : (" + y +
          ") -> (" + t + ", " + t + ")");
}

std::string segc::test::withWideFilter(const ConvCase &c,
                                       const std::string &narrow,
                                       bool inputGrad) {
  ConvTypes types = convTypes(c);
  std::string x = inputGrad ? types.small : types.large,
              y = inputGrad ? types.large : types.small,
              t = perSample(inputGrad ? c.in : c.out);
  auto narrowed = [&](std::string type) {
    return type.replace(type.rfind("f32"), 3, narrow);
  };
  return fusionFunction(
      {narrowed(x), types.filter, y}, {narrowed(y), t, t},
      "%x = seg.cast %a0 : " + narrowed(x) + " -> " + x + "\n%c = seg." +
          (inputGrad ? "conv_input_grad" : "conv") + " %x, %a1 " +
          convAttributes(c) + " : (" + x + ", " + types.filter + ") -> " + y +
          "\n%s = seg.add %c, %a2 : (" + y + ", " + y + ") -> " + y +
          "\n%r0 = seg.cast %s : " + y + " -> " + narrowed(y) +
          "\n%w = seg.cast %r0 : " + narrowed(y) + " -> " + y +
          "\n%r1, %r2 = seg.norm_stats instance %w epsilon 1.0e-2 : (" + y +
          ") -> (" + t + ", " + t + ")");
}

void segc::test::checkRoles(
    const ConvCase &c, const std::function<void(KernelTestOptions &)> &change) {
  auto check = [&](const std::string &text, int64_t products) {
    KernelTestOptions options = optionsFor(products);
    change(options);
    EXPECT_EQ(checkKernels(text, options), "") << text;
  };
  int64_t taps = tapsOf(c);
  check(convText(c), c.in / c.groups * taps);
  check(inputGradText(c), c.out / c.groups * taps);
  check(convTransposeText(c), c.out / c.groups * taps);
  KernelTestOptions options = optionsFor(2 * pixelsOf(c));
  change(options);
  // Filter gradients are never of 16 bits.
  options.narrowResults = false;
  EXPECT_EQ(checkKernels(filterGradText(c), options), "") << filterGradText(c);
}

std::vector<ConvCase> segc::test::patchShapes() {
  return {{{9, 11}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, 16, 32},
          {{7, 19}, {3, 3}, {1, 1}, {0, 0}, {0, 0}, 48, 16},
          {{12, 9}, {5, 2}, {1, 1}, {2, 1}, {2, 0}, 32, 16},
          {{5, 6, 7}, {3, 3, 3}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, 16, 16},
          {{3, 9, 10}, {1, 3, 3}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1}, 32, 48}};
}

void segc::test::checkTiling(ConvCase c, const std::string &strategy,
                             int64_t parts, const KernelTestOptions &options) {
  c.strategy = strategy;
  int64_t bytes = parts > 1 ? parts * tapsOf(c) * c.in * c.out * 4 : 0;
  if (parts)
    c.strategy += ", parts = " + std::to_string(parts) +
                  ", temp_bytes = " + std::to_string(bytes);
  EXPECT_EQ(checkKernels(parts ? filterGradText(c) : convText(c), options), "")
      << c.strategy;
}

ConvCase segc::test::StrategyCase::of(const std::string &kind) const {
  ConvCase result = conv;
  result.strategy = kind + ", multiply_type = " + narrow + ", " + parameters;
  return result;
}

KernelTestOptions segc::test::StrategyCase::options(int64_t products) const {
  KernelTestOptions options = optionsFor(products);
  options.narrow = narrow;
  options.tolerance += options.narrow == "f16" ? 0x1p-11 : 0x1p-8;
  return options;
}

void segc::test::PrintTo(const StrategyCase &c, std::ostream *os) {
  *os << c.parameters << ", ";
  PrintTo(c.conv, os);
}

void StrategyErrors::operator()(const std::string &rest,
                                const std::string &error, ConvCase c) const {
  c.strategy = start + rest;
  EXPECT_THAT(checkKernels(text(c), options), testing::HasSubstr(error));
}

StrategyErrors StrategyErrors::on(const std::string &otherTarget) const {
  StrategyErrors other = *this;
  other.options.target = otherTarget;
  return other;
}

StrategyErrors StrategyErrors::storedAs(const std::string &otherNarrow) const {
  StrategyErrors other = *this;
  other.options.narrow = otherNarrow;
  return other;
}

StrategyErrors StrategyErrors::of(
    const std::function<std::string(const ConvCase &)> &otherText) const {
  StrategyErrors other = *this;
  other.text = otherText;
  return other;
}
