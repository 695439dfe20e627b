//===- DicomSlicesTest.cpp - Slices of a DICOM series as a volume ---------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestSupport.h"
#include "segc/Runtime/Data/DicomSeries.h"

#include <algorithm>

using namespace segc;
using namespace segc::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Axial slices of 4x3 pixels, 2.5 mm apart, in the order of their positions.
static std::vector<DicomSlice> series(int count = 6) {
  std::vector<DicomSlice> slices;
  for (int i = 0; i < count; ++i) {
    DicomSlice slice;
    slice.path = "/series/" + std::to_string(i) + ".dcm";
    slice.series = "1.2.3";
    slice.columns = 4;
    slice.rows = 3;
    slice.spacing = {0.5, 0.75};
    slice.position = {-10, -20, 30 + 2.5 * i};
    slices.push_back(slice);
  }
  return slices;
}

static StatusOr<VolumeHeader> arrange(std::vector<DicomSlice> slices) {
  return arrangeSlices(slices, "/series");
}

/// What is said of a series of which `change` changes the slices.
static Status refusal(void (*change)(std::vector<DicomSlice> &)) {
  std::vector<DicomSlice> slices = series();
  change(slices);
  return arrange(slices).status();
}

// Names and numbers of files say nothing: positions do.
TEST(DicomSlicesTest, SortedByPosition) {
  std::vector<DicomSlice> slices = series();
  std::reverse(slices.begin(), slices.end());
  std::swap(slices[1], slices[4]);
  auto volume = arrangeSlices(slices, "/series");
  ASSERT_OK(volume.status());
  for (size_t i = 0; i < slices.size(); ++i)
    EXPECT_EQ(slices[i].path, "/series/" + std::to_string(i) + ".dcm");
  EXPECT_THAT(volume->geometry.size, ElementsAre(4, 3, 6));
  EXPECT_THAT(volume->geometry.spacing, ElementsAre(0.75, 0.5, 2.5));
  // From left, posterior, superior to right, anterior, superior.
  EXPECT_EQ(volume->geometry.affine,
            (Affine{{{-0.75, 0, 0, 10}, {0, -0.5, 0, 20}, {0, 0, 2.5, 30}}}));
  EXPECT_THAT(volume->warnings, IsEmpty());
}

// Sagittal slices, which are sorted towards the patient's right.
TEST(DicomSlicesTest, OtherPlanes) {
  std::vector<DicomSlice> slices = series(3);
  for (size_t i = 0; i < 3; ++i) {
    slices[i].orientation = {0, 1, 0, 0, 0, -1};
    slices[i].position = {-10.0 - 3 * double(i), -20, 30};
  }
  auto volume = arrange(slices);
  ASSERT_OK(volume.status());
  EXPECT_EQ(volume->geometry.affine,
            (Affine{{{0, 0, 3, 10}, {-0.75, 0, 0, 20}, {0, -0.5, 0, 30}}}));
}

TEST(DicomSlicesTest, OneSlice) {
  std::vector<DicomSlice> one = series(1);
  auto volume = arrange(one);
  ASSERT_OK(volume.status());
  EXPECT_THAT(volume->warnings, ElementsAre(HasSubstr("1 mm")));
  one[0].thickness = 5;
  volume = arrange(one);
  ASSERT_OK(volume.status());
  EXPECT_THAT(volume->geometry.spacing, ElementsAre(0.75, 0.5, 5));
  EXPECT_THAT(volume->warnings, IsEmpty());
}

// Positions are written with few digits.
TEST(DicomSlicesTest, RoundedPositions) {
  std::vector<DicomSlice> slices = series();
  slices[2].position[2] += 0.04;
  ASSERT_OK(arrange(slices).status());
}

TEST(DicomSlicesTest, Refused) {
  using Slices = std::vector<DicomSlice>;
  EXPECT_ERROR(refusal([](Slices &s) {
                 s[4].series = "1.2.4";
                 s[4].description = "T2";
               }),
               InvalidArgument, "/series: 2 series", "1.2.3", "(5 images)",
               "\"T2\" (1 images)", "folder of its own");
  EXPECT_ERROR(refusal([](Slices &s) { s.erase(s.begin() + 2); }), DataLoss,
               "1 slice is missing between 1.dcm and 3.dcm", "5 mm", "2.5 mm");
  EXPECT_ERROR(
      refusal([](Slices &s) { s.erase(s.begin() + 2, s.begin() + 4); }),
      DataLoss, "2 slices are missing between 1.dcm and 4.dcm");
  EXPECT_ERROR(refusal([](Slices &s) { s[3].position = s[2].position; }),
               InvalidArgument, "2.dcm and 3.dcm lie at one position", "35 mm",
               "phases");
  EXPECT_ERROR(refusal([](Slices &s) { s[3].position[2] += 0.4; }),
               InvalidArgument, "3.dcm lies 0.4 mm off");
  EXPECT_ERROR(refusal([](Slices &s) {
                 for (size_t i = 0; i < s.size(); ++i)
                   s[i].position[1] += 0.5 * double(i);
               }),
               Unsupported, "gantry tilt", "0.5 mm", "11.3099 degrees",
               "dcm2niix");
  EXPECT_ERROR(refusal([](Slices &s) { s[3].position[0] += 0.4; }),
               InvalidArgument, "3.dcm lies 0.4 mm off");
  EXPECT_ERROR(refusal([](Slices &s) { s[1].columns = 5; }), InvalidArgument,
               "1.dcm has the size 5x3, 0.dcm 4x3", "localizer");
  EXPECT_ERROR(refusal([](Slices &s) { s[1].type = VoxelType::I16; }),
               InvalidArgument, "1.dcm has pixels of the type i16");
  EXPECT_ERROR(
      refusal([](Slices &s) { s[1].orientation = {0, 1, 0, 0, 0, -1}; }),
      InvalidArgument, "1.dcm has ImageOrientationPatient 0\\1\\0");
  EXPECT_ERROR(refusal([](Slices &s) { s[1].spacing[0] = 0.6; }),
               InvalidArgument, "1.dcm has PixelSpacing 0.6, 0.dcm 0.5");
  EXPECT_ERROR(refusal([](Slices &s) {
                 for (DicomSlice &slice : s)
                   slice.orientation[0] = 0.9;
               }),
               InvalidArgument, "no two unit vectors");
  EXPECT_ERROR(refusal([](Slices &s) {
                 for (DicomSlice &slice : s)
                   slice.spacing = {0, 0};
               }),
               InvalidArgument, "PixelSpacing", "is 0");
}
