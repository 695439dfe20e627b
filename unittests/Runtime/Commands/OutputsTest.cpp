//===- OutputsTest.cpp - Protection of inputs -----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Commands/Outputs.h"
#include "CommandTest.h"
#include "segc/Runtime/Data/Nifti.h"
#include "segc/Runtime/Data/OwnFiles.h"
#include "segc/Runtime/Data/Png.h"
#include "segc/Runtime/Data/Tiff.h"

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

TEST_F(Outputs, OwnImagesAreMarked) {
  VolumeGeometry grid;
  grid.size = {2, 2, 2};
  const std::vector<uint8_t> labels(8, 1);
  for (const char *name : {"/a.nii", "/a.nii.gz"}) {
    ASSERT_TRUE(writeNifti(folder + name, grid, labels.data()).ok());
    EXPECT_TRUE(hasOwnMark(folder + name)) << name;
  }
  ASSERT_TRUE(writeTiff(folder + "/a.tif", 2, 2, {labels.data()}).ok());
  EXPECT_TRUE(hasOwnMark(folder + "/a.tif"));
  ASSERT_TRUE(writePng(folder + "/a.png", RgbImage(2, 2)).ok());
  EXPECT_TRUE(hasOwnMark(folder + "/a.png"));
  const std::vector<float> values(8, 1);
  ASSERT_TRUE(writeNifti(folder + "/f.nii", grid, values.data()).ok());
  EXPECT_FALSE(hasOwnMark(folder + "/f.nii"));
  EXPECT_FALSE(hasOwnMark(input));
  EXPECT_FALSE(hasOwnMark(folder + "/none"));
}

// Paths that a user may name as folder of results.
TEST_F(Outputs, Places) {
  auto place = [&](const std::string &name) {
    CommandPaths paths;
    paths.places = {{"--output", folder + "/" + name}};
    return checkOutputs(paths);
  };
  make("task/dataset.json");
  make("slices/train-volume.tif");
  make("run/checkpoints/best/state.json");
  make("run/checkpoints/best/model.safetensors");
  fs::create_directories(folder + "/task/labelsTr");
  fs::create_symlink("task/labelsTr", folder + "/linked");
  for (const char *name :
       {"task", "task/", "task/.", "task/labelsTr", "linked", "linked/deeper",
        "task/imagesTs/new", "slices", "slices/x", "run/checkpoints",
        "run/checkpoints/best", "images"})
    EXPECT_EQ(place(name).code(), StatusCode::WrongUsage) << name;
  EXPECT_THAT(place("images").message(),
              HasSubstr("scan.nii.gz exists and is no mask that segrun wrote; "
                        "give another --output"));
  for (const char *name : {"new", "run", "run/predictions", "task/results"})
    EXPECT_TRUE(place(name).ok()) << place(name).message();
  // Masks of earlier versions, which are not marked, are recognised by their
  // pictures, and pictures by their masks.
  make("old/overlays/a.png");
  EXPECT_FALSE(place("old").ok()) << "a picture of somebody";
  make("old/a.nii.gz");
  EXPECT_TRUE(place("old").ok()) << place("old").message();
  make("old/b.nii.gz");
  EXPECT_FALSE(place("old").ok());
  make("oldSlices/test-masks.tif");
  EXPECT_FALSE(place("oldSlices").ok());
  make("oldSlices/overlays/test-00.png");
  make("oldSlices/overlays/test-01.png");
  EXPECT_TRUE(place("oldSlices").ok()) << place("oldSlices").message();
  // Pictures may lie beside masks, except under the name of one.
  make("pictures/holiday.png");
  EXPECT_TRUE(place("pictures").ok()) << place("pictures").message();
  make("pictures/x-masks.png");
  EXPECT_FALSE(place("pictures").ok());
}

// A file of the same kind is replaced. A file of another kind is kept, even if
// segrun wrote it.
TEST_F(Command, OutputsReplaceTheirOwnKind) {
  const std::string model = fakeModel();
  ASSERT_EQ(run(trainOn("r", {"--max-steps", "1"})), 0) << output;
  const std::string weights = folder + "/r/checkpoints/last/model.safetensors";
  const std::string state = folder + "/r/checkpoints/last/state.json";
  ASSERT_TRUE(writeFileAtomically(folder + "/empty", "").ok());
  const std::string before = file("r/checkpoints/last/model.safetensors");
  auto dump = [&](const std::string &name) {
    return run(trainOn("s", {"--max-steps", "1", "--dump-gradients", name}));
  };
  for (const std::string &name : {weights, state, folder + "/r/train.jsonl"}) {
    EXPECT_EQ(dump(name), 2) << name;
    EXPECT_THAT(output, HasSubstr("exists and is no gradients"));
  }
  EXPECT_EQ(file("r/checkpoints/last/model.safetensors"), before);
  for (const char *name : {"/g.safetensors", "/g.safetensors", "/empty"})
    EXPECT_EQ(dump(folder + name), 0) << output;
  auto measure = [&](const std::string &option, const std::string &name) {
    return run({"benchmark", "--model", model, "--steps", "2", option, name});
  };
  const std::string options[] = {"--json", "--profile", "--trace",
                                 "--dump-outputs"};
  for (const std::string &option : options) {
    for (const std::string &name : {weights, state})
      EXPECT_EQ(measure(option, name), 2) << output;
    for (int i = 0; i < 2; ++i)
      EXPECT_EQ(measure(option, folder + "/" + option), 0) << output;
  }
  for (const std::string &option : options)
    for (const std::string &other : options)
      if (option != other)
        EXPECT_EQ(measure(option, folder + "/" + other), 2) << output;
  for (const std::string &name : {state, model})
    EXPECT_EQ(run({"export", "--model", fakeModel("FakeNote"), "--checkpoint",
                   folder + "/r", "-o", name}),
              2)
        << output;
}

// The result is written to the open file itself, after earlier and before later
// output, even if the file was opened without O_APPEND.
TEST_F(Command, ResultsOnOpenFiles) {
  for (const char *name : {"/dev/stdout", "/dev/fd/1", "/proc/self/fd/2"}) {
    ASSERT_EQ(run({"benchmark", "--model", fakeModel(), "--steps", "2",
                   "--json", name},
                  [] {
                    const char before[] = "# before\n";
                    EXPECT_EQ(::write(1, before, 9), 9);
                  }),
              0)
        << output;
    EXPECT_EQ(output.rfind("# before\nfake predict, batch ", 0), 0u) << output;
    const size_t begin = output.find("\n{");
    ASSERT_NE(begin, std::string::npos) << output;
    EXPECT_EQ(Json::parse(output.substr(begin))["steps"], 2);
  }
}

// Tests each command that writes, with each way to name the file that it reads.
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
  for (int again = 0; again < 2; ++again)
    EXPECT_EQ(run(words), 0) << output;
  // A label has the name and the place of the mask.
  const std::string mask = folder + "/masks/scan.nii.gz";
  fs::copy_file(image, mask, fs::copy_options::overwrite_existing);
  fs::remove_all(folder + "/masks/overlays");
  EXPECT_EQ(run(words), 2) << output;
  EXPECT_THAT(output, HasSubstr("is no mask that segrun wrote"));
  EXPECT_EQ(file("masks/scan.nii.gz"), before);
  EXPECT_EQ(file("scans/scan.nii.gz"), before);
  // Pictures of a training are not masks either.
  ASSERT_EQ(run(trainOn("r", {"--max-steps", "1"})), 0) << output;
  words.back() = folder + "/r";
  EXPECT_EQ(run(words), 2) << output;
  EXPECT_THAT(output, HasSubstr("holds the results of a training"));
}
