//===- PatchCropsTest.cpp - Crops that a device renders -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is packed holds all that the host renders: patches of the packed crop
// and numbers are those of the case and the draw.
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Augment/PatchCrops.h"
#include "TestCases.h"
#include "segc/Base/Hash.h"
#include "segc/Plan/AugmentEntry.h"
#include "segc/Plan/CropExtents.h"
#include "segc/Runtime/Augment/PatchSamples.h"

using namespace segc;
using namespace segc::test;
using testing::ElementsAre;

namespace {
/// A sample as the entry gets it.
struct Packed {
  std::vector<float> crop, maps, intensities;
  std::vector<int32_t> labels;
  std::vector<uint32_t> keys;
};

struct Patch {
  std::vector<float> image;
  std::vector<int32_t> labels;
};
} // namespace

static PatchOptions optionsOf(PlanRules rules, Shape3 patch) {
  PatchOptions options;
  options.rules = rules;
  options.patch = patch;
  options.batch = 3;
  return options;
}

static Shape3 largestCrop(const PatchOptions &options) {
  return cropExtents(options.rules, options.patch);
}

static EntrySignature entryOf(Shape3 largest, int64_t channels) {
  const auto &[depth, height, width] = largest;
  EntrySignature entry;
  entry.inputs = {
      {"crop", ElementType::F32, {3, depth, height, width, channels}},
      {"crop_labels", ElementType::I32, {3, depth, height, width}},
      {"maps", ElementType::F32, {3, 24}},
      {"intensities", ElementType::F32, {3, channels, 24}},
      {"noise_keys", ElementType::I32, {3, 4}}};
  return entry;
}

static Packed pack(const PatchCrops &crops, int64_t index,
                   const AugmentKey &key) {
  const std::vector<TensorSignature> tensors = crops.tensors();
  auto elements = [&](size_t i) {
    return static_cast<size_t>(tensors[i].elements());
  };
  // Every element is written.
  Packed packed = {std::vector<float>(elements(0), NAN),
                   std::vector<float>(elements(2), NAN),
                   std::vector<float>(elements(3), NAN),
                   std::vector<int32_t>(elements(1), 99),
                   std::vector<uint32_t>(elements(4), 99)};
  const Status status =
      crops.write(Split::Train, index, key,
                  {packed.crop.data(), packed.labels.data(), packed.maps.data(),
                   packed.intensities.data(), packed.keys.data()});
  EXPECT_TRUE(status.ok()) << status.message();
  return packed;
}

/// The draw that the numbers of a sample tell, of a crop that begins at 0.
static PatchDraw unpack(const Packed &packed, size_t channels) {
  PatchDraw draw;
  const float *map = packed.maps.data();
  draw.map = map[15] != 0 ? CropMap::Zoom : CropMap::Affine;
  for (size_t i = 0; i < 3; ++i) {
    draw.extent[i] = static_cast<int64_t>(map[i]);
    draw.flip[i] = map[12 + i] != 0;
    for (size_t j = 0; j < 3; ++j)
      draw.matrix[i][j] = static_cast<double>(map[3 + 3 * i + j]);
  }
  for (size_t c = 0; c < channels; ++c) {
    const float *numbers = packed.intensities.data() + 24 * c;
    ChannelDraw channel;
    channel.noise = numbers[0];
    channel.scale = numbers[5];
    channel.shift = numbers[6];
    if (numbers[7] != 1)
      channel.contrast = numbers[7];
    if (numbers[11] != 0)
      channel.invertedGamma = numbers[11];
    if (numbers[12] != 0)
      channel.gamma = numbers[12];
    for (size_t axis = 0; axis < 3; ++axis) {
      channel.blur[axis] = {numbers[1 + axis],
                            static_cast<int64_t>(numbers[14 + axis])};
      channel.lowResolution[axis] = numbers[8 + axis];
    }
    draw.channels.push_back(channel);
  }
  draw.seed = uint64_t{packed.keys[1]} << 32 | packed.keys[0];
  draw.sample = packed.keys[2];
  return draw;
}

/// Renders what was packed.
static Patch renderPacked(const Packed &packed, Shape3 largest, Shape3 patch,
                          size_t channels) {
  const PatchDraw draw = unpack(packed, channels);
  const std::vector<int16_t> labels(packed.labels.begin(), packed.labels.end());
  PreparedCase source;
  source.shape = largest;
  source.channels = static_cast<int64_t>(channels);
  source.image = packed.crop.data();
  source.labels = labels.data();
  std::vector<bool> masked;
  for (size_t c = 0; c < channels; ++c)
    masked.push_back(packed.intensities[24 * c + 13] != 0);
  PatchRenderer renderer(patch, source.channels, masked);
  const auto voxels = static_cast<size_t>(patch[0] * patch[1] * patch[2]);
  Patch result = {std::vector<float>(voxels * channels),
                  std::vector<int32_t>(voxels)};
  EXPECT_TRUE(
      renderer.render(source, draw, result.image.data(), result.labels.data())
          .ok());
  return result;
}

namespace {
/// How often each kind of draw was packed.
struct Seen {
  int copies = 0, affine = 0, zooms = 0, flips = 0, noise = 0, blur = 0,
      contrast = 0, reduced = 0, gamma = 0, outside = 0;

  void add(const Packed &packed, const PatchDraw &draw, Shape3 patch) {
    const bool isPlain = draw.matrix == PatchDraw().matrix;
    zooms += draw.map == CropMap::Zoom;
    copies += draw.map == CropMap::Affine && isPlain && draw.extent == patch;
    affine += !isPlain;
    flips += draw.flip[2];
    const ChannelDraw &channel = draw.channels[0];
    noise += channel.noise > 0;
    blur += channel.blurs();
    contrast += channel.contrast.has_value();
    reduced += channel.reduces();
    gamma += channel.gamma || channel.invertedGamma;
    outside += packed.labels[0] == -1;
  }
};
} // namespace

/// Packs samples and holds what is rendered of them against PatchSamples.
static Seen comparePacked(const PatchOptions &options, bool augment = true) {
  const size_t channels = 2;
  std::vector<PreparedCase> made;
  for (Shape3 shape : {Shape3{20, 21, 22}, Shape3{9, 30, 31}, Shape3{6, 7, 8}})
    made.push_back(makeCase(shape, channels));
  // Some voxels of a case have no label, as outside of the non-zero mask.
  std::vector<int16_t> labels(made[0].labels,
                              made[0].labels + made[0].voxels());
  for (size_t i = 0; i < labels.size(); i += 5)
    labels[i] = -1;
  made[0].labels = labels.data();
  const MemoryPatchSource cases(std::move(made));
  const Shape3 largest = largestCrop(options), patch = options.patch;
  auto crops =
      PatchCrops::create(cases, channels, options, entryOf(largest, channels));
  EXPECT_TRUE(crops.ok()) << crops.status().message();
  auto samples = PatchSamples::create(cases, channels, options);
  Seen seen;
  for (uint64_t i = 0; i < 300; ++i) {
    const AugmentKey key = {uint64_t{7} << 40 | 3, i, augment};
    const auto index = static_cast<int64_t>(i % 3);
    const Packed packed = pack(**crops, index, key);
    seen.add(packed, unpack(packed, channels), patch);
    const Patch found = renderPacked(packed, largest, patch, channels);
    Patch expected = {std::vector<float>(found.image.size()),
                      std::vector<int32_t>(found.labels.size())};
    EXPECT_TRUE((*samples)
                    ->sample(Split::Train, index, key, expected.image.data(),
                             expected.labels.data())
                    .ok());
    // Values lie in 0 to 11; matrices were rounded to f32.
    int differing = 0;
    for (size_t at = 0; at < found.image.size(); ++at)
      differing += std::abs(found.image[at] - expected.image[at]) > 1e-3f;
    EXPECT_EQ(differing, 0) << "sample " << i;
    int others = 0;
    for (size_t at = 0; at < found.labels.size(); ++at)
      others += found.labels[at] != expected.labels[at];
    EXPECT_LE(others, 1) << "sample " << i;
  }
  return seen;
}

TEST(PatchCrops, RulesOfV2) {
  // The centres of these patches are voxels where those of their crops are: no
  // label is half way between two, where rounding decides.
  PatchOptions options = optionsOf(PlanRules::V2, {7, 10, 17});
  options.maskedChannels = {false, true};
  const Seen seen = comparePacked(options);
  for (int count : {seen.copies, seen.affine, seen.flips, seen.noise, seen.blur,
                    seen.contrast, seen.reduced, seen.gamma, seen.outside})
    EXPECT_GT(count, 5);
  EXPECT_EQ(seen.zooms, 0);
  // Planes: the first axis stays.
  EXPECT_GT(comparePacked(optionsOf(PlanRules::V2, {1, 9, 13})).affine, 5);
}

TEST(PatchCrops, OtherRules) {
  const Seen example = comparePacked(optionsOf(PlanRules::Example, {8, 9, 17}));
  for (int count : {example.copies, example.zooms, example.flips, example.noise,
                    example.blur})
    EXPECT_GT(count, 5);
  EXPECT_EQ(example.affine, 0);
  const Seen mlperf = comparePacked(optionsOf(PlanRules::Mlperf, {8, 9, 17}));
  EXPECT_GT(mlperf.noise, 5);
  EXPECT_EQ(mlperf.copies, 300);
  // Plain crops.
  const Seen plain =
      comparePacked(optionsOf(PlanRules::V2, {8, 9, 17}), /*augment=*/false);
  EXPECT_EQ(plain.copies, 300);
  EXPECT_EQ(plain.flips + plain.noise + plain.gamma, 0);
}

// The numbers themselves, of what can be told.
TEST(PatchCrops, Numbers) {
  const MemoryPatchSource cases({makeCase({20, 21, 22})});
  const PatchOptions options = optionsOf(PlanRules::Mlperf, {5, 6, 7});
  auto crops = PatchCrops::create(cases, 1, options, entryOf({6, 6, 8}, 1));
  ASSERT_OK(crops.status());
  const uint64_t sample = uint64_t{3} << 32 | 5;
  const Packed packed = pack(**crops, 0, {uint64_t{2} << 32 | 9, sample});
  EXPECT_THAT(std::vector<float>(packed.maps.begin(), packed.maps.begin() + 16),
              ElementsAre(5, 6, 7, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0));
  EXPECT_THAT(packed.intensities,
              ElementsAre(0, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 5,
                          6, 7, 0, 0, 0, 0));
  EXPECT_THAT(packed.keys,
              ElementsAre(9, 2, 5,
                          static_cast<uint32_t>(hashName("augment.noise") +
                                                (uint64_t{3} << 16))));
  // Behind the extent of the crop is nothing.
  EXPECT_EQ(packed.labels[7], -1);
  EXPECT_EQ(packed.crop[7], 0);
  EXPECT_NE(packed.labels[6], -1);
  EXPECT_EQ(packed.labels[size_t{5} * 6 * 8], -1);
}

// The bytes of a sample depend on seed and number alone.
TEST(PatchCrops, Threads) {
  const MemoryPatchSource cases({makeCase({20, 21, 22}), makeCase({6, 7, 8})});
  const PatchOptions options = optionsOf(PlanRules::V2, {8, 9, 17});
  auto crops =
      PatchCrops::create(cases, 1, options, entryOf(largestCrop(options), 1));
  ASSERT_OK(crops.status());
  auto load = [&](int64_t threads, uint64_t first) {
    LoaderOptions loading;
    followRules(options, loading);
    loading.augment = true;
    loading.threads = threads;
    loading.firstStep = first;
    auto loader = Loader::create(**crops, Split::Train, loading);
    EXPECT_TRUE(loader.ok()) << loader.status().message();
    std::vector<std::string> hashes;
    for (uint64_t step = first; step < 20; ++step) {
      auto batch = (*loader)->next();
      EXPECT_TRUE(batch.ok()) << batch.status().message();
      Sha256 hash;
      for (const BatchTensor &tensor : (*batch)->tensors)
        hash.update({reinterpret_cast<const char *>(tensor.memory.data()),
                     3 * tensor.sampleBytes});
      hashes.push_back(hash.hexDigest());
    }
    return hashes;
  };
  const std::vector<std::string> one = load(1, 0);
  EXPECT_EQ(load(3, 0), one);
  EXPECT_EQ(load(2, 12), std::vector<std::string>(one.begin() + 12, one.end()));
  EXPECT_NE(one[0], one[1]);
}

TEST(PatchCrops, RefusesOtherEntries) {
  const MemoryPatchSource cases({makeCase({20, 21, 22})});
  const PatchOptions options = optionsOf(PlanRules::V2, {8, 9, 17});
  auto refusal = [&](auto change) {
    EntrySignature entry = entryOf(largestCrop(options), 1);
    change(entry);
    return PatchCrops::create(cases, 1, options, entry).status();
  };
  ASSERT_OK(refusal([](EntrySignature &) {}));
  EXPECT_ERROR(refusal([](EntrySignature &e) { e.inputs.pop_back(); }),
               InvalidArgument, "no more", "\"noise_keys\" i32");
  EXPECT_ERROR(refusal([](EntrySignature &e) {
                 e.inputs.push_back({"image", ElementType::F32, {}});
               }),
               InvalidArgument, "\"image\"", "no more");
  EXPECT_ERROR(refusal([](EntrySignature &e) { e.inputs[0].shape[4] = 2; }),
               InvalidArgument, "\"crop\" f32 3x", "x2, these cases give",
               "x1; compile");
  EXPECT_ERROR(refusal([](EntrySignature &e) { e.inputs[1].shape[1] = 7; }),
               InvalidArgument, "\"crop_labels\" i32 3x7x");
  EXPECT_ERROR(
      refusal([](EntrySignature &e) { e.inputs[2].type = ElementType::I32; }),
      InvalidArgument, "\"maps\" i32", "\"maps\" f32");
  EXPECT_ERROR(refusal([](EntrySignature &e) { e.inputs.clear(); }),
               InvalidArgument, "no more", "\"crop\"");
  // An entry of smaller crops.
  auto small = PatchCrops::create(cases, 1, options, entryOf({8, 9, 17}, 1));
  ASSERT_OK(small.status());
  std::vector<float> image(size_t{8} * 9 * 17), maps(24), intensities(24);
  std::vector<int32_t> labels(image.size()), keys(4);
  Status status;
  for (uint64_t i = 0; i < 50 && status.ok(); ++i)
    status = (*small)->write(Split::Train, 0, {1, i, true},
                             {image.data(), labels.data(), maps.data(),
                              intensities.data(), keys.data()});
  EXPECT_ERROR(std::move(status), InvalidArgument, "made: a crop has",
               "takes 8", "segc compile --augmentation");
}
