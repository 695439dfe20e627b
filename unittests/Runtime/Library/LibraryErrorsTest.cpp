//===- LibraryErrorsTest.cpp - What libsegc refuses -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LibraryTest.h"

#include <atomic>
#include <cmath>
#include <csignal>
#include <functional>
#include <limits>
#include <sys/time.h>

using namespace segc;

TEST_F(LibraryTest, OpeningSaysWhatIsWrong) {
  segc_open_options options;
  auto expectRefused = [&](const std::string &path, segc_status status,
                           const char *text) {
    segc_predictor *none = reinterpret_cast<segc_predictor *>(this);
    EXPECT_EQ(segc_open(path.c_str(), &options, &none, &error), status);
    EXPECT_EQ(none, nullptr);
    EXPECT_THAT(error.text, HasSubstr(text));
  };
  segc_open_options_init(&options);
  expectRefused("no-such.so", SEGC_STATUS_NOT_FOUND, "no-such.so");
  expectRefused(scan, SEGC_STATUS_INVALID_ARGUMENT, "hippocampus");
  expectRefused(model("FakeModel"), SEGC_STATUS_NOT_FOUND,
                "no weights are embedded");
  expectRefused(model("FakeWholeRegions"), SEGC_STATUS_UNSUPPORTED, "regions");
  options.device = "abacus";
  expectRefused(model("FakePatches"), SEGC_STATUS_INVALID_ARGUMENT, "abacus");
  options.device = nullptr;
  options.checkpoint = "no-such-folder";
  expectRefused(model("FakePatches"), SEGC_STATUS_NOT_FOUND, "no-such-folder");
  options.checkpoint = nullptr;
  options.plan = "no-such.json";
  expectRefused(model("FakePatches"), SEGC_STATUS_NOT_FOUND, "no-such.json");
  expectRefused(model("FakeFrozen"), SEGC_STATUS_INVALID_ARGUMENT,
                "whole images");
  segc_open_options_init(&options);
  options.struct_size += 8;
  expectRefused(model("FakePatches"), SEGC_STATUS_INVALID_ARGUMENT,
                "struct_size");
  EXPECT_EQ(segc_open(nullptr, nullptr, &predictor, &error),
            SEGC_STATUS_INVALID_ARGUMENT);
  EXPECT_EQ(segc_open("x", nullptr, nullptr, nullptr),
            SEGC_STATUS_INVALID_ARGUMENT);
}

// A host that was built with an earlier header gives less.
TEST_F(LibraryTest, ShorterOptionsHaveDefaults) {
  open("FakePatches");
  segc_predict_options options;
  std::memset(&options, 0x55, sizeof(options));
  options.struct_size = offsetof(segc_predict_options, overlap);
  options.flips = 0;
  EXPECT_EQ(predictFile((folder / "labels.nii.gz"), &options), SEGC_STATUS_OK)
      << error.text;
}

TEST_F(LibraryTest, ImagesAreChecked) {
  open("FakePatches");
  ScanImage scanned(scan);
  std::vector<uint8_t> labels(scanned.count());
  auto expectRefused = [&](const std::function<void(segc_image &)> &change,
                           const char *text,
                           segc_status status = SEGC_STATUS_INVALID_ARGUMENT) {
    segc_image image = scanned.image;
    change(image);
    EXPECT_EQ(segc_predict_array(predictor, &image, labels.data(),
                                 labels.size(), nullptr, 0, nullptr, &error),
              status)
        << error.text;
    EXPECT_THAT(error.text, HasSubstr(text));
  };
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  expectRefused([](segc_image &i) { i.struct_size = 0; }, "struct_size");
  expectRefused([](segc_image &i) { i.type = 99; }, "type 99");
  expectRefused([](segc_image &i) { i.data = nullptr; }, "data NULL");
  expectRefused([](segc_image &i) { --i.data_bytes; }, "data_bytes");
  expectRefused([](segc_image &i) { i.size[1] = 0; }, "size");
  expectRefused([](segc_image &i) { i.size[0] = UINT64_MAX; }, "size");
  expectRefused(
      [](segc_image &i) {
        for (uint64_t &extent : i.size)
          extent = uint64_t{1} << 22;
      },
      "size");
  expectRefused([](segc_image &i) { i.spacing[0] = 0; }, "spacing");
  expectRefused([=](segc_image &i) { i.spacing[1] = nan; }, "spacing");
  expectRefused([=](segc_image &i) { i.origin[2] = nan; }, "origin");
  expectRefused([](segc_image &i) { i.slope = 0; }, "slope");
  expectRefused([](segc_image &i) { i.direction[0] = 0; }, "image");
  expectRefused(
      [](segc_image &i) {
        i.channels = 5;
        i.size[2] /= 5;
        i.data_bytes = i.channels * i.size[0] * i.size[1] * i.size[2] * 4;
      },
      "label_count");
  // A spacing that makes a grid of more than any memory.
  expectRefused([](segc_image &i) { i.spacing[0] = i.spacing[1] = 1e7; },
                "spacing");
  scanned.voxels[7] = static_cast<float>(nan);
  expectRefused([](segc_image &) {}, "nan", SEGC_STATUS_NON_FINITE);
  EXPECT_EQ(segc_predict_array(predictor, &scanned.image, labels.data(), 7,
                               nullptr, 0, nullptr, &error),
            SEGC_STATUS_INVALID_ARGUMENT);
  EXPECT_THAT(error.text, HasSubstr("label_count 7, expected"));
  EXPECT_EQ(segc_predict_array(predictor, &scanned.image, labels.data(),
                               labels.size(), nullptr, 9, nullptr, &error),
            SEGC_STATUS_INVALID_ARGUMENT);
  EXPECT_THAT(error.text, HasSubstr("probability_count 9, expected 0"));
  EXPECT_EQ(segc_predict_array(nullptr, &scanned.image, labels.data(),
                               labels.size(), nullptr, 0, nullptr, &error),
            SEGC_STATUS_INVALID_ARGUMENT);
}

TEST_F(LibraryTest, OptionsAreChecked) {
  open("FakePatches");
  auto expectRefused =
      [&](const std::function<void(segc_predict_options &)> &change,
          const char *text, segc_status status = SEGC_STATUS_INVALID_ARGUMENT) {
        segc_predict_options options;
        segc_predict_options_init(&options);
        change(options);
        EXPECT_EQ(predictFile((folder / "labels.nii.gz"), &options), status);
        EXPECT_THAT(error.text, HasSubstr(text));
        EXPECT_FALSE(std::filesystem::exists((folder / "labels.nii.gz")));
      };
  using Options = segc_predict_options;
  expectRefused([](Options &o) { o.flips = 2; }, "flips 2");
  expectRefused([](Options &o) { o.overlap = 1; }, "overlap");
  expectRefused([](Options &o) { o.overlap = -0.5; }, "overlap");
  expectRefused([](Options &o) { o.channel = 3; },
                "1 channel, but the option channel 3 is beyond them; choose "
                "one with the option channel 0..0");
  expectRefused([](Options &o) { o.postprocess = "smallest"; }, "smallest");
  expectRefused([](Options &o) { o.max_memory = 1000; }, "max_memory 1000",
                SEGC_STATUS_IO_ERROR);
  expectRefused([](Options &o) { o.max_image_bytes = 1000; }, "1000",
                SEGC_STATUS_UNSUPPORTED);
}

TEST_F(LibraryTest, OutputsReplaceNothing) {
  open("FakePatches");
  const std::string image = folder / "scan.nii.gz",
                    foreign = folder / "foreign.nii.gz";
  std::filesystem::copy(scan, image);
  std::filesystem::copy(scan, foreign);
  const std::string before = bytesOf(scan);
  auto expectRefused = [&](const std::string &output, const char *text) {
    EXPECT_EQ(predictFile({image}, output), SEGC_STATUS_INVALID_ARGUMENT);
    EXPECT_THAT(error.text, HasSubstr(text));
    EXPECT_EQ(bytesOf(image), before);
    EXPECT_EQ(bytesOf(foreign), before);
  };
  expectRefused(image, "would replace the image");
  std::filesystem::create_symlink(image, (folder / "link.nii.gz"));
  expectRefused((folder / "link.nii.gz"), "would replace the image");
  expectRefused(foreign, "no mask that segc wrote");
  expectRefused((folder / "labels.png"), "expected a file that ends in");
  expectRefused(folder.path + "/.nii.gz", "expected a file that ends in");
  EXPECT_EQ(predictFile({image, image}, (folder / "two.nii.gz")),
            SEGC_STATUS_INVALID_ARGUMENT);
  EXPECT_EQ(predictFile({}, (folder / "none.nii.gz")),
            SEGC_STATUS_INVALID_ARGUMENT);
  // Labels of before are replaced.
  const std::string output = folder / "labels.nii.gz";
  EXPECT_EQ(predictFile({image}, output), SEGC_STATUS_OK) << error.text;
  EXPECT_EQ(predictFile({image}, output), SEGC_STATUS_OK) << error.text;
}

TEST_F(LibraryTest, LabelsInMemoryAreAllOrNone) {
  open("FakePatches");
  const char *path = scan.c_str();
  auto *labels = reinterpret_cast<segc_labels *>(&error); // anything
  segc_predict_options options;
  segc_predict_options_init(&options);
  options.save_probabilities = 1;
  EXPECT_EQ(segc_predict_labels(predictor, &path, 1, &labels, &options, &error),
            SEGC_STATUS_INVALID_ARGUMENT);
  EXPECT_THAT(error.text, HasSubstr("save_probabilities is of"));
  EXPECT_EQ(labels, nullptr);
  path = "no-such-scan.nii.gz";
  EXPECT_EQ(segc_predict_labels(predictor, &path, 1, &labels, nullptr, &error),
            SEGC_STATUS_NOT_FOUND)
      << error.text;
  EXPECT_EQ(segc_predict_labels(predictor, &path, 1, nullptr, nullptr, &error),
            SEGC_STATUS_INVALID_ARGUMENT);
  EXPECT_EQ(segc_labels_image(nullptr), nullptr);
  segc_labels_free(nullptr);
}

static segc_cancellation *interrupted = nullptr;
static segc_predictor *inHandler = nullptr;
static segc_status handlerStatus = SEGC_STATUS_OK;
static std::atomic<bool> isPredicting = false, hasInterrupted = false;

/// Between the first and the last call of progress, where the timer interrupts
/// the library and not the test.
static int notePredicting(void * /*context*/, double share) {
  isPredicting = share < 1;
  return 0;
}

static void cancelFromHandler(int /*signal*/) {
  if (!isPredicting || hasInterrupted)
    return;
  hasInterrupted = true;
  segc_cancel(interrupted);
  const char *image = "scan.nii.gz";
  handlerStatus =
      segc_predict_file(inHandler, &image, 1, "x.nii.gz", nullptr, nullptr);
}

// A handler that interrupts a prediction, wherever it is, may cancel it, and
// nothing else.
TEST_F(LibraryTest, SignalHandlersCancel) {
  open("FakePatches", 1);
  ASSERT_EQ(segc_cancellation_create(&interrupted, &error), SEGC_STATUS_OK);
  inHandler = predictor;
  isPredicting = hasInterrupted = false;
  struct sigaction action = {}, before = {};
  action.sa_handler = cancelFromHandler;
  ASSERT_EQ(sigaction(SIGALRM, &action, &before), 0);
  constexpr itimerval timer = {{0, 500}, {0, 500}}, off = {}; // Microseconds.
  ASSERT_EQ(setitimer(ITIMER_REAL, &timer, nullptr), 0);
  segc_predict_options options;
  segc_predict_options_init(&options);
  options.cancellation = interrupted;
  options.progress = notePredicting;
  // A prediction may end before the timer.
  segc_status status = SEGC_STATUS_OK;
  for (int attempt = 0; attempt < 100 && !hasInterrupted; ++attempt)
    status = predictFile((folder / "labels.nii.gz"), &options);
  ASSERT_EQ(setitimer(ITIMER_REAL, &off, nullptr), 0);
  sigaction(SIGALRM, &before, nullptr);
  EXPECT_TRUE(hasInterrupted);
  EXPECT_EQ(status, SEGC_STATUS_CANCELLED) << error.text;
  EXPECT_EQ(handlerStatus, SEGC_STATUS_BUSY);
  segc_cancellation_free(interrupted);
}

// More text than fits ends between two characters.
TEST_F(LibraryTest, MessagesAreCut) {
  std::string name;
  while (name.size() < 3 * sizeof(error.text))
    name += "\xc3\xa4";
  EXPECT_NE(segc_open(name.c_str(), nullptr, &predictor, &error),
            SEGC_STATUS_OK);
  const std::string text = error.text;
  EXPECT_GE(text.size(), sizeof(error.text) - 3);
  EXPECT_EQ(text.substr(text.size() - 2), "\xc3\xa4");
}
