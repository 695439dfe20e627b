//===- OutputsTest.cpp - No output replaces an input ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/Outputs.h"
#include "CommandTest.h"

using namespace segc;

namespace {

struct Outputs : testing::Test {
  std::string folder = freshFolder("outputs");
  std::string input = make("images/scan.nii.gz");

  std::string make(const std::string &name) {
    std::string path = folder + "/" + name;
    fs::create_directories(fs::path(path).parent_path());
    EXPECT_TRUE(writeFileAtomically(path, name).ok());
    return path;
  }
  Status check(const std::string &file, const std::string &into = "") {
    CommandPaths paths;
    paths.inputs = {{"--data", input}};
    paths.outputs = {{"--json", file}};
    if (!into.empty())
      paths.folders = {{"--output", into}};
    return checkOutputs(paths);
  }
};

} // namespace

TEST_F(Outputs, OfAnyName) {
  fs::create_symlink("images/scan.nii.gz", folder + "/soft");
  fs::create_hard_link(input, folder + "/hard");
  fs::create_symlink("images", folder + "/linked");
  for (const char *name :
       {"images/scan.nii.gz", "images/../images/scan.nii.gz",
        "./images//scan.nii.gz", "soft", "hard", "linked/scan.nii.gz"}) {
    Status status = check(folder + "/" + name);
    EXPECT_EQ(status.code(), StatusCode::WrongUsage) << name;
    EXPECT_THAT(status.message(), HasSubstr("the input of --data"));
  }
  EXPECT_TRUE(check(folder + "/new.json").ok());
  EXPECT_TRUE(check(make("other.json")).ok());
}

TEST_F(Outputs, FoldersThatHoldAnInput) {
  fs::create_symlink("images", folder + "/linked");
  fs::create_directories(folder + "/soft");
  fs::create_symlink(input, folder + "/soft/scan.nii.gz");
  fs::create_directories(folder + "/hard");
  fs::create_hard_link(input, folder + "/hard/scan.nii.gz");
  for (const char *name : {"images", "images/", "images/.", "linked",
                           "images/../images", "soft", "hard"}) {
    Status status = check("", folder + "/" + name);
    EXPECT_EQ(status.code(), StatusCode::WrongUsage) << name;
    EXPECT_THAT(status.message(), HasSubstr("scan.nii.gz in it is an input"));
  }
  EXPECT_TRUE(check("", folder).ok()) << "only what lies in it counts";
  EXPECT_TRUE(check("", folder + "/images/masks").ok());
}

TEST_F(Outputs, OfTwoOptions) {
  CommandPaths paths;
  paths.outputs = {{"--json", folder + "/a"}, {"--trace", folder + "/./a"}};
  EXPECT_THAT(checkOutputs(paths).message(),
              HasSubstr("--json and --trace: both are"));
  paths.outputs = {{"--json", "no-such-file"}, {"--trace", "./no-such-file"}};
  EXPECT_FALSE(checkOutputs(paths).ok());
  paths.outputs[1].path = "no-other-file";
  EXPECT_TRUE(checkOutputs(paths).ok());
}

// Each command that writes, with each way to name the file it reads.
TEST_F(Command, NoOutputReplacesAnInput) {
  std::string model = folder + "/m.so";
  fs::copy_file(fakeModel(), model);
  ASSERT_EQ(run(trainOn("r", {"--max-steps", "1"})), 0) << output;
  std::string weights = folder + "/r/checkpoints/last/model.safetensors";
  std::string batches = folder + "/batches.safetensors";
  fs::create_hard_link(weights, folder + "/hard");
  fs::create_symlink(model, folder + "/soft");
  std::string before = file("batches.safetensors");
  for (const char *option :
       {"--json", "--profile", "--trace", "--dump-outputs"})
    for (const std::string &name : {model, folder + "/soft"}) {
      EXPECT_EQ(
          run({"benchmark", "--model", model, "--steps", "2", option, name}),
          2);
      EXPECT_THAT(output, HasSubstr("would replace the input of --model"));
    }
  for (const std::string &name : {batches, folder + "/hard", weights}) {
    EXPECT_EQ(run(trainOn("s", {"--max-steps", "1", "--dump-gradients", name,
                                "--init", weights})),
              2);
    EXPECT_THAT(output, HasSubstr("would replace the input of"));
  }
  for (const std::string &name : {model, weights, folder + "/soft"})
    EXPECT_EQ(run({"export", "--model", model, "--checkpoint", folder + "/r",
                   "-o", name}),
              2)
        << output;
  EXPECT_EQ(file("batches.safetensors"), before);
  EXPECT_EQ(file("m.so"), *readFile(fakeModel()));
}

TEST_F(Command, MasksReplaceNoImages) {
  if (!fs::exists(data + "/dataset.json"))
    GTEST_SKIP() << data << " is not there";
  std::string image;
  for (const auto &entry : fs::directory_iterator(data + "/imagesTr"))
    if (entry.path().filename().string()[0] != '.')
      image = entry.path().string();
  std::string scans = folder + "/scans", scan = scans + "/scan.nii.gz";
  fs::create_directories(scans);
  fs::copy_file(image, scan);
  std::string before = file("scans/scan.nii.gz");
  fs::create_symlink("scans", folder + "/linked");
  std::vector<std::string> words = {
      "predict", "--model", fakeModel("FakeFrozen"),
      "--data",  scan,      "--output"};
  for (const std::string &name :
       {scans, folder + "/linked", scans + "/../scans"}) {
    words.push_back(name);
    EXPECT_EQ(run(words), 2) << output;
    words.pop_back();
  }
  words.push_back(folder + "/masks");
  EXPECT_EQ(run(words), 0) << output;
  EXPECT_EQ(file("scans/scan.nii.gz"), before);
  // The pictures of a training are no masks either.
  ASSERT_EQ(run(trainOn("r", {"--max-steps", "1"})), 0) << output;
  words.back() = folder + "/r";
  EXPECT_EQ(run(words), 2) << output;
  EXPECT_THAT(output, HasSubstr("holds the results of a training"));
}
