//===- PlainPatchesTest.cpp - Patches without augmentation ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Prepare/PlainPatches.h"
#include "../Data/TestSupport.h"

#include <set>

using namespace segc;
using namespace segc::test;
using testing::ElementsAre;

namespace {
struct Arrays {
  std::vector<float> image;
  std::vector<int16_t> labels;
};
} // namespace

/// A case whose voxels hold their own place, with class 1 at some of them.
static PreparedCase numberedCase(Shape3 shape, const std::vector<int64_t> &ones,
                                 int64_t channels = 1) {
  PreparedCase prepared;
  prepared.name = "numbers";
  prepared.shape = shape;
  prepared.channels = channels;
  auto arrays = std::make_shared<Arrays>();
  for (int64_t i = 0; i < prepared.voxels(); ++i)
    for (int64_t c = 0; c < channels; ++c)
      arrays->image.push_back(static_cast<float>(1 + i + 1000 * c));
  arrays->labels.assign(static_cast<size_t>(prepared.voxels()), -1);
  for (int64_t place : ones)
    arrays->labels[static_cast<size_t>(place)] = 1;
  prepared.image = arrays->image.data();
  prepared.labels = arrays->labels.data();
  prepared.classVoxels = {{}, ones};
  prepared.storage = std::move(arrays);
  return prepared;
}

/// The images of samples 0 to `count` - 1, then their labels.
static std::vector<float> samplesOf(const PlainPatches &patches,
                                    uint64_t count) {
  std::vector<float> result;
  size_t voxels = 1;
  for (int64_t size : patches.labelShape())
    voxels *= static_cast<size_t>(size);
  for (uint64_t i = 0; i < count; ++i) {
    std::vector<float> image(voxels *
                             static_cast<size_t>(patches.imageShape().back()));
    std::vector<int32_t> label(voxels);
    AugmentKey key;
    key.seed = 3;
    key.sampleIndex = i;
    EXPECT_TRUE(
        patches.sample(Split::Train, 0, key, image.data(), label.data()).ok());
    result.insert(result.end(), image.begin(), image.end());
    result.insert(result.end(), label.begin(), label.end());
  }
  return result;
}

// The second of two samples shows the only voxel of class 1, in its middle.
TEST(PlainPatches, LastSamplesShowForeground) {
  const Shape3 shape = {9, 10, 11};
  const int64_t place = (4 * 10 + 5) * 11 + 6;
  const MemoryPatchSource source({numberedCase(shape, {place})});
  PlainPatchOptions options;
  options.patch = {3, 3, 3};
  options.batch = 2;
  const PlainPatches patches(source, options);
  EXPECT_THAT(patches.imageShape(), ElementsAre(3, 3, 3, 1));
  std::set<float> first;
  for (uint64_t i = 0; i < 40; ++i) {
    std::vector<float> image(27);
    std::vector<int32_t> label(27);
    AugmentKey key;
    key.sampleIndex = i;
    ASSERT_OK(patches.sample(Split::Train, 0, key, image.data(), label.data()));
    for (size_t k = 0; k < 27; ++k)
      EXPECT_EQ(label[k], image[k] == static_cast<float>(1 + place) ? 1 : 0);
    if (i % 2 == 0) {
      first.insert(image[0]);
      continue;
    }
    EXPECT_EQ(label[13], 1);
    EXPECT_EQ(image[13], static_cast<float>(1 + place));
    EXPECT_EQ(image[14], static_cast<float>(2 + place));
  }
  // The others lie anywhere.
  EXPECT_GT(first.size(), 12u);
}

TEST(PlainPatches, PadSmallCasesWithZeros) {
  const MemoryPatchSource source({numberedCase({2, 3, 4}, {}, 2)});
  PlainPatchOptions options;
  options.patch = {4, 4, 4};
  options.channels = 2;
  const PlainPatches patches(source, options);
  std::vector<float> image(128);
  ASSERT_OK(patches.sample(Split::Train, 0, {}, image.data(), nullptr));
  for (int64_t z = 0; z < 4; ++z)
    for (int64_t y = 0; y < 4; ++y)
      for (int64_t x = 0; x < 4; ++x)
        for (int64_t c = 0; c < 2; ++c) {
          const bool inside = z >= 1 && z < 3 && y < 3;
          const int64_t number = 1 + ((z - 1) * 3 + y) * 4 + x + 1000 * c;
          ASSERT_EQ(image[static_cast<size_t>(((z * 4 + y) * 4 + x) * 2 + c)],
                    inside ? static_cast<float>(number) : 0.0f);
        }
}

TEST(PlainPatches, OfPlanesTakeOneSlice) {
  const MemoryPatchSource source({numberedCase({5, 6, 6}, {})});
  PlainPatchOptions options;
  options.patch = {6, 6};
  const PlainPatches patches(source, options);
  EXPECT_THAT(patches.imageShape(), ElementsAre(6, 6, 1));
  std::set<float> slices;
  for (uint64_t i = 0; i < 40; ++i) {
    std::vector<float> image(36);
    AugmentKey key;
    key.sampleIndex = i;
    ASSERT_OK(patches.sample(Split::Train, 0, key, image.data(), nullptr));
    slices.insert(image[0]);
  }
  EXPECT_EQ(slices.size(), 5u);
}

TEST(PlainPatches, DependOnSeedAndNumberAlone) {
  const MemoryPatchSource source({numberedCase({9, 9, 9}, {200, 300, 400})});
  PlainPatchOptions options;
  options.patch = {4, 4, 4};
  const PlainPatches patches(source, options), again(source, options);
  EXPECT_EQ(samplesOf(patches, 9), samplesOf(again, 9));
}
