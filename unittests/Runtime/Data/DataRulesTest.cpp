//===- DataRulesTest.cpp - Consistency of data sets -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestSupport.h"
#include "segc/Runtime/Data/DataSet.h"

#include <map>

using namespace segc;
using namespace segc::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

static Json pipeline() {
  return {{"kind", "decathlon"},
          {"input_shape", {4, 4, 4}},
          {"class_names", {"background", "anterior", "posterior"}}};
}

namespace {
/// Cases "0", "1", ... of 4x4x4 voxels with all three classes.
struct Cases : TemporaryFolder {
  explicit Cases(int count) {
    for (const char *name : {"imagesTr", "labelsTr", "imagesTs"})
      EXPECT_TRUE(createDirectories(*this / name).ok());
    index = {{"modality", {{"0", "MRI"}}},
             {"labels",
              {{"0", "background"}, {"1", "Anterior"}, {"2", "Posterior"}}}};
    for (int i = 0; i < count; ++i) {
      image(i, [&](int k) { return float((k * 7 + i * k) % 64); });
      label(i, [&](int k) { return float(k % 3); });
      const std::string name = std::to_string(i) + ".nii";
      index["training"].push_back(
          {{"image", "imagesTr/" + name}, {"label", "labelsTr/" + name}});
    }
  }
  template <typename F>
  void write(const std::string &name, F value, int channels = 1) {
    NiftiHeader header = makeHeader(
        channels == 1 ? std::vector<int16_t>{4, 4, 4}
                      : std::vector<int16_t>{4, 4, 4, int16_t(channels)},
        16, 32);
    header.qformCode = 0;
    const float sform[3][4] = {{1.5f}, {0, 0.75f}, {0, 0, 2}};
    std::memcpy(header.sform, sform, sizeof(sform));
    std::vector<float> voxels;
    for (int k = 0; k < 64 * channels; ++k)
      voxels.push_back(value(k));
    EXPECT_TRUE(
        writeFileAtomically(*this / name, niftiImage(header, voxels)).ok());
  }
  template <typename F>
  void image(int i, F value, int channels = 1) {
    write("imagesTr/" + std::to_string(i) + ".nii", value, channels);
  }
  template <typename F>
  void label(int i, F value, int channels = 1) {
    write("labelsTr/" + std::to_string(i) + ".nii", value, channels);
  }
  StatusOr<std::unique_ptr<Dataset>> open(const DatasetOptions &options = {}) {
    SEGC_RETURN_IF_ERROR(
        writeFileAtomically(*this / "dataset.json", index.dump()));
    return openDataset(path, pipeline(), options);
  }
  /// Returns the status of opening and loading the training cases.
  Status load(const DatasetOptions &options = {}) {
    notes.clear();
    auto set = open(options);
    SEGC_RETURN_IF_ERROR(set.status());
    Status status = (*set)->load(Split::Train);
    notes = (*set)->notes().take();
    return status;
  }
  Json index;
  std::vector<std::string> notes;
};
} // namespace

TEST(DataRulesTest, ClassNames) {
  Cases cases(1);
  ASSERT_OK(cases.load());
  EXPECT_THAT(cases.notes, IsEmpty()) << "upper and lower case are one name";
  cases.index["labels"] = {
      {"0", "background"}, {"1", "Posterior"}, {"2", "Anterior"}};
  EXPECT_ERROR(cases.load(), InvalidArgument, "1 Posterior, 2 Anterior",
               "1 anterior, 2 posterior", "--label-map");
  DatasetOptions options;
  auto map = parseLabelMap("1=2,2=1");
  ASSERT_OK(map.status());
  options.labelMap = *map;
  ASSERT_OK(cases.load(options));
  cases.index["labels"] = {{"0", "background"}, {"1", "head"}, {"2", "tail"}};
  ASSERT_OK(cases.load());
  EXPECT_THAT(cases.notes, ElementsAre(HasSubstr("1 head, 2 tail")));
  cases.index["labels"] = {{"0", "background"}, {"1", "anterior"}};
  EXPECT_ERROR(cases.load(), InvalidArgument, "2 labels", "3 classes");
}

TEST(DataRulesTest, LabelMaps) {
  EXPECT_EQ(*parseLabelMap("255=1,4=2"), (LabelMap{{4, 2}, {255, 1}}));
  for (const char *text : {"", "1", "1=", "=1", "1=2,", "1=2;3=4", "-1=0",
                           "1=2,1=0", "1=2=3", "99999999999999999999=1"})
    EXPECT_ERROR(parseLabelMap(text).status(), WrongUsage, "255=1");
}

// Every case is checked, and the invalid values of each are listed.
TEST(DataRulesTest, LabelValues) {
  Cases cases(4);
  cases.label(1, [](int k) { return k == 21 ? 4.0f : float(k % 3); });
  cases.label(2, [](int k) { return float(k % 2 * 255); });
  EXPECT_ERROR(cases.load(), InvalidArgument, "2 of 4 train cases",
               "case 1: ", "the value 4 (first at voxel (1, 1, 1))",
               "0, 1, 2, 4", "case 2: ", "0, 255", "--label-map 255=1");
  DatasetOptions options;
  options.labelMap = {{255, 1}, {4, 2}};
  ASSERT_OK(cases.load(options));

  Cases negative(1);
  negative.label(0, [](int k) { return k % 3 == 0 ? -1.0f : 1.0f; });
  EXPECT_ERROR(negative.load(), InvalidArgument, "case 0", "value -1",
               "repair the label");
  negative.label(0, [](int) { return 0.5f; });
  EXPECT_ERROR(negative.load(), InvalidArgument, "value 0.5");
  negative.label(0, [](int k) { return k ? 1.0f : NAN; });
  EXPECT_ERROR(negative.load(), InvalidArgument, "value nan");
}

// A class that no training case has is reported, because only held-out cases
// may have it.
TEST(DataRulesTest, UntrainedClasses) {
  Cases cases(2);
  cases.label(0, [](int k) { return float(k % 2); });
  DatasetOptions options;
  for (double share : {0.5, 1.0}) {
    options.trainSplit = share;
    auto set = cases.open(options);
    ASSERT_OK(set.status());
    ASSERT_OK(noteUntrainedClasses(**set));
    if (share < 1)
      EXPECT_THAT(
          (*set)->notes().take(),
          ElementsAre(HasSubstr("no label has the class \"posterior\"")));
    else
      EXPECT_THAT((*set)->notes().take(), IsEmpty());
  }
}

TEST(DataRulesTest, ScaledLabelsAreRounded) {
  Cases cases(1);
  cases.label(0, [](int k) { return float(k % 3) * 0.9999995f; });
  auto set = cases.open();
  ASSERT_OK(set.status());
  std::vector<float> image(64);
  std::vector<int32_t> label(64);
  ASSERT_OK((*set)->sample(Split::Train, 0, {}, image.data(), label.data()));
  EXPECT_THAT((*set)->notes().take(), ElementsAre(HasSubstr("rounded")));
  int64_t sum = 0;
  for (int32_t value : label)
    sum += value;
  EXPECT_EQ(sum, 63);
  cases.label(0, [](int k) { return float(k % 3) * 0.99f; });
  EXPECT_ERROR(cases.load(), InvalidArgument, "0.99");
}

TEST(DataRulesTest, Channels) {
  Cases cases(1);
  cases.image(0, [](int k) { return float(k % 50); }, 2);
  EXPECT_ERROR(cases.load(), InvalidArgument, "2 channels", "takes 1",
               "--channel 0..1");
  cases.index["modality"] = {{"0", "T2"}, {"1", "ADC"}};
  EXPECT_ERROR(cases.load(), InvalidArgument, "2 modalities (T2, ADC)");
  DatasetOptions options;
  options.channel = 1;
  ASSERT_OK(cases.load(options));
  options.channel = 2;
  EXPECT_ERROR(cases.load(options), InvalidArgument, "--channel 2");
  Cases hot(1);
  hot.label(0, [](int k) { return float(k / 64 == k % 3); }, 3);
  EXPECT_ERROR(hot.load(), InvalidArgument, "3 channels", "one-hot");
}

// A missing or wrong label stops training and evaluation, but not predictions.
// All wrong cases are reported at once.
TEST(DataRulesTest, EveryFaultAtOnce) {
  Cases cases(4);
  std::filesystem::remove(cases / "labelsTr/1.nii");
  std::filesystem::resize_file(cases / "imagesTr/3.nii", 400);
  EXPECT_ERROR(cases.load(), NotFound, "2 of 4 train cases",
               "labelsTr/1.nii is missing", "\n  case 3: ", "truncated");
  auto set = cases.open();
  ASSERT_OK(set.status());
  std::vector<float> image(64), probabilities(64 * 3, 1.0f);
  std::vector<int32_t> label(64);
  ASSERT_OK((*set)->sample(Split::Train, 1, {}, image.data(), nullptr));
  EXPECT_ERROR((*set)->sample(Split::Train, 1, {}, image.data(), label.data()),
               NotFound, "labelsTr/1.nii");
  // The folder of the pictures is a file, but the mask is still written.
  ASSERT_OK(writeFileAtomically(cases / "pictures", "x"));
  ASSERT_OK(writePredictions(**set, Split::Train, {1}, probabilities,
                             {cases / "masks", cases / "pictures"}));
  EXPECT_TRUE(std::filesystem::exists(cases / "masks/1.nii.gz"));
  EXPECT_THAT((*set)->notes().take(),
              ElementsAre(HasSubstr("no truth"), HasSubstr("no picture")));
}

TEST(DataRulesTest, ConstantImages) {
  Cases cases(1);
  cases.image(0, [](int) { return 7.1f; });
  EXPECT_ERROR(cases.load(), InvalidArgument, "case 0", "same value");
  // The image has fewer voxels than the network reads. The padding does not
  // count as contrast.
  VolumeGeometry thin;
  thin.size = {2, 2, 1};
  thin.header = makeHeader({2, 2, 1}, 2, 8);
  const std::vector<uint8_t> plane(4, 7), uneven = {7, 8, 7, 7};
  auto predict = [&](const std::vector<uint8_t> &voxels) {
    SEGC_RETURN_IF_ERROR(writeNifti(cases / "thin.nii", thin, voxels.data()));
    auto set = openFiles({cases / "thin.nii"}, pipeline(), {});
    SEGC_RETURN_IF_ERROR(set.status());
    std::vector<float> image(64);
    SEGC_RETURN_IF_ERROR(
        (*set)->sample(Split::Test, 0, {}, image.data(), nullptr));
    EXPECT_EQ(image[0], image[3]) << "along z, which has one plane";
    return Status::success();
  };
  EXPECT_ERROR(predict(plane), InvalidArgument, "same value");
  ASSERT_OK(predict(uneven));
}

TEST(DataRulesTest, Splits) {
  Cases cases(3);
  DatasetOptions options;
  options.fold = 4;
  EXPECT_ERROR(cases.open(options).status(), InvalidArgument, "of 3 labelled",
               "fold 4", "none to validate");
  options.fold = 0;
  ASSERT_OK(cases.open(options).status());
  options = {};
  options.trainSplit = 0.5;
  auto set = cases.open(options);
  ASSERT_OK(set.status());
  ASSERT_OK(checkHeldOut(**set));
  // Case 2 is for validation and a copy of case 0.
  std::filesystem::copy_file(cases / "imagesTr/0.nii", cases / "imagesTr/2.nii",
                             std::filesystem::copy_options::overwrite_existing);
  set = cases.open(options);
  ASSERT_OK(set.status());
  EXPECT_ERROR(checkHeldOut(**set), InvalidArgument, "1 of 2 cases", "2 is 0");
  cases.index["numTraining"] = 5;
  ASSERT_OK(cases.load());
  EXPECT_THAT(cases.notes, ElementsAre(HasSubstr("numTraining is 5, but 3")));
}

// Label maps may be from names to numbers or from numbers to names, with
// numbers as text. A map may assign classes to numbers without name.
TEST(DataRulesTest, FormsOfLabels) {
  Cases cases(1);
  auto load = [&](const Json &labels, const DatasetOptions &options = {}) {
    cases.index["labels"] = labels;
    return cases.load(options);
  };
  ASSERT_OK(load({{"background", 0}, {"posterior", 2}, {"anterior", 1}}));
  ASSERT_OK(load({{"background", "0"}, {"posterior", "2"}, {"anterior", "1"}}));
  EXPECT_THAT(cases.notes, IsEmpty());
  EXPECT_ERROR(load({{"background", 0}, {"posterior", 1}, {"anterior", 2}}),
               InvalidArgument, "another order");
  const Json sparse = {
      {"0", "background"}, {"1", "anterior"}, {"4", "posterior"}};
  EXPECT_ERROR(load(sparse), InvalidArgument, "label 4 (posterior)",
               "--label-map 4=2");
  DatasetOptions options;
  options.labelMap = {{4, 2}};
  ASSERT_OK(load(sparse, options));
}

// Fields of the index that do not concern the images are ignored.
TEST(DataRulesTest, FormsOfIndices) {
  Cases cases(2);
  cases.index.erase("modality");
  cases.index["numTraining"] = "2";
  cases.index["test"] = {{{"image", "imagesTs/none.nii"}}};
  Json &first = cases.index["training"][0];
  first["image"] = cases / "imagesTr/0.nii";
  first["label"] = ".\\labelsTr\\0.nii";
  ASSERT_OK(cases.load());
  EXPECT_THAT(cases.notes, ElementsAre(HasSubstr("no modality")));
  EXPECT_EQ((*cases.open())->caseName(Split::Test, 0), "none");
  first["image"] = cases.path + "-other/0.nii";
  EXPECT_ERROR(cases.load(), DataLoss, "leads out of");
}

// A file in place of a folder is an error, which recognises archives.
TEST(DataRulesTest, FilesForFolders) {
  TemporaryFolder folder;
  std::string tar(600, '\0');
  tar.replace(257, 5, "ustar");
  ASSERT_OK(writeFileAtomically(folder / "Task04", tar));
  EXPECT_ERROR(openDataset(folder / "Task04", pipeline(), {}).status(),
               InvalidArgument, "a single file", "tar archive; unpack it");
  ASSERT_OK(writeFileAtomically(folder / "a.nii", "x"));
  EXPECT_ERROR(openDataset(folder / "a.nii", pipeline(), {}).status(),
               InvalidArgument, "a single file", "dataset.json");
}

// nnU-Net has a file for each channel. Its first version lists the cases
// without the number, its second lists the files or nothing.
TEST(DataRulesTest, FilesOfChannels) {
  Cases cases(0);
  auto ramp = [](int k) { return float(k); };
  auto back = [](int k) { return float(64 - k); };
  cases.write("imagesTr/a_0000.nii", ramp);
  cases.write("labelsTr/a.nii", [](int k) { return float(k % 3); });
  const Json two = {{"0", "T1"}, {"1", "T2"}};
  Json second = cases.index;
  cases.index["training"] = {
      {{"image", "./imagesTr/a.nii"}, {"label", "./labelsTr/a.nii"}}};
  second.erase("modality");
  second["channel_names"] = {{"0", "T1"}};
  second["dataset"]["a"] = {{"images", {"imagesTr/a_0000.nii"}},
                            {"label", "labelsTr/a.nii"}};
  Json unlisted = second;
  unlisted.erase("dataset");
  unlisted["file_ending"] = ".nii";
  const Json forms[] = {cases.index, second, unlisted};
  for (const Json &form : forms) {
    cases.index = form;
    ASSERT_OK(cases.load());
    EXPECT_EQ((*cases.open())->caseName(Split::Train, 0), "a");
  }

  cases.write("imagesTr/a_0001.nii", back);
  second["dataset"]["a"]["images"].push_back("imagesTr/a_0001.nii");
  for (Json form : {forms[0], second, unlisted}) {
    cases.index = form;
    EXPECT_ERROR(cases.load(), InvalidArgument, "case a", "--channel");
    cases.index[form.contains("modality") ? "modality" : "channel_names"] = two;
    EXPECT_ERROR(cases.load(), InvalidArgument, "2 modalities");
    DatasetOptions options;
    options.channel = 1;
    ASSERT_OK(cases.load(options));
    auto source = (*cases.open(options))->source(Split::Train, 0);
    ASSERT_OK(source.status());
    EXPECT_EQ(source->channel(0).at(0, 0, 0), 64);
  }
}

TEST(DataRulesTest, NnunetFolders) {
  Cases cases(0);
  for (const char *name : {"b_0000", "a_0000"})
    cases.write(std::string("imagesTr/") + name + ".nii",
                [](int k) { return float(k); });
  for (const char *name : {"a", "b"})
    cases.write(std::string("labelsTr/") + name + ".nii",
                [](int k) { return float(k % 3); });
  cases.write("imagesTs/c_0000.nii", [](int k) { return float(k); });
  cases.index = {
      {"channel_names", {{"0", "MRI"}}},
      {"labels", {{"background", 0}, {"posterior", 2}, {"anterior", 1}}},
      {"numTraining", 2},
      {"file_ending", ".nii"}};
  auto set = cases.open();
  ASSERT_OK(set.status());
  ASSERT_OK((*set)->load(Split::Train));
  EXPECT_EQ((*set)->caseName(Split::Train, 0), "a");
  EXPECT_EQ((*set)->count(Split::Train), 2);
  EXPECT_EQ((*set)->caseName(Split::Test, 0), "c");
  EXPECT_THAT((*set)->notes().take(), IsEmpty());

  const Json good = cases.index;
  auto wrong = [&](const Json &change) {
    cases.index = good;
    cases.index.update(change);
    return cases.open().status();
  };
  EXPECT_ERROR(wrong({{"file_ending", ".png"}}), DataLoss, "nnU-Net v2",
               ".png");
  EXPECT_ERROR(wrong({{"labels", {{"background", 0}, {"ignore", 1}}}}),
               Unsupported, "ignore label");
  EXPECT_ERROR(wrong({{"labels", {{"background", 0}, {"whole", {1, 2}}}}}),
               DataLoss, "regions_class_order");
  EXPECT_ERROR(wrong({{"labels", {{"background", 0}, {"whole", {0, 2}}}},
                      {"regions_class_order", {1}}}),
               DataLoss, "\"whole\" is [0,2]", "labels above 0");
  EXPECT_ERROR(wrong({{"labels", {{"background", 0}, {"whole", {1, 2}}}},
                      {"regions_class_order", {1, 2}}}),
               DataLoss, "for each of 1 regions, got 2");
  EXPECT_ERROR(
      wrong({{"labels", {{"background", 0}, {"a", 2}, {"ignore", 1}}}}),
      DataLoss, "ignore label is 1", "above 2");
  EXPECT_ERROR(wrong({{"labels", {{"background", 0}, {"a", 5}}}}),
               InvalidArgument, "2 labels", "5 a");
  EXPECT_ERROR(wrong({{"channel_names", {{"0", "T2"}, {"1", "ADC"}}}}),
               InvalidArgument, "2 modalities");
  cases.index = {{"modality", {{"0", "MRI"}}},
                 {"labels", {{"background", 0}, {"whole", {1, 2}}}},
                 {"regions_class_order", {1}},
                 {"training", Json::array()}};
  EXPECT_ERROR(cases.open().status(), Unsupported, "\"whole\" is a region");
}

/// Channel 1 of a sample of two channels is that of channel 0 turned round, as
/// the images of these tests are.
static void expectTwoChannels(const Dataset &set, Split split) {
  EXPECT_THAT(set.imageShape(), ElementsAre(4, 4, 4, 2));
  std::vector<float> image(128);
  ASSERT_OK(set.sample(split, 0, {}, image.data(), nullptr));
  for (size_t i = 0; i < 64; ++i)
    EXPECT_NEAR(image[2 * i], -image[2 * i + 1], 1e-5) << i;
  EXPECT_NE(image[0], image[2]);
}

// A model of several channels takes those of one file, or one file for each,
// which may be stored in another order of axes.
TEST(DataRulesTest, SeveralChannels) {
  DatasetOptions two;
  two.channels = 2;
  Cases cases(1);
  auto up = [](int k) { return float(k % 64); };
  auto down = [](int k) { return 63 - float(k % 64); };
  auto both = [&](int k) { return k < 64 ? up(k) : down(k); };
  cases.image(0, both, 2);
  cases.index["modality"] = {{"0", "T1"}, {"1", "T2"}};
  cases.index["test"] = {"imagesTs/0.nii"};
  cases.write("imagesTs/0.nii", both, 2);
  auto set = cases.open(two);
  ASSERT_OK(set.status());
  ASSERT_OK((*set)->load(Split::Train));
  expectTwoChannels(**set, Split::Train);
  expectTwoChannels(**set, Split::Test);
  // Both move together with their label.
  std::vector<float> image(128), plain(128);
  std::vector<int32_t> label(64), plainLabel(64);
  ASSERT_OK(
      (*set)->sample(Split::Train, 0, {}, plain.data(), plainLabel.data()));
  std::map<float, int32_t> labelOf; // By the first channel.
  for (size_t v = 0; v < 64; ++v)
    labelOf[plain[2 * v]] = plainLabel[v];
  auto flipping = openDataset(cases.path,
                              {{"kind", "decathlon"},
                               {"input_shape", {4, 4, 4}},
                               {"augment", {"flip_x", "flip_y"}}},
                              two);
  ASSERT_OK(flipping.status());
  for (uint64_t i = 0; i < 8; ++i) {
    ASSERT_OK((*flipping)->sample(Split::Train, 0, {1, i, true}, image.data(),
                                  label.data()));
    for (size_t v = 0; v < 64; ++v)
      EXPECT_NEAR(image[2 * v], -image[2 * v + 1], 1e-5);
    for (size_t v = 0; v < 64; ++v)
      EXPECT_EQ(label[v], labelOf.at(image[2 * v]));
  }

  // Files of their own, as nnU-Net has them.
  cases.index["training"] = {
      {{"image", "imagesTr/a.nii"}, {"label", "labelsTr/0.nii"}}};
  cases.write("imagesTr/a_0000.nii", up);
  cases.write("imagesTr/a_0001.nii", down);
  set = cases.open(two);
  ASSERT_OK(set.status());
  ASSERT_OK((*set)->load(Split::Train));
  expectTwoChannels(**set, Split::Train);
  EXPECT_EQ((*set)->caseName(Split::Train, 0), "a");

  // Single files are joined by their names.
  auto files =
      openFiles({cases / "imagesTr/a_0001.nii", cases / "imagesTr/a_0000.nii",
                 cases / "imagesTs/0.nii"},
                pipeline(), two);
  ASSERT_OK(files.status());
  EXPECT_EQ((*files)->count(Split::Test), 2);
  ASSERT_OK((*files)->load(Split::Test));
  EXPECT_ERROR(
      openFiles({cases / "imagesTr/a_0001.nii"}, pipeline(), two).status(),
      InvalidArgument, "case a", "a_0000 to a_0001");
}

TEST(DataRulesTest, WrongNumberOfChannels) {
  DatasetOptions two, three;
  two.channels = 2;
  three.channels = 3;
  Cases cases(1);
  EXPECT_ERROR(cases.load(two), InvalidArgument, "1 modality (MRI)",
               "the model takes 2");
  cases.index["modality"] = {{"0", "T1"}, {"1", "T2"}};
  EXPECT_ERROR(cases.load(two), InvalidArgument, "case 0", "1 channel,",
               "the model takes 2");
  EXPECT_ERROR(cases.load(three), InvalidArgument, "2 modalities",
               "the model takes 3");
  cases.image(0, [](int k) { return k < 64 ? float(k) : 5.0f; }, 2);
  EXPECT_ERROR(cases.load(two), InvalidArgument, "same value everywhere",
               "channel 1");
  cases.image(0, [](int k) { return k == 100 ? NAN : float(k % 64); }, 2);
  EXPECT_ERROR(cases.load(two), NonFinite, "(0, 1, 2)");
  cases.index["modality"] = {{"0", "T1"}, {"1", "CT"}};
  EXPECT_ERROR(cases.load(two), Unsupported, "CT");
  // Channels on different grids are no case.
  cases.index["modality"] = {{"0", "T1"}, {"1", "T2"}};
  cases.index["training"] = {
      {{"image", "imagesTr/a.nii"}, {"label", "labelsTr/0.nii"}}};
  cases.write("imagesTr/a_0000.nii", [](int k) { return float(k); });
  NiftiHeader header = makeHeader({4, 4, 3}, 16, 32);
  ASSERT_OK(
      writeFileAtomically(cases / "imagesTr/a_0001.nii",
                          niftiImage(header, std::vector<float>(48, 1.0f))));
  EXPECT_ERROR(cases.load(two), InvalidArgument, "a_0001.nii", "4x4x3",
               "a_0000.nii");
}
