//===- LibrarySlicesTest.cpp - Networks of slices through libsegc ---------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LibraryTest.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>
#include <thread>

using namespace segc;

namespace {
/// A stack of slices, in memory and in a file.
struct LibrarySlices : LibraryTest {
protected:
  static constexpr uint64_t width = 20, height = 24, pages = 3;
  static constexpr size_t pixels = width * height, count = pages * pixels;

  void SetUp() override {
    for (size_t i = 0; i < count; ++i)
      grey.push_back(static_cast<uint8_t>(i * 7 % 251));
    open("FakeSlices");
    scan = folder / "stack.tif";
    std::vector<const uint8_t *> planes;
    for (size_t page = 0; page < pages; ++page)
      planes.push_back(grey.data() + page * pixels);
    ASSERT_OK(writeTiff(scan, width, height, planes));
  }
  template <typename T>
  static segc_image imageOf(const std::vector<T> &values, segc_type type) {
    segc_image image;
    segc_image_init(&image);
    image.type = type;
    image.data = values.data();
    image.data_bytes = values.size() * sizeof(T);
    image.size[0] = width;
    image.size[1] = height;
    image.size[2] = pages;
    return image;
  }
  segc_status predict(const segc_image &image, std::vector<uint8_t> &labels,
                      segc_error &why) const {
    labels.assign(count, 7);
    return segc_predict_array(predictor, &image, labels.data(), count, nullptr,
                              0, nullptr, &why);
  }
  /// The pages that segrun writes, as classes.
  std::vector<uint8_t> expected(const std::string &file) {
    runCommand(SEGC_BINARY_DIR "/bin/segrun predict --no-overlays --model " +
               model("FakeSlices") + " --data " + file + " --output " +
               folder / "segrun");
    const auto mask =
        TiffStack::read(folder / "segrun/stack-masks.tif", ImageUse::Image, {});
    EXPECT_TRUE(mask.ok()) << mask.status().message();
    std::vector<uint8_t> labels;
    for (int64_t page = 0; mask.ok() && page < mask->pages(); ++page) {
      const auto plane = mask->page(page);
      EXPECT_TRUE(plane.ok()) << plane.status().message();
      for (uint8_t value : *plane)
        labels.push_back(value / 255);
    }
    return labels;
  }

  std::vector<uint8_t> grey, labels;
};
} // namespace

// Labels of an array are those of the same numbers in a file.
TEST_F(LibrarySlices, ArraysAreSlices) {
  const std::vector<uint8_t> ofFile = expected(scan);
  ASSERT_EQ(ofFile.size(), count);
  const auto classOnes = std::count(ofFile.begin(), ofFile.end(), 1);
  EXPECT_GT(classOnes, 0);
  EXPECT_LT(classOnes, static_cast<int64_t>(count));
  ASSERT_EQ(predict(imageOf(grey, SEGC_TYPE_UINT8), labels, error),
            SEGC_STATUS_OK)
      << error.text;
  EXPECT_EQ(labels, ofFile);
  std::vector<uint16_t> wide;
  std::vector<int32_t> scaled;
  for (uint8_t value : grey) {
    wide.push_back(static_cast<uint16_t>(value * 257));
    scaled.push_back(value * 2 + 8);
  }
  ASSERT_EQ(predict(imageOf(wide, SEGC_TYPE_UINT16), labels, error),
            SEGC_STATUS_OK)
      << error.text;
  EXPECT_EQ(labels, ofFile);
  segc_image image = imageOf(scaled, SEGC_TYPE_INT32);
  image.slope = 0.5;
  image.intercept = -4;
  ASSERT_EQ(predict(image, labels, error), SEGC_STATUS_OK) << error.text;
  EXPECT_EQ(labels, ofFile);
  // Real numbers up to 1, of another file.
  std::vector<float> real;
  for (uint8_t value : grey)
    real.push_back(static_cast<float>(value) / 255);
  ASSERT_OK(
      writeTiff(scan, width, height,
                std::vector<const float *>{real.data(), real.data() + pixels,
                                           real.data() + 2 * pixels}));
  ASSERT_EQ(predict(imageOf(real, SEGC_TYPE_FLOAT32), labels, error),
            SEGC_STATUS_OK)
      << error.text;
  EXPECT_EQ(labels, expected(scan));
}

TEST_F(LibrarySlices, GivesProbabilities) {
  const segc_image image = imageOf(grey, SEGC_TYPE_UINT8);
  labels.resize(count);
  std::vector<float> probabilities(2 * count);
  ASSERT_EQ(segc_predict_array(predictor, &image, labels.data(), count,
                               probabilities.data(), probabilities.size(),
                               nullptr, &error),
            SEGC_STATUS_OK)
      << error.text;
  for (size_t i = 0; i < count; ++i) {
    ASSERT_FLOAT_EQ(probabilities[i] + probabilities[count + i], 1);
    ASSERT_EQ(labels[i], probabilities[count + i] > 0.5F) << i;
  }
}

TEST_F(LibrarySlices, FilesAreLabelsInMemory) {
  const char *path = scan.c_str();
  segc_labels *made = nullptr;
  ASSERT_EQ(segc_predict_labels(predictor, &path, 1, &made, nullptr, &error),
            SEGC_STATUS_OK)
      << error.text;
  const segc_image &image = *segc_labels_image(made);
  EXPECT_EQ(image.size[0], width);
  EXPECT_EQ(image.size[1], height);
  EXPECT_EQ(image.size[2], pages);
  EXPECT_EQ(image.spacing[2], 1);
  const std::vector<uint8_t> ofFile = expected(scan);
  ASSERT_EQ(image.data_bytes, ofFile.size());
  EXPECT_EQ(std::memcmp(image.data, ofFile.data(), ofFile.size()), 0);
  segc_labels_free(made);
}

TEST_F(LibrarySlices, FourThreadsPredictAtOnce) {
  const std::vector<uint8_t> ofFile = expected(scan);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int round = 0; round < 5; ++round) {
        segc_error own = {};
        std::vector<uint8_t> found;
        wrong += predict(imageOf(grey, SEGC_TYPE_UINT8), found, own) !=
                     SEGC_STATUS_OK ||
                 found != ofFile;
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(LibrarySlices, RefusesWhatIsNoGrey) {
  std::vector<float> values(count, 300);
  EXPECT_EQ(predict(imageOf(values, SEGC_TYPE_FLOAT32), labels, error),
            SEGC_STATUS_INVALID_ARGUMENT);
  EXPECT_THAT(error.text, HasSubstr("image: pixels from 300.000000 to 300"));
  values[pixels + 21] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(predict(imageOf(values, SEGC_TYPE_FLOAT32), labels, error),
            SEGC_STATUS_NON_FINITE);
  EXPECT_THAT(error.text, HasSubstr("image: plane 1: pixel (1, 1) is nan"));
  // Three channels of a plane, one of which can be chosen.
  segc_image image = imageOf(grey, SEGC_TYPE_UINT8);
  image.channels = pages;
  image.size[2] = 1;
  labels.resize(pixels);
  segc_predict_options options;
  segc_predict_options_init(&options);
  const auto predictPlane = [&] {
    return segc_predict_array(predictor, &image, labels.data(), pixels, nullptr,
                              0, &options, &error);
  };
  EXPECT_EQ(predictPlane(), SEGC_STATUS_INVALID_ARGUMENT);
  EXPECT_THAT(error.text, HasSubstr("3 channels, slices have one"));
  options.channel = 3;
  EXPECT_EQ(predictPlane(), SEGC_STATUS_INVALID_ARGUMENT);
  options.channel = 1;
  EXPECT_EQ(predictPlane(), SEGC_STATUS_OK) << error.text;
  const std::vector<uint8_t> ofFile = expected(scan);
  EXPECT_TRUE(
      std::equal(labels.begin(), labels.end(), ofFile.begin() + pixels));
}
