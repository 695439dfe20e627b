//===- AugmentedPatchesTest.cpp - The entry augment against the renderer --===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The host's renderer and the reference evaluation of the entry make the same
// patches of the same draws: two programs that share no formula.

#include "mlir/Parser/Parser.h"
#include "segc/Pipelines/Phases.h"
#include "segc/Plan/AugmentEntry.h"
#include "segc/Plan/CropExtents.h"
#include "segc/Reference/Reference.h"
#include "segc/Runtime/Augment/PatchCrops.h"
#include "segc/Runtime/Augment/PatchSamples.h"
#include "segc/Transforms/AugmentPasses.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace segc;
using reference::ElementKind;
using reference::HostTensor;

namespace {

constexpr int64_t channels = 2, samples = 40;

/// A case of formulas; some voxels have no label.
struct MadeCase {
  std::vector<float> image;
  std::vector<int16_t> labels;
  std::vector<int64_t> foreground;

  explicit MadeCase(Shape3 shape) {
    for (int64_t z = 0; z < shape[0]; ++z)
      for (int64_t y = 0; y < shape[1]; ++y)
        for (int64_t x = 0; x < shape[2]; ++x) {
          for (int64_t c = 0; c < channels; ++c)
            image.push_back(static_cast<float>(
                std::sin(0.9 * static_cast<double>(x + c)) +
                std::cos(0.7 * static_cast<double>(y + 2 * z))));
          labels.push_back(
              static_cast<int16_t>((z / 2 + y / 3 + x / 4) % 4 - 1));
          if (labels.back() > 0)
            foreground.push_back(static_cast<int64_t>(labels.size()) - 1);
        }
  }
  PreparedCase prepared(Shape3 shape) const {
    PreparedCase result;
    result.name = "made";
    result.shape = shape;
    result.channels = channels;
    result.image = image.data();
    result.labels = labels.data();
    result.classVoxels = {foreground};
    return result;
  }
};

/// The inputs of the entry, of all samples.
struct EntryInputs {
  std::vector<float> crop, maps, intensities;
  std::vector<int32_t> labels, keys;

  EntryInputs(const PatchCrops &crops, const std::vector<AugmentKey> &drawn) {
    const std::vector<TensorSignature> tensors = crops.tensors();
    auto one = [&](size_t i) {
      return static_cast<size_t>(tensors[i].elements());
    };
    crop.resize(one(0) * samples);
    labels.resize(one(1) * samples);
    maps.resize(one(2) * samples);
    intensities.resize(one(3) * samples);
    keys.resize(one(4) * samples);
    for (size_t i = 0; i < samples; ++i) {
      const Status status = crops.write(
          Split::Train, 0, drawn[i],
          {crop.data() + i * one(0), labels.data() + i * one(1),
           maps.data() + i * one(2), intensities.data() + i * one(3),
           keys.data() + i * one(4)});
      EXPECT_TRUE(status.ok()) << status.message();
    }
  }

  /// As arguments of the entry.
  std::vector<HostTensor> tensors(func::FuncOp entry) const {
    std::vector<HostTensor> result;
    auto add = [&](const auto &values, ElementKind kind) {
      auto type =
          cast<RankedTensorType>(entry.getArgumentTypes()[result.size()]);
      HostTensor &tensor = result.emplace_back(type.getShape(), kind);
      if (isFloat(kind))
        llvm::copy(values, tensor.values().begin());
      else
        llvm::copy(values, tensor.integers().begin());
    };
    add(crop, ElementKind::F32);
    add(labels, ElementKind::I32);
    add(maps, ElementKind::F32);
    add(intensities, ElementKind::F32);
    add(keys, ElementKind::I32);
    return result;
  }
};

} // namespace

static std::string text(const std::vector<int64_t> &shape) {
  std::string result;
  for (int64_t size : shape)
    result += std::to_string(size) + "x";
  return result;
}

static std::vector<TensorSignature>
withBatch(std::vector<TensorSignature> tensors) {
  for (TensorSignature &tensor : tensors)
    tensor.shape.insert(tensor.shape.begin(), samples);
  return tensors;
}

/// A network of one convolution; planes have depth 1.
static std::string networkOf(Shape3 patch) {
  std::vector<int64_t> spatial(patch.begin() + (patch[0] == 1), patch.end());
  std::vector<int64_t> labels = spatial;
  labels.insert(labels.begin(), samples);
  std::string x = "tensor<" + text(labels) + std::to_string(channels) + "xf32>",
              y = "tensor<" + text(labels) + "3xf32>",
              t = "tensor<" + text(labels) + "i32>", ones, zeros;
  for (size_t i = 0; i < spatial.size(); ++i) {
    ones += i ? ", 1" : "1";
    zeros += i ? ", 0" : "0";
  }
  std::string w = "tensor<" + text(std::vector<int64_t>(spatial.size(), 1)) +
                  std::to_string(channels) + "x3xf32>";
  return "seg.network @n format 1 classes 3 optimizer {kind = \"adam\"} "
         "pipeline {kind = \"isbi\"} forward {\n^bb0(%image: " +
         x + "):\n  %w = seg.param \"w\" glorot_uniform 0.0 decay : " + w +
         "\n  %0 = seg.conv %image, %w strides [" + ones + "] pad_low [" +
         zeros + "] pad_high [" + zeros + "] : (" + x + ", " + w + ") -> " + y +
         "\n  seg.output %0 : " + y +
         "\n} objective [\"loss\"] {\n^bb0(%logits: " + y + ", %labels: " + t +
         "):\n  %loss = seg.cross_entropy %logits, %labels : (" + y + ", " + t +
         ") -> tensor<f32>\n  seg.output %loss : tensor<f32>\n}\n";
}

namespace {

struct Patches {
  const char *rules;
  Shape3 patch, caseShape;
};

class AugmentEntry : public testing::TestWithParam<Patches> {};

TEST_P(AugmentEntry, MakesThePatchesOfTheRenderer) {
  const auto &[rules, patch, caseShape] = GetParam();
  CompilerContext context;
  DialectRegistry evaluations;
  reference::registerReferenceModels(evaluations);
  context.appendDialectRegistry(evaluations);
  auto module = parseSourceString<ModuleOp>(networkOf(patch), &context);
  ASSERT_TRUE(module);
  PassManager manager(&context);
  populatePhase(manager, "seg", {});
  populatePhase(manager, "entries", {});
  manager.addPass(createAddAugmentEntryPass({rules}));
  ASSERT_TRUE(succeeded(manager.run(*module)));
  auto entry = module->lookupSymbol<func::FuncOp>(augment::entryName);
  ASSERT_TRUE(entry);

  PatchOptions options;
  ASSERT_TRUE(chooseAugmentation(rules, options));
  options.patch = patch;
  options.batch = samples;
  if (options.rules == PlanRules::V2)
    options.maskedChannels = {false, true};
  const MadeCase made(caseShape);
  const MemoryPatchSource source({made.prepared(caseShape)});
  EntrySignature signature;
  signature.inputs =
      withBatch(cropTensors(cropExtents(options.rules, patch), channels));
  auto crops = PatchCrops::create(source, channels, options, signature);
  auto patches = PatchSamples::create(source, channels, options);
  ASSERT_TRUE(crops.ok() && patches.ok());
  const auto voxels = static_cast<size_t>(patch[0] * patch[1] * patch[2]);
  std::vector<float> image(samples * voxels * channels);
  std::vector<int32_t> labels(samples * voxels);
  std::vector<AugmentKey> keys;
  for (size_t i = 0; i < samples; ++i) {
    keys.push_back({0x9876543212345678, i + (uint64_t{3} << 32), true});
    const Status status = (*patches)->sample(
        Split::Train, 0, keys.back(), image.data() + i * voxels * channels,
        labels.data() + i * voxels);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  const EntryInputs inputs(**crops, keys);

  const std::vector<HostTensor> results =
      reference::evaluate(entry, inputs.tensors(entry))
          .value_or(std::vector<HostTensor>());
  ASSERT_EQ(results.size(), 2u);
  double largest = 0;
  for (size_t i = 0; i < image.size(); ++i)
    largest =
        std::max(largest, std::abs(results[0].values()[i] - double{image[i]}));
  const auto [low, high] = std::minmax_element(image.begin(), image.end());
  EXPECT_LT(largest, 1e-4 * double{*high - *low});
  size_t differing = 0;
  for (size_t i = 0; i < labels.size(); ++i)
    differing += results[1].integers()[i] != labels[i];
  // Votes that the rounding of weights decides.
  EXPECT_LE(differing * 10000, labels.size());
}

INSTANTIATE_TEST_SUITE_P(
    Rules, AugmentEntry,
    testing::Values(Patches{"v2", {10, 12, 18}, {24, 20, 26}},
                    Patches{"v2", {3, 12, 20}, {9, 30, 26}},
                    Patches{"v2", {1, 20, 70}, {4, 34, 90}},
                    Patches{"example", {8, 10, 70}, {12, 20, 90}},
                    Patches{"example", {1, 20, 18}, {4, 34, 40}},
                    Patches{"mlperf", {8, 10, 12}, {12, 20, 22}}),
    [](const testing::TestParamInfo<Patches> &info) {
      return info.param.rules + std::to_string(info.index);
    });

} // namespace
