//===- ImageFormatTest.cpp - The registry of image formats ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/ImageFormat.h"
#include "TestSupport.h"
#include "segc/Runtime/Data/OwnFiles.h"

#include <sstream>

using namespace segc;
using namespace segc::test;
using testing::ElementsAre;
using testing::EndsWith;

namespace {

/// Volumes as text: "TOY", perhaps the mark, sizes, then the voxels.
class ToyFormat : public VolumeFormat {
public:
  const char *name() const override { return "Toy"; }
  std::vector<std::string_view> endings() const override { return {".toy"}; }
  bool recognises(std::string_view start) const override {
    return start.substr(0, 4) == "TOY ";
  }
  StatusOr<Volume> read(const std::string &path,
                        const ImageLimits &limits) const override {
    SEGC_ASSIGN_OR_RETURN(std::string text, readFile(path, limits.maxBytes));
    std::istringstream stream(text);
    std::string magic, mark;
    Volume volume;
    VolumeGeometry &grid = volume.geometry;
    stream >> magic >> mark >> grid.size[0] >> grid.size[1] >> grid.size[2];
    grid.spacing = {2, 2, 3};
    for (size_t axis = 0; axis < 3; ++axis)
      grid.affine[axis][axis] = grid.spacing[axis];
    grid.placedBy = PlacedBy::Sform;
    std::vector<float> voxels;
    for (float value; stream >> value;)
      voxels.push_back(value);
    if (static_cast<int64_t>(voxels.size()) != grid.voxels())
      return dataLoss(path + ": " + std::to_string(voxels.size()) +
                      " voxels, expected " + std::to_string(grid.voxels()));
    volume.voxels = Voxels(voxels);
    return volume;
  }
  Status writeMask(const std::string &path, const VolumeGeometry &grid,
                   const std::vector<const uint8_t *> &pages,
                   const std::vector<std::string> &) const override {
    return write(path, grid.size, "marked",
                 [&](int64_t i) { return int(pages[0][i]); });
  }
  bool hasMark(const std::string &, std::string_view start) const override {
    return start.substr(4, 6) == "marked";
  }

  template <typename F>
  static Status write(const std::string &path, Size3 size, const char *mark,
                      F value) {
    std::ostringstream text;
    text << "TOY " << mark << " " << size[0] << " " << size[1] << " "
         << size[2];
    for (int64_t i = 0; i < size[0] * size[1] * size[2]; ++i)
      text << " " << value(i);
    return writeFileAtomically(path, text.str());
  }
};

void registerToy() {
  static const bool once = [] {
    registerImageFormat(std::make_unique<ToyFormat>());
    return true;
  }();
  (void)once;
}

const Json pipeline = {{"kind", "decathlon"},
                       {"input_shape", {4, 4, 4}},
                       {"class_names", {"background", "a", "b"}}};

} // namespace

TEST(ImageFormatTest, FoundByNameAndContent) {
  registerToy();
  TemporaryFolder folder;
  ASSERT_OK(ToyFormat::write(folder / "named.toy", {1, 1, 1}, "plain",
                             [](int64_t) { return 0; }));
  ASSERT_OK(ToyFormat::write(folder / "nameless", {1, 1, 1}, "plain",
                             [](int64_t) { return 0; }));
  for (const char *name : {"named.toy", "NAMED.TOY", "nameless"}) {
    const ImageFormat *format = findImageFormat(folder / name);
    ASSERT_NE(format, nullptr) << name;
    EXPECT_STREQ(format->name(), "Toy");
  }
  EXPECT_STREQ(findImageFormat("a.nii.gz")->name(), "NIfTI");
  EXPECT_STREQ(findImageFormat("a.TIFF")->name(), "TIFF");
  EXPECT_EQ(findImageFormat(folder / "none"), nullptr);
  EXPECT_EQ(imageStem("x/case.nii.gz"), "case");
  EXPECT_EQ(imageStem("x/case.toy"), "case");
  EXPECT_EQ(imageStem(".nii"), ".nii") << "a name is never empty";
}

// A format that is registered trains, predicts and writes its masks, which are
// told from the files of others.
TEST(ImageFormatTest, OneRegistrationServesDataSets) {
  registerToy();
  TemporaryFolder folder;
  const Size3 size = {4, 4, 4};
  auto label = [](int64_t i) { return int(i % 3); };
  for (const char *name : {"imagesTr", "labelsTr", "imagesTs"})
    ASSERT_OK(createDirectories(folder / name));
  for (const char *name : {"imagesTr/one.toy", "imagesTs/two.toy"})
    ASSERT_OK(ToyFormat::write(folder / name, size, "plain",
                               [](int64_t i) { return int(i * 7 % 64); }));
  ASSERT_OK(
      ToyFormat::write(folder / "labelsTr/one.toy", size, "plain", label));
  const Json index = {
      {"modality", {{"0", "MRI"}}},
      {"labels", {{"0", "background"}, {"1", "a"}, {"2", "b"}}},
      {"training",
       {{{"image", "imagesTr/one.toy"}, {"label", "labelsTr/one.toy"}}}},
      {"test", {"imagesTs/two.toy"}}};
  ASSERT_OK(writeFileAtomically(folder / "dataset.json", index.dump()));
  auto set = openDataset(folder.path, pipeline, {});
  ASSERT_OK(set.status());
  ASSERT_OK((*set)->load(Split::Train));
  EXPECT_EQ((*set)->caseName(Split::Test, 0), "two");
  std::vector<float> image(64);
  std::vector<int32_t> classes(64);
  ASSERT_OK((*set)->sample(Split::Train, 0, {}, image.data(), classes.data()));

  std::vector<float> probabilities(64 * 3, 0.0f);
  for (size_t i = 0; i < 64; ++i)
    probabilities[i * 3 + size_t(classes[i])] = 1;
  ASSERT_OK(writePredictions(**set, Split::Train, {0}, probabilities,
                             {folder / "masks", folder / "overlays"}));
  const std::string mask = folder / "masks/one.toy";
  auto written = ToyFormat().read(mask, {});
  ASSERT_OK(written.status());
  for (int64_t i = 0; i < 64; ++i)
    EXPECT_EQ(written->voxels[size_t(i)], float(label(i)));
  EXPECT_TRUE(hasOwnMark(mask));
  EXPECT_FALSE(hasOwnMark(folder / "imagesTr/one.toy"));
  EXPECT_THAT(*imagesIn(folder / "imagesTs"), ElementsAre(EndsWith("two.toy")));

  auto files = openFiles({folder / "imagesTs/two.toy"}, pipeline, {});
  ASSERT_OK(files.status());
  ASSERT_OK((*files)->sample(Split::Test, 0, {}, image.data(), nullptr));
  // Errors are those of the format.
  ASSERT_OK(writeFileAtomically(folder / "imagesTs/two.toy", "TOY x 4 4 4 1"));
  EXPECT_ERROR((*files)->sample(Split::Test, 0, {}, image.data(), nullptr),
               DataLoss, "two.toy: 1 voxels, expected 64");
}

// A volume of another format has no NIfTI header; a mask in NIfTI still lies
// where the volume does.
TEST(ImageFormatTest, NiftiMaskOfAnotherFormat) {
  TemporaryFolder folder;
  VolumeGeometry grid;
  grid.size = {2, 3, 4};
  grid.spacing = {2, 2, 3};
  grid.affine = {{{0, 2, 0, 5}, {-2, 0, 0, 6}, {0, 0, 3, 7}}};
  grid.placedBy = PlacedBy::Sform;
  const std::vector<uint8_t> labels(24, 1);
  ASSERT_OK(writeNifti(folder / "mask.nii", grid, labels.data()));
  auto read = readNifti(folder / "mask.nii");
  ASSERT_OK(read.status());
  EXPECT_EQ(read->geometry.affine, grid.affine);
  EXPECT_EQ(read->geometry.spacing, grid.spacing);
}
