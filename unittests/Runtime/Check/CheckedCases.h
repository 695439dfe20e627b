//===- CheckedCases.h - A small data set to damage --------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RUNTIME_CHECK_CHECKEDCASES_H
#define SEGC_UNITTESTS_RUNTIME_CHECK_CHECKEDCASES_H

#include "../Data/TestSupport.h"
#include "segc/Runtime/Check/Check.h"

#include <set>

namespace segc::test {

/// A data set of small cases, one of which a test damages.
class CheckedCases : public testing::Test {
protected:
  void SetUp() override {
    for (const char *name : {"imagesTr", "labelsTr"})
      std::filesystem::create_directories(folder / name);
    for (int i = 0; i < 4; ++i) {
      std::vector<float> image(8);
      for (size_t k = 0; k < image.size(); ++k)
        image[k] = static_cast<float>(k + 100 * static_cast<size_t>(i));
      writeImage(i, image);
      writeLabel(i, std::vector<float>{0, 1, 2, 0, 0, 1, 0, 0});
    }
    writeIndex(index);
  }

  std::string pathOf(const char *kind, int number) {
    return folder /
           (std::string(kind) + "/c" + std::to_string(number) + ".nii.gz");
  }
  void writeImage(int number, const std::vector<float> &values,
                  const VolumeGeometry &like = cubeOfEight()) {
    ASSERT_OK(writeNifti(pathOf("imagesTr", number), like, values.data()));
  }
  void writeLabel(int number, const std::vector<float> &values,
                  const VolumeGeometry &like = cubeOfEight()) {
    ASSERT_OK(writeNifti(pathOf("labelsTr", number), like, values.data()));
  }
  void writeIndex(const std::string &text) {
    ASSERT_OK(writeFileAtomically(folder / "dataset.json", text));
  }
  TemporaryFolder folder;
  const std::string index = R"({"modality": {"0": "MRI"},
    "labels": {"0": "background", "1": "a", "2": "b"}, "numTraining": 4,
    "training": [
      {"image": "imagesTr/c0.nii.gz", "label": "labelsTr/c0.nii.gz"},
      {"image": "imagesTr/c1.nii.gz", "label": "labelsTr/c1.nii.gz"},
      {"image": "imagesTr/c2.nii.gz", "label": "labelsTr/c2.nii.gz"},
      {"image": "imagesTr/c3.nii.gz", "label": "labelsTr/c3.nii.gz"}],
    "test": []})";

  std::string changed(const std::string &from, const std::string &to) const {
    std::string text = index;
    return text.replace(text.find(from), from.size(), to);
  }
};

} // namespace segc::test

#endif // SEGC_UNITTESTS_RUNTIME_CHECK_CHECKEDCASES_H
