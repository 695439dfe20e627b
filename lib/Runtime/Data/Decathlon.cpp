//===- Decathlon.cpp - Medical Segmentation Decathlon ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Decathlon.h"
#include "Augmentation.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Data/Nifti.h"
#include "segc/Runtime/Data/NumpyRandom.h"
#include "segc/Runtime/Data/Overlay.h"
#include "segc/Runtime/Data/Resample.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <mutex>

using namespace segc;

/// The seed of the published cross-validation (reference-behaviour 6).
static constexpr uint32_t foldSeed = 12345;
static constexpr int64_t overlaySlices = 5;

namespace {

/// A case and, once asked for, its sample or what is wrong with it.
struct CachedCase {
  explicit CachedCase(DecathlonIndex::Case files) : files(std::move(files)) {}

  DecathlonIndex::Case files; ///< With full paths.
  std::mutex mutex;           // Guards what follows.
  bool loaded = false;
  Status status;
  std::vector<float> image;
  std::vector<int32_t> label;
};

/// What a case's files hold: the last channel, labels as class indices.
struct CaseContent {
  VolumeGeometry geometry;
  std::vector<float> image;
  std::vector<uint8_t> label;
};

class DecathlonDataset : public Dataset {
public:
  static Expected<std::unique_ptr<DecathlonDataset>>
  create(const Json &pipeline);

  Status setClasses(const std::vector<std::string> &found,
                    const std::string &where);
  void addCase(Split split, DecathlonIndex::Case files) {
    splits[static_cast<size_t>(split)].push_back(
        std::make_unique<CachedCase>(std::move(files)));
  }

  const char *kind() const override { return "decathlon"; }
  int64_t count(Split split) const override {
    return static_cast<int64_t>(splits[static_cast<size_t>(split)].size());
  }
  std::string caseName(Split split, int64_t index) const override {
    return at(split, index).files.name;
  }
  const std::vector<int64_t> &imageShape() const override { return imageDims; }
  const std::vector<int64_t> &labelShape() const override { return labelDims; }
  const std::vector<std::string> &classNames() const override { return names; }
  Status load(Split split) const override;
  Status sample(Split split, int64_t index, const AugmentKey &key, float *image,
                int32_t *label) const override;
  Expected<SourceCase> source(Split split, int64_t index) const override;
  Expected<std::vector<uint8_t>>
  predictedLabels(Split split, int64_t index,
                  const float *probabilities) const override;
  Status writePrediction(Split split, int64_t index, const float *probabilities,
                         const PredictionFolders &folders) override;
  Status finishPredictions(const PredictionFolders &) override {
    return Status::success();
  }

private:
  CachedCase &at(Split split, int64_t index) const {
    return *splits[static_cast<size_t>(split)][static_cast<size_t>(index)];
  }
  size_t voxels() const {
    return static_cast<size_t>(shape[0] * shape[1] * shape[2]);
  }
  int64_t classes() const { return static_cast<int64_t>(names.size()); }
  Expected<CaseContent> read(const DecathlonIndex::Case &files) const;
  Status prepare(CachedCase &cached) const;
  Status ensure(CachedCase &cached) const;

  Size3 shape = {0, 0, 0};
  bool flipX = false, flipY = false;
  std::vector<int64_t> imageDims, labelDims;
  std::vector<std::string> names;
  std::array<std::vector<std::unique_ptr<CachedCase>>, 3> splits;
};

} // namespace

Expected<std::unique_ptr<DecathlonDataset>>
DecathlonDataset::create(const Json &pipeline) {
  auto dataset = std::make_unique<DecathlonDataset>();
  Status status;
  JsonReader reader(pipeline, "pipeline", status);
  std::vector<int64_t> shape = reader.integers("input_shape", 1);
  if (shape.size() != 3 ||
      *std::max_element(shape.begin(), shape.end()) > 1 << 12)
    reader.fail("field \"input_shape\": expected three sizes up to 4096");
  std::string normalization = reader.stringOr("normalization", "zscore");
  if (normalization != "zscore")
    reader.fail("normalization \"" + normalization + "\", expected \"zscore\"");
  std::string interpolator = reader.stringOr("resize_interpolator", "linear");
  if (interpolator != "linear")
    reader.fail("resize_interpolator \"" + interpolator +
                "\", expected \"linear\"");
  if (reader.has("augment"))
    for (const std::string &name : reader.strings("augment")) {
      dataset->flipX |= name == "flip_x";
      dataset->flipY |= name == "flip_y";
      if (name != "flip_x" && name != "flip_y")
        reader.fail("augment \"" + name +
                    "\", expected \"flip_x\" or \"flip_y\"");
    }
  if (reader.has("class_names"))
    dataset->names = reader.strings("class_names");
  SEGC_RETURN_IF_ERROR(status);
  dataset->shape = {shape[0], shape[1], shape[2]};
  dataset->labelDims = shape;
  dataset->imageDims = {shape[0], shape[1], shape[2], 1};
  return dataset;
}

Status DecathlonDataset::setClasses(const std::vector<std::string> &found,
                                    const std::string &where) {
  if (names.empty())
    names = found;
  if (names.size() == found.size())
    return Status::success();
  return invalidArgument(where + ": " + std::to_string(found.size()) +
                         " labels, but the model was compiled for " +
                         std::to_string(names.size()) +
                         " classes; use a model or a data set that fits");
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// "(x, y, z)" of a voxel in file order.
static std::string voxelAt(const VolumeGeometry &geometry, size_t place) {
  auto voxel = static_cast<int64_t>(place);
  const auto &size = geometry.size;
  return "(" + std::to_string(voxel % size[0]) + ", " +
         std::to_string(voxel / size[0] % size[1]) + ", " +
         std::to_string(voxel / size[0] / size[1]) + ")";
}

/// Moves the last channel out.
static std::vector<float> lastChannel(Volume &&volume) {
  if (volume.channels == 1)
    return std::move(volume.voxels);
  const float *first = volume.channel(volume.channels - 1);
  return {first, first + volume.geometry.voxels()};
}

static std::string sizeText(const VolumeGeometry &geometry) {
  return std::to_string(geometry.size[0]) + "x" +
         std::to_string(geometry.size[1]) + "x" +
         std::to_string(geometry.size[2]);
}

Expected<CaseContent>
DecathlonDataset::read(const DecathlonIndex::Case &files) const {
  const std::string where = "case " + files.name + ": ";
  SEGC_ASSIGN_OR_RETURN(Volume image, readNifti(files.image));
  CaseContent content;
  content.geometry = image.geometry;
  content.image = lastChannel(std::move(image));
  for (size_t i = 0; i < content.image.size(); ++i)
    if (!std::isfinite(content.image[i]))
      return Status(StatusCode::NonFinite,
                    where + files.image + " is " +
                        std::to_string(content.image[i]) + " at voxel " +
                        voxelAt(content.geometry, i) +
                        ", expected numbers; repair or leave out the case");
  if (files.label.empty())
    return content;

  SEGC_ASSIGN_OR_RETURN(Volume label, readNifti(files.label));
  if (label.geometry.size != content.geometry.size)
    return invalidArgument(where + files.label + " has the size " +
                           sizeText(label.geometry) + ", expected " +
                           sizeText(content.geometry) + " like " + files.image);
  for (float value : lastChannel(std::move(label))) {
    if (!(value >= 0 && value < static_cast<float>(names.size())) ||
        value != std::floor(value))
      return invalidArgument(
          where + files.label + " has the value " + std::to_string(value) +
          " at voxel " + voxelAt(content.geometry, content.label.size()) +
          ", expected a class 0.." + std::to_string(names.size() - 1));
    content.label.push_back(static_cast<uint8_t>(value));
  }
  return content;
}

/// Mean 0 and population standard deviation 1; false for a constant volume.
static bool zScore(std::vector<float> &image) {
  double sum = 0, squares = 0;
  for (float value : image)
    sum += value;
  const double mean = sum / double(image.size());
  for (float value : image)
    squares += (value - mean) * (value - mean);
  const double deviation = std::sqrt(squares / double(image.size()));
  if (!(deviation > 0) || !std::isfinite(deviation))
    return false;
  for (float &value : image)
    value = static_cast<float>((value - mean) / deviation);
  return true;
}

Status DecathlonDataset::prepare(CachedCase &cached) const {
  SEGC_ASSIGN_OR_RETURN(CaseContent content, read(cached.files));
  std::vector<float> image(voxels());
  resampleLinear(content.image.data(), content.geometry.size, image.data(),
                 shape);
  if (!zScore(image))
    return invalidArgument("case " + cached.files.name + ": " +
                           cached.files.image +
                           " has the same value everywhere, expected an image "
                           "that can be normalised");
  if (!content.label.empty()) {
    std::vector<float> source(content.label.begin(), content.label.end());
    std::vector<float> label(voxels());
    resampleNearest(source.data(), content.geometry.size, label.data(), shape);
    cached.label.assign(label.begin(), label.end());
  }
  cached.image = std::move(image);
  return Status::success();
}

Status DecathlonDataset::ensure(CachedCase &cached) const {
  std::lock_guard<std::mutex> lock(cached.mutex);
  if (!cached.loaded)
    cached.status = prepare(cached);
  cached.loaded = true;
  return cached.status;
}

Status DecathlonDataset::load(Split split) const {
  for (const auto &cached : splits[static_cast<size_t>(split)])
    SEGC_RETURN_IF_ERROR(ensure(*cached));
  return Status::success();
}

//===----------------------------------------------------------------------===//
// Samples
//===----------------------------------------------------------------------===//

/// Copies an [x][y][z] array with x or y mirrored.
template <typename T>
static void copyFlipped(const std::vector<T> &source, const Size3 &shape,
                        bool flipX, bool flipY, T *result) {
  for (int64_t x = 0; x < shape[0]; ++x)
    for (int64_t y = 0; y < shape[1]; ++y) {
      int64_t fromX = flipX ? shape[0] - 1 - x : x;
      int64_t fromY = flipY ? shape[1] - 1 - y : y;
      std::copy_n(source.data() + (fromX * shape[1] + fromY) * shape[2],
                  shape[2], result);
      result += shape[2];
    }
}

Status DecathlonDataset::sample(Split split, int64_t index,
                                const AugmentKey &key, float *image,
                                int32_t *label) const {
  CachedCase &cached = at(split, index);
  SEGC_RETURN_IF_ERROR(ensure(cached));
  if (label && cached.label.empty())
    return invalidArgument("case " + cached.files.name +
                           ": has no label; only predict with it");
  bool mirrorY = false, mirrorX = false;
  if (key.augment) {
    // Both coins are always thrown: a draw never depends on the pipeline.
    AugmentDraws draws(key);
    mirrorY = draws.coin() && flipY;
    mirrorX = draws.coin() && flipX;
  }
  copyFlipped(cached.image, shape, mirrorX, mirrorY, image);
  if (label)
    copyFlipped(cached.label, shape, mirrorX, mirrorY, label);
  return Status::success();
}

Expected<SourceCase> DecathlonDataset::source(Split split,
                                              int64_t index) const {
  SEGC_ASSIGN_OR_RETURN(CaseContent content, read(at(split, index).files));
  SourceCase result;
  result.size = content.geometry.size;
  result.spacing = content.geometry.spacing;
  result.image = std::move(content.image);
  result.label = std::move(content.label);
  return result;
}

//===----------------------------------------------------------------------===//
// Predictions
//===----------------------------------------------------------------------===//

Expected<std::vector<uint8_t>>
DecathlonDataset::predictedLabels(Split split, int64_t index,
                                  const float *probabilities) const {
  SEGC_ASSIGN_OR_RETURN(CaseContent content, read(at(split, index).files));
  return labelsOnSourceGrid(probabilities, shape, classes(),
                            content.geometry.size);
}

Status DecathlonDataset::writePrediction(Split split, int64_t index,
                                         const float *probabilities,
                                         const PredictionFolders &folders) {
  const DecathlonIndex::Case &files = at(split, index).files;
  SEGC_ASSIGN_OR_RETURN(CaseContent content, read(files));
  const Size3 &size = content.geometry.size;
  std::vector<uint8_t> labels =
      labelsOnSourceGrid(probabilities, shape, classes(), size);
  SEGC_RETURN_IF_ERROR(createDirectories(folders.predictions));
  SEGC_RETURN_IF_ERROR(
      writeNifti(folders.predictions + "/" + files.name + ".nii.gz",
                 content.geometry, labels.data()));
  if (folders.overlays.empty())
    return Status::success();
  SEGC_RETURN_IF_ERROR(createDirectories(folders.overlays));
  std::vector<bool> visible = visibleClasses(names, classes());
  std::vector<OverlaySlice> slices =
      volumeSlices(size, content.image.data(), labels.data(),
                   content.label.empty() ? nullptr : content.label.data(),
                   visible, overlaySlices);
  const int64_t scale = std::max<int64_t>(1, 256 / std::max(size[0], size[1]));
  return writePng(folders.overlays + "/" + files.name + ".png",
                  drawOverlay(slices, visible, scale));
}

//===----------------------------------------------------------------------===//
// Opening
//===----------------------------------------------------------------------===//

static Status checkCase(const DecathlonIndex::Case &files,
                        const std::string &where) {
  std::error_code error;
  for (const std::string *path : {&files.image, &files.label})
    if (!path->empty() && !std::filesystem::is_regular_file(*path, error))
      return notFound("case " + files.name + ": " + *path +
                      " is missing, but " + where + " lists it");
  return Status::success();
}

/// Which training cases validate.
static FoldSplit splitCases(int64_t count, const DatasetOptions &options) {
  if (options.fold)
    return kFold(count, 5, foldSeed, *options.fold);
  auto train = static_cast<int64_t>(double(count) * options.trainSplit);
  FoldSplit split;
  for (int64_t i = 0; i < count; ++i)
    (i < train ? split.train : split.validation).push_back(i);
  return split;
}

Expected<std::unique_ptr<Dataset>>
segc::openDecathlon(const std::string &folder, const Json &pipeline,
                    const DatasetOptions &options) {
  const std::filesystem::path root(folder);
  const std::string where = (root / "dataset.json").string();
  SEGC_ASSIGN_OR_RETURN(std::string text, readFile(where, 1u << 28));
  SEGC_ASSIGN_OR_RETURN(DecathlonIndex index, parseDecathlonIndex(text, where));
  SEGC_ASSIGN_OR_RETURN(auto dataset, DecathlonDataset::create(pipeline));
  SEGC_RETURN_IF_ERROR(dataset->setClasses(index.classNames, where));
  if (std::find(index.modalities.begin(), index.modalities.end(), "CT") !=
      index.modalities.end())
    return unsupported(where + ": modality CT, expected MRI: the z-score over "
                               "a whole volume does not suit CT numbers");
  for (auto *cases : {&index.training, &index.test})
    for (DecathlonIndex::Case &files : *cases) {
      files.image = (root / files.image).string();
      if (!files.label.empty())
        files.label = (root / files.label).string();
      SEGC_RETURN_IF_ERROR(checkCase(files, where));
    }

  FoldSplit split =
      splitCases(static_cast<int64_t>(index.training.size()), options);
  for (int64_t i : split.train)
    dataset->addCase(Split::Train, index.training[static_cast<size_t>(i)]);
  for (int64_t i : split.validation)
    dataset->addCase(Split::Validation, index.training[static_cast<size_t>(i)]);
  for (const DecathlonIndex::Case &files : index.test)
    dataset->addCase(Split::Test, files);
  return std::unique_ptr<Dataset>(std::move(dataset));
}

Expected<std::unique_ptr<Dataset>>
segc::openVolumes(const std::vector<std::string> &paths, const Json &pipeline) {
  SEGC_ASSIGN_OR_RETURN(auto dataset, DecathlonDataset::create(pipeline));
  if (dataset->classNames().empty())
    return invalidArgument("pipeline: field \"class_names\" is missing, "
                           "expected a name for each class");
  std::map<std::string, std::string> seen;
  for (const std::string &path : paths) {
    DecathlonIndex::Case files = decathlonCase(path, "");
    auto [first, isNew] = seen.emplace(files.name, path);
    if (!isNew)
      return invalidArgument(path + ": named like " + first->second +
                             ", so their predictions would overwrite each "
                             "other");
    SEGC_RETURN_IF_ERROR(checkCase(files, "the command line"));
    dataset->addCase(Split::Test, files);
  }
  return std::unique_ptr<Dataset>(std::move(dataset));
}
