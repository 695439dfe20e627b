//===- NiftiTest.cpp - NIfTI-1 volumes ------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestSupport.h"

#include <algorithm>
#include <limits>
#include <zlib.h>

using namespace segc;
using namespace segc::test;
using testing::ElementsAre;

/// Through gzip.
static std::string packed(const std::string &bytes) {
  TemporaryFolder folder;
  gzFile file = gzopen((folder / "x.gz").c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
  return *readFile(folder / "x.gz");
}

/// Reverses the bytes of the fields that the reader looks at, and of voxels.
static std::string otherByteOrder(std::string image, size_t elementBytes) {
  auto swap = [&](size_t offset, size_t bytes, size_t count) {
    for (size_t i = 0; i < count; ++i)
      std::reverse(image.begin() + long(offset + i * bytes),
                   image.begin() + long(offset + (i + 1) * bytes));
  };
  swap(0, 4, 1);
  swap(40, 2, 8);
  swap(70, 2, 2);
  swap(76, 4, 8);
  swap(108, 4, 3);
  swap(252, 2, 2);
  swap(256, 4, 18);
  swap(352, elementBytes, (image.size() - 352) / elementBytes);
  return image;
}

template <typename T>
static void expectRead(int16_t type) {
  const std::vector<T> voxels = {T(0), T(1), T(2), T(3), T(100), T(5)};
  NiftiHeader header = makeHeader({3, 2, 1}, type, 8 * sizeof(T));
  std::string image = niftiImage(header, voxels);
  for (const std::string &bytes :
       {image, packed(image), otherByteOrder(image, sizeof(T))}) {
    Expected<Volume> volume = decodeNifti(bytes, "x.nii");
    ASSERT_OK(volume.status());
    EXPECT_THAT(volume->geometry.size, ElementsAre(3, 2, 1));
    EXPECT_THAT(volume->geometry.spacing, ElementsAre(1.5, 0.75, 2.0));
    EXPECT_THAT(volume->voxels, ElementsAre(0, 1, 2, 3, 100, 5));
    EXPECT_EQ(volume->geometry.header.sform[2][3], 42);
    EXPECT_EQ(volume->geometry.header.quaternion[1], 0.5f);
  }
}

// Every data type, plain, compressed and in the other byte order.
TEST(NiftiTest, DataTypes) {
  expectRead<uint8_t>(2);
  expectRead<int16_t>(4);
  expectRead<int32_t>(8);
  expectRead<float>(16);
  expectRead<double>(64);
  expectRead<int8_t>(256);
  expectRead<uint16_t>(512);
  expectRead<uint32_t>(768);
}

TEST(NiftiTest, ScaleAndChannels) {
  NiftiHeader header = makeHeader({2, 1, 1, 2}, 4, 16);
  header.scaleSlope = 0.5f;
  header.scaleOffset = 10;
  std::string image =
      niftiImage(header, std::vector<int16_t>{-2, 4, 100, 30000});
  Expected<Volume> volume = decodeNifti(image, "x.nii");
  ASSERT_OK(volume.status());
  EXPECT_EQ(volume->channels, 2);
  EXPECT_THAT(volume->voxels, ElementsAre(9, 12, 60, 15010));
  EXPECT_EQ(volume->channel(1)[0], 60);

  header.scaleSlope = 0; // The standard's "no scaling".
  volume = decodeNifti(
      niftiImage(header, std::vector<int16_t>{-2, 4, 100, 30000}), "x.nii");
  ASSERT_OK(volume.status());
  EXPECT_THAT(volume->voxels, ElementsAre(-2, 4, 100, 30000));

  header.units = 3; // micrometres
  volume = decodeNifti(
      niftiImage(header, std::vector<int16_t>{-2, 4, 100, 30000}), "x.nii");
  EXPECT_DOUBLE_EQ(volume->geometry.spacing[0], 0.0015);
}

// No prefix of a file is taken for a whole one, nor a file with more.
TEST(NiftiTest, Length) {
  std::string image =
      niftiImage(makeHeader({3, 2, 1}, 2, 8), std::vector<uint8_t>(6, 1));
  for (const std::string &bytes : {image, packed(image)})
    for (size_t size = 0; size < bytes.size(); ++size)
      EXPECT_FALSE(decodeNifti(std::string_view(bytes).substr(0, size), "x"))
          << size << " bytes";
  EXPECT_ERROR(decodeNifti(image + "a", "x.nii").status(), DataLoss,
               "358 bytes, found 359", "truncated");
  EXPECT_ERROR(decodeNifti(packed(image + "a"), "x.nii.gz").status(), DataLoss,
               "358 bytes, found more");
  std::string damaged = packed(image);
  damaged[damaged.size() - 6] ^= 1; // In the checksum.
  EXPECT_ERROR(decodeNifti(damaged, "x.nii.gz").status(), DataLoss, "checksum");
}

// Header sizes that the file cannot hold are refused without taking memory.
TEST(NiftiTest, LyingSizes) {
  std::vector<uint8_t> none;
  NiftiHeader huge = makeHeader({32767, 32767, 4}, 64, 64);
  EXPECT_ERROR(decodeNifti(niftiImage(huge, none), "x.nii").status(), DataLoss,
               "32767x32767x4", "found 352");
  EXPECT_ERROR(decodeNifti(packed(niftiImage(huge, none)), "x").status(),
               DataLoss, "compressed");
  NiftiHeader larger = makeHeader({32767, 32767, 32767, 32767}, 2, 8);
  EXPECT_ERROR(decodeNifti(niftiImage(larger, none), "x").status(), Unsupported,
               "expected at most");
  NiftiHeader negative = makeHeader({3, -2, 1}, 2, 8);
  EXPECT_ERROR(decodeNifti(niftiImage(negative, none), "x").status(),
               InvalidArgument, "size -2 along dimension 2");
  NiftiHeader flat = makeHeader({3, 2}, 2, 8);
  EXPECT_ERROR(decodeNifti(niftiImage(flat, none), "x").status(),
               InvalidArgument, "2 dimensions");
  NiftiHeader deep = makeHeader({3, 2, 1, 1, 2}, 2, 8);
  EXPECT_ERROR(decodeNifti(niftiImage(deep, none), "x").status(),
               InvalidArgument, "dimension 5");
}

TEST(NiftiTest, WrongHeaders) {
  auto decode = [](void (*change)(NiftiHeader &)) {
    NiftiHeader header = makeHeader({2, 1, 1}, 2, 8);
    change(header);
    return decodeNifti(niftiImage(header, std::vector<uint8_t>(2)), "x.nii")
        .status();
  };
  EXPECT_ERROR(decode([](NiftiHeader &h) { h.headerSize = 7; }),
               InvalidArgument, "header size 7");
  EXPECT_ERROR(decode([](NiftiHeader &h) { h.headerSize = 540; }), Unsupported,
               "NIfTI-2");
  EXPECT_ERROR(decode([](NiftiHeader &h) { h.magic[1] = 'i'; }), Unsupported,
               ".hdr/.img");
  EXPECT_ERROR(decode([](NiftiHeader &h) { h.magic[0] = 0; }), InvalidArgument,
               "n+1");
  EXPECT_ERROR(decode([](NiftiHeader &h) { h.dataTypeCode = 32; }), Unsupported,
               "data type 32");
  EXPECT_ERROR(decode([](NiftiHeader &h) { h.bitsPerVoxel = 16; }), DataLoss,
               "bitpix 16");
  EXPECT_ERROR(decode([](NiftiHeader &h) { h.pixelSize[2] = 0; }),
               InvalidArgument, "spacing", "axis 1");
  EXPECT_ERROR(decode([](NiftiHeader &h) {
                 h.voxelOffset = std::numeric_limits<float>::quiet_NaN();
               }),
               DataLoss, "voxels start");
  EXPECT_ERROR(decode([](NiftiHeader &h) { h.voxelOffset = -4; }), DataLoss,
               "voxels start");
  EXPECT_ERROR(decode([](NiftiHeader &h) {
                 h.scaleSlope = 1;
                 h.scaleOffset = std::numeric_limits<float>::infinity();
               }),
               DataLoss, "scl_inter");
}

// A label map written on an image's grid has the image's place in the world.
TEST(NiftiTest, WriteKeepsGeometry) {
  NiftiHeader header = makeHeader({3, 2, 1, 2}, 4, 16);
  header.scaleSlope = 3;
  Expected<Volume> image =
      decodeNifti(niftiImage(header, std::vector<int16_t>(12, 1)), "image.nii");
  ASSERT_OK(image.status());
  const std::vector<uint8_t> labels = {0, 1, 2, 2, 1, 0};
  const std::vector<float> values = {0.5f, 1, -2, 2, 1e9f, 0};
  TemporaryFolder folder;
  for (const char *name : {"label.nii", "label.nii.gz"}) {
    ASSERT_OK(writeNifti(folder / name, image->geometry, labels.data()));
    Expected<Volume> read = readNifti(folder / name);
    ASSERT_OK(read.status());
    EXPECT_EQ(read->geometry.header.dataTypeCode, 2);
    EXPECT_THAT(read->voxels, ElementsAre(0, 1, 2, 2, 1, 0));
    EXPECT_EQ(read->channels, 1);
    EXPECT_EQ(read->geometry.spacing, image->geometry.spacing);
    const NiftiHeader &written = read->geometry.header;
    // From qform_code to the end of the sform.
    EXPECT_EQ(std::memcmp(&written.qformCode, &header.qformCode, 76), 0);
    EXPECT_EQ(written.pixelSize[0], -1);
  }
  ASSERT_OK(writeNifti(folder / "p.nii.gz", image->geometry, values.data()));
  Expected<Volume> read = readNifti(folder / "p.nii.gz");
  ASSERT_OK(read.status());
  EXPECT_EQ(read->voxels, values);
}
