//===- MetaImageTest.cpp - MetaImage volumes ------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/MetaImage.h"
#include "TestSupport.h"
#include "segc/Runtime/Data/OwnFiles.h"

using namespace segc;
using namespace segc::test;
using namespace std::string_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// What SimpleITK writes of 2x3x4 voxels of i16 that count from 0, with axes
/// that are turned about z.
static constexpr char itkHeader[] =
    "ObjectType = Image\nNDims = 3\nBinaryData = True\n"
    "BinaryDataByteOrderMSB = False\nCompressedData = False\n"
    "TransformMatrix = 0 1 0 -1 0 0 0 0 -1\nOffset = 10 20 30\n"
    "CenterOfRotation = 0 0 0\nAnatomicalOrientation = PLS\n"
    "ElementSpacing = 1 2 3\nDimSize = 2 3 4\nElementType = MET_SHORT\n"
    "ElementDataFile = LOCAL\n";

/// The header with `from` replaced.
static std::string with(const std::string &from, const std::string &to) {
  return replaced(itkHeader, from, to);
}

static StatusOr<Volume> decode(const std::string &header) {
  return decodeMetaImage(header + counting(24), "x.mha");
}

/// A file that SimpleITK wrote (bench/peers/record_formats.py).
static std::string recorded(const std::string &name) {
  return SEGC_SOURCE_DIR "/unittests/Runtime/Data/golden/formats/" + name;
}

TEST(MetaImageTest, OfSimpleItk) { expectVolumeOfSimpleItk(decode(itkHeader)); }

// Files of the library itself: packed with zlib, beside their header, of
// several channels, of two dimensions.
TEST(MetaImageTest, RecordedFiles) {
  const Affine affine = decode(itkHeader)->geometry.affine;
  for (const char *name : {"packed.mha", "beside.mhd"}) {
    auto volume = volumeFormatOf(name).read(recorded(name), {});
    ASSERT_OK(volume.status());
    EXPECT_EQ(volume->geometry.affine, affine) << name;
    EXPECT_EQ(volume->type, VoxelType::I16);
    for (size_t i = 0; i < 24; ++i)
      EXPECT_EQ(volume->voxels[i], float(i)) << name;
    EXPECT_THAT(volume->warnings, IsEmpty());
  }
  auto vectors = volumeFormatOf("x.mha").read(recorded("vector.mha"), {});
  ASSERT_OK(vectors.status());
  EXPECT_EQ(vectors->channels, 2);
  EXPECT_EQ(vectors->geometry.affine, affine);
  EXPECT_EQ(vectors->channel(0).at(1, 2, 3), 46);
  EXPECT_EQ(vectors->channel(1).at(1, 2, 3), 47);
  auto plane = volumeFormatOf("x.mha").read(recorded("plane.mha"), {});
  ASSERT_OK(plane.status());
  EXPECT_THAT(plane->geometry.size, ElementsAre(2, 3, 1));
  EXPECT_THAT(plane->geometry.spacing, ElementsAre(1, 2, 1));
}

TEST(MetaImageTest, FieldsOfMetaIo) {
  // Synonyms, the other byte order and a distance without a place.
  const std::string header =
      "NDims = 3\r\nElementByteOrderMSB = True\r\nElementSize = 1 2 3\r\n"
      "DimSize = 2 3 2\r\nElementType = MET_USHORT\r\n"
      "ElementDataFile = Local\r\n";
  std::string bytes;
  for (int i = 0; i < 12; ++i)
    bytes += {'\0', char(i)};
  auto volume = decodeMetaImage(header + bytes, "x.mha");
  ASSERT_OK(volume.status());
  EXPECT_EQ(volume->channel(0).at(1, 2, 1), 11);
  EXPECT_EQ(volume->geometry.placedBy, PlacedBy::Pixdim);
  EXPECT_THAT(volume->geometry.spacing, ElementsAre(1, 2, 3));
  volume = decode(with("Offset", "Position"));
  ASSERT_OK(volume.status());
  EXPECT_EQ(volume->geometry.affine[2][3], 30);
  volume = decode(with("CenterOfRotation = 0 0 0", "CenterOfRotation = 1 0 0"));
  ASSERT_OK(volume.status());
  EXPECT_THAT(volume->warnings, ElementsAre(HasSubstr("CenterOfRotation")));
  // ITK takes a negative distance for its size.
  volume = decode(with("Spacing = 1", "Spacing = -1"));
  ASSERT_OK(volume.status());
  EXPECT_EQ(volume->geometry.affine, decode(itkHeader)->geometry.affine);
  volume = decode(with("ElementSpacing = 1 2 3\n", ""));
  ASSERT_OK(volume.status());
  EXPECT_THAT(volume->warnings, ElementsAre(HasSubstr("ElementSpacing")));
}

TEST(MetaImageTest, ChannelsBehind) {
  const std::string header =
      "NDims = 4\nDimSize = 2 3 2 2\nElementSpacing = 1 2 3 1\n"
      "TransformMatrix = 1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1\n"
      "Offset = 1 2 3 0\nElementType = MET_SHORT\nElementDataFile = LOCAL\n";
  auto volume = decode(header);
  ASSERT_OK(volume.status());
  EXPECT_EQ(volume->channels, 2);
  EXPECT_EQ(volume->channel(1).at(0, 0, 0), 12);
  EXPECT_EQ(volume->geometry.affine,
            (Affine{{{-1, 0, 0, -1}, {0, -2, 0, -2}, {0, 0, 3, 3}}}));
}

TEST(MetaImageTest, Detached) {
  TemporaryFolder folder;
  auto read = [&](const std::string &file, const std::string &lines) {
    Status written = writeFileAtomically(
        folder / "x.mhd", "NDims = 3\nDimSize = 2 3 2\n" + lines +
                              "ElementSpacing = 1 2 3\nElementType = "
                              "MET_SHORT\nElementDataFile = " +
                              file + "\n");
    return written.ok() ? volumeFormatOf("x.mhd").read(folder / "x.mhd", {})
                        : written;
  };
  ASSERT_OK(writeFileAtomically(folder / "x.raw", "ABC" + counting(12)));
  for (const char *skip : {"HeaderSize = 3\n", "HeaderSize = -1\n"}) {
    auto volume = read("x.raw", skip);
    ASSERT_OK(volume.status());
    EXPECT_EQ(volume->channel(0).at(1, 2, 1), 11);
  }
  // What belongs to an image: no output may replace one of the two.
  EXPECT_THAT(imageFiles(folder / "x.mhd"),
              ElementsAre(folder / "x.mhd", folder / "x.raw"));
  EXPECT_ERROR(read("none.raw", "").status(), NotFound, "none.raw");
  for (const char *name : {"/etc/hostname", "../x.raw", "a/../../x.raw"})
    EXPECT_ERROR(read(name, "").status(), InvalidArgument, name,
                 "in the folder of the header");
  for (const char *name : {"LIST", "x%03d.raw 1 5 1"})
    EXPECT_ERROR(read(name, "").status(), Unsupported, "one file of voxels");
}

TEST(MetaImageTest, Refused) {
  auto refusal = [](const std::string &from, const std::string &to) {
    return decode(with(from, to)).status();
  };
  EXPECT_ERROR(refusal("= Image", "= Tube"), InvalidArgument, "Tube");
  EXPECT_ERROR(refusal("MET_SHORT", "MET_STRING"), InvalidArgument,
               "MET_STRING", "MET_SHORT");
  EXPECT_ERROR(refusal("BinaryData = True", "BinaryData = False"), Unsupported,
               "binary");
  EXPECT_ERROR(refusal("NDims = 3", "NDims = 5"), InvalidArgument, "NDims");
  EXPECT_ERROR(refusal("DimSize = 2 3 4", "DimSize = 2 0 4"), InvalidArgument,
               "DimSize");
  EXPECT_ERROR(refusal("DimSize = 2", "DimSize = 99999999999999"),
               InvalidArgument, "2^48");
  EXPECT_ERROR(refusal("Spacing = 1 2 3", "Spacing = 1 2"), InvalidArgument,
               "3 numbers");
  EXPECT_ERROR(refusal("Spacing = 1 2 3", "Spacing = 1 0 3"), InvalidArgument,
               "span no volume");
  EXPECT_ERROR(refusal("Offset", "NDims = 3\nOffset"), DataLoss, "twice");
  EXPECT_ERROR(refusal("Offset = 10 20 30", "nonsense"), DataLoss, "nonsense");
  EXPECT_ERROR(decodeMetaImage("NDims = 3\n", "x.mha").status(), DataLoss,
               "ElementDataFile");
  EXPECT_ERROR(
      refusal("DimSize", "ElementToIntensityFunctionSlope = 2\nDimSize"),
      InvalidArgument, "Slope", "scaled volume");
  EXPECT_ERROR(refusal("DimSize", "ElementNumberOfChannels = 0\nDimSize"),
               InvalidArgument, "ElementNumberOfChannels");
  EXPECT_ERROR(decodeMetaImage(itkHeader + counting(23), "x.mha").status(),
               DataLoss, "asks for");
  EXPECT_ERROR(decodeMetaImage(itkHeader + counting(24), "x.mha", {8}).status(),
               Unsupported, "--max-image-bytes");
}

// A mask lies where its image does, is told from the files of others, and names
// its classes as 3D Slicer does.
TEST(MetaImageTest, Masks) {
  TemporaryFolder folder;
  const VolumeGeometry grid = decode(itkHeader)->geometry;
  std::vector<uint8_t> labels(24);
  for (size_t i = 0; i < labels.size(); ++i)
    labels[i] = uint8_t(i % 3);
  const std::string path = folder / "mask.mha";
  const ImageFormat &format = volumeFormatOf(path);
  ASSERT_OK(format.writeMask(path, grid, {labels.data()},
                             {"background", "left\nright", "b"}));
  auto mask = volumeFormatOf(path).read(path, {});
  ASSERT_OK(mask.status());
  EXPECT_EQ(mask->geometry.affine, grid.affine);
  EXPECT_EQ(mask->geometry.spacing, grid.spacing);
  EXPECT_EQ(mask->type, VoxelType::U8);
  for (size_t i = 0; i < labels.size(); ++i)
    EXPECT_EQ(mask->voxels[i], labels[i]);
  const std::string bytes = *readFile(path);
  EXPECT_THAT(bytes, HasSubstr("\nSegment0_Name = left_right\n"));
  EXPECT_THAT(bytes, HasSubstr("\nSegment1_LabelValue = 2\n"));
  EXPECT_TRUE(hasOwnMark(path));
  EXPECT_FALSE(hasOwnMark(recorded("packed.mha")));
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decodeMetaImage(bytes.substr(0, size), "x").ok()) << size;
}
