//===- Decathlon.cpp - Opening Decathlon data -----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Decathlon.h"
#include "DecathlonDataset.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Data/NumpyRandom.h"

#include <algorithm>
#include <filesystem>
#include <map>

using namespace segc;
using namespace segc::decathlon;

/// The seed of the published cross-validation (reference-behaviour 6).
static constexpr uint32_t foldSeed = 12345;

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
  if (dataset->names.size() > 256)
    reader.fail(
        "field \"class_names\": " + std::to_string(dataset->names.size()) +
        " classes, expected at most 256");
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
  dataset->addFile(where);
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
