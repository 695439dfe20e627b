//===- Decathlon.cpp - Opening Decathlon data -----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Decathlon.h"
#include "DecathlonDataset.h"
#include "Splits.h"
#include "segc/Base/Files.h"

#include <algorithm>
#include <filesystem>
#include <map>

using namespace segc;
using namespace segc::decathlon;

/// The seed of the published cross-validation (reference-behaviour 6).
static constexpr uint32_t foldSeed = 12345;

StatusOr<std::unique_ptr<DecathlonDataset>>
DecathlonDataset::create(const Json &pipeline, const DatasetOptions &options) {
  auto dataset = std::make_unique<DecathlonDataset>();
  dataset->options = options;
  SEGC_ASSIGN_OR_RETURN(std::optional<AxisFrame> frame, frameOf(pipeline));
  dataset->frame = options.frame.value_or(frame.value_or(AxisFrame::File));
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

//===----------------------------------------------------------------------===//
// What is declared, and what the model takes
//===----------------------------------------------------------------------===//

/// "0 background, 1 anterior".
static std::string listed(const std::map<int64_t, std::string> &names) {
  std::string text;
  for (const auto &[number, name] : names)
    text += (text.empty() ? "" : ", ") + std::to_string(number) + " " + name;
  return text;
}
static std::string listed(const std::vector<std::string> &names) {
  std::map<int64_t, std::string> numbered;
  for (const std::string &name : names)
    numbered.emplace(numbered.size(), name);
  return listed(numbered);
}

static std::string lowerCase(std::string text) {
  for (char &c : text)
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

Status
DecathlonDataset::setClasses(const std::map<int64_t, std::string> &found,
                             const std::string &where) {
  if (names.empty())
    for (const auto &[value, name] : found)
      names.push_back(name);
  const std::string both = "the labels are " + listed(found) +
                           ", the classes of the model " + listed(names);
  if (options.labelMap.empty() && names.size() != found.size())
    return invalidArgument(where + ": " + std::to_string(found.size()) +
                           " labels, but the model was compiled for " +
                           std::to_string(names.size()) + " classes (" + both +
                           "); use a model or a data set that fits, or say "
                           "with --label-map which labels mean which class");
  bool other = false;
  for (const auto &[value, label] : found) {
    auto mapped = options.labelMap.find(value);
    const auto wanted = static_cast<size_t>(
        mapped == options.labelMap.end() ? value : mapped->second);
    if (wanted >= names.size())
      return invalidArgument(where + ": label " + std::to_string(value) + " (" +
                             label + ") has no class: " + both +
                             "; say which it means, for example --label-map " +
                             std::to_string(value) + "=" +
                             std::to_string(names.size() - 1));
    const std::string name = lowerCase(label);
    if (name == lowerCase(names[wanted]))
      continue;
    other = true;
    auto same = std::find_if(names.begin(), names.end(), [&](const auto &n) {
      return lowerCase(n) == name;
    });
    if (same != names.end() && mapped == options.labelMap.end())
      return invalidArgument(
          where + ": " + both + ": the same names in another order; give " +
          "--label-map VALUE=CLASS,..., for example " + std::to_string(value) +
          "=" + std::to_string(same - names.begin()));
  }
  if (other && options.labelMap.empty())
    note(where, both + "; they are taken to mean the same in this order");
  return Status::success();
}

Status
DecathlonDataset::checkModalities(const std::vector<std::string> &found,
                                  const std::string &where) const {
  if (found.empty()) {
    note(where, "names no modality: the images are taken for MRI");
    return Status::success();
  }
  std::string all;
  for (const std::string &name : found)
    all += (all.empty() ? "" : ", ") + name;
  if (!options.channel && found.size() != 1)
    return invalidArgument(where + ": " + std::to_string(found.size()) +
                           " modalities (" + all +
                           "), the model takes 1; choose one with --channel "
                           "0.." +
                           std::to_string(found.size() - 1));
  const auto chosen = static_cast<size_t>(options.channel.value_or(0));
  if (chosen >= found.size())
    return invalidArgument(where + ": --channel " + std::to_string(chosen) +
                           ", but the modalities are " + all +
                           ", counted from 0");
  if (lowerCase(found[chosen]) == "ct")
    return unsupported(where + ": modality CT, expected MRI: the z-score over "
                               "a whole volume does not suit CT numbers");
  return Status::success();
}

//===----------------------------------------------------------------------===//
// Opening
//===----------------------------------------------------------------------===//

StatusOr<std::unique_ptr<Dataset>>
segc::openDecathlon(const std::string &folder, const Json &pipeline,
                    const DatasetOptions &options) {
  const std::filesystem::path root(folder);
  const std::string where = (root / "dataset.json").string();
  SEGC_ASSIGN_OR_RETURN(std::string text, readFile(where, 1u << 28));
  SEGC_ASSIGN_OR_RETURN(DecathlonIndex index, parseDecathlonIndex(text, where));
  SEGC_ASSIGN_OR_RETURN(auto dataset,
                        DecathlonDataset::create(pipeline, options));
  dataset->addFile(where);
  SEGC_RETURN_IF_ERROR(dataset->checkModalities(index.modalities, where));
  SEGC_RETURN_IF_ERROR(dataset->setClasses(index.labels, where));
  if (!index.listsCases)
    SEGC_RETURN_IF_ERROR(listNnunetCases(folder, index));
  const auto count = static_cast<int64_t>(index.training.size());
  if (index.declaredTraining && *index.declaredTraining != count)
    dataset->note(where, "numTraining is " +
                             std::to_string(*index.declaredTraining) + ", but " +
                             std::to_string(count) +
                             " training cases are there");
  for (auto *cases : {&index.training, &index.test})
    for (DecathlonIndex::Case &files : *cases) {
      SEGC_RETURN_IF_ERROR(
          chooseChannelFile(folder, options.channel, files).withContext(where));
      files.image = (root / files.image).string();
      if (!files.label.empty())
        files.label = (root / files.label).string();
    }

  const FoldSplit split = options.fold
                              ? kFold(count, 5, foldSeed, *options.fold)
                              : shareSplit(count, options.trainSplit);
  SEGC_RETURN_IF_ERROR(
      checkSplit(split, count, options, where, "labelled cases"));
  for (int64_t i : split.train)
    dataset->addCase(Split::Train, index.training[static_cast<size_t>(i)]);
  for (int64_t i : split.validation)
    dataset->addCase(Split::Validation, index.training[static_cast<size_t>(i)]);
  for (const DecathlonIndex::Case &files : index.test)
    dataset->addCase(Split::Test, files);
  return std::unique_ptr<Dataset>(std::move(dataset));
}

StatusOr<std::unique_ptr<Dataset>>
segc::openVolumes(const std::vector<std::string> &paths, const Json &pipeline,
                  const DatasetOptions &options) {
  SEGC_ASSIGN_OR_RETURN(auto dataset,
                        DecathlonDataset::create(pipeline, options));
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
    dataset->addCase(Split::Test, files);
  }
  // nnU-Net's names of a case's channels.
  for (const auto &[name, path] : seen) {
    const size_t stem = name.size() < 5 ? 0 : name.size() - 5;
    if (name.substr(stem) == "_0001" && seen.count(name.substr(0, stem) + "_0000"))
      dataset->note(path, "looks like a second channel of " +
                              name.substr(0, stem) +
                              "; each file is predicted by itself");
  }
  return std::unique_ptr<Dataset>(std::move(dataset));
}
