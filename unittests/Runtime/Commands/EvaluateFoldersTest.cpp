//===- EvaluateFoldersTest.cpp - evaluate --predictions -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../Data/TestSupport.h"
#include "CommandTest.h"
#include "segc/Base/Hash.h"
#include "segc/Runtime/Data/Png.h"

using namespace segc;

namespace {
/// Label files of 2x2x2 voxels in two folders.
struct EvaluateFolders : Command {
protected:
  void SetUp() override {
    fs::create_directories(folder + "/p");
    fs::create_directories(folder + "/l");
  }
  void write(const std::string &name, const std::vector<uint8_t> &labels,
             double x = 0) {
    VolumeGeometry grid = test::cubeOfEight();
    grid.header.sform[0][3] = static_cast<float>(x);
    ASSERT_TRUE(writeNifti(folder + "/" + name, grid, labels.data()).ok());
  }
  int evaluate(std::vector<std::string> more = {}) {
    std::vector<std::string> words = {"evaluate", "--predictions",
                                      folder + "/p", "--labels", folder + "/l"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }
};
} // namespace

TEST_F(EvaluateFolders, WritesAllTables) {
  write("p/a.nii.gz", {1, 1, 0, 0, 0, 0, 0, 0});
  write("l/a.nii.gz", {1, 0, 0, 0, 0, 0, 0, 0});
  write("p/more.nii.gz", {1, 1, 0, 0, 0, 0, 0, 0});
  EXPECT_EQ(evaluate({"--results", folder + "/r"}), 0) << output;
  EXPECT_THAT(output, HasSubstr("more.nii.gz: has no label of this name"));
  auto json = readFile(folder + "/r/case-metrics.json");
  ASSERT_TRUE(json.ok());
  EXPECT_DOUBLE_EQ(Json::parse(*json)["mean"]["1"]["dice"]["mean"], 2. / 3);
  EXPECT_TRUE(fs::exists(folder + "/r/case-metrics.csv"));
  EXPECT_TRUE(fs::exists(folder + "/r/summary.json"));
}

// A case that cannot be measured does not stop the others; where none can, the
// command fails.
TEST_F(EvaluateFolders, NamesWhatDiffers) {
  const std::vector<uint8_t> labels = {1, 0, 0, 0, 0, 0, 0, 0};
  write("p/moved.nii.gz", labels, 5);
  write("l/moved.nii.gz", labels);
  EXPECT_EQ(evaluate(), 1);
  EXPECT_THAT(output, HasSubstr("they lie up to 5 mm apart"));
  write("l/missing.nii.gz", labels);
  write("p/same.nii.gz", labels);
  write("l/same.nii.gz", labels);
  EXPECT_EQ(evaluate({"--results", folder + "/r"}), 3);
  EXPECT_THAT(output, HasSubstr("no prediction has the name missing"));
  EXPECT_THAT(output, HasSubstr("2 of 3 cases failed: missing, moved"));
  auto report = readFile(folder + "/r/report.html");
  ASSERT_TRUE(report.ok());
  EXPECT_THAT(*report, HasSubstr("missing, moved"));
}

TEST_F(EvaluateFolders, NamesPicturesThatAreLeftOut) {
  for (const char *name : {"p/a.nii.gz", "l/a.nii.gz"})
    write(name, {1, 0, 0, 0, 0, 0, 0, 0});
  const std::vector<uint8_t> pixels(4, 1);
  ASSERT_TRUE(
      writeFileAtomically(folder + "/l/b.png", *encodePng(2, 2, pixels.data()))
          .ok());
  EXPECT_EQ(evaluate(), 0) << output;
  EXPECT_THAT(output, HasSubstr("l/b.png: taken for a picture of a volume"));
}

TEST_F(EvaluateFolders, MeasuresTheRegionsOfTheDataSet) {
  write("p/a.nii.gz", {1, 2, 0, 0, 1, 0, 0, 0});
  write("l/a.nii.gz", {2, 2, 1, 0, 3, 0, 0, 0});
  const std::string index = folder + "/dataset.json";
  ASSERT_TRUE(writeFileAtomically(index, R"({
      "channel_names": {"0": "MRI"}, "file_ending": ".nii.gz", "numTraining": 1,
      "labels": {"background": 0, "whole": [1, 2], "core": 2, "ignore": 3},
      "regions_class_order": [1, 2]})")
                  .ok());
  EXPECT_EQ(evaluate({"--results", folder + "/r"}), 0) << output;
  EXPECT_THAT(output, HasSubstr("\nwhole                 0.8000"));
  const Json mean = Json::parse(*readFile(folder + "/r/summary.json"))["mean"];
  EXPECT_EQ(mean.size(), 2u);
  EXPECT_DOUBLE_EQ(mean["(1, 2)"]["Dice"], 0.8);
  EXPECT_DOUBLE_EQ(mean["2"]["Dice"], 2.0 / 3);
}

// The data set that the labels belong to has their images.
// Probabilities are compared by their most probable class, in f32 and f64; the
// first of equal ones wins. A case that has labels, too, is compared by these.
TEST_F(EvaluateFolders, TakesProbabilities) {
  const auto array = [&](const std::string &name, const std::string &type,
                         const std::string &shape, const auto &values) {
    std::string text = "{'descr': '" + type +
                       "', 'fortran_order': False, 'shape': " + shape + ", }";
    text.resize(117, ' ');
    text += '\n';
    std::string bytes("\x93NUMPY\x01\x00\x76\x00", 10);
    bytes += text;
    bytes.append(reinterpret_cast<const char *>(values.data()),
                 values.size() * sizeof(values[0]));
    ASSERT_TRUE(writeFileAtomically(folder + "/p/" + name, bytes).ok());
  };
  const std::vector<uint8_t> labels = {0, 1, 2, 0, 1, 2, 0, 0};
  std::vector<float> single(24, 0.25F);
  std::vector<double> wide(24, 0.25);
  for (size_t i = 0; i < labels.size(); ++i) {
    const size_t at = size_t{labels[i]} * 8 + i;
    single[at] = 0.5F;
    wide[at] = 0.5;
  }
  for (const char *name : {"a", "b", "c"})
    write(std::string("l/") + name + ".nii.gz", labels);
  single[8] = 0.5F; // A tie with class 0.
  array("a.npy", "<f4", "(3, 2, 2, 2)", single);
  array("b.npy", "<f8", "(3, 2, 2, 2)", wide);
  write("p/c.nii.gz", std::vector<uint8_t>(8, 1));
  array("c.npy", "<f8", "(3, 2, 2, 2)", wide);
  ASSERT_EQ(evaluate({"--results", folder + "/r"}), 0) << output;
  const Json cases =
      Json::parse(*readFile(folder + "/r/case-metrics.json"))["cases"];
  EXPECT_EQ(cases[0]["classes"]["1"]["dice"], 1);
  EXPECT_EQ(cases[1]["classes"]["2"]["dice"], 1);
  EXPECT_DOUBLE_EQ(cases[2]["classes"]["1"]["dice"], 0.4);

  const std::string wrong = "c.npy";
  fs::remove(folder + "/p/c.nii.gz");
  const auto refuses = [&](const std::string &message) {
    EXPECT_EQ(evaluate(), 3) << message;
    EXPECT_THAT(output, HasSubstr(folder + "/p/c.npy: " + message));
  };
  array(wrong, "<f8", "(3, 2, 2, 1)", wide);
  refuses("2x2x1 voxels (z, y, x), the label has 2x2x2");
  array(wrong, "<f8", "(4, 2, 2, 2)", wide);
  refuses("320 bytes, expected 384 by its header");
  array(wrong, "<f8", "(1, 2, 2, 2)", wide);
  refuses("1 classes, expected 2 to 65536");
  array(wrong, "<f8", "(999999999, 2, 2, 2)", wide);
  refuses("999999999 classes");
  array(wrong, "<i8", "(3, 2, 2, 2)", wide);
  refuses("the header {'descr': '<i8'");
  array(wrong, "<f4", "(9999999999, 2, 2, 2)", wide);
  refuses("the header");
  wide[9] = std::numeric_limits<double>::infinity();
  array(wrong, "<f8", "(3, 2, 2, 2)", wide);
  refuses("inf of class 1 at voxel 1 of the file");
  for (const std::string &bytes :
       {std::string(), std::string("\x93NUMPY\x01\x00\xff\xff{", 11),
        std::string("\x93NUMPY\x02\x00\xff\xff\xff\xff{}", 14),
        std::string("\x93NUMPY\x07\x00\x01\x00\n\n\n", 13)}) {
    ASSERT_TRUE(writeFileAtomically(folder + "/p/c.npy", bytes).ok());
    refuses("");
  }
  ASSERT_TRUE(writeFileAtomically(folder + "/dataset.json", R"({
      "channel_names": {"0": "MRI"}, "file_ending": ".nii.gz", "numTraining": 1,
      "labels": {"background": 0, "whole": [1, 2], "core": 2},
      "regions_class_order": [1, 2]})")
                  .ok());
  EXPECT_EQ(evaluate(), 1);
  EXPECT_THAT(output, HasSubstr("compare the masks"));
}

TEST_F(EvaluateFolders, OptionsComeFromAFile) {
  for (const char *name : {"p/a.nii.gz", "l/a.nii.gz"})
    write(name, {1, 0, 0, 0, 0, 0, 0, 0});
  const std::string path = folder + "/options.json";
  ASSERT_TRUE(writeFileAtomically(path, R"({"surface_tolerance": 2.5})").ok());
  ASSERT_EQ(evaluate({"--config", path, "--results", folder + "/r"}), 0)
      << output;
  EXPECT_THAT(*readFile(folder + "/r/report.html"),
              HasSubstr("<th>surface_tolerance_mm</th><td>2.5</td>"));
}

TEST_F(EvaluateFolders, DrawsWhereImagesAreKnown) {
  fs::create_directories(folder + "/imagesTr");
  for (const char *name : {"a", "b"}) {
    const std::string file = std::string(name) + ".nii.gz";
    write("p/" + file, {1, 2, 0, 0, 1, 0, 0, 0});
    write("l/" + file, {1, 2, 0, 0, 1, 2, 0, 0});
    write("imagesTr/" + file, {10, 20, 30, 40, 50, 60, 70, 80});
  }
  ASSERT_TRUE(writeFileAtomically(folder + "/dataset.json", R"({
      "modality": {"0": "MRI"},
      "labels": {"background": 0, "whole": [1, 2], "core": 2},
      "regions_class_order": [1, 2],
      "training": [{"image": "imagesTr/a.nii.gz", "label": "l/a.nii.gz"}]})")
                  .ok());
  EXPECT_EQ(evaluate({"--results", folder + "/r"}), 0) << output;
  EXPECT_TRUE(fs::exists(folder + "/r/overlays/a.png"));
  EXPECT_FALSE(fs::exists(folder + "/r/overlays/b.png"));
  const std::string report = *readFile(folder + "/r/report.html");
  for (const std::string &text : std::vector<std::string>{
           "<td>whole</td><td>0.8571", "best: a, Dice 0.7619",
           "rgb(86,180,233)'></span> whole", "rgb(0,158,115)'></span> core",
           "segrun evaluate --predictions",
           sha256(sha256(*readFile(folder + "/l/a.nii.gz")) + "  a.nii.gz\n" +
                  sha256(*readFile(folder + "/l/b.nii.gz")) + "  b.nii.gz\n")})
    EXPECT_THAT(report, HasSubstr(text));
  // What is wrong with an image costs its picture alone.
  fs::remove(folder + "/imagesTr/a.nii.gz");
  EXPECT_EQ(evaluate({"--results", folder + "/s"}), 0);
  EXPECT_THAT(output, HasSubstr("no picture: "));
  EXPECT_EQ(evaluate({"--results", folder + "/imagesTr"}), 2);
}

TEST_F(EvaluateFolders, Usage) {
  EXPECT_EQ(run({"evaluate"}), 2);
  EXPECT_THAT(output, HasSubstr("--model is required"));
  EXPECT_EQ(run({"evaluate", "--labels", folder}), 2);
  EXPECT_THAT(output, HasSubstr("belong together"));
  EXPECT_EQ(evaluate({"--fold", "1"}), 2);
  EXPECT_THAT(output, HasSubstr("--fold has no effect with --predictions"));
  write("p/a.nii.gz", std::vector<uint8_t>(8));
  write("l/a.nii.gz", std::vector<uint8_t>(8));
  EXPECT_EQ(evaluate({"--results", folder + "/p"}), 2);
  EXPECT_THAT(output, HasSubstr("which a result may replace"));
  fs::create_directory_symlink(folder + "/l", folder + "/link");
  EXPECT_EQ(run({"evaluate", "--predictions", folder + "/link", "--labels",
                 folder + "/l"}),
            2);
  EXPECT_THAT(output, HasSubstr("the same folder"));
}
