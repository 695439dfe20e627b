//===- LibraryTest.h - Models, images and options of the tests --*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RUNTIME_LIBRARY_LIBRARYTEST_H
#define SEGC_UNITTESTS_RUNTIME_LIBRARY_LIBRARYTEST_H

#include "../Data/TestSupport.h"
#include "segc/segc.h"

#include <memory>

namespace segc {

using testing::HasSubstr;

/// One model that is open while a test runs, and files in a folder of the test.
struct LibraryTest : testing::Test {
  test::TemporaryFolder folder;
  segc_error error = {};
  segc_predictor *predictor = nullptr;
  /// A scan of the data set, of 35x51x35 voxels or so.
  std::string scan = SEGC_SOURCE_DIR
      "/data/Task04_Hippocampus/imagesTs/hippocampus_006.nii.gz";

  ~LibraryTest() override {
    EXPECT_EQ(segc_close(predictor, &error), SEGC_STATUS_OK);
  }
  static std::string model(const std::string &name) {
    return SEGC_BINARY_DIR "/unittests/" + name + ".so";
  }
  /// FakePatches predicts in windows, FakeFrozen whole volumes, FakeSlices
  /// slices.
  void open(const std::string &name, uint32_t threads = 2) {
    segc_open_options options;
    segc_open_options_init(&options);
    options.threads = threads;
    ASSERT_EQ(segc_open(model(name).c_str(), &options, &predictor, &error),
              SEGC_STATUS_OK)
        << error.text;
  }
  segc_status predictFile(const std::string &output,
                          const segc_predict_options *options = nullptr) {
    return predictFile({scan}, output, options);
  }
  segc_status predictFile(const std::vector<std::string> &images,
                          const std::string &output,
                          const segc_predict_options *options = nullptr) {
    std::vector<const char *> paths;
    for (const std::string &image : images)
      paths.push_back(image.c_str());
    return segc_predict_file(predictor, paths.data(),
                             static_cast<uint32_t>(paths.size()),
                             output.c_str(), options, &error);
  }
};

/// A volume of a file as an image of the interface.
struct ScanImage {
  explicit ScanImage(const std::string &path) {
    StatusOr<Volume> read = readNifti(path);
    EXPECT_TRUE(read.ok()) << read.status().message();
    volume = std::move(*read);
    voxels = volume.voxels.floats();
    segc_image_init(&image);
    image.data = voxels.data();
    image.data_bytes = voxels.size() * sizeof(float);
    const VolumeGeometry &grid = volume.geometry;
    for (size_t axis = 0; axis < 3; ++axis) {
      image.size[axis] = static_cast<uint64_t>(grid.size[axis]);
      image.spacing[axis] = grid.spacing[axis];
      for (size_t row = 0; row < 3; ++row)
        image.direction[row * 3 + axis] =
            (row < 2 ? -1 : 1) * grid.affine[row][axis] / grid.spacing[axis];
      image.origin[axis] = (axis < 2 ? -1 : 1) * grid.affine[axis][3];
    }
  }
  uint64_t count() const { return voxels.size(); }
  Volume volume;
  std::vector<float> voxels;
  segc_image image;
};

/// Runs a command line, of which every word is the test's own.
inline void runCommand(const std::string &command) {
  // NOLINTNEXTLINE(bugprone-command-processor)
  EXPECT_EQ(std::system((command + " > /dev/null").c_str()), 0) << command;
}

inline std::string bytesOf(const std::string &path) {
  StatusOr<std::string> text = readFile(path, 1u << 28);
  EXPECT_TRUE(text.ok()) << text.status().message();
  return text.ok() ? *text : std::string();
}

} // namespace segc

#endif // SEGC_UNITTESTS_RUNTIME_LIBRARY_LIBRARYTEST_H
