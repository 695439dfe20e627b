//===- TestSupport.h - Files and assertions of the data tests ---*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RUNTIME_DATA_TESTSUPPORT_H
#define SEGC_UNITTESTS_RUNTIME_DATA_TESTSUPPORT_H

#include "segc/Base/Files.h"
#include "segc/Base/Json.h"
#include "segc/Base/Status.h"
#include "segc/Runtime/Data/Nifti.h"
#include "segc/Runtime/Data/SegmentationWriter.h"
#include "segc/Runtime/Data/Tiff.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

namespace segc::test {

#define ASSERT_OK(expr)                                                        \
  do {                                                                         \
    ::segc::Status statusOfExpr_ = (expr);                                     \
    ASSERT_TRUE(statusOfExpr_.ok()) << statusOfExpr_.message();                \
  } while (false)

/// Expects an error of the given code whose message has all of the parts.
#define EXPECT_ERROR(expr, expectedCode, ...)                                  \
  do {                                                                         \
    ::segc::Status statusOfExpr_ = (expr);                                     \
    EXPECT_EQ(statusOfExpr_.code(), ::segc::StatusCode::expectedCode)          \
        << statusOfExpr_.message();                                            \
    for (const char *part : {__VA_ARGS__})                                     \
      EXPECT_THAT(statusOfExpr_.message(), ::testing::HasSubstr(part));        \
  } while (false)

/// A grid of 2x2x2 voxels of 1 mm, placed by the sform.
inline VolumeGeometry cubeOfEight() {
  VolumeGeometry grid;
  grid.size = {2, 2, 2};
  grid.header.headerSize = 348;
  grid.header.sformCode = 1;
  for (int axis = 0; axis < 3; ++axis)
    grid.header.sform[axis][axis] = grid.header.pixelSize[axis + 1] = 1;
  return grid;
}

/// A folder that is removed at the end of the test.
class TemporaryFolder {
public:
  TemporaryFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "segc-data-XXXXXX").string();
    path = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  std::string operator/(const std::string &name) const {
    return path + "/" + name;
  }
  std::string path;
};

/// Returns the folder `name` of SEGC_DATA; empty if it does not exist.
inline std::string externalData(const std::string &name) {
  const char *root = std::getenv("SEGC_DATA");
  if (!root || !std::filesystem::is_directory(std::string(root) + "/" + name))
    return "";
  return std::string(root) + "/" + name;
}

#define SKIP_WITHOUT_DATA(variable, name)                                      \
  const std::string variable = ::segc::test::externalData(name);               \
  if (variable.empty())                                                        \
  GTEST_SKIP() << "skipped: SEGC_DATA names no folder with " name

/// The pages of a stack, one after the other.
struct GrayStack {
  int64_t width = 0, height = 0, pages = 0;
  std::vector<uint8_t> pixels;

  std::vector<uint8_t> page(int64_t index) const {
    auto first = pixels.begin() + index * width * height;
    return {first, first + width * height};
  }
};

inline StatusOr<std::string> encodeTiff(const GrayStack &stack) {
  std::vector<const uint8_t *> pages;
  for (int64_t i = 0; i < stack.pages; ++i)
    pages.push_back(stack.pixels.data() + i * stack.width * stack.height);
  return segc::encodeTiff(stack.width, stack.height, pages);
}

inline StatusOr<GrayStack> readAll(const StatusOr<TiffStack> &opened) {
  SEGC_ASSIGN_OR_RETURN(TiffStack stack, opened);
  GrayStack result{stack.width(), stack.height(), stack.pages(), {}};
  for (int64_t i = 0; i < result.pages; ++i) {
    SEGC_ASSIGN_OR_RETURN(std::vector<uint8_t> page, stack.page(i));
    result.pixels.insert(result.pixels.end(), page.begin(), page.end());
  }
  return result;
}

inline StatusOr<GrayStack> decodeTiff(std::string bytes,
                                      const std::string &where,
                                      ImageUse use = ImageUse::Image,
                                      const ImageLimits &limits = {}) {
  return readAll(TiffStack::decode(std::move(bytes), where, use, limits));
}

inline Status writeTiff(const std::string &path, const GrayStack &stack) {
  SEGC_ASSIGN_OR_RETURN(std::string bytes, encodeTiff(stack));
  return writeFileAtomically(path, bytes);
}

/// Opens a data set with a pipeline as in a manifest.
inline StatusOr<std::unique_ptr<Dataset>>
openDataset(const std::string &folder, const Json &pipeline,
            const DatasetOptions &options) {
  SEGC_ASSIGN_OR_RETURN(DataPipeline parsed,
                        DataPipeline::fromJson(pipeline, "pipeline"));
  return segc::openDataset(folder, parsed, options);
}
inline StatusOr<std::unique_ptr<Dataset>>
openFiles(const std::vector<std::string> &paths, const Json &pipeline,
          const DatasetOptions &options) {
  SEGC_ASSIGN_OR_RETURN(DataPipeline parsed,
                        DataPipeline::fromJson(pipeline, "pipeline"));
  return segc::openFiles(paths, parsed, options);
}

/// Writes the predictions of the given cases.
inline Status writePredictions(const Dataset &dataset, Split split,
                               const std::vector<int64_t> &cases,
                               const std::vector<float> &probabilities,
                               const PredictionFolders &folders,
                               bool greyMasks = false) {
  SegmentationWriter writer(dataset, folders, greyMasks);
  for (int64_t index : cases) {
    SEGC_ASSIGN_OR_RETURN(const SourceCase source,
                          dataset.source(split, index));
    SEGC_RETURN_IF_ERROR(writer.write(dataset.files(split, index), source,
                                      probabilities.data()));
  }
  return writer.finish();
}

/// Returns a header with the given sizes and an oblique affine.
inline NiftiHeader makeHeader(std::vector<int16_t> sizes, int16_t type,
                              int16_t bits) {
  NiftiHeader h{};
  h.headerSize = 348;
  h.dim[0] = static_cast<int16_t>(sizes.size());
  for (int i = 1; i < 8; ++i)
    h.dim[i] = 1;
  for (size_t i = 0; i < sizes.size(); ++i)
    h.dim[i + 1] = sizes[i];
  h.dataTypeCode = type;
  h.bitsPerVoxel = bits;
  h.pixelSize[0] = -1;
  h.pixelSize[1] = 1.5f;
  h.pixelSize[2] = 0.75f;
  h.pixelSize[3] = 2;
  h.voxelOffset = 352;
  h.units = 10;
  h.qformCode = 1;
  h.sformCode = 2;
  // Both forms are a rotation by 60 degrees about y with z reversed.
  h.quaternion[1] = 0.5f;
  h.qformOffset[2] = 42;
  const float half = std::sqrt(0.75f);
  const float sform[3][4] = {
      {0.75f, 0, -2 * half, 0}, {0, 0.75f, 0, 0}, {-1.5f * half, 0, -1, 42}};
  std::memcpy(h.sform, sform, sizeof(sform));
  std::memcpy(h.magic, "n+1", 4);
  return h;
}

/// Voxels of i16 that count from 0.
inline std::string counting(int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i)
    bytes += {char(i), '\0'};
  return bytes;
}

/// Expects the volume of 2 x 3 x 4 voxels that SimpleITK wrote in several
/// formats: counted values, directions that turn two axes.
inline void expectVolumeOfSimpleItk(const StatusOr<Volume> &volume) {
  using testing::ElementsAre;
  ASSERT_OK(volume.status());
  EXPECT_THAT(volume->geometry.size, ElementsAre(2, 3, 4));
  EXPECT_THAT(volume->geometry.spacing, ElementsAre(1, 2, 3));
  EXPECT_EQ(volume->type, VoxelType::I16);
  EXPECT_EQ(volume->geometry.affine,
            (Affine{{{0, 2, 0, -10}, {-1, 0, 0, -20}, {0, 0, -3, 30}}}));
  EXPECT_EQ(volume->geometry.placedBy, PlacedBy::Directions);
  EXPECT_EQ(volume->channel(0).at(1, 2, 3), 23);
  EXPECT_THAT(volume->warnings, testing::IsEmpty());
}

/// The text with its first `from` replaced.
inline std::string replaced(std::string text, const std::string &from,
                            const std::string &to) {
  return text.replace(text.find(from), from.size(), to);
}

/// Writes a header and its voxels, `stem`.hdr and `stem`.img.
inline Status writePair(const std::string &stem, const VolumeGeometry &grid,
                        const uint8_t *voxels) {
  std::string header = encodeNifti(grid, voxels);
  const std::string image = header.substr(352);
  header.resize(348);
  header[345] = 'i';                                  // "ni1"
  std::memset(header.data() + 108, 0, sizeof(float)); // vox_offset
  SEGC_RETURN_IF_ERROR(writeFileAtomically(stem + ".hdr", header));
  return writeFileAtomically(stem + ".img", image);
}

/// Writes a volume of bytes in the format of the path's ending.
inline Status writeVolume(const std::string &path, const VolumeGeometry &grid,
                          const uint8_t *voxels) {
  if (hasEnding(path, ".hdr"))
    return writePair(path.substr(0, path.size() - 4), grid, voxels);
  return volumeFormatOf(path).writeMask(path, grid, {voxels}, {});
}

/// Returns the bytes of a file: header, empty extension, voxels.
template <typename T>
std::string niftiImage(const NiftiHeader &header,
                       const std::vector<T> &voxels) {
  std::string image(352, '\0');
  std::memcpy(image.data(), &header, sizeof(header));
  image.append(reinterpret_cast<const char *>(voxels.data()),
               voxels.size() * sizeof(T));
  return image;
}

} // namespace segc::test

#endif // SEGC_UNITTESTS_RUNTIME_DATA_TESTSUPPORT_H
