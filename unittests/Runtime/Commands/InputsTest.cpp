//===- InputsTest.cpp - Inputs of predict ---------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandTest.h"

#include <sys/stat.h>

using namespace segc;

namespace {
/// Predictions of a model with embedded weights.
struct Inputs : Command {
  void SetUp() override {
    fs::create_directories(folder + "/images");
    int count = 0;
    for (const auto &entry : fs::directory_iterator(data + "/imagesTr"))
      if (count++ < 2)
        fs::copy(entry.path(),
                 folder + "/images/" + std::to_string(count) + ".nii.gz");
  }
  int predict(std::vector<std::string> inputs,
              const std::vector<std::string> &more = {}) {
    std::vector<std::string> words = {
        "predict",  "--model",       fakeModel("FakeFrozen"),
        "--output", folder + "/out", "--data"};
    for (const std::string &input : inputs)
      words.push_back(folder + "/" + input);
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
  bool written(const std::string &name) {
    return fs::exists(folder + "/out/" + name + ".nii.gz");
  }
};
} // namespace

// A folder without an index is a list of its images. macOS metadata and other
// files are ignored.
TEST_F(Inputs, FolderOfImages) {
  fs::copy(folder + "/images/1.nii.gz", folder + "/images/._1.nii.gz");
  fs::copy(folder + "/images/1.nii.gz", folder + "/images/README");
  fs::rename(folder + "/images/1.nii.gz", folder + "/images/A.NII.GZ");
  EXPECT_EQ(predict({"images"}), 0) << output;
  EXPECT_THAT(output, HasSubstr("2 of 2 cases predicted"));
  EXPECT_TRUE(written("A"));
  EXPECT_TRUE(written("2"));
}

// A file that cannot be read does not affect other files: it is damaged,
// missing, a link to itself, a pipe without writer, or it is too large when it
// is decompressed.
TEST_F(Inputs, OneBadFileOfSeveral) {
  ASSERT_TRUE(writeFileAtomically(folder + "/bad.nii.gz", "\x1f\x8b").ok());
  fs::create_symlink("loop.nii", folder + "/loop.nii");
  ASSERT_EQ(::mkfifo((folder + "/pipe.nii").c_str(), 0600), 0);
  EXPECT_EQ(predict({"bad.nii.gz", "none.nii", "loop.nii", "pipe.nii",
                     "images/1.nii.gz"}),
            3)
      << output;
  EXPECT_THAT(output, HasSubstr("1 of 5 cases predicted"));
  EXPECT_THAT(output, HasSubstr("Too many levels of symbolic links"));
  EXPECT_THAT(output, HasSubstr("a pipe, expected a file"));
  EXPECT_TRUE(written("1"));
  EXPECT_EQ(predict({"a\nb.nii", "images/1.nii.gz"}), 3);
  EXPECT_THAT(output, HasSubstr("segrun: case a\\x0ab: "));
  EXPECT_EQ(predict({"none.nii"}), 1);
  // The command fails if no file can be predicted.
  EXPECT_EQ(predict({"bad.nii.gz"}), 1);
  EXPECT_THAT(output, HasSubstr("bad.nii.gz: damaged gzip"));
  EXPECT_EQ(predict({"bad.nii.gz", "none.nii"}), 1);
  EXPECT_THAT(output, HasSubstr("2 of 2 cases failed: bad, none"));
  EXPECT_EQ(predict({"images/1.nii.gz"}, {"--max-image-bytes", "1000"}), 1);
  EXPECT_THAT(output, HasSubstr("expected at most 1000"));
}

// The most probable one of several regions would not be their label.
TEST_F(Inputs, RegionsOfWholeImages) {
  EXPECT_EQ(run({"predict", "--model", fakeModel("FakeWholeRegions"), "--data",
                 folder + "/images/1.nii.gz", "--output", folder + "/out"}),
            1);
  EXPECT_THAT(output, HasSubstr("FakeWholeRegions.so: gives 3 regions, which "
                                "may overlap (activation sigmoid)"));
  EXPECT_THAT(output, HasSubstr("segc model nnunet --plan"));
  EXPECT_FALSE(fs::exists(folder + "/out"));
  // Nor would its Dice, or an example in a folder of results, be theirs.
  const std::string results = folder + "/results";
  for (const char *command : {"evaluate", "cross-validate", "train"}) {
    std::vector<std::string> words = {
        command,     "--model", fakeModel("FakeWholeRegions"), "--data", data,
        "--results", results};
    if (command == std::string("train"))
      words.insert(words.end(), {"--max-steps", "1", "--train-split", "0.8"});
    EXPECT_EQ(run(words), 1) << output;
    EXPECT_THAT(output, HasSubstr("nothing says which label a region writes"));
    EXPECT_FALSE(fs::exists(results + "/train.jsonl"));
  }
  EXPECT_EQ(run({"train", "--model", fakeModel("FakeWholeRegions"), "--data",
                 data, "--results", results, "--max-steps", "1"}),
            0)
      << output;
}

// One labelled case cannot both train and validate.
TEST_F(Inputs, OneLabelledCase) {
  auto text = readFile(data + "/dataset.json");
  ASSERT_TRUE(text.ok());
  Json index = Json::parse(*text);
  const Json first = index["training"][0];
  index["training"] = {first};
  index["test"] = Json::array();
  for (const char *key : {"image", "label"}) {
    const fs::path path = first[key].get<std::string>();
    fs::create_directories(folder / path.parent_path());
    fs::copy(data / path, folder / path);
  }
  ASSERT_TRUE(writeFileAtomically(folder + "/dataset.json", index.dump()).ok());
  std::vector<std::string> words = {
      "train",     "--model",           fakeModel(),   "--data", folder,
      "--results", folder + "/results", "--max-steps", "1"};
  EXPECT_EQ(run(words), 0) << output;
  words.insert(words.end(), {"--train-split", "0.5"});
  EXPECT_EQ(run(words), 1) << output;
  EXPECT_THAT(output, HasSubstr("one labelled case cannot both train and "
                                "validate"));
}

// Every fault is reported on a separate line. Line breaks in names are escaped.
TEST_F(Inputs, FaultsAreListed) {
  const Json index = {
      {"numTraining", 7},
      {"modality", {{"0", "MRI"}}},
      {"labels", {{"0", "background"}, {"1", "anterior"}, {"2", "posterior"}}},
      {"training",
       {{{"image", "a\nb.nii"}, {"label", "l.nii"}},
        {{"image", "c.nii"}, {"label", "l.nii"}}}}};
  ASSERT_TRUE(writeFileAtomically(folder + "/dataset.json", index.dump()).ok());
  EXPECT_EQ(run({"train", "--model", fakeModel(), "--data", folder, "--results",
                 folder + "/results"}),
            1);
  EXPECT_THAT(output, HasSubstr("2 of 2 train cases cannot be used:\n  case "
                                "a\\x0ab: "));
  EXPECT_THAT(output, HasSubstr("a\\x0ab.nii is missing\n  case c: "));
  // Every command reports warnings in addition to the faults.
  EXPECT_EQ(run({"evaluate", "--model", fakeModel("FakeFrozen"), "--data",
                 folder, "--split", "train"}),
            1);
  EXPECT_THAT(output, HasSubstr("numTraining is 7, but 2"));
  EXPECT_THAT(output, HasSubstr("\n  case c: "));
}
