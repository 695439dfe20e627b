//===- CheckTest.cpp - Faults of a data set -------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CheckedCases.h"

using namespace segc;
using namespace segc::test;

namespace {
class CheckTest : public CheckedCases {
protected:
  /// "case:fault" of all faults; the report is that of any number of threads.
  std::multiset<std::string> faults() {
    ThreadPool one(1), three(3);
    int64_t calls = 0;
    auto report =
        checkDataset(folder.path, {}, one, [&](int64_t, int64_t) { ++calls; });
    auto again = checkDataset(folder.path, {}, three, [](int64_t, int64_t) {});
    if (!report.ok() || !again.ok())
      return {report.status().message()};
    EXPECT_EQ(report->toJson(), again->toJson());
    std::multiset<std::string> found;
    for (const Fault &fault : report->faults) {
      found.insert(fault.caseName + ":" + fault.name);
      EXPECT_FALSE(fault.what.empty() || fault.fix.empty());
      EXPECT_THAT(report->toText(), testing::HasSubstr(fault.what));
    }
    return found;
  }
  void expect(const std::multiset<std::string> &wanted) {
    EXPECT_EQ(faults(), wanted);
  }
};

} // namespace

TEST_F(CheckTest, NothingIsWrong) { expect({}); }

TEST_F(CheckTest, UntouchedDataSets) {
  ThreadPool pool(2);
  auto shipped = checkDataset(SEGC_SOURCE_DIR "/data/Task04_Hippocampus", {},
                              pool, [](int64_t, int64_t) {});
  ASSERT_OK(shipped.status());
  EXPECT_EQ(shipped->toText(), "");
}

TEST_F(CheckTest, WholeHippocampusTask) {
  SKIP_WITHOUT_DATA(data, "Task04_Hippocampus");
  ThreadPool pool(2);
  auto report = checkDataset(data, {}, pool, [](int64_t, int64_t) {});
  ASSERT_OK(report.status());
  EXPECT_EQ(report->cases, 260);
  EXPECT_EQ(report->toText(), "");
}

TEST_F(CheckTest, IndexThatCannotBeParsed) {
  writeIndex("{");
  expect({":dataset-json"});
  writeIndex(changed("\"0\": \"background\"", "\"ignore\": 0"));
  expect({":dataset-json"});
  std::filesystem::remove(folder / "dataset.json");
  ThreadPool pool(1);
  EXPECT_FALSE(
      checkDataset(folder.path, {}, pool, [](int64_t, int64_t) {}).ok());
}

TEST_F(CheckTest, NumTraining) {
  writeIndex(changed("\"numTraining\": 4", "\"numTraining\": 5"));
  expect({":num-training"});
}

TEST_F(CheckTest, LabelGapAndClassMissing) {
  writeIndex(changed("\"2\": \"b\"", "\"2\": \"b\", \"4\": \"c\""));
  expect({":label-gap", ":class-missing"});
}

TEST_F(CheckTest, MissingAndUnreadable) {
  std::filesystem::remove(pathOf("labelsTr", 0));
  ASSERT_OK(writeFileAtomically(pathOf("imagesTr", 1), "\x1f\x8b"));
  expect({"c0:missing", "c1:unreadable"});
}

// Every file that is not there is named.
TEST_F(CheckTest, AllMissingFiles) {
  std::filesystem::remove(pathOf("labelsTr", 0));
  std::filesystem::remove(pathOf("imagesTr", 0));
  expect({"c0:missing", "c0:missing"});
}

TEST_F(CheckTest, Channels) {
  writeIndex(changed("\"0\": \"MRI\"", "\"0\": \"T1\", \"1\": \"T2\""));
  EXPECT_THAT(faults(), testing::Contains("c0:channels"));
}

TEST_F(CheckTest, FilesOfChannels) {
  const std::string text = R"({"channel_names": {"0": "T1", "1": "T2"},
      "labels": {"background": 0, "a": 1, "b": 2}, "numTraining": 4,
      "file_ending": ".nii.gz"})";
  writeIndex(text);
  for (const char *name : {"c0_0000", "c0_0001", "c1_0000", "c2_0000",
                           "c2_0001", "c2_0002", "c3_0000", "c3_0001"})
    std::filesystem::copy(pathOf("imagesTr", name[1] - '0'),
                          folder /
                              ("imagesTr/" + std::string(name) + ".nii.gz"));
  expect({"c1:missing", "c2:channel-files"});
}

TEST_F(CheckTest, FormOfTheText) {
  std::string lines = index;
  for (size_t at = 0; (at = lines.find('\n', at)) != std::string::npos; at += 2)
    lines.replace(at, 1, "\r\n");
  writeIndex(lines);
  expect({":json-form"});
  writeIndex("\xef\xbb\xbf" + index);
  expect({":json-form"});
}

TEST_F(CheckTest, CaseThatIsListedTwice) {
  const std::string entry =
      R"({"image": "imagesTr/c0.nii.gz", "label": "labelsTr/c0.nii.gz"},)";
  writeIndex(changed(entry, entry + entry));
  expect({":listed-twice"});
  // Another label under the same name is no repetition.
  writeIndex(changed(entry, entry + R"({"image": "imagesTr/c0.nii.gz",
      "label": "labelsTr/c1.nii.gz"},)"));
  expect({":dataset-json"});
}

TEST_F(CheckTest, FilesOfMacOs) {
  ASSERT_OK(writeFileAtomically(folder / "labelsTr/._c0.nii.gz", "x"));
  expect({":stray-file"});
}

TEST_F(CheckTest, Folds) {
  auto writeFolds = [&](const std::string &text) {
    ASSERT_OK(writeFileAtomically(folder / "splits_final.json", text));
  };
  writeFolds(R"([{"train": ["c0", "c1"], "val": ["c2", "c3"]}])");
  expect({});
  writeFolds(R"([{"train": ["c0", "c1", "c2"], "val": ["c2", "c9"]},
                 {"train": ["c7"], "val": []}])");
  expect({":split-both", ":split-unknown", ":split-unknown"});
  writeFolds(R"({"train": []})");
  expect({":splits-json"});
  writeFolds(R"([{"train": "c0", "val": []}])");
  expect({":splits-json"});
}

TEST_F(CheckTest, DuplicateAcrossTrainingAndValidation) {
  std::filesystem::copy(pathOf("imagesTr", 0), pathOf("imagesTr", 3),
                        std::filesystem::copy_options::overwrite_existing);
  ASSERT_OK(writeFileAtomically(folder / "splits_final.json",
                                R"([{"train": ["c0", "c3"], "val": ["c1"]},
          {"train": ["c1", "c3"], "val": ["c0", "c2"]}])"));
  ThreadPool pool(1);
  auto report = checkDataset(folder.path, {}, pool, [](int64_t, int64_t) {});
  ASSERT_OK(report.status());
  EXPECT_THAT(report->toText(), testing::HasSubstr("fold 1 trains on the one "
                                                   "and validates with the "
                                                   "other"));
}

TEST_F(CheckTest, HeaderThatContradictsItself) {
  VolumeGeometry other = cubeOfEight();
  other.header.pixelSize[1] = 2;
  writeImage(2, {1, 2, 3, 4, 5, 6, 7, 9}, other);
  expect({"c2:header"});
}

TEST_F(CheckTest, ShearedAxes) {
  VolumeGeometry sheared = cubeOfEight();
  sheared.header.sform[0][1] = 0.1F;
  writeImage(2, {1, 2, 3, 4, 5, 6, 7, 9}, sheared);
  writeLabel(2, {0, 1, 2, 0, 0, 1, 0, 0}, sheared);
  expect({"c2:sheared", "c2:sheared"});
}

TEST_F(CheckTest, LabelOnAnotherGrid) {
  VolumeGeometry moved = cubeOfEight(), unplaced = cubeOfEight();
  moved.header.sform[0][3] = 5;
  unplaced.header.sformCode = 0;
  const std::vector<float> labels = {0, 1, 2, 0, 0, 1, 0, 0};
  writeLabel(1, labels, moved);
  writeLabel(2, labels, unplaced);
  EXPECT_THAT(faults(), testing::IsSupersetOf({"c1:grid", "c2:grid-form"}));
}

TEST_F(CheckTest, ValuesOfImages) {
  writeImage(0, {1, 2, 3, std::nanf(""), 5, 6, 7, 8});
  writeImage(1, {1, 2, 3, INFINITY, 5, 6, 7, 8});
  writeImage(2, std::vector<float>(8, 3));
  expect({"c0:not-finite", "c1:not-finite", "c2:constant"});
}

TEST_F(CheckTest, ValuesOfLabels) {
  writeLabel(0, {0, 0.5F, 1, 2, 0, 0, 0, 0});
  writeLabel(1, {0, 0.9999995F, 2, 0, 0, 0, 0, 0});
  writeLabel(2, {0, 255, 255, 0, 0, 0, 0, 0});
  writeLabel(3, {0, 1, 7, 2, 0, 0, 0, 0});
  expect({"c0:label-fractional", "c1:label-scaled", "c2:label-255",
          "c3:label-unknown"});
}

TEST_F(CheckTest, EmptyLabel) {
  writeLabel(3, std::vector<float>(8));
  expect({"c3:label-empty"});
}

TEST_F(CheckTest, ImageUnderTwoNames) {
  std::filesystem::copy(pathOf("imagesTr", 0), pathOf("imagesTr", 3),
                        std::filesystem::copy_options::overwrite_existing);
  expect({"c3:duplicate"});
}

TEST_F(CheckTest, SpacingOutlier) {
  VolumeGeometry thick = cubeOfEight();
  thick.header.sform[2][2] = thick.header.pixelSize[3] = 4;
  writeImage(1, {1, 2, 3, 4, 5, 6, 7, 9}, thick);
  writeLabel(1, {0, 1, 2, 0, 0, 1, 0, 0}, thick);
  expect({"c1:spacing-outlier"});
}

// The ignore label is no class; labels of regions have no names of their own.
TEST_F(CheckTest, RegionsAndIgnoreLabel) {
  const std::string start = R"({"modality": {"0": "MRI"},
      "numTraining": 4, )",
                    cases = index.substr(index.find("\"training\""));
  writeIndex(start + R"("labels": {"background": 0, "a": 1, "b": 2,
      "ignore": 3}, )" +
             cases);
  expect({});
  writeLabel(0, {0, 3, 3, 0, 0, 0, 0, 0});
  writeLabel(1, {0, 3, 4, 1, 0, 0, 0, 0});
  expect({"c0:label-empty", "c1:label-unknown"});
  writeIndex(start + R"("labels": {"background": 0, "whole": [1, 2, 3],
      "core": [2, 3]}, "regions_class_order": [1, 2], )" +
             cases);
  expect({"c1:label-unknown"});
  writeIndex(start + R"("labels": {"background": 0, "whole": [1, 2, 3],
      "core": [2, 3]}, "regions_class_order": [1, 1], )" +
             cases);
  expect({":region-label", "c1:label-unknown"});
}
