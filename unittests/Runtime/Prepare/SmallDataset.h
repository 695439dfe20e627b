//===- SmallDataset.h - A data set of small volumes -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RUNTIME_PREPARE_SMALLDATASET_H
#define SEGC_UNITTESTS_RUNTIME_PREPARE_SMALLDATASET_H

#include "../Data/TestSupport.h"
#include "segc/Runtime/Core/ThreadPool.h"
#include "segc/Runtime/Prepare/PreparedCache.h"

namespace segc::test {

/// A folder with cases c0, c1, ... of 8 x 9 x 10 voxels (x, y, z) of 1 mm and
/// the labels 0 to 2, one channel a file as nnU-Net names them.
class SmallDataset {
public:
  explicit SmallDataset(int cases = 6, int channels = 1) {
    for (const char *name : {"imagesTr", "labelsTr"})
      std::filesystem::create_directories(folder / name);
    for (int i = 0; i < cases; ++i) {
      for (int c = 0; c < channels; ++c)
        writeVolume(imagePath(i, c), image(i, c));
      writeVolume(labelPath(i), label(i));
    }
    index = {{"name", "Small"},
             {"channel_names", {{"0", "MRI"}}},
             {"labels", {{"background", 0}, {"a", 1}, {"b", 2}}},
             {"numTraining", cases},
             {"file_ending", ".nii.gz"}};
    if (channels > 1)
      index["channel_names"]["1"] = "CT";
    writeIndex();
  }

  static VolumeGeometry grid() {
    VolumeGeometry grid = cubeOfEight();
    grid.size = {8, 9, 10};
    return grid;
  }
  /// Whole numbers; the outermost voxels are 0.
  static std::vector<float> image(int number, int channel = 0) {
    std::vector<float> values;
    for (int z = 0; z < 10; ++z)
      for (int y = 0; y < 9; ++y)
        for (int x = 0; x < 8; ++x) {
          const bool edge =
              x == 0 || y == 0 || z == 0 || x == 7 || y == 8 || z == 9;
          values.push_back(
              edge ? 0
                   : static_cast<float>(1 + (x * 31 + y * 17 + z * 7 +
                                             number * 13 + channel * 5) %
                                                100));
        }
    return values;
  }
  static std::vector<float> label(int number) {
    std::vector<float> values;
    for (int z = 0; z < 10; ++z)
      for (int y = 0; y < 9; ++y)
        for (int x = 0; x < 8; ++x)
          values.push_back(static_cast<float>(x > 1 && x < 6 && y > 2 &&
                                                      y < 7 && z > 2 && z < 8
                                                  ? 1 + (z + number) % 2
                                                  : 0));
    return values;
  }
  std::string imagePath(int number, int channel = 0) const {
    return folder / ("imagesTr/c" + std::to_string(number) + "_000" +
                     std::to_string(channel) + ".nii.gz");
  }
  std::string labelPath(int number) const {
    return folder / ("labelsTr/c" + std::to_string(number) + ".nii.gz");
  }
  static void writeVolume(const std::string &path,
                          const std::vector<float> &values) {
    ASSERT_OK(writeNifti(path, grid(), values.data()));
  }
  void writeIndex() const {
    ASSERT_OK(writeFileAtomically(folder / "dataset.json", index.dump()));
  }

  TemporaryFolder folder;
  Json index;
};

} // namespace segc::test

#endif // SEGC_UNITTESTS_RUNTIME_PREPARE_SMALLDATASET_H
