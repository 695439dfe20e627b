//===- MaskFilesTest.cpp - Masks in every format --------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// With SEGC_MASK_FILES=FOLDER the files are kept there, where
// bench/peers/test_formats.py reads them with SimpleITK.
//
//===----------------------------------------------------------------------===//

#include "TestSupport.h"
#include "segc/Runtime/Data/OwnFiles.h"

using namespace segc;
using namespace segc::test;

/// Axes that are turned by 30 degrees about the second one.
static VolumeGeometry oblique() {
  const double s = 0.5, c = std::sqrt(0.75);
  VolumeGeometry grid;
  grid.size = {4, 3, 5};
  grid.spacing = {1, 2, 3};
  grid.affine = {{{-c, 0, 3 * s, 10}, {0, -2, 0, 20}, {-s, 0, -3 * c, 30}}};
  grid.placedBy = PlacedBy::Directions;
  return grid;
}

static std::vector<uint8_t> labels() {
  std::vector<uint8_t> result(60);
  for (size_t i = 0; i < result.size(); ++i)
    result[i] = uint8_t(i * i % 3);
  return result;
}

static const char *keptFolder() { return std::getenv("SEGC_MASK_FILES"); }

TEST(MaskFilesTest, Volumes) {
  TemporaryFolder temporary;
  const std::string folder = keptFolder() ? keptFolder() : temporary.path;
  for (const std::string ending : {".nii.gz", ".nrrd", ".mha"}) {
    const std::string path = folder + "/mask" + ending;
    const VolumeFormat &format = volumeFormatOf(path);
    ASSERT_OK(format.writeMask(path, oblique(), {labels().data()},
                               {"background", "anterior", "posterior"}));
    auto mask = format.read(path, {});
    ASSERT_OK(mask.status());
    EXPECT_EQ(mask->type, VoxelType::U8);
    EXPECT_LT(cornerDistance(mask->geometry, oblique()), 1e-5) << ending;
    for (size_t i = 0; i < 60; ++i)
      ASSERT_EQ(mask->voxels[i], float(labels()[i])) << ending;
    EXPECT_TRUE(hasOwnMark(path));
  }
}

TEST(MaskFilesTest, Slices) {
  TemporaryFolder temporary;
  const std::string folder = keptFolder() ? keptFolder() : temporary.path;
  VolumeGeometry grid;
  grid.size = {4, 3, 1};
  for (const std::string ending : {".tif", ".png"}) {
    const std::string path = folder + "/mask" + ending;
    const SliceFormat &format = sliceFormatOf(path);
    ASSERT_OK(format.writeMask(path, grid, {labels().data()}, {}));
    auto file = format.open(path, ImageUse::Label, {});
    ASSERT_OK(file.status());
    auto page = (*file)->read(0);
    ASSERT_OK(page.status());
    EXPECT_EQ(page->geometry.size, grid.size);
    for (size_t i = 0; i < 12; ++i)
      ASSERT_EQ(page->voxels[i], float(labels()[i])) << ending;
    EXPECT_TRUE(hasOwnMark(path));
  }
}
