//===- LibraryTest.cpp - Predictions through libsegc ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LibraryTest.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>

using namespace segc;

TEST_F(LibraryTest, DescribesModels) {
  EXPECT_EQ(segc_library_version(), SEGC_LIBRARY_VERSION);
  EXPECT_STREQ(segc_status_name(SEGC_STATUS_BUSY), "busy");
  EXPECT_STREQ(segc_status_name(77), "unknown");
  open("FakePatches");
  EXPECT_EQ(segc_channels(predictor), 1u);
  EXPECT_EQ(segc_classes(predictor), 3u);
  EXPECT_STREQ(segc_label_name(predictor, 2), "posterior");
  EXPECT_EQ(segc_label_name(predictor, 3), nullptr);
  auto json = parseJson(segc_describe(predictor), "description");
  ASSERT_TRUE(json.ok()) << json.status().message();
  EXPECT_EQ((*json)["precision"], "f32");
  EXPECT_EQ((*json)["label_names"][1], "anterior");
  EXPECT_EQ((*json)["spacing"], Json({1.0, 1.0, 1.0}));
  EXPECT_EQ((*json)["overlap"], 0.5);
}

// The bytes of the files are those of `segrun predict`, and the labels of the
// array are those of the file.
TEST_F(LibraryTest, PredictsAsSegrunDoes) {
  for (const char *name : {"FakePatches", "FakeFrozen"}) {
    open(name);
    const std::string output = folder / "labels.nii.gz";
    ASSERT_EQ(predictFile(output), SEGC_STATUS_OK) << error.text;
    runCommand(SEGC_BINARY_DIR "/bin/segrun predict --no-overlays --model " +
               model(name) + " --data " + scan + " --output " +
               (folder / "segrun"));
    EXPECT_EQ(bytesOf(output),
              bytesOf((folder / "segrun/hippocampus_006.nii.gz")))
        << name;

    ScanImage scanned(scan);
    std::vector<uint8_t> labels(scanned.count());
    std::vector<float> probabilities(3 * labels.size());
    ASSERT_EQ(segc_predict_array(predictor, &scanned.image, labels.data(),
                                 labels.size(), probabilities.data(),
                                 probabilities.size(), nullptr, &error),
              SEGC_STATUS_OK)
        << error.text;
    const Volume mask = *readNifti(output);
    for (size_t i = 0; i < labels.size(); ++i)
      ASSERT_EQ(labels[i], mask.voxels[i]) << name << " " << i;
    for (size_t i = 0; i < labels.size(); i += 97) {
      double sum = 0;
      for (size_t c = 0; c < 3; ++c) {
        sum += probabilities[c * labels.size() + i];
        ASSERT_LE(probabilities[c * labels.size() + i],
                  probabilities[labels[i] * labels.size() + i] + 1e-6);
      }
      ASSERT_NEAR(sum, 1, 1e-5);
    }

    const char *path = scan.c_str();
    segc_labels *made = nullptr;
    ASSERT_EQ(segc_predict_labels(predictor, &path, 1, &made, nullptr, &error),
              SEGC_STATUS_OK)
        << error.text;
    const segc_image &image = *segc_labels_image(made);
    ASSERT_EQ(image.data_bytes, labels.size());
    EXPECT_EQ(std::memcmp(image.data, labels.data(), labels.size()), 0);
    // As the scan lies, which mattered to the array.
    EXPECT_TRUE(std::equal(image.direction, image.direction + 9,
                           scanned.image.direction));
    for (size_t axis = 0; axis < 3; ++axis) {
      EXPECT_EQ(image.size[axis], scanned.image.size[axis]);
      EXPECT_EQ(image.spacing[axis], scanned.image.spacing[axis]);
      EXPECT_EQ(image.origin[axis], scanned.image.origin[axis]);
    }
    segc_labels_free(made);
    ASSERT_EQ(segc_close(predictor, &error), SEGC_STATUS_OK);
    predictor = nullptr;
  }
}

// Integers with a scale are the numbers that they stand for.
TEST_F(LibraryTest, TakesOtherTypes) {
  open("FakePatches");
  ScanImage scanned(scan);
  std::vector<uint8_t> expected(scanned.count()), labels(scanned.count());
  ASSERT_EQ(segc_predict_array(predictor, &scanned.image, expected.data(),
                               expected.size(), nullptr, 0, nullptr, &error),
            SEGC_STATUS_OK)
      << error.text;
  std::vector<int16_t> integers;
  for (float value : scanned.voxels)
    integers.push_back(static_cast<int16_t>(value * 2 - 100));
  scanned.image.type = SEGC_TYPE_INT16;
  scanned.image.data = integers.data();
  scanned.image.data_bytes = integers.size() * 2;
  scanned.image.slope = 0.5;
  scanned.image.intercept = 50;
  ASSERT_EQ(segc_predict_array(predictor, &scanned.image, labels.data(),
                               labels.size(), nullptr, 0, nullptr, &error),
            SEGC_STATUS_OK)
      << error.text;
  EXPECT_EQ(labels, expected);
}

TEST_F(LibraryTest, FollowsOptions) {
  open("FakePatches");
  segc_predict_options options;
  segc_predict_options_init(&options);
  options.postprocess = "largest:2";
  options.save_probabilities = 1;
  options.flips = 1;
  options.overlap = 0.25;
  options.max_memory = uint64_t{1} << 30;
  const std::string output = folder / "a/b.nii.gz";
  ASSERT_EQ(predictFile(output, &options), SEGC_STATUS_OK) << error.text;
  runCommand(SEGC_BINARY_DIR
             "/bin/segrun predict --no-overlays --postprocess largest:2 --tta "
             "--overlap 0.25 --save-probabilities --model " +
             model("FakePatches") + " --data " + scan + " --output " +
             (folder / "segrun"));
  const std::string expected = folder / "segrun/hippocampus_006";
  EXPECT_EQ(bytesOf(output), bytesOf(expected + ".nii.gz"));
  EXPECT_EQ(bytesOf((folder / "a/b.npy")), bytesOf(expected + ".npy"));
}

// What a model was exported with counts where nobody says otherwise, for
// segrun, too.
TEST_F(LibraryTest, FollowsTheModel) {
  open("FakeUse");
  auto json = parseJson(segc_describe(predictor), "description");
  ASSERT_TRUE(json.ok()) << json.status().message();
  EXPECT_EQ((*json)["postprocess"], "largest:2");
  EXPECT_EQ((*json)["overlap"], 0.25);
  EXPECT_EQ((*json)["tta"], true);
  const std::string output = folder / "labels.nii.gz";
  auto expectSame = [&](const std::string &name, const std::string &options) {
    std::filesystem::remove_all(folder / "segrun");
    runCommand(SEGC_BINARY_DIR "/bin/segrun predict --no-overlays --model " +
               model(name) + " --data " + scan + " --output " +
               folder / "segrun" + options);
    EXPECT_EQ(bytesOf(output),
              bytesOf(folder / "segrun/hippocampus_006.nii.gz"))
        << name << options;
  };
  ASSERT_EQ(predictFile(output), SEGC_STATUS_OK) << error.text;
  expectSame("FakeUse", "");
  expectSame("FakePatches",
             " --postprocess largest:2 --overlap 0.25 --tta "
             "--window-weights constant --average probabilities");
  segc_predict_options options;
  segc_predict_options_init(&options);
  options.postprocess = "none";
  options.flips = 0;
  options.overlap = 0.5;
  ASSERT_EQ(predictFile(output, &options), SEGC_STATUS_OK) << error.text;
  expectSame("FakeUse", " --postprocess none --no-tta --overlap 0.5");
  expectSame("FakePatches",
             " --window-weights constant --average probabilities");
}

// Slices become pages of one mask.
TEST_F(LibraryTest, PredictsPlanesOfVolumes) {
  open("FakePatches");
  std::vector<uint8_t> grey(size_t{20} * 24);
  for (size_t i = 0; i < grey.size(); ++i)
    grey[i] = static_cast<uint8_t>(i * 7 % 251);
  scan = folder / "pages.tif";
  ASSERT_OK(
      writeTiff(scan, 20, 24, std::vector<const uint8_t *>(2, grey.data())));
  const std::string output = folder / "mask.tif";
  ASSERT_EQ(predictFile(output), SEGC_STATUS_OK) << error.text;
  runCommand(SEGC_BINARY_DIR "/bin/segrun predict --no-overlays --model " +
             model("FakePatches") + " --data " + scan + " --output " +
             (folder / "segrun"));
  EXPECT_EQ(bytesOf(output), bytesOf((folder / "segrun/pages.tif")));
}

//===----------------------------------------------------------------------===//
// Threads and callbacks
//===----------------------------------------------------------------------===//

TEST_F(LibraryTest, CancelsFromCallbackAndThread) {
  for (const char *name : {"FakePatches", "FakeFrozen"}) {
    open(name);
    segc_predict_options options;
    segc_predict_options_init(&options);
    options.progress = [](void *, double share) { return share > 0 ? 1 : 0; };
    const std::string output = folder / "cancelled.nii.gz";
    EXPECT_EQ(predictFile(output, &options), SEGC_STATUS_CANCELLED);
    EXPECT_FALSE(std::filesystem::exists(output));

    segc_cancellation *cancellation = nullptr;
    ASSERT_EQ(segc_cancellation_create(&cancellation, &error), SEGC_STATUS_OK);
    options.cancellation = cancellation;
    options.context = cancellation;
    options.progress = [](void *context, double) {
      std::thread([&] {
        segc_cancel(static_cast<segc_cancellation *>(context));
      }).join();
      return 0;
    };
    EXPECT_EQ(predictFile(output, &options), SEGC_STATUS_CANCELLED);
    EXPECT_FALSE(std::filesystem::exists(output));
    EXPECT_THAT(error.text, HasSubstr("cancelled"));
    // As good as new afterwards.
    options.progress = nullptr;
    EXPECT_EQ(predictFile(output, &options), SEGC_STATUS_CANCELLED);
    segc_cancellation_reset(cancellation);
    EXPECT_EQ(predictFile(output, &options), SEGC_STATUS_OK) << error.text;
    EXPECT_STREQ(error.text, "");
    segc_cancellation_free(cancellation);
    std::filesystem::remove(output);
    ASSERT_EQ(segc_close(predictor, &error), SEGC_STATUS_OK);
    predictor = nullptr;
  }
}

// Also where a thread of the library makes the call.
TEST_F(LibraryTest, RefusesCallsOfCallbacks) {
  for (const char *name : {"FakePatches", "FakeFrozen"}) {
    open(name);
    segc_predict_options options;
    segc_predict_options_init(&options);
    options.context = this;
    options.progress = [](void *context, double) {
      auto *self = static_cast<LibraryTest *>(context);
      segc_error inner = {};
      const char *image = self->scan.c_str();
      EXPECT_EQ(segc_predict_file(self->predictor, &image, 1, "x.nii.gz",
                                  nullptr, &inner),
                SEGC_STATUS_BUSY);
      EXPECT_THAT(inner.text, HasSubstr("callback"));
      EXPECT_EQ(segc_close(self->predictor, &inner), SEGC_STATUS_BUSY);
      return 0;
    };
    EXPECT_EQ(predictFile((folder / "labels.nii.gz"), &options), SEGC_STATUS_OK)
        << error.text;
    ASSERT_EQ(segc_close(predictor, &error), SEGC_STATUS_OK) << error.text;
    predictor = nullptr;
  }
}

// Errors of one prediction leave those beside it alone.
TEST_F(LibraryTest, PredictsBesideErrors) {
  open("FakePatches", 1);
  ASSERT_EQ(predictFile((folder / "first.nii.gz")), SEGC_STATUS_OK)
      << error.text;
  const std::string expected = bytesOf((folder / "first.nii.gz"));
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      for (int round = 0; round < 5; ++round) {
        segc_error own = {};
        const char *image = i % 2 ? "no-such.nii.gz" : scan.c_str();
        const std::string output = (folder / std::to_string(i) + ".nii.gz");
        const segc_status status = segc_predict_file(
            predictor, &image, 1, output.c_str(), nullptr, &own);
        wrong += status != (i % 2 ? SEGC_STATUS_NOT_FOUND : SEGC_STATUS_OK);
        wrong += i % 2 == 0 && bytesOf(output) != expected;
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(wrong, 0);
}
