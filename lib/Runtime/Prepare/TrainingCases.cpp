//===- TrainingCases.cpp - Cases that plans are made from -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Prepare/TrainingCases.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Data/Decathlon.h"

#include <algorithm>
#include <filesystem>
#include <set>

using namespace segc;
namespace fs = std::filesystem;

//===----------------------------------------------------------------------===//
// Names of channels and classes
//===----------------------------------------------------------------------===//

/// The channels of a case, by its files and their headers.
static StatusOr<int64_t> channelsOf(const CaseFiles &files) {
  SEGC_RETURN_IF_ERROR(files.status);
  if (files.images.size() > 1)
    return static_cast<int64_t>(files.images.size());
  const std::string &path = files.images[0];
  SEGC_RETURN_IF_ERROR(fileSize(path).status());
  ImageLimits any;
  any.maxBytes = UINT64_MAX; // The voxels are not read.
  SEGC_ASSIGN_OR_RETURN(VolumeHeader header,
                        volumeFormatOf(path).readHeader(path, any));
  return header.channels;
}

/// Names for the channels of a data set that names none.
static void nameChannels(TrainingCases &set, const std::string &where) {
  int64_t count = 1;
  for (const CaseFiles &files : set.cases)
    if (StatusOr<int64_t> channels = channelsOf(files)) {
      count = *channels;
      break;
    }
  for (int64_t i = 0; i < count; ++i)
    set.description.channelNames.push_back(
        count == 1 ? "MRI" : "MRI " + std::to_string(i));
  set.notes.push_back(where + " names no modality: the images are taken for "
                              "MRI");
}

/// The classes of an index, whose numbers have no gaps.
static Status nameClasses(const DecathlonIndex &index, const std::string &where,
                          DatasetDescription &description) {
  description.ignoreLabel = index.ignoreLabel;
  if (!index.regions.empty()) {
    auto background = index.labels.find(0);
    description.classNames = {background == index.labels.end()
                                  ? std::string("background")
                                  : background->second};
    for (const auto &[name, values] : index.regions) {
      description.classNames.push_back(name);
      description.regions.push_back(values);
    }
    description.regionsClassOrder = index.regionsClassOrder;
    return Status::success();
  }
  for (const auto &[value, name] : index.labels) {
    const auto expected = static_cast<int64_t>(description.classNames.size());
    if (value != expected)
      return invalidArgument(
          where + ": field \"labels\": " + std::to_string(value) + " (" + name +
          ") follows " + std::to_string(expected - 1) +
          ", expected numbers without gaps from 0 on; "
          "`segrun check --fix` renumbers them");
    description.classNames.push_back(name);
  }
  return Status::success();
}

/// What an index says of the data set beside its cases.
static StatusOr<DatasetDescription> descriptionOf(const DecathlonIndex &index,
                                                  const std::string &where) {
  DatasetDescription description;
  description.dataset = index.name;
  description.channelNames = index.modalities;
  SEGC_RETURN_IF_ERROR(nameClasses(index, where, description));
  return description;
}

static StatusOr<DecathlonIndex> readIndex(const std::string &path) {
  SEGC_ASSIGN_OR_RETURN(std::string text, readFile(path, 1u << 28));
  return parseDecathlonIndex(text, path);
}

StatusOr<DatasetDescription> segc::readDescription(const std::string &path) {
  SEGC_ASSIGN_OR_RETURN(DecathlonIndex index, readIndex(path));
  return descriptionOf(index, path);
}

//===----------------------------------------------------------------------===//
// Cases
//===----------------------------------------------------------------------===//

static StatusOr<TrainingCases> listIndexed(const std::string &folder) {
  const std::string where = (fs::path(folder) / "dataset.json").string();
  SEGC_ASSIGN_OR_RETURN(DecathlonIndex index, readIndex(where));
  if (!index.listsCases)
    SEGC_RETURN_IF_ERROR(listNnunetCases(folder, index));
  TrainingCases set;
  set.files.push_back(where);
  SEGC_ASSIGN_OR_RETURN(set.description, descriptionOf(index, where));
  const auto channels =
      std::max<int64_t>(1, static_cast<int64_t>(index.modalities.size()));
  for (const DecathlonIndex::Case &entry : index.training) {
    StatusOr<CaseFiles> files = caseFiles(folder, entry, {channels, {}, ""});
    set.cases.push_back(files ? *files : CaseFiles());
    set.cases.back().name = entry.name;
    set.cases.back().status = files.status();
  }
  return set;
}

/// images/NAME.nii.gz (or NAME_0000.nii.gz, ...) with labels/NAME.nii.gz, of
/// any format of volumes.
static StatusOr<TrainingCases> listPlainFolders(const std::string &folder) {
  const fs::path root(folder);
  Notes notes;
  SEGC_ASSIGN_OR_RETURN(std::vector<std::string> images,
                        imagesIn((root / "images").string(), &notes));
  SEGC_ASSIGN_OR_RETURN(std::vector<std::string> labels,
                        imagesIn((root / "labels").string(), &notes));
  std::map<std::string, std::string> labelOf;
  for (const std::string &path : labels)
    if (!labelOf.emplace(imageStem(path), path).second)
      return invalidArgument(path + ": named like " + labelOf[imageStem(path)] +
                             ", expected one label a case");
  std::vector<CaseFiles> files;
  std::set<std::string> stems;
  int64_t channels = 1;
  for (const std::string &path : images) {
    CaseFiles entry;
    entry.name = imageStem(path);
    entry.images = {path};
    if (!stems.insert(entry.name).second)
      return invalidArgument(path + ": a second image named \"" + entry.name +
                             "\", expected one of each name");
    const size_t end = entry.name.rfind('_');
    if (end != std::string::npos && !labelOf.count(entry.name) &&
        labelOf.count(entry.name.substr(0, end)))
      while (
          stems.count(entry.name.substr(0, end + 1) + channelNumber(channels)))
        ++channels;
    files.push_back(std::move(entry));
  }
  TrainingCases set;
  set.notes = notes.take();
  set.description.dataset = fs::absolute(root).filename().string();
  SEGC_ASSIGN_OR_RETURN(set.cases, joinChannels(files, channels));
  for (CaseFiles &entry : set.cases) {
    auto label = labelOf.find(entry.name);
    if (label != labelOf.end())
      entry.label = label->second;
    else
      entry.status =
          notFound("no label of this name in " + (root / "labels").string());
  }
  return set;
}

StatusOr<TrainingCases> segc::listTrainingCases(const std::string &folder) {
  const fs::path root(folder);
  std::error_code error;
  if (root.filename() == "dataset.json" && fs::is_regular_file(root, error))
    return listTrainingCases(
        root.has_parent_path() ? root.parent_path().string() : ".");
  const bool indexed = fs::exists(root / "dataset.json", error);
  if (!indexed && (!fs::is_directory(root / "images", error) ||
                   !fs::is_directory(root / "labels", error)))
    return notFound(folder + ": neither dataset.json nor the folders images "
                             "and labels are there; expected a data set of the "
                             "Decathlon, of nnU-Net or these two folders");
  SEGC_ASSIGN_OR_RETURN(TrainingCases set, indexed ? listIndexed(folder)
                                                   : listPlainFolders(folder));
  if (set.cases.empty())
    return notFound(folder + ": no labelled cases");
  set.folder = folder;
  std::sort(
      set.cases.begin(), set.cases.end(),
      [](const CaseFiles &a, const CaseFiles &b) { return a.name < b.name; });
  std::vector<std::string> names;
  for (const CaseFiles &entry : set.cases) {
    names.push_back(entry.name);
    set.files.insert(set.files.end(), entry.images.begin(), entry.images.end());
    if (!entry.label.empty())
      set.files.push_back(entry.label);
  }
  if (set.description.dataset.empty())
    set.description.dataset = fs::absolute(root).filename().string();
  if (set.description.channelNames.empty())
    nameChannels(set, folder);
  const std::string splits = (root / "splits_final.json").string();
  if (pathExists(splits)) {
    SEGC_ASSIGN_OR_RETURN(std::string text, readFile(splits, 1u << 28));
    SEGC_ASSIGN_OR_RETURN(std::vector<NamedFold> folds,
                          parseSplits(text, splits));
    SEGC_ASSIGN_OR_RETURN(set.folds, placeFolds(folds, splits, names));
    set.files.push_back(splits);
  }
  return set;
}

std::unique_ptr<CaseReader>
segc::makeTrainingReader(const DatasetDescription &description,
                         const ImageLimits &limits, Notes &notes) {
  const size_t values = description.classNames.empty()
                            ? 256
                            : static_cast<size_t>(description.labelValues());
  CaseRules rules{notes,
                  std::vector<std::string>(values, "label"),
                  static_cast<int64_t>(description.channelNames.size()),
                  std::nullopt,
                  LabelMap(),
                  limits};
  return makeVolumeCaseReader(std::move(rules));
}

StatusOr<SourceCase> segc::readTrainingCase(const CaseReader &reader,
                                            const CaseFiles &files) {
  SEGC_RETURN_IF_ERROR(files.status);
  SEGC_ASSIGN_OR_RETURN(SourceCase source, reader.readImage(files));
  SEGC_RETURN_IF_ERROR(reader.readLabel(files, source));
  return source;
}

//===----------------------------------------------------------------------===//
// Folds
//===----------------------------------------------------------------------===//

StatusOr<std::vector<FoldSplit>>
segc::placeFolds(const std::vector<NamedFold> &folds, const std::string &where,
                 const std::vector<std::string> &names) {
  std::vector<FoldSplit> result;
  for (const NamedFold &fold : folds) {
    const std::string ofFold =
        where + ": fold " + std::to_string(result.size());
    std::set<std::string> seen;
    FoldSplit split;
    for (auto [list, places] : {std::pair(&fold.training, &split.train),
                                {&fold.validation, &split.validation}}) {
      for (const std::string &name : *list) {
        auto found = std::lower_bound(names.begin(), names.end(), name);
        if (found == names.end() || *found != name)
          return invalidArgument(ofFold + ": no labelled case is named \"" +
                                 name + "\"");
        if (!seen.insert(name).second)
          return invalidArgument(ofFold + ": case \"" + name +
                                 "\" is listed twice");
        places->push_back(found - names.begin());
      }
      std::sort(places->begin(), places->end());
    }
    if (split.train.empty())
      return invalidArgument(ofFold + ": no training cases");
    result.push_back(std::move(split));
  }
  return result;
}

StatusOr<FoldSplit> segc::foldOf(const std::vector<FoldSplit> &folds,
                                 int64_t count, int64_t fold,
                                 std::optional<int64_t> wanted) {
  constexpr uint32_t foldSeed = 12345;
  const int64_t known = folds.empty() ? wanted.value_or(defaultFolds)
                                      : static_cast<int64_t>(folds.size());
  if (wanted && *wanted != known)
    return invalidArgument(
        "--nfolds " + std::to_string(*wanted) +
        " contradicts splits_final.json of the data set, which has " +
        std::to_string(known) + " folds; leave the option out");
  if (wanted && known > count)
    return invalidArgument(std::to_string(count) +
                           " cases cannot be split into " +
                           std::to_string(known) + " folds");
  if (fold < 0 || fold >= known)
    return invalidArgument("fold " + std::to_string(fold) + ", expected 0.." +
                           std::to_string(known - 1));
  if (!folds.empty())
    return folds[static_cast<size_t>(fold)];
  FoldSplit split = kFold(count, known, foldSeed, fold);
  if (split.train.empty() || split.validation.empty())
    return invalidArgument(std::to_string(count) +
                           " cases cannot be split into " +
                           std::to_string(known) + " folds");
  return split;
}
