//===- TrainingCasesTest.cpp - Cases that plans are made from -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SmallDataset.h"
#include "segc/Runtime/Data/Png.h"

using namespace segc;
using namespace segc::test;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

static std::vector<std::string> namesOf(const TrainingCases &set) {
  std::vector<std::string> names;
  for (const CaseFiles &files : set.cases)
    names.push_back(files.name);
  return names;
}

TEST(TrainingCases, OfNnunet) {
  SmallDataset data(3, 2);
  StatusOr<TrainingCases> set = listTrainingCases(data.folder.path);
  ASSERT_OK(set.status());
  EXPECT_THAT(namesOf(*set), ElementsAre("c0", "c1", "c2"));
  EXPECT_EQ(set->cases[1].images[1], data.imagePath(1, 1));
  EXPECT_EQ(set->description.dataset, "Small");
  EXPECT_THAT(set->description.channelNames, ElementsAre("MRI", "CT"));
  EXPECT_THAT(set->description.classNames, ElementsAre("background", "a", "b"));
  EXPECT_TRUE(set->folds.empty());
  EXPECT_EQ(set->files.size(), 1u + 3 * 3);
  // dataset.json means its folder.
  EXPECT_EQ(listTrainingCases(data.folder / "dataset.json").status().message(),
            "");
}

TEST(TrainingCases, HaveRegionsAndAnIgnoreLabel) {
  SmallDataset data(2);
  std::string text = data.index.dump();
  const std::string plain = data.index["labels"].dump();
  // The order of the file is that of the regions, not that of their names.
  text.replace(text.find(plain), plain.size(),
               "{\"background\": 0, \"whole\": [1, 2], \"core\": 2, "
               "\"ignore\": 3}, \"regions_class_order\": [1, 2]");
  ASSERT_OK(writeFileAtomically(data.folder / "dataset.json", text));
  StatusOr<TrainingCases> set = listTrainingCases(data.folder.path);
  ASSERT_OK(set.status());
  EXPECT_THAT(set->description.classNames,
              ElementsAre("background", "whole", "core"));
  EXPECT_THAT(set->description.regions,
              ElementsAre(ElementsAre(1, 2), ElementsAre(2)));
  EXPECT_THAT(set->description.regionsClassOrder, ElementsAre(1, 2));
  EXPECT_EQ(set->description.ignoreLabel, 3);
  EXPECT_EQ(set->description.labelValues(), 4);
}

TEST(TrainingCases, OfPlainFolders) {
  SmallDataset data(3);
  TemporaryFolder plain;
  std::filesystem::rename(data.folder / "labelsTr", plain / "labels");
  std::filesystem::create_directories(plain / "images");
  for (int i = 0; i < 3; ++i)
    std::filesystem::rename(data.imagePath(i),
                            plain / ("images/c" + std::to_string(i) +
                                     (i == 2 ? "_0000" : "") + ".nii.gz"));
  ASSERT_OK(writeFileAtomically(plain / "images/._c0.nii.gz", "x"));
  StatusOr<TrainingCases> set = listTrainingCases(plain.path);
  ASSERT_OK(set.status());
  EXPECT_THAT(namesOf(*set), ElementsAre("c0", "c1", "c2"));
  EXPECT_TRUE(set->hasUnnamedClasses());
  EXPECT_THAT(set->description.channelNames, ElementsAre("MRI"));
  const std::vector<uint8_t> pixels(4, 1);
  ASSERT_OK(writeFileAtomically(plain / "images/c0.png",
                                *encodePng(2, 2, pixels.data())));
  set = listTrainingCases(plain.path);
  ASSERT_OK(set.status());
  EXPECT_THAT(namesOf(*set), ElementsAre("c0", "c1", "c2"));
  EXPECT_THAT(set->notes, Contains(HasSubstr("images/c0.png: taken for a "
                                             "picture of a volume")));
  std::filesystem::remove(plain / "labels/c1.nii.gz");
  set = listTrainingCases(plain.path);
  ASSERT_OK(set.status());
  EXPECT_ERROR(set->cases[1].status, NotFound, "no label of this name");
}

TEST(TrainingCases, Refused) {
  TemporaryFolder nothing;
  EXPECT_ERROR(listTrainingCases(nothing.path).status(), NotFound,
               "neither dataset.json nor the folders images and labels");
  SmallDataset data(2);
  data.index["labels"] = {{"background", 0}, {"a", 1}, {"b", 3}};
  data.writeIndex();
  EXPECT_ERROR(listTrainingCases(data.folder.path).status(), InvalidArgument,
               "3 (b) follows 1", "without gaps");
  SmallDataset none(0);
  EXPECT_ERROR(listTrainingCases(none.folder.path).status(), NotFound,
               "imagesTr/CASE_0000.nii.gz");
}

TEST(TrainingCases, FoldsOfAFile) {
  SmallDataset data(4);
  auto write = [&](const Json &folds) {
    EXPECT_TRUE(
        writeFileAtomically(data.folder / "splits_final.json", folds.dump())
            .ok());
    return listTrainingCases(data.folder.path);
  };
  auto set = write({{{"train", {"c3", "c0"}}, {"val", {"c1"}}},
                    {{"train", {"c1"}}, {"val", {"c0", "c2"}}}});
  ASSERT_OK(set.status());
  ASSERT_EQ(set->folds.size(), 2u);
  EXPECT_THAT(set->folds[0].train, ElementsAre(0, 3));
  EXPECT_THAT(set->folds[1].validation, ElementsAre(0, 2));
  EXPECT_THAT(foldOf(set->folds, 4, 1)->train, ElementsAre(1));
  EXPECT_ERROR(foldOf(set->folds, 4, 2).status(), InvalidArgument,
               "fold 2, expected 0..1");
  EXPECT_TRUE(foldOf(set->folds, 4, 1, 2).ok());
  EXPECT_ERROR(foldOf(set->folds, 4, 1, 3).status(), InvalidArgument,
               "--nfolds 3 contradicts splits_final.json of the data set, "
               "which has 2 folds");
  EXPECT_ERROR(write({{{"train", {"c9"}}, {"val", {"c1"}}}}).status(),
               InvalidArgument, "fold 0: no labelled case is named \"c9\"");
  EXPECT_ERROR(write({{{"train", {"c1"}}, {"val", {"c1"}}}}).status(),
               InvalidArgument, "\"c1\" is listed twice");
  EXPECT_ERROR(write({{{"train", Json::array()}, {"val", {"c1"}}}}).status(),
               InvalidArgument, "no training cases");
}

// As both published programs draw them, over sorted names.
TEST(TrainingCases, DrawnFolds) {
  StatusOr<FoldSplit> fold = foldOf({}, 208, 0);
  ASSERT_OK(fold.status());
  EXPECT_EQ(fold->validation.size(), 42u);
  EXPECT_THAT(std::vector<int64_t>(fold->validation.begin(),
                                   fold->validation.begin() + 8),
              ElementsAre(14, 16, 17, 19, 20, 27, 30, 33));
  EXPECT_ERROR(foldOf({}, 208, 5).status(), InvalidArgument, "expected 0..4");
  EXPECT_ERROR(foldOf({}, 3, 4).status(), InvalidArgument,
               "3 cases cannot be split into 5 folds");
  EXPECT_EQ(foldOf({}, 208, 0, 5)->validation, fold->validation);
  EXPECT_EQ(foldOf({}, 208, 9, 10)->validation.size(), 20u);
  EXPECT_ERROR(foldOf({}, 208, 10, 10).status(), InvalidArgument,
               "expected 0..9");
  EXPECT_ERROR(foldOf({}, 3, 0, 4).status(), InvalidArgument,
               "3 cases cannot be split into 4 folds");
}
