//===- RepairTest.cpp - Repaired copies of data sets ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Check/Repair.h"
#include "CheckedCases.h"

#include <map>

using namespace segc;
using namespace segc::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
namespace fs = std::filesystem;

namespace {

class RepairTest : public CheckedCases {
protected:
  std::string copy() const { return out / "copy"; }
  std::string copyOf(const std::string &path) const {
    return copy() + path.substr(folder.path.size());
  }

  StatusOr<CheckReport> repairWith(unsigned threads,
                                   const std::string &output) {
    ThreadPool pool(threads);
    auto nothing = [](int64_t, int64_t) {};
    return repairDataset(folder.path, output, options, {}, pool, nothing,
                         nothing);
  }
  /// "case:fault:outcome" of all faults. Copies of one and of three threads
  /// are the same.
  std::multiset<std::string> repair() {
    fs::remove_all(copy());
    fs::remove_all(out / "again");
    auto report = repairWith(1, copy());
    auto again = repairWith(3, out / "again");
    if (!report.ok() || !again.ok())
      return {report.status().message()};
    EXPECT_EQ(report->toJson(), again->toJson());
    EXPECT_EQ(filesIn(copy()), filesIn(out / "again"));
    text = report->toText();
    kept = report->kept;
    std::multiset<std::string> found;
    const OrderedJson json = report->toJson();
    for (const OrderedJson &fault : json["faults"])
      found.insert(fault["case"].get<std::string>() + ":" +
                   fault["fault"].get<std::string>() + ":" +
                   fault["outcome"].get<std::string>());
    return found;
  }
  /// What check says of the copy.
  std::string checkCopy() {
    ThreadPool pool(1);
    auto report = checkDataset(copy(), {}, pool, [](int64_t, int64_t) {});
    return report.ok() ? report->toText() : report.status().message();
  }
  static std::map<std::string, std::string> filesIn(const std::string &root) {
    std::map<std::string, std::string> files;
    for (const auto &entry : fs::recursive_directory_iterator(root))
      if (entry.is_regular_file())
        files[entry.path().lexically_relative(root).string()] =
            *readFile(entry.path().string());
    return files;
  }
  std::vector<float> labelOf(int number) {
    auto volume = readNifti(copyOf(pathOf("labelsTr", number)));
    return volume.ok() ? volume->voxels.floats() : std::vector<float>();
  }
  Json copiedIndex() {
    return Json::parse(*readFile(copy() + "/dataset.json"));
  }

  TemporaryFolder out;
  RepairOptions options;
  std::string text;
  int64_t kept = 0;
};

} // namespace

// Nothing is wrong: every byte is copied, also of files that no case names.
TEST_F(RepairTest, CopiesByteForByte) {
  ASSERT_OK(createDirectories(folder / "notes"));
  ASSERT_OK(writeFileAtomically(folder / "notes/read.me", "text"));
  ASSERT_OK(
      writeFileAtomically(folder / "splits_final.json",
                          R"([{"train":["c0","c1"],  "val":["c2","c3"]}])"));
  EXPECT_THAT(repair(), IsEmpty());
  EXPECT_EQ(kept, 4);
  EXPECT_EQ(filesIn(copy()), filesIn(folder.path));
}

TEST_F(RepairTest, WhatIsWrongWithValues) {
  writeLabel(0, {0, 0.9999995F, 2, 0, 0, 0, 0, 0});
  writeImage(1, {1, 2, 3, std::nanf(""), 5, 6, 7, INFINITY});
  writeImage(2, std::vector<float>(8, 3));
  writeLabel(3, {0, 0.5F, 1, 2, 0, 0, 0, 0});
  EXPECT_THAT(repair(), UnorderedElementsAre("c0:label-scaled:repaired",
                                             "c1:not-finite:left out",
                                             "c2:constant:left out",
                                             "c3:label-fractional:left out"));
  EXPECT_THAT(text, HasSubstr("--replace-non-finite"));
  EXPECT_EQ(kept, 1);
  EXPECT_EQ(checkCopy(), "");
  EXPECT_THAT(labelOf(0), ElementsAre(0, 1, 2, 0, 0, 0, 0, 0));
  EXPECT_FALSE(fs::exists(copyOf(pathOf("imagesTr", 1))));
  EXPECT_FALSE(fs::exists(copyOf(pathOf("labelsTr", 2))));
  EXPECT_EQ(copiedIndex()["numTraining"], 1);
  ASSERT_EQ(copiedIndex()["training"].size(), 1U);
  EXPECT_EQ(copiedIndex()["training"][0]["image"], "imagesTr/c0.nii.gz");
  EXPECT_EQ(*readFile(pathOf("imagesTr", 0)),
            *readFile(copyOf(pathOf("imagesTr", 0))));

  options.nonFinite = -7;
  EXPECT_EQ(repair().count("c1:not-finite:repaired"), 1U);
  EXPECT_EQ(checkCopy(), "");
  auto image = readNifti(copyOf(pathOf("imagesTr", 1)));
  ASSERT_OK(image.status());
  EXPECT_THAT(image->voxels.floats(), ElementsAre(1, 2, 3, -7, 5, 6, 7, -7));
}

// Of two classes it is clear what is between them, and what 255 is.
TEST_F(RepairTest, LabelsOfTwoClasses) {
  writeIndex(changed(R"("1": "a", "2": "b")", R"("1": "a")"));
  for (int i = 0; i < 4; ++i)
    writeLabel(i, {0, 1, 0, 0, 0, 1, 0, 0});
  writeLabel(0, {0, 0.5F, 0.49F, 0.9F, 0, 1, 0, 0});
  writeLabel(1, {0, 255, 0, 0, 0, 255, 0, 0});
  writeLabel(2, {0, 1.5F, 0, 0, 0, 1, 0, 0});
  writeLabel(3, {0, 128, 0, 0, 0, 255, 0, 0});
  EXPECT_THAT(repair(), UnorderedElementsAre("c0:label-fractional:repaired",
                                             "c1:label-255:repaired",
                                             "c2:label-fractional:left out",
                                             "c3:label-unknown:left out"));
  EXPECT_EQ(checkCopy(), "");
  EXPECT_THAT(labelOf(0), ElementsAre(0, 1, 0, 1, 0, 1, 0, 0));
  EXPECT_THAT(labelOf(1), ElementsAre(0, 1, 0, 0, 0, 1, 0, 0));
  auto label = readNifti(copyOf(pathOf("labelsTr", 1)));
  ASSERT_OK(label.status());
  EXPECT_EQ(label->type, VoxelType::U8);
  EXPECT_STREQ(label->geometry.header.intentName, "")
      << "a label of a data set is no mask that may be replaced";
}

// The rule of the reader decides which form counts; numbers stay as they are.
TEST_F(RepairTest, FormsThatContradictEachOther) {
  NiftiHeader header = makeHeader({2, 2, 2}, 4, 16);
  header.qformOffset[0] = 5;
  header.scaleSlope = 0.5F;
  header.scaleOffset = -1;
  const std::vector<int16_t> voxels = {1, -2, 3, 4, 5, 6, 7, 30000};
  // The spacing differs from the other cases', but not by a factor of 3.
  ASSERT_OK(
      writeFileAtomically(pathOf("imagesTr", 2), niftiImage(header, voxels)));
  header.qformOffset[0] = 0;
  header.scaleSlope = 0;
  ASSERT_OK(writeFileAtomically(
      pathOf("labelsTr", 2),
      niftiImage(header, std::vector<int16_t>{0, 1, 2, 0, 0, 0, 0, 1})));
  EXPECT_THAT(repair(), ElementsAre("c2:header:repaired"));
  EXPECT_EQ(checkCopy(), "");
  auto before = readNifti(pathOf("imagesTr", 2)),
       after = readNifti(copyOf(pathOf("imagesTr", 2)));
  ASSERT_OK(before.status());
  ASSERT_OK(after.status());
  EXPECT_EQ(after->voxels.floats(), before->voxels.floats());
  EXPECT_EQ(after->type, VoxelType::I16);
  EXPECT_EQ(after->geometry.placedBy, PlacedBy::Sform);
  EXPECT_LT(cornerDistance(after->geometry, before->geometry), 1e-5);
  EXPECT_EQ(after->geometry.header.qformCode, 1);
  const VolumeGeometry qform =
      placedByQform(after->geometry).value_or(VolumeGeometry());
  EXPECT_EQ(qform.placedBy, PlacedBy::Qform);
  EXPECT_LT(cornerDistance(after->geometry, qform), 1e-4);
  EXPECT_EQ(*readFile(pathOf("labelsTr", 2)),
            *readFile(copyOf(pathOf("labelsTr", 2))));
}

TEST_F(RepairTest, ShearStaysAFault) {
  VolumeGeometry sheared = cubeOfEight();
  sheared.header.sform[0][1] = 0.1F;
  writeImage(2, {1, 2, 3, 4, 5, 6, 7, 9}, sheared);
  writeLabel(2, {0, 1, 2, 0, 0, 1, 0, 0}, sheared);
  EXPECT_THAT(repair(), UnorderedElementsAre("c2:sheared:left out",
                                             "c2:sheared:left out"));
  EXPECT_EQ(checkCopy(), "");
}

TEST_F(RepairTest, FilesWithoutAForm) {
  VolumeGeometry unplaced = cubeOfEight(), moved = cubeOfEight();
  unplaced.header.sformCode = 0;
  moved.header.sform[1][3] = 5;
  const std::vector<float> labels = {0, 1, 2, 0, 0, 1, 0, 0};
  writeLabel(1, labels, unplaced);
  writeImage(2, {1, 2, 3, 4, 5, 6, 7, 9}, unplaced);
  writeLabel(2, labels, moved);
  writeLabel(3, labels, moved);
  EXPECT_THAT(repair(), UnorderedElementsAre("c1:grid-form:repaired",
                                             "c2:grid-form:repaired",
                                             "c3:grid:left out"));
  EXPECT_EQ(checkCopy(), "");
  auto image = readNifti(copyOf(pathOf("imagesTr", 2)));
  ASSERT_OK(image.status());
  EXPECT_EQ(image->geometry.affine[1][3], 5);
  EXPECT_THAT(image->voxels.floats(), ElementsAre(1, 2, 3, 4, 5, 6, 7, 9));
}

// The label lies on the grid of its image's qform, from the other end of x.
TEST_F(RepairTest, LabelByTheQform) {
  VolumeGeometry image = cubeOfEight(), label = cubeOfEight();
  image.header.qformCode = 1;
  image.header.qformOffset[0] = 9;
  image.header.pixelSize[0] = 1;
  label.header.sform[0][0] = -1;
  label.header.sform[0][3] = 10;
  writeImage(2, {1, 2, 3, 4, 5, 6, 7, 9}, image);
  writeLabel(2, {0, 1, 2, 0, 0, 1, 0, 0}, label);
  EXPECT_THAT(repair(), UnorderedElementsAre("c2:grid-form:repaired",
                                             "c2:header:repaired"));
  EXPECT_EQ(checkCopy(), "");
  EXPECT_THAT(labelOf(2), ElementsAre(1, 0, 0, 2, 1, 0, 0, 0));
}

TEST_F(RepairTest, MissingUnreadableAndChannels) {
  fs::remove(pathOf("labelsTr", 0));
  ASSERT_OK(writeFileAtomically(pathOf("imagesTr", 1), "\x1f\x8b"));
  EXPECT_THAT(repair(), UnorderedElementsAre("c0:missing:left out",
                                             "c1:unreadable:left out"));
  EXPECT_EQ(checkCopy(), "");
  EXPECT_FALSE(fs::exists(copyOf(pathOf("imagesTr", 0))));
}

// Of two cases with one image the first stays; if it is left out, the second.
TEST_F(RepairTest, Duplicates) {
  fs::copy(pathOf("imagesTr", 0), pathOf("imagesTr", 3),
           fs::copy_options::overwrite_existing);
  EXPECT_THAT(repair(), ElementsAre("c3:duplicate:left out"));
  EXPECT_EQ(checkCopy(), "");
  fs::remove(pathOf("labelsTr", 0));
  EXPECT_THAT(repair(), ElementsAre("c0:missing:left out"));
  EXPECT_EQ(checkCopy(), "");
}

TEST_F(RepairTest, FoldsFollow) {
  fs::remove(pathOf("labelsTr", 0));
  ASSERT_OK(writeFileAtomically(
      folder / "splits_final.json",
      R"([{"train": ["c0", "c1", "c2"], "val": ["c2", "c3", "c9"]}])"));
  EXPECT_THAT(repair(), UnorderedElementsAre("c0:missing:left out",
                                             ":split-both:repaired",
                                             ":split-unknown:repaired"));
  EXPECT_EQ(checkCopy(), "");
  EXPECT_EQ(Json::parse(*readFile(copy() + "/splits_final.json")),
            Json::parse(R"([{"train": ["c1"], "val": ["c2", "c3"]}])"));
  ASSERT_OK(writeFileAtomically(folder / "splits_final.json", "["));
  EXPECT_EQ(repair().count(":splits-json:repaired"), 1U);
  EXPECT_FALSE(fs::exists(copy() + "/splits_final.json"));
}

TEST_F(RepairTest, TextOfTheIndex) {
  const std::string entry =
      R"({"image": "imagesTr/c0.nii.gz", "label": "labelsTr/c0.nii.gz"},)";
  writeIndex("\xef\xbb\xbf" + changed(entry, entry + entry));
  ASSERT_OK(writeFileAtomically(folder / "labelsTr/._c0.nii.gz", "x"));
  EXPECT_THAT(repair(), UnorderedElementsAre(":json-form:repaired",
                                             ":listed-twice:repaired",
                                             ":stray-file:repaired"));
  EXPECT_EQ(checkCopy(), "");
  EXPECT_EQ(copiedIndex(), Json::parse(index));
  writeIndex(changed("\"numTraining\": 4", "\"numTraining\": 5"));
  EXPECT_EQ(repair().count(":num-training:repaired"), 1U);
  EXPECT_EQ(checkCopy(), "");
}

// Paths that are absolute would lead from the copy back to the data set.
TEST_F(RepairTest, AbsolutePaths) {
  writeIndex(changed("imagesTr/c0.nii.gz", folder / "imagesTr/c0.nii.gz"));
  EXPECT_THAT(repair(), IsEmpty());
  EXPECT_EQ(copiedIndex(), Json::parse(index));
}

// Classes are numbered anew only where that is asked for.
TEST_F(RepairTest, GapsInTheLabels) {
  writeIndex(changed(R"("2": "b")", R"("3": "none", "4": "b")"));
  for (int i = 0; i < 4; ++i)
    writeLabel(i, {0, 1, 0, 0, 0, 1, 0, 0});
  writeLabel(1, {0, 1, 4, 0, 0, 1, 0, 0});
  EXPECT_THAT(repair(), UnorderedElementsAre(":label-gap:remains",
                                             ":class-missing:remains"));
  EXPECT_EQ(filesIn(copy()), filesIn(folder.path));
  options.renumberLabels = true;
  EXPECT_THAT(repair(), UnorderedElementsAre(":label-gap:repaired",
                                             ":class-missing:repaired"));
  EXPECT_EQ(checkCopy(), "");
  EXPECT_EQ(copiedIndex()["labels"],
            Json::parse(R"({"0": "background", "1": "a", "2": "b"})"));
  EXPECT_THAT(labelOf(1), ElementsAre(0, 1, 2, 0, 0, 1, 0, 0));
  EXPECT_EQ(*readFile(pathOf("labelsTr", 0)),
            *readFile(copyOf(pathOf("labelsTr", 0))));
}

// Which of a region's labels shows it nobody but its user knows.
TEST_F(RepairTest, LabelOfARegion) {
  writeIndex(changed(R"("0": "background", "1": "a", "2": "b"})",
                     R"("background": 0, "whole": [1, 2], "core": 2},
                        "regions_class_order": [1, 1])"));
  EXPECT_THAT(repair(), ElementsAre(":region-label:remains"));
}

TEST_F(RepairTest, SpacingOutlier) {
  VolumeGeometry thick = cubeOfEight();
  thick.header.sform[2][2] = thick.header.pixelSize[3] = 4;
  writeImage(1, {1, 2, 3, 4, 5, 6, 7, 9}, thick);
  writeLabel(1, {0, 1, 2, 0, 0, 1, 0, 0}, thick);
  EXPECT_THAT(repair(), ElementsAre("c1:spacing-outlier:left out"));
  EXPECT_EQ(checkCopy(), "");
}

TEST_F(RepairTest, PlacesThatAreRefused) {
  ASSERT_OK(createDirectories(copy()));
  EXPECT_ERROR(repairWith(1, copy()).status(), WrongUsage, "exists");
  EXPECT_ERROR(repairWith(1, folder / "imagesTr/x/../copy").status(),
               WrongUsage, "lies in the data set");
  EXPECT_ERROR(repairWith(1, out / "no/copy").status(), NotFound, "--fix");
  fs::remove(folder / "dataset.json");
  EXPECT_ERROR(repairWith(1, out / "new").status(), NotFound,
               "no dataset.json");
}

// Nothing is left behind where a copy fails.
TEST_F(RepairTest, FailureLeavesNothing) {
  for (int i = 0; i < 4; ++i)
    fs::remove(pathOf("labelsTr", i));
  EXPECT_ERROR(repairWith(1, copy()).status(), InvalidArgument,
               "no case is left");
  writeIndex("{");
  EXPECT_ERROR(repairWith(1, copy()).status(), InvalidArgument,
               "nothing was copied");
  EXPECT_TRUE(fs::is_empty(out.path));
}
