//===- DicomTest.cpp - DICOM series read with DCMTK -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tests write their own series.
//
//===----------------------------------------------------------------------===//

#include "TestSupport.h"
#include "segc/Runtime/Data/DataSet.h"
#include "segc/Runtime/Data/DicomSeries.h"

#include <dcmtk/config/osconfig.h>

#include <algorithm>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dcrleerg.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmjpeg/djencode.h>
#include <dcmtk/dcmjpls/djencode.h>
#include <functional>

using namespace segc;
using namespace segc::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace {
/// A file of a series.
struct Slice {
  int columns = 4, rows = 3;
  std::array<double, 6> orientation = {1, 0, 0, 0, 1, 0};
  std::array<double, 3> position = {-10, -20, 30};
  std::array<double, 2> spacing = {0.5, 0.75};
  std::vector<Uint16> pixels;
  bool isSigned = false;
  int bitsStored = 16;
};
} // namespace

static std::string joined(const double *values, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    char value[32];
    std::snprintf(value, sizeof(value), "%.6g", values[i]);
    text += (i ? "\\" : "") + std::string(value);
  }
  return text;
}

/// Sets further fields of a file before it is written.
using Change = std::function<void(DcmDataset &)>;

static OFCondition write(const std::string &path, const Slice &slice,
                         E_TransferSyntax syntax = EXS_LittleEndianExplicit,
                         const Change &change = {}) {
  DcmFileFormat file;
  DcmDataset &data = *file.getDataset();
  data.putAndInsertString(DCM_SOPClassUID, UID_CTImageStorage);
  data.putAndInsertString(
      DCM_SOPInstanceUID,
      ("1.2.3.4." + std::to_string(std::hash<std::string>()(path) % 1000000))
          .c_str());
  data.putAndInsertString(DCM_SeriesInstanceUID, "1.2.3");
  data.putAndInsertString(DCM_PhotometricInterpretation, "MONOCHROME2");
  data.putAndInsertString(DCM_ImagePositionPatient,
                          joined(slice.position.data(), 3).c_str());
  data.putAndInsertString(DCM_ImageOrientationPatient,
                          joined(slice.orientation.data(), 6).c_str());
  data.putAndInsertString(DCM_PixelSpacing,
                          joined(slice.spacing.data(), 2).c_str());
  data.putAndInsertUint16(DCM_SamplesPerPixel, 1);
  data.putAndInsertUint16(DCM_Columns, Uint16(slice.columns));
  data.putAndInsertUint16(DCM_Rows, Uint16(slice.rows));
  data.putAndInsertUint16(DCM_BitsAllocated, 16);
  data.putAndInsertUint16(DCM_BitsStored, Uint16(slice.bitsStored));
  data.putAndInsertUint16(DCM_HighBit, Uint16(slice.bitsStored - 1));
  data.putAndInsertUint16(DCM_PixelRepresentation, slice.isSigned);
  data.putAndInsertUint16Array(DCM_PixelData, slice.pixels.data(),
                               slice.pixels.size());
  if (change)
    change(data);
  const OFCondition packed = data.chooseRepresentation(syntax, nullptr);
  return packed.bad() ? packed : file.saveFile(path.c_str(), syntax);
}

/// Five slices whose pixels count from 0, written from the last to the first.
static void writeSeries(const std::string &folder,
                        E_TransferSyntax syntax = EXS_LittleEndianExplicit,
                        const Change &change = {},
                        const std::string &ending = ".dcm") {
  ASSERT_OK(createDirectories(folder));
  for (int i = 4; i >= 0; --i) {
    Slice slice;
    slice.position[2] += 2.5 * i;
    for (int pixel = 0; pixel < 12; ++pixel)
      slice.pixels.push_back(Uint16(12 * i + pixel));
    const OFCondition written = write(
        folder + "/" + std::to_string(4 - i) + ending, slice, syntax, change);
    ASSERT_TRUE(written.good()) << written.text();
  }
}

static void expectCounting(const Volume &volume) {
  for (size_t i = 0; i < 60; ++i)
    ASSERT_EQ(volume.voxels[i], float(i));
}

static Json pipeline() {
  return {{"kind", "decathlon"},
          {"input_shape", {4, 4, 4}},
          {"orientation", "RAS"},
          {"class_names", {"background", "a"}}};
}

TEST(DicomTest, Series) {
  TemporaryFolder folder;
  writeSeries(folder / "scan");
  auto volume = readDicomSeries(folder / "scan");
  ASSERT_OK(volume.status());
  EXPECT_THAT(volume->geometry.size, ElementsAre(4, 3, 5));
  EXPECT_EQ(volume->type, VoxelType::U16);
  expectCounting(*volume);
  EXPECT_EQ(volume->geometry.affine,
            (Affine{{{-0.75, 0, 0, 10}, {0, -0.5, 0, 20}, {0, 0, 2.5, 30}}}));
  EXPECT_THAT(volume->warnings, IsEmpty());
  auto header = readDicomHeader(folder / "scan");
  ASSERT_OK(header.status());
  EXPECT_EQ(header->geometry.affine, volume->geometry.affine);
  EXPECT_ERROR(readDicomSeries(folder / "scan", {100}).status(), Unsupported,
               "--max-image-bytes");
}

// Whatever DCMTK unpacks is the same volume.
TEST(DicomTest, TransferSyntaxes) {
  DcmRLEEncoderRegistration::registerCodecs();
  DJEncoderRegistration::registerCodecs();
  DJLSEncoderRegistration::registerCodecs();
  for (E_TransferSyntax syntax :
       {EXS_LittleEndianImplicit, EXS_BigEndianExplicit, EXS_RLELossless,
        EXS_JPEGProcess14SV1, EXS_JPEGLSLossless,
        EXS_DeflatedLittleEndianExplicit}) {
    TemporaryFolder folder;
    writeSeries(folder.path, syntax);
    auto volume = readDicomSeries(folder.path);
    ASSERT_OK(volume.status());
    EXPECT_EQ(volume->type, VoxelType::U16) << DcmXfer(syntax).getXferName();
    expectCounting(*volume);
  }
  // One that DCMTK has no codec for is named.
  TemporaryFolder folder;
  Slice slice;
  slice.pixels.resize(12);
  const OFCondition written = write(
      folder / "1.dcm", slice, EXS_JPEG2000LosslessOnly, [](DcmDataset &data) {
        auto *sequence = new DcmPixelSequence(DCM_PixelSequenceTag);
        sequence->insert(new DcmPixelItem(DCM_PixelItemTag));
        auto *item = new DcmPixelItem(DCM_PixelItemTag);
        item->putUint8Array(reinterpret_cast<const Uint8 *>("packed"), 6);
        sequence->insert(item);
        auto *pixels = new DcmPixelData(DCM_PixelData);
        pixels->putOriginalRepresentation(EXS_JPEG2000LosslessOnly, nullptr,
                                          sequence);
        data.insert(pixels, OFTrue);
      });
  ASSERT_TRUE(written.good()) << written.text();
  EXPECT_ERROR(readDicomSeries(folder.path).status(), Unsupported, "1.dcm",
               "JPEG 2000");
}

TEST(DicomTest, Rescale) {
  TemporaryFolder folder;
  auto rescale = [](const char *slope, const char *intercept) {
    return [=](DcmDataset &data) {
      data.putAndInsertString(DCM_RescaleSlope, slope);
      data.putAndInsertString(DCM_RescaleIntercept, intercept);
    };
  };
  writeSeries(folder.path, EXS_LittleEndianExplicit, rescale("2", "-1024"));
  auto volume = readDicomSeries(folder.path);
  ASSERT_OK(volume.status());
  EXPECT_EQ(volume->type, VoxelType::U16);
  EXPECT_EQ(volume->voxels[59], 59 * 2 - 1024);
  // As in PET: each slice has its own.
  Slice last;
  last.position[2] += 10;
  last.pixels.assign(12, 7);
  ASSERT_TRUE(write(folder / "0.dcm", last, EXS_LittleEndianExplicit,
                    rescale("0.5", "0"))
                  .good());
  volume = readDicomSeries(folder.path);
  ASSERT_OK(volume.status());
  EXPECT_EQ(volume->type, VoxelType::F32);
  EXPECT_EQ(volume->voxels[0], -1024);
  EXPECT_EQ(volume->voxels[59], 3.5f);
  ASSERT_TRUE(
      write(folder / "0.dcm", last, EXS_LittleEndianExplicit, rescale("0", "0"))
          .good());
  EXPECT_ERROR(readDicomSeries(folder.path).status(), InvalidArgument, "0.dcm",
               "RescaleSlope");
}

// 12 bits with a sign; the 4 above them are an overlay.
TEST(DicomTest, StoredBits) {
  TemporaryFolder folder;
  Slice slice;
  slice.isSigned = true;
  slice.bitsStored = 12;
  slice.pixels.assign(12, 0x0fff);
  slice.pixels[1] = 0xf7ff;
  slice.pixels[2] = 0x8800;
  ASSERT_TRUE(write(folder / "1.dcm", slice).good());
  auto volume = readDicomSeries(folder.path);
  ASSERT_OK(volume.status());
  EXPECT_EQ(volume->type, VoxelType::I16);
  EXPECT_EQ(volume->voxels[0], -1);
  EXPECT_EQ(volume->voxels[1], 2047);
  EXPECT_EQ(volume->voxels[2], -2048);
}

TEST(DicomTest, OtherFiles) {
  TemporaryFolder folder;
  writeSeries(folder.path);
  ASSERT_OK(writeFileAtomically(folder / "readme.txt", "text"));
  DcmFileFormat report;
  report.getDataset()->putAndInsertString(DCM_SOPClassUID,
                                          UID_BasicTextSRStorage);
  report.getDataset()->putAndInsertString(DCM_SOPInstanceUID, "1.2.9");
  ASSERT_TRUE(
      report.saveFile((folder / "report.dcm").c_str(), EXS_LittleEndianExplicit)
          .good());
  auto volume = readDicomSeries(folder.path);
  ASSERT_OK(volume.status());
  expectCounting(*volume);
  EXPECT_THAT(volume->warnings,
              ElementsAre(HasSubstr("2 files are no DICOM images")));
  TemporaryFolder empty;
  ASSERT_OK(writeFileAtomically(empty / "x.dcm", "text"));
  EXPECT_ERROR(readDicomSeries(empty.path).status(), InvalidArgument,
               "no DICOM images");
}

TEST(DicomTest, Refused) {
  auto refusal = [](const Change &change) {
    TemporaryFolder folder;
    writeSeries(folder.path, EXS_LittleEndianExplicit, change);
    return readDicomSeries(folder.path).status();
  };
  EXPECT_ERROR(refusal([](DcmDataset &data) {
                 data.putAndInsertString(DCM_NumberOfFrames, "7");
               }),
               Unsupported, "7 slices in one file", "multi-frame");
  // What an enhanced file of one slice has in place of a position.
  EXPECT_ERROR(
      refusal([](DcmDataset &data) {
        for (const DcmTagKey &tag :
             {DCM_ImagePositionPatient, DCM_ImageOrientationPatient,
              DCM_PixelSpacing})
          data.findAndDeleteElement(tag);
        data.putAndInsertString(DCM_SOPClassUID, UID_EnhancedMRImageStorage);
        data.putAndInsertString(DCM_NumberOfFrames, "1");
        DcmItem *groups = nullptr;
        data.findOrCreateSequenceItem(DCM_PerFrameFunctionalGroupsSequence,
                                      groups, 0);
        DcmItem *place = nullptr;
        groups->findOrCreateSequenceItem(DCM_PlanePositionSequence, place, 0);
        place->putAndInsertString(DCM_ImagePositionPatient, "0\\0\\0");
      }),
      Unsupported, "1 slice in one file", "enhanced multi-frame", "dcm2niix");
  for (const char *colours : {"MONOCHROME1", "RGB", "PALETTE COLOR"})
    EXPECT_ERROR(refusal([&](DcmDataset &data) {
                   data.putAndInsertString(DCM_PhotometricInterpretation,
                                           colours);
                 }),
                 Unsupported, colours, "MONOCHROME2");
  EXPECT_ERROR(refusal([](DcmDataset &data) {
                 data.putAndInsertUint16(DCM_HighBit, 7);
               }),
               Unsupported, "bits");
  for (const DcmTagKey &tag : {DCM_ImagePositionPatient,
                               DCM_ImageOrientationPatient, DCM_PixelSpacing})
    EXPECT_ERROR(
        refusal([&](DcmDataset &data) { data.findAndDeleteElement(tag); }),
        InvalidArgument, "lies in a patient");
  EXPECT_ERROR(
      refusal([](DcmDataset &data) { data.putAndInsertUint16(DCM_Rows, 100); }),
      DataLoss, "bytes of pixels");
}

// Each of the rotations of a scan is one volume to the network, and its mask,
// in NIfTI, lies where the scan does.
TEST(DicomTest, AllRotationsAreOneVolume) {
  const std::array<int, 3> size = {4, 3, 5};
  const std::array<double, 3> spacing = {0.75, 0.5, 2.5};
  std::vector<float> first;
  std::array<size_t, 3> axes = {0, 1, 2};
  int rotations = 0;
  do {
    for (int flips = 0; flips < 8; ++flips) {
      const bool even = (axes == std::array<size_t, 3>{0, 1, 2} ||
                         axes == std::array<size_t, 3>{1, 2, 0} ||
                         axes == std::array<size_t, 3>{2, 0, 1});
      const int signs = (flips & 1) + (flips >> 1 & 1) + (flips >> 2 & 1);
      // The normal of a slice follows from its rows and columns.
      if (even != (signs % 2 == 0))
        continue;
      ++rotations;
      TemporaryFolder folder;
      ASSERT_OK(createDirectories(folder / "scan"));
      auto flipped = [&](size_t axis) { return flips >> axis & 1; };
      for (int k = 0; k < size[axes[2]]; ++k) {
        Slice slice;
        slice.columns = size[axes[0]];
        slice.rows = size[axes[1]];
        slice.orientation = {};
        slice.orientation[axes[0]] = flipped(0) ? -1 : 1;
        slice.orientation[3 + axes[1]] = flipped(1) ? -1 : 1;
        slice.spacing = {spacing[axes[1]], spacing[axes[0]]};
        slice.position = {-10, -20, 30};
        auto place = [&](size_t axis, int index) {
          const int last = size[axes[axis]] - 1;
          return flipped(axis) ? last - index : index;
        };
        for (size_t axis : {0, 1})
          slice.position[axes[axis]] += place(axis, 0) * spacing[axes[axis]];
        slice.position[axes[2]] += place(2, k) * spacing[axes[2]];
        for (int j = 0; j < slice.rows; ++j)
          for (int i = 0; i < slice.columns; ++i) {
            std::array<int, 3> at{};
            at[axes[0]] = place(0, i);
            at[axes[1]] = place(1, j);
            at[axes[2]] = place(2, k);
            slice.pixels.push_back(
                Uint16(at[0] + size[0] * (at[1] + size[1] * at[2])));
          }
        ASSERT_TRUE(
            write(folder / ("scan/" + std::to_string(k)), slice).good());
      }
      auto set = openFiles({folder / "scan"}, pipeline(), {});
      ASSERT_OK(set.status());
      std::vector<float> image(64), probabilities(128);
      ASSERT_OK((*set)->sample(Split::Test, 0, {}, image.data(), nullptr));
      if (first.empty())
        first = image;
      EXPECT_EQ(image, first);
      for (size_t i = 0; i < probabilities.size(); ++i)
        probabilities[i] = float(i * i % 17);
      ASSERT_OK(writePredictions(**set, Split::Test, {0}, probabilities,
                                 {folder / "masks", ""}));
      auto scan = readDicomSeries(folder / "scan");
      auto mask = readNifti(folder / "masks/scan.nii.gz");
      ASSERT_OK(scan.status());
      ASSERT_OK(mask.status());
      EXPECT_EQ(mask->geometry.size, scan->geometry.size);
      EXPECT_LT(cornerDistance(mask->geometry, scan->geometry), 1e-5);
      EXPECT_EQ(mask->type, VoxelType::U8);
    }
  } while (std::next_permutation(axes.begin(), axes.end()));
  EXPECT_EQ(rotations, 24);
}

// A series is found by its folder, by one of its files, as the folder of a
// patient among others, and without endings.
TEST(DicomTest, Folders) {
  TemporaryFolder folder;
  for (const char *ending : {".dcm", ""}) {
    for (const char *name : {"p1", "p2"})
      writeSeries(folder / name, EXS_LittleEndianExplicit, {}, ending);
    EXPECT_THAT(*imagesIn(folder / "p1"), ElementsAre(folder / "p1"));
    EXPECT_THAT(*imagesIn(folder.path),
                ElementsAre(folder / "p1", folder / "p2"));
    for (const std::string &path : {folder / "p1", folder / "p1/",
                                    folder / ("p1/0" + std::string(ending))}) {
      auto set = openFiles({path}, pipeline(), {});
      ASSERT_OK(set.status());
      ASSERT_EQ((*set)->count(Split::Test), 1);
      EXPECT_EQ((*set)->caseName(Split::Test, 0), "p1");
      EXPECT_THAT((*set)->files(),
                  testing::Contains(folder / ("p1/4" + std::string(ending))));
      std::vector<float> image(64);
      ASSERT_OK((*set)->sample(Split::Test, 0, {}, image.data(), nullptr));
    }
    std::filesystem::remove_all(folder / "p1");
    std::filesystem::remove_all(folder / "p2");
  }
  // In an index, and a channel in each of two folders.
  for (const char *name : {"imagesTr/x_0000", "imagesTr/x_0001"})
    writeSeries(folder / name);
  DatasetOptions options;
  options.channels = 2;
  auto set = openFiles(*imagesIn(folder / "imagesTr"), pipeline(), options);
  ASSERT_OK(set.status());
  ASSERT_EQ((*set)->count(Split::Test), 1);
  std::vector<float> image(128);
  ASSERT_OK((*set)->sample(Split::Test, 0, {}, image.data(), nullptr));
  for (size_t i = 0; i < 64; ++i)
    EXPECT_EQ(image[2 * i], image[2 * i + 1]);
  ASSERT_OK(createDirectories(folder / "labelsTr"));
  auto scan = readDicomHeader(folder / "imagesTr/x_0000");
  ASSERT_OK(scan.status());
  ASSERT_OK(writeNifti(folder / "labelsTr/x.nii.gz", scan->geometry,
                       std::vector<uint8_t>(60, 1).data()));
  const Json index = {
      {"modality", {{"0", "MRI"}}},
      {"labels", {{"0", "background"}, {"1", "a"}}},
      {"training",
       {{{"image", "imagesTr/x_0000"}, {"label", "labelsTr/x.nii.gz"}}}}};
  ASSERT_OK(writeFileAtomically(folder / "dataset.json", index.dump()));
  set = openDataset(folder.path, pipeline(), {});
  ASSERT_OK(set.status());
  ASSERT_OK((*set)->load(Split::Train));
}
