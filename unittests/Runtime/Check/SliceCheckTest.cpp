//===- SliceCheckTest.cpp - Faults of stacks of slices --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../Data/TestSupport.h"
#include "segc/Runtime/Check/Check.h"
#include "segc/Runtime/Data/Nifti.h"
#include "segc/Runtime/Data/Png.h"

#include <set>

using namespace segc;
using namespace segc::test;

namespace {

/// Stacks of three slices of 4x4 pixels.
class SliceCheckTest : public testing::Test {
protected:
  void write(const std::string &name, const GrayStack &stack) {
    ASSERT_OK(createDirectories(
        std::filesystem::path(folder / name).parent_path().string()));
    ASSERT_OK(writeTiff(folder / name, stack));
  }
  GrayStack images(uint8_t start = 0) const {
    GrayStack stack{4, 4, 3, {}};
    for (int i = 0; i < 48; ++i)
      stack.pixels.push_back(static_cast<uint8_t>(start + i));
    return stack;
  }
  GrayStack labels(uint8_t high = 255) const {
    GrayStack stack{4, 4, 3, {}};
    for (int i = 0; i < 48; ++i)
      stack.pixels.push_back(i % 3 == 0 ? high : uint8_t{0});
    return stack;
  }
  void expect(const std::multiset<std::string> &wanted, int64_t cases) {
    ThreadPool one(1), three(3);
    auto nothing = [](int64_t, int64_t) {};
    auto report = checkDataset(folder.path, {}, one, nothing);
    auto again = checkDataset(folder.path, {}, three, nothing);
    ASSERT_OK(report.status());
    ASSERT_OK(again.status());
    EXPECT_EQ(report->toJson(), again->toJson());
    std::multiset<std::string> found;
    for (const Fault &fault : report->faults)
      found.insert(fault.caseName + ":" + fault.name);
    EXPECT_EQ(found, wanted) << report->toText();
    EXPECT_EQ(report->cases, cases);
  }

  TemporaryFolder folder;
};

} // namespace

TEST_F(SliceCheckTest, NoDataSet) {
  ThreadPool pool(1);
  EXPECT_ERROR(
      checkDataset(folder.path, {}, pool, [](int64_t, int64_t) {}).status(),
      NotFound, "neither dataset.json nor train-volume.tif");
}

TEST_F(SliceCheckTest, NothingIsWrong) {
  write("train-volume.tif", images());
  write("train-labels.tif", labels());
  write("test-volume.tif", images(100));
  expect({}, 6);
  write("train-labels.tif", labels(1));
  expect({}, 6);
}

TEST_F(SliceCheckTest, FilesOfLabels) {
  write("train-volume.tif", images());
  expect({"train:missing"}, 3);
  GrayStack two = labels();
  two.pages = 2;
  write("train-labels.tif", two);
  expect({"train:grid"}, 3);
  ASSERT_OK(writeFileAtomically(folder / "train-labels.tif", "II*"));
  expect({"train:unreadable"}, 3);
}

TEST_F(SliceCheckTest, ValuesOfPages) {
  GrayStack image = images(), label = labels();
  std::fill_n(image.pixels.begin() + 16, 16, uint8_t{7});
  std::fill_n(label.pixels.begin() + 32, 16, uint8_t{0});
  label.pixels[1] = 128;
  write("train-volume.tif", image);
  write("train-labels.tif", label);
  expect({"train-0:label-unknown", "train-1:constant", "train-2:label-empty"},
         3);
  std::fill(label.pixels.begin(), label.pixels.end(), uint8_t{0});
  write("train-labels.tif", label);
  expect({":class-missing", "train-0:label-empty", "train-1:constant",
          "train-1:label-empty", "train-2:label-empty"},
         3);
}

// A page that is in both stacks is no test.
TEST_F(SliceCheckTest, SamePageTwice) {
  write("train-volume.tif", images());
  write("train-labels.tif", labels());
  write("test-volume.tif", images(32));
  expect({"test-0:duplicate"}, 6);
}

TEST_F(SliceCheckTest, FolderOfSlices) {
  write("images/a.tif", images());
  write("images/b.tiff", images(100));
  expect({}, 6);
  write("labels/a.tif", labels());
  expect({"b:missing"}, 6);
  write("labels/b.tif", labels());
  expect({}, 6);
}

// Nothing beside slices is passed over in silence.
TEST_F(SliceCheckTest, OtherKindsBesideSlices) {
  write("a.tif", images());
  const std::vector<uint8_t> pixels = {0, 50, 100, 150};
  ASSERT_OK(
      writeFileAtomically(folder / "b.png", *encodePng(2, 2, pixels.data())));
  expect({}, 4);
  write("a.tiff", images());
  ASSERT_OK(writeNifti(folder / "c.nii.gz", cubeOfEight(),
                       std::vector<uint8_t>(8, 1).data()));
  expect({":stray-file", ":stray-file", ":stray-file"}, 3);
  // Pictures of volumes are no data set of slices.
  std::filesystem::remove(folder / "a.tif");
  std::filesystem::remove(folder / "a.tiff");
  ThreadPool pool(1);
  EXPECT_ERROR(
      checkDataset(folder.path, {}, pool, [](int64_t, int64_t) {}).status(),
      NotFound, "neither dataset.json nor train-volume.tif");
}
