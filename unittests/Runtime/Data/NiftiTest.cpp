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
using namespace std::string_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Compresses with gzip.
static std::string packed(const std::string &bytes) {
  TemporaryFolder folder;
  gzFile file = gzopen((folder / "x.gz").c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
  return *readFile(folder / "x.gz");
}

/// Reverses the bytes of the fields that the reader uses, and of the voxels.
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
    StatusOr<Volume> volume = decodeNifti(bytes, "x.nii");
    ASSERT_OK(volume.status());
    EXPECT_THAT(volume->geometry.size, ElementsAre(3, 2, 1));
    EXPECT_THAT(volume->geometry.spacing, ElementsAre(1.5, 0.75, 2.0));
    EXPECT_THAT(volume->voxels.floats(), ElementsAre(0, 1, 2, 3, 100, 5));
    EXPECT_EQ(volume->geometry.header.sform[2][3], 42);
    EXPECT_EQ(volume->geometry.header.quaternion[1], 0.5f);
  }
}

// Tests every data type, uncompressed, compressed and in the other byte order.
TEST(NiftiTest, DataTypes) {
  expectRead<uint8_t>(2);
  expectRead<int16_t>(4);
  expectRead<int32_t>(8);
  expectRead<float>(16);
  expectRead<double>(64);
  expectRead<int8_t>(256);
  expectRead<uint16_t>(512);
  expectRead<uint32_t>(768);
  expectRead<int64_t>(1024);
  expectRead<uint64_t>(1280);
}

// 64-bit integers are exact up to 2^24. Rounding of larger ones is reported.
TEST(NiftiTest, LargeIntegers) {
  NiftiHeader header = makeHeader({2, 1, 1}, 1024, 64);
  auto volume = decodeNifti(
      niftiImage(header, std::vector<int64_t>{1 - (1 << 24), 5}), "x.nii");
  ASSERT_OK(volume.status());
  EXPECT_THAT(volume->voxels.floats(), ElementsAre(-16777215, 5));
  EXPECT_THAT(volume->warnings, ElementsAre());
  volume = decodeNifti(
      niftiImage(header, std::vector<int64_t>{3, (1 << 24) + 1}), "x.nii");
  ASSERT_OK(volume.status());
  EXPECT_THAT(volume->warnings,
              ElementsAre(testing::AllOf(HasSubstr("voxels of i64"),
                                         HasSubstr("rounded to f32"))));
}

TEST(NiftiTest, ScaleAndChannels) {
  NiftiHeader header = makeHeader({2, 1, 1, 2}, 4, 16);
  header.scaleSlope = 0.5f;
  header.scaleOffset = 10;
  std::string image =
      niftiImage(header, std::vector<int16_t>{-2, 4, 100, 30000});
  StatusOr<Volume> volume = decodeNifti(image, "x.nii");
  ASSERT_OK(volume.status());
  EXPECT_EQ(volume->channels, 2);
  EXPECT_THAT(volume->voxels.floats(), ElementsAre(9, 12, 60, 15010));
  EXPECT_EQ(volume->channel(1).at(0, 0, 0), 60);
  EXPECT_EQ(volume->channel(1).at(1, 0, 0), 15010);

  header.scaleSlope = 0; // The standard's "no scaling".
  volume = decodeNifti(
      niftiImage(header, std::vector<int16_t>{-2, 4, 100, 30000}), "x.nii");
  ASSERT_OK(volume.status());
  EXPECT_THAT(volume->voxels.floats(), ElementsAre(-2, 4, 100, 30000));

  // ITK writes vectors along the fifth dimension. A size of 0 means no
  // dimension.
  header.dim[0] = 5;
  header.dim[4] = 0;
  header.dim[5] = 2;
  volume = decodeNifti(
      niftiImage(header, std::vector<int16_t>{-2, 4, 100, 30000}), "x.nii");
  ASSERT_OK(volume.status());
  EXPECT_EQ(volume->channels, 2);
  EXPECT_EQ(volume->channel(1).at(1, 0, 0), 30000);

  header.units = 3; // micrometres
  volume = decodeNifti(
      niftiImage(header, std::vector<int16_t>{-2, 4, 100, 30000}), "x.nii");
  EXPECT_DOUBLE_EQ(volume->geometry.spacing[0], 0.0015);
}

// No prefix of a file is accepted.
TEST(NiftiTest, Truncated) {
  std::string image =
      niftiImage(makeHeader({3, 2, 1}, 2, 8), std::vector<uint8_t>(6, 1));
  for (const std::string &bytes : {image, packed(image)})
    for (size_t size = 0; size < bytes.size(); ++size)
      EXPECT_FALSE(decodeNifti(bytes.substr(0, size), "x").ok())
          << size << " bytes";
  std::string damaged = packed(image);
  damaged[damaged.size() - 6] ^= 1; // In the checksum.
  EXPECT_ERROR(decodeNifti(damaged, "x.nii.gz").status(), DataLoss, "checksum");
}

// Data after complete voxels is ignored and reported, as in other readers:
// bytes after the voxels, after the gzip member, and half of another member.
TEST(NiftiTest, TrailingBytes) {
  std::string image =
      niftiImage(makeHeader({3, 2, 1}, 2, 8), std::vector<uint8_t>(6, 1));
  auto warning = [](const std::string &bytes) -> std::string {
    StatusOr<Volume> volume = decodeNifti(bytes, "x.nii.gz");
    if (!volume.ok())
      return "error: " + volume.status().message();
    EXPECT_THAT(volume->voxels.floats(), ElementsAre(1, 1, 1, 1, 1, 1));
    return volume->warnings.empty() ? "" : volume->warnings.back();
  };
  const std::string zeros(16, '\0'), other = packed("other");
  EXPECT_EQ(warning(packed(image)), "");
  EXPECT_THAT(warning(image + zeros), HasSubstr("16 bytes behind the voxels"));
  EXPECT_THAT(warning(packed(image + "a")), HasSubstr("1 bytes behind the"));
  EXPECT_THAT(warning(packed(image) + zeros),
              HasSubstr("16 bytes behind the compressed voxels"));
  EXPECT_THAT(warning(packed(image) + "garbage"),
              HasSubstr("7 bytes behind the compressed voxels"));
  EXPECT_THAT(warning(packed(image) + other),
              HasSubstr("5 bytes behind the voxels"));
  EXPECT_THAT(warning(packed(image) + other.substr(0, 15)),
              HasSubstr("damaged content behind the compressed voxels"));
}

// Blocks that are packed side by side are one stream for any reader.
TEST(Nifti, LongMasksAreOneGzipStream) {
  VolumeGeometry grid;
  grid.size = {300, 200, 70}; // Four blocks and a part.
  std::vector<uint8_t> labels(static_cast<size_t>(grid.voxels()));
  for (size_t i = 0; i < labels.size(); ++i)
    labels[i] =
        static_cast<uint8_t>(i * 2654435761u >> (i < 2'000'000 ? 28 : 31));
  TemporaryFolder folder;
  const std::string path = folder / "x.nii.gz";
  ASSERT_OK(writeNifti(path, grid, labels.data()));
  EXPECT_LT(*fileSize(path), labels.size() / 2);
  gzFile file = gzopen(path.c_str(), "rb");
  std::string unpacked(352 + labels.size() + 1, '\0');
  const int bytes =
      gzread(file, unpacked.data(), static_cast<unsigned>(unpacked.size()));
  EXPECT_EQ(gzclose(file), Z_OK);
  ASSERT_EQ(static_cast<size_t>(bytes), 352 + labels.size());
  EXPECT_EQ(unpacked.compare(352, labels.size(),
                             std::string(labels.begin(), labels.end())),
            0);
  StatusOr<Volume> volume = readNifti(path);
  ASSERT_OK(volume.status());
  EXPECT_EQ(volume->voxels[labels.size() - 1], labels.back());
}

// Several gzip members are one stream, even if a member ends within the header.
TEST(NiftiTest, GzipMembers) {
  std::string image =
      niftiImage(makeHeader({3, 2, 1}, 2, 8), std::vector<uint8_t>(6, 1));
  for (size_t cut : {0, 1, 347, 348, 355, 358}) {
    auto volume = decodeNifti(
        packed(image.substr(0, cut)) + packed(image.substr(cut)), "x.nii.gz");
    ASSERT_OK(volume.status());
    EXPECT_THAT(volume->warnings, ElementsAre());
    EXPECT_THAT(volume->voxels.floats(), ElementsAre(1, 1, 1, 1, 1, 1));
  }
  // The member of the voxels is damaged, so the file is refused.
  std::string first = packed(image.substr(0, 355));
  first[first.size() - 6] ^= 1;
  EXPECT_FALSE(decodeNifti(first + packed(image.substr(355)), "x.nii.gz").ok());
}

// The limit applies to the declared size, before memory is allocated, and to
// data after the voxels.
TEST(NiftiTest, Limits) {
  std::string image =
      niftiImage(makeHeader({3, 2, 1}, 4, 16), std::vector<int16_t>(6, 1));
  for (const std::string &bytes : {image, packed(image)}) {
    ASSERT_OK(decodeNifti(bytes, "x.nii.gz", {12}).status());
    EXPECT_ERROR(decodeNifti(bytes, "x.nii.gz", {11}).status(), Unsupported,
                 "x.nii.gz: 12 bytes unpacked, expected at most 11",
                 "--max-image-bytes");
  }
  EXPECT_ERROR(decodeNifti(packed(image + std::string(1 << 20, '\0')),
                           "x.nii.gz", {1 << 10})
                   .status(),
               Unsupported, "--max-image-bytes");
}

// Header sizes that exceed the file are refused before memory is allocated.
TEST(NiftiTest, InconsistentSizes) {
  std::vector<uint8_t> none;
  NiftiHeader huge = makeHeader({32767, 32767, 4}, 64, 64);
  EXPECT_ERROR(decodeNifti(niftiImage(huge, none), "x.nii").status(), DataLoss,
               "32767x32767x4", "found 352");
  EXPECT_ERROR(decodeNifti(packed(niftiImage(huge, none)), "x").status(),
               DataLoss, "compressed");
  NiftiHeader larger = makeHeader({32767, 32767, 32767, 32767}, 2, 8);
  EXPECT_ERROR(decodeNifti(niftiImage(larger, none), "x").status(), DataLoss,
               "found 352");
  NiftiHeader negative = makeHeader({3, -2, 1}, 2, 8);
  EXPECT_ERROR(decodeNifti(niftiImage(negative, none), "x").status(),
               InvalidArgument, "size -2 along dimension 2");
  NiftiHeader line = makeHeader({3}, 2, 8);
  EXPECT_ERROR(decodeNifti(niftiImage(line, none), "x").status(),
               InvalidArgument, "1 dimensions");
  NiftiHeader deep = makeHeader({3, 2, 1, 2, 2}, 2, 8);
  EXPECT_ERROR(decodeNifti(niftiImage(deep, none), "x").status(),
               InvalidArgument, "2 and 2 volumes");
}

TEST(NiftiTest, WrongHeaders) {
  auto decode = [](void (*change)(NiftiHeader &)) {
    NiftiHeader header = makeHeader({2, 1, 1}, 2, 8);
    change(header);
    return decodeNifti(niftiImage(header, std::vector<uint8_t>(2)), "x.nii")
        .status();
  };
  EXPECT_ERROR(decode([](NiftiHeader &h) { h.headerSize = 7; }),
               InvalidArgument, "not a NIfTI file");
  EXPECT_ERROR(decode([](NiftiHeader &h) { h.magic[1] = 'i'; }), Unsupported,
               "header of a pair", ".hdr", ".img");
  EXPECT_ERROR(decode([](NiftiHeader &h) { h.magic[0] = 0; }), Unsupported,
               "Analyze");
  EXPECT_ERROR(decode([](NiftiHeader &h) { h.dataTypeCode = 32; }), Unsupported,
               "complex (complex64) voxels");
  EXPECT_ERROR(decode([](NiftiHeader &h) { h.dataTypeCode = 128; }),
               Unsupported, "RGB (RGB24) voxels");
  EXPECT_ERROR(decode([](NiftiHeader &h) { h.dataTypeCode = 77; }), Unsupported,
               "unknown type (data type 77)");
  EXPECT_ERROR(decode([](NiftiHeader &h) { h.bitsPerVoxel = 16; }), DataLoss,
               "bitpix 16");
  // The field may be 0, because the type defines it.
  ASSERT_OK(decode([](NiftiHeader &h) { h.bitsPerVoxel = 0; }));
  EXPECT_ERROR(decode([](NiftiHeader &h) {
                 h.pixelSize[2] = 0;
                 h.sformCode = 0;
               }),
               InvalidArgument, "spacing", "axis 1", "pixdim[2]");
  EXPECT_ERROR(decode([](NiftiHeader &h) {
                 h.voxelOffset = std::numeric_limits<float>::quiet_NaN();
               }),
               DataLoss, "vox_offset nan");
  EXPECT_ERROR(decode([](NiftiHeader &h) { h.voxelOffset = 0; }), DataLoss,
               "vox_offset 0", "expected 352");
  EXPECT_ERROR(decode([](NiftiHeader &h) {
                 h.scaleSlope = 1;
                 h.scaleOffset = std::numeric_limits<float>::infinity();
               }),
               DataLoss, "scl_inter");
}

// Sizes, scale and affine of NIfTI-2 are read as those of NIfTI-1, in both byte
// orders. A file with 2 dimensions is one slice.
TEST(NiftiTest, Nifti2) {
  auto image = [](bool swapped) {
    std::string h(544, '\0');
    auto put = [&](size_t place, auto value) {
      std::memcpy(&h[place], &value, sizeof(value));
      if (swapped)
        std::reverse(&h[place], &h[place] + sizeof(value));
    };
    put(0, int32_t{540});
    std::memcpy(&h[4], "n+2\0\r\n\x1a\n", 8);
    put(12, int16_t{4});
    put(14, int16_t{16});
    const int64_t dim[8] = {3, 2, 1, 1, 1, 1, 1, 1};
    for (size_t i = 0; i < 8; ++i)
      put(16 + 8 * i, dim[i]);
    for (size_t i = 0; i < 4; ++i)
      put(104 + 8 * i, 0.5 + double(i));
    put(168, int64_t{544});
    put(176, 2.0);
    put(184, -1.0);
    put(348, int32_t{2});
    put(400 + 32 + 16, -3.25); // srow_y[2]
    put(500, int32_t{2});
    std::string voxels(4, '\0');
    h += voxels;
    put(544, int16_t{7});
    put(546, int16_t{-8});
    return h;
  };
  for (const std::string &bytes :
       {image(false), image(true), packed(image(false))}) {
    StatusOr<Volume> volume = decodeNifti(bytes, "x.nii");
    ASSERT_OK(volume.status());
    EXPECT_THAT(volume->voxels.floats(), ElementsAre(13, -17));
    EXPECT_THAT(volume->geometry.spacing, ElementsAre(1.5, 2.5, 3.5));
    EXPECT_EQ(volume->geometry.header.sform[1][2], -3.25f);
    EXPECT_EQ(volume->geometry.header.sformCode, 2);
    EXPECT_EQ(volume->geometry.header.dim[1], 2);
    const uint8_t labels[2] = {1, 2};
    auto written = decodeNifti(encodeNifti(volume->geometry, labels), "y.nii");
    ASSERT_OK(written.status());
    EXPECT_THAT(written->voxels.floats(), ElementsAre(1, 2));
    EXPECT_EQ(written->geometry.header.sform[1][2], -3.25f);
  }
  std::string text = image(false);
  text.replace(4, 8, "n+2\0\n\x1a\n\0", 8); // Line endings were converted.
  EXPECT_ERROR(decodeNifti(text, "x.nii").status(), InvalidArgument, "sent as");
}

TEST(NiftiTest, OneSlice) {
  NiftiHeader header = makeHeader({3, 2}, 2, 8);
  header.pixelSize[3] = 0;
  header.sformCode = 0;
  auto volume =
      decodeNifti(niftiImage(header, std::vector<uint8_t>(6, 4)), "x.nii");
  ASSERT_OK(volume.status());
  EXPECT_THAT(volume->geometry.size, ElementsAre(3, 2, 1));
  EXPECT_THAT(volume->geometry.spacing, ElementsAre(1.5, 0.75, 1));
}

// Other formats are recognised, compressed or not, with advice.
TEST(NiftiTest, ForeignFormats) {
  auto error = [](const std::string &start, const std::string &path) {
    return decodeNifti(start + std::string(600, ' '), path).status();
  };
  const std::string dicom = std::string(128, '\0') + "DICM";
  EXPECT_ERROR(error("NRRD0004\n", "x.nii"), Unsupported, "x.nii: NRRD",
               "NIfTI by its name", ".nrrd");
  EXPECT_ERROR(error("ObjectType = Image", "x.nii"), Unsupported, "MetaImage");
  EXPECT_ERROR(error(dicom, "x.nii"), Unsupported, "DICOM by its content");
  EXPECT_ERROR(error("\x89PNG\r\n\x1a\n", "x.nii"), Unsupported,
               "PNG by its content", ".png");
  EXPECT_ERROR(error("\xff\xd8\xff", "x.nii"), Unsupported, "JPEG", "TIFF");
  EXPECT_ERROR(error("version https://git-lfs.github.com", "x.nii"),
               Unsupported, "git lfs pull");
  EXPECT_ERROR(error("<html>", "x.nii"), Unsupported, "web page");
  EXPECT_ERROR(error("BZh9", "x.nii.gz"), Unsupported, "bzip2; unpack it");
  EXPECT_ERROR(error("\x28\xb5\x2f\xfd", "x"), Unsupported, "Zstandard");
  EXPECT_ERROR(error("", "x.nii.xz"), Unsupported, "packed with xz");
  EXPECT_ERROR(error("", "x.nii"), InvalidArgument, "not a NIfTI file");
  EXPECT_ERROR(
      decodeNifti(packed("\xff\xd8\xff" + std::string(600, ' ')), "x").status(),
      Unsupported, "JPEG");
  EXPECT_ERROR(
      decodeNifti(std::string("\0\5\x16\7\0\2\0\0", 8), "._x.nii.gz").status(),
      Unsupported, "macOS");
}

/// A pair of 3x2x1 voxels of i16 that count from 0.
static void writePair(const std::string &header, const std::string &voxels,
                      uint32_t offset = 0) {
  NiftiHeader h = makeHeader({3, 2, 1}, 4, 16);
  std::memcpy(h.magic, "ni1", 4);
  h.voxelOffset = float(offset);
  std::string bytes(offset, 'x');
  for (char i = 0; i < 6; ++i)
    bytes += {i, '\0'};
  std::string image(reinterpret_cast<const char *>(&h), sizeof(h));
  ASSERT_OK(writeFileAtomically(header, hasEnding(header, ".gz") ? packed(image)
                                                                 : image));
  ASSERT_OK(writeFileAtomically(voxels, hasEnding(voxels, ".gz") ? packed(bytes)
                                                                 : bytes));
}

// A header and its voxels in a file each are one image, by either name.
TEST(NiftiTest, Pairs) {
  for (const auto &[header, voxels] : {std::pair{"x.hdr", "x.img"},
                                       {"X.HDR", "X.IMG"},
                                       {"x.hdr", "x.img.gz"},
                                       {"x.hdr.gz", "x.img.gz"}})
    for (uint32_t offset : {0, 16}) {
      TemporaryFolder folder;
      writePair(folder / header, folder / voxels, offset);
      for (const char *name : {header, voxels}) {
        auto volume = readNifti(folder / name);
        ASSERT_OK(volume.status());
        EXPECT_THAT(volume->voxels.floats(), ElementsAre(0, 1, 2, 3, 4, 5));
        EXPECT_THAT(volume->warnings, IsEmpty());
        EXPECT_EQ(volume->geometry.spacing[0], 1.5);
        auto alone = readNiftiHeader(folder / name);
        ASSERT_OK(alone.status());
        EXPECT_EQ(alone->geometry.affine, volume->geometry.affine);
        EXPECT_THAT(imageFiles(folder / name),
                    ElementsAre(folder / header, folder / voxels));
      }
      EXPECT_THAT(*imagesIn(folder.path), ElementsAre(folder / header));
    }
  // SimpleITK's own: axes that are turned about z.
  const std::string recorded =
      SEGC_SOURCE_DIR "/unittests/Runtime/Data/golden/formats/pair.hdr";
  auto volume = readNifti(recorded);
  ASSERT_OK(volume.status());
  EXPECT_EQ(volume->voxels[23], 23);
  EXPECT_EQ(volume->geometry.affine,
            (Affine{{{0, 2, 0, -10}, {-1, 0, 0, -20}, {0, 0, -3, 30}}}));
}

// One of the two names is a case to predict; both are inputs that no mask
// replaces.
TEST(NiftiTest, PairsAreOneCase) {
  TemporaryFolder folder;
  writePair(folder / "x.hdr", folder / "x.img");
  const Json pipeline = {{"kind", "decathlon"},
                         {"input_shape", {4, 4, 4}},
                         {"class_names", {"background", "a"}}};
  for (const std::vector<std::string> &names :
       {std::vector{"x.hdr"s}, std::vector{"x.img"s},
        std::vector{"x.hdr"s, "x.img"s}}) {
    std::vector<std::string> paths;
    for (const std::string &name : names)
      paths.push_back(folder / name);
    auto set = openFiles(paths, pipeline, {});
    ASSERT_OK(set.status());
    EXPECT_EQ((*set)->count(Split::Test), 1);
    EXPECT_EQ((*set)->caseName(Split::Test, 0), "x");
    EXPECT_THAT((*set)->files(),
                ElementsAre(folder / "x.hdr", folder / "x.img"));
    std::vector<float> image(64);
    ASSERT_OK((*set)->sample(Split::Test, 0, {}, image.data(), nullptr));
  }
  // An index may name either.
  for (const char *name : {"imagesTr", "labelsTr"})
    ASSERT_OK(createDirectories(folder / name));
  writePair(folder / "imagesTr/a.hdr", folder / "imagesTr/a.img");
  writePair(folder / "labelsTr/a.hdr", folder / "labelsTr/a.img");
  for (const char *ending : {"hdr", "img"}) {
    const std::string file = std::string("a.") + ending;
    const Json index = {
        {"modality", {{"0", "MRI"}}},
        {"labels", {{"0", "background"}, {"1", "a"}}},
        {"training",
         {{{"image", "imagesTr/" + file}, {"label", "labelsTr/" + file}}}}};
    ASSERT_OK(writeFileAtomically(folder / "dataset.json", index.dump()));
    DatasetOptions options;
    options.labelMap = {{2, 1}, {3, 1}, {4, 1}, {5, 1}};
    auto set = openDataset(folder.path, pipeline, options);
    ASSERT_OK(set.status());
    ASSERT_OK((*set)->load(Split::Train));
    EXPECT_EQ((*set)->files().size(), 5u);
  }
}

TEST(NiftiTest, WrongPairs) {
  TemporaryFolder folder;
  writePair(folder / "x.hdr", folder / "x.img");
  ASSERT_OK(writeFileAtomically(folder / "x.img", "short"));
  EXPECT_ERROR(readNifti(folder / "x.hdr").status(), DataLoss, "x.img",
               "asks for 12 bytes, found 5");
  std::filesystem::remove(folder / "x.img");
  EXPECT_ERROR(readNifti(folder / "x.hdr").status(), NotFound, "x.img");
  std::filesystem::remove(folder / "x.hdr");
  ASSERT_OK(writeFileAtomically(folder / "x.img", "voxels"));
  EXPECT_ERROR(readNifti(folder / "x.img").status(), NotFound, "x.hdr");
  // Analyze has the same endings and no sides.
  NiftiHeader h = makeHeader({3, 2, 1}, 4, 16);
  std::memset(h.magic, 0, 4);
  ASSERT_OK(writeFileAtomically(
      folder / "x.hdr",
      std::string(reinterpret_cast<const char *>(&h), sizeof(h))));
  for (const char *name : {"x.hdr", "x.img"})
    EXPECT_ERROR(readNifti(folder / name).status(), Unsupported, "x.hdr",
                 "Analyze 7.5", "left");
  // A whole file under the name of a header.
  std::memcpy(h.magic, "n+1", 4);
  ASSERT_OK(writeFileAtomically(folder / "x.hdr",
                                niftiImage(h, std::vector<int16_t>(6, 7))));
  auto volume = readNifti(folder / "x.hdr");
  ASSERT_OK(volume.status());
  EXPECT_EQ(volume->voxels[5], 7);
}

// A label map that is written on an image's grid has the image's position in
// space.
TEST(NiftiTest, WriteKeepsGeometry) {
  NiftiHeader header = makeHeader({3, 2, 1, 2}, 4, 16);
  header.scaleSlope = 3;
  StatusOr<Volume> image =
      decodeNifti(niftiImage(header, std::vector<int16_t>(12, 1)), "image.nii");
  ASSERT_OK(image.status());
  const std::vector<uint8_t> labels = {0, 1, 2, 2, 1, 0};
  const std::vector<float> values = {0.5f, 1, -2, 2, 1e9f, 0};
  TemporaryFolder folder;
  for (const char *name : {"label.nii", "label.nii.gz"}) {
    ASSERT_OK(writeNifti(folder / name, image->geometry, labels.data()));
    StatusOr<Volume> read = readNifti(folder / name);
    ASSERT_OK(read.status());
    EXPECT_EQ(read->geometry.header.dataTypeCode, 2);
    EXPECT_THAT(read->voxels.floats(), ElementsAre(0, 1, 2, 2, 1, 0));
    EXPECT_EQ(read->channels, 1);
    EXPECT_EQ(read->geometry.spacing, image->geometry.spacing);
    const NiftiHeader &written = read->geometry.header;
    // From qform_code to the end of the sform.
    EXPECT_EQ(std::memcmp(&written.qformCode, &header.qformCode, 76), 0);
    EXPECT_EQ(written.pixelSize[0], -1);
  }
  ASSERT_OK(writeNifti(folder / "p.nii.gz", image->geometry, values.data()));
  StatusOr<Volume> read = readNifti(folder / "p.nii.gz");
  ASSERT_OK(read.status());
  EXPECT_EQ(read->voxels.floats(), values);
}

// A volume that is written again keeps its numbers, their type and scale, its
// channels and its place.
TEST(NiftiTest, VolumesAreWrittenAgain) {
  NiftiHeader header = makeHeader({2, 2, 2, 2}, 4, 16);
  header.scaleSlope = 0.25F;
  header.scaleOffset = -3;
  std::vector<int16_t> voxels;
  for (int i = 0; i < 16; ++i)
    voxels.push_back(static_cast<int16_t>(1000 * i - 7000));
  auto volume = decodeNifti(niftiImage(header, voxels), "a.nii");
  ASSERT_OK(volume.status());
  auto again = decodeNifti(encodeNifti(*volume), "b.nii");
  ASSERT_OK(again.status());
  EXPECT_EQ(again->channels, 2);
  EXPECT_EQ(again->type, VoxelType::I16);
  EXPECT_EQ(again->voxels.stored(), volume->voxels.stored());
  EXPECT_EQ(again->voxels.floats(), volume->voxels.floats());
  EXPECT_EQ(cornerDistance(again->geometry, volume->geometry), 0);
  EXPECT_STREQ(again->geometry.header.intentName, "");
}
