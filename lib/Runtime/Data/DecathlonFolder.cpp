//===- DecathlonFolder.cpp - Decathlon data sets in a folder --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Splits.h"
#include "VolumeCaseReader.h"
#include "segc/Base/Files.h"
#include "segc/Plan/PipelinePlan.h"
#include "segc/Runtime/Data/Decathlon.h"

#include <algorithm>
#include <filesystem>
#include <map>

using namespace segc;

/// The seed of the published cross-validation (docs/ReferenceBehaviour.md).
static constexpr uint32_t foldSeed = 12345;

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

/// Holds the labels of a data set against the classes of the model.
static Status checkClasses(const std::map<int64_t, std::string> &found,
                           const std::vector<std::string> &names,
                           const DatasetOptions &options,
                           const std::string &where, Notes &notes) {
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
    notes.add(where, both + "; they are taken to mean the same in this order");
  return Status::success();
}

/// Holds the channels that a data set names against those that the model takes.
Status segc::checkOneClassAVoxel(const DecathlonIndex &index,
                                 const std::string &where) {
  if (!index.regions.empty())
    return unsupported(where + ": field \"labels\": \"" +
                       index.regions.front().first +
                       "\" is a region (overlapping labels) of nnU-Net, "
                       "expected one class a voxel");
  if (index.ignoreLabel)
    return unsupported(where + ": field \"labels\": an ignore label, expected "
                               "a class for every voxel");
  return Status::success();
}

static Status checkModalities(const std::vector<std::string> &found,
                              const DatasetOptions &options,
                              const std::string &where, Notes &notes) {
  if (found.empty()) {
    notes.add(where, "names no modality: the images are taken for MRI");
    return Status::success();
  }
  std::string all;
  for (const std::string &name : found)
    all += (all.empty() ? "" : ", ") + name;
  const auto count = static_cast<int64_t>(found.size());
  if (!options.channel && count != options.channels)
    return invalidArgument(
        where + ": " + std::to_string(count) +
        (count == 1 ? " modality (" : " modalities (") + all +
        "), the model takes " + std::to_string(options.channels) +
        (options.channels == 1
             ? "; choose one with " + options.channelOption + " 0.." +
                   std::to_string(count - 1)
             : std::string("; use a model or a data set that fits")));
  const int64_t first = options.channel.value_or(0);
  if (first >= count)
    return invalidArgument(where + ": " + options.channelOption + " " +
                           std::to_string(first) + ", but the modalities are " +
                           all + ", counted from 0");
  // A plan knows what CT numbers are normalised by.
  if (options.planned)
    return Status::success();
  for (int64_t i = first; i < first + options.channels; ++i)
    if (lowerCase(found[static_cast<size_t>(i)]) == "ct")
      return unsupported(where + ": modality CT, expected MRI: the z-score "
                                 "over a whole volume does not suit CT "
                                 "numbers");
  return Status::success();
}

//===----------------------------------------------------------------------===//
// Opening
//===----------------------------------------------------------------------===//

/// A data set of volumes without cases.
/// Their reader gives `volume` in place of a file if there is one.
static std::unique_ptr<Dataset>
makeDataset(const DataPipeline &pipeline, std::vector<std::string> classes,
            const DatasetOptions &options,
            std::optional<Volume> volume = std::nullopt) {
  auto dataset = std::make_unique<Dataset>("decathlon", classes);
  CaseRules rules{dataset->notes(),     classes,          options.channels,
                  options.channel,      options.labelMap, options.limits,
                  options.channelOption};
  std::unique_ptr<CaseReader> reader;
  if (volume)
    reader = std::make_unique<MemoryCaseReader>(std::move(rules),
                                                std::move(*volume));
  else
    reader = std::make_unique<VolumeCaseReader>(std::move(rules));
  if (options.planned) {
    dataset->setStages({std::move(reader), nullptr, nullptr});
    return dataset;
  }
  PreprocessorOptions preprocessing;
  preprocessing.channels = options.channels;
  preprocessing.classNames = std::move(classes);
  // validate() has passed the pipeline's own.
  preprocessing.frame =
      options.frame.value_or((*pipeline.frame()).value_or(AxisFrame::File));
  dataset->setStages(
      {std::move(reader),
       makeVolumePreprocessor(pipeline, preprocessing, dataset->notes()),
       makeVolumeAugmenter(pipeline, options.channels)});
  return dataset;
}

static void addCase(Dataset &dataset, Split split, CaseFiles files) {
  auto addFiles = [&](const std::string &image) {
    for (const std::string &file : imageFiles(image))
      dataset.addFile(file);
  };
  for (const std::string &image : files.images)
    addFiles(image);
  if (!files.label.empty())
    addFiles(files.label);
  dataset.addCase(split, std::move(files));
}

StatusOr<std::unique_ptr<Dataset>>
segc::openDecathlon(const std::string &folder, const DataPipeline &pipeline,
                    const DatasetOptions &options) {
  const std::string where =
      (std::filesystem::path(folder) / "dataset.json").string();
  SEGC_ASSIGN_OR_RETURN(std::string text, readFile(where, 1u << 28));
  SEGC_ASSIGN_OR_RETURN(DecathlonIndex index, parseDecathlonIndex(text, where));
  SEGC_ASSIGN_OR_RETURN(std::vector<std::string> classes,
                        labelNamesOf(pipeline));
  // Regions of the data set are those of the model's plan, which has names of
  // labels instead of those of its classes.
  const bool ofRegions = options.planned && classes != pipeline.classNames;
  if (!ofRegions)
    SEGC_RETURN_IF_ERROR(checkOneClassAVoxel(index, where));
  if (classes.empty())
    for (const auto &[value, name] : index.labels)
      classes.push_back(name);
  std::unique_ptr<Dataset> dataset = makeDataset(pipeline, classes, options);
  Notes &notes = dataset->notes();
  dataset->addFile(where);
  SEGC_RETURN_IF_ERROR(
      checkModalities(index.modalities, options, where, notes));
  if (!ofRegions)
    SEGC_RETURN_IF_ERROR(
        checkClasses(index.labels, classes, options, where, notes));
  if (!index.listsCases)
    SEGC_RETURN_IF_ERROR(listNnunetCases(folder, index));
  const auto count = static_cast<int64_t>(index.training.size());
  if (index.declaredTraining && *index.declaredTraining != count)
    notes.add(where, "numTraining is " +
                         std::to_string(*index.declaredTraining) + ", but " +
                         std::to_string(count) + " training cases are there");
  auto filesOf = [&](std::vector<DecathlonIndex::Case> &cases) -> Status {
    for (DecathlonIndex::Case &entry : cases) {
      auto files =
          caseFiles(folder, entry,
                    {options.channels, options.channel, options.channelOption});
      SEGC_RETURN_IF_ERROR(files.status().withContext(where));
      entry.files = std::move(*files);
    }
    return Status::success();
  };
  SEGC_RETURN_IF_ERROR(filesOf(index.training));
  SEGC_RETURN_IF_ERROR(filesOf(index.test));

  const FoldSplit split =
      options.fold ? kFold(count, options.folds, foldSeed, *options.fold)
                   : shareSplit(count, options.trainSplit);
  SEGC_RETURN_IF_ERROR(
      checkSplit(split, count, options, where, "labelled cases"));
  for (int64_t i : split.train)
    addCase(*dataset, Split::Train,
            index.training[static_cast<size_t>(i)].files);
  for (int64_t i : split.validation)
    addCase(*dataset, Split::Validation,
            index.training[static_cast<size_t>(i)].files);
  for (const DecathlonIndex::Case &entry : index.test)
    addCase(*dataset, Split::Test, entry.files);
  return dataset;
}

//===----------------------------------------------------------------------===//
// Single files
//===----------------------------------------------------------------------===//

/// "case" and 1 of "case_0001", as nnU-Net names the channels of a case.
static std::optional<std::pair<std::string, int64_t>>
channelName(const std::string &stem) {
  if (stem.size() < 6 || stem[stem.size() - 5] != '_' ||
      stem.find_first_not_of("0123456789", stem.size() - 4) !=
          std::string::npos)
    return std::nullopt;
  return std::pair(
      stem.substr(0, stem.size() - 5),
      static_cast<int64_t>(std::stol(stem.substr(stem.size() - 4))));
}

/// Joins the files of the channels of a case, which follow each other in the
/// order of their names.
StatusOr<std::vector<CaseFiles>>
segc::joinChannels(const std::vector<CaseFiles> &files, int64_t channels) {
  std::vector<CaseFiles> cases;
  std::map<std::string, std::map<int64_t, std::string>> separate;
  for (const CaseFiles &file : files) {
    if (auto channel = channelName(file.name))
      separate[channel->first][channel->second] = file.images[0];
    else
      cases.push_back(file);
  }
  for (const auto &[name, paths] : separate) {
    for (const CaseFiles &file : cases)
      if (file.name == name)
        return invalidArgument(paths.begin()->second + " and " +
                               file.images[0] + ": both are case \"" + name +
                               "\", so their predictions would overwrite each "
                               "other; rename one of them");
    CaseFiles joined;
    joined.name = name;
    for (const auto &[channel, path] : paths)
      joined.images.push_back(path);
    if (static_cast<int64_t>(paths.size()) != channels ||
        paths.rbegin()->first != channels - 1)
      return invalidArgument(
          "case " + name + ": " + std::to_string(paths.size()) +
          " files of channels (" + joined.images[0] +
          (paths.size() > 1 ? ", ..." : "") + "), the model takes " + name +
          "_0000 to " + name + "_" + channelNumber(channels - 1));
    cases.push_back(std::move(joined));
  }
  return cases;
}

StatusOr<std::unique_ptr<Dataset>>
segc::openVolumeCase(CaseFiles files, std::optional<Volume> volume,
                     const DataPipeline &pipeline,
                     const DatasetOptions &options) {
  if (pipeline.classNames.empty())
    return invalidArgument("pipeline: field \"class_names\" is missing, "
                           "expected a name for each class");
  SEGC_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                        labelNamesOf(pipeline));
  const bool inMemory = volume.has_value();
  std::unique_ptr<Dataset> dataset =
      makeDataset(pipeline, names, options, std::move(volume));
  if (inMemory)
    dataset->addCase(Split::Test, std::move(files));
  else
    addCase(*dataset, Split::Test, std::move(files));
  return dataset;
}

StatusOr<std::unique_ptr<Dataset>>
segc::openVolumes(const std::vector<std::string> &paths,
                  const DataPipeline &pipeline, const DatasetOptions &options) {
  if (pipeline.classNames.empty())
    return invalidArgument("pipeline: field \"class_names\" is missing, "
                           "expected a name for each class");
  SEGC_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                        labelNamesOf(pipeline));
  std::unique_ptr<Dataset> dataset = makeDataset(pipeline, names, options);
  std::map<std::string, std::string> seen;
  std::vector<CaseFiles> cases;
  for (const std::string &path : paths) {
    CaseFiles files;
    files.name = imageStem(path);
    files.images = {path};
    auto [first, isNew] = seen.emplace(files.name, path);
    if (!isNew)
      return invalidArgument(path + ": named like " + first->second +
                             ", so their predictions would overwrite each "
                             "other");
    cases.push_back(std::move(files));
  }
  if (options.channels > 1) {
    SEGC_ASSIGN_OR_RETURN(cases, joinChannels(cases, options.channels));
  } else {
    for (const auto &[name, path] : seen)
      if (auto channel = channelName(name);
          channel && channel->second == 1 &&
          seen.count(channel->first + "_0000"))
        dataset->notes().add(path, "looks like a second channel of " +
                                       channel->first +
                                       "; each file is predicted by itself");
  }
  for (CaseFiles &files : cases)
    addCase(*dataset, Split::Test, std::move(files));
  return dataset;
}
