//===- EvaluateFolders.cpp - Metrics of label files -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/EvaluateFolders.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Data/DataSet.h"
#include "segc/Runtime/Data/Decathlon.h"
#include "segc/Runtime/Data/GridMatch.h"
#include "segc/Runtime/Data/ImageFormat.h"
#include "segc/Runtime/Inference/ProbabilityLabels.h"

#include <filesystem>

using namespace segc;
namespace fs = std::filesystem;

/// The largest label value: that of the widest integer type in use.
static constexpr double maxLabel = 65535;

using FilesByName = std::map<std::string, std::string>;

/// Adds arrays of probabilities to the labels of a folder. Where a case has
/// both, its labels count.
static void addProbabilities(const std::string &folder, FilesByName &byName) {
  std::error_code error;
  fs::directory_iterator entries(folder, error), end;
  for (; !error && entries != end; entries.increment(error)) {
    const fs::path &path = entries->path();
    if (isProbabilityFile(path.string()) && path.filename().string()[0] != '.')
      byName.emplace(path.stem().string(), path.string());
  }
}

static StatusOr<FilesByName> filesByName(const std::string &folder,
                                         bool predictions, Notes &notes) {
  SEGC_ASSIGN_OR_RETURN(std::vector<std::string> files,
                        imagesIn(folder, &notes));
  FilesByName byName;
  for (const std::string &file : files) {
    auto [first, isNew] = byName.emplace(imageStem(file), file);
    if (!isNew)
      return invalidArgument(file + ": named like " + first->second +
                             "; leave one of the two in the folder");
  }
  if (predictions)
    addProbabilities(folder, byName);
  if (byName.empty())
    return notFound(folder + ": holds no image; give a folder of labels");
  return byName;
}

StatusOr<std::vector<LabelPair>>
segc::pairLabels(const std::string &predictions, const std::string &labels,
                 Notes &notes) {
  SEGC_ASSIGN_OR_RETURN(auto predicted, filesByName(predictions, true, notes));
  SEGC_ASSIGN_OR_RETURN(auto expected, filesByName(labels, false, notes));
  std::vector<LabelPair> pairs;
  for (const auto &[name, label] : expected)
    pairs.push_back({name, predicted[name], label});
  for (const auto &[name, prediction] : predicted)
    if (!expected.count(name))
      notes.add(prediction,
                "has no label of this name in " + labels + "; it is left out");
  return pairs;
}

/// The label values of a volume or a page.
static StatusOr<std::vector<int32_t>> labelValues(const Volume &volume,
                                                  const std::string &path) {
  if (volume.channels != 1)
    return invalidArgument(path + ": " + std::to_string(volume.channels) +
                           " channels, expected one of class numbers");
  std::vector<int32_t> values(volume.voxels.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const double value = double{volume.voxels[i]}, whole = std::round(value);
    if (!isWholeLabel(value) || whole < 0 || whole > maxLabel)
      return invalidArgument(path + " has the value " + std::to_string(value) +
                             " at voxel " + voxelText(volume.geometry, i) +
                             ", expected a class number from 0 to 65535; "
                             "repair the label");
    values[i] = static_cast<int32_t>(whole);
  }
  return values;
}

/// Brings a prediction to the storage order of its label.
static StatusOr<PairedLabels> align(const Volume &prediction,
                                    const Volume &label, const LabelPair &pair,
                                    Notes &notes) {
  PairedLabels result;
  result.grid = {label.geometry.size, label.geometry.spacing};
  SEGC_ASSIGN_OR_RETURN(AxisOrder order,
                        matchGrids(prediction.geometry, pair.prediction,
                                   label.geometry, pair.label, "prediction",
                                   notes));
  SEGC_ASSIGN_OR_RETURN(result.label, labelValues(label, pair.label));
  SEGC_ASSIGN_OR_RETURN(std::vector<int32_t> stored,
                        labelValues(prediction, pair.prediction));
  std::vector<int32_t> &predicted = result.prediction;
  if (order.isIdentity()) {
    predicted = std::move(stored);
  } else {
    const auto view = reordered(
        GridView<std::vector<int32_t>>(stored, prediction.geometry.size),
        order);
    predicted.reserve(stored.size());
    for (int64_t z = 0; z < view.size[2]; ++z)
      for (int64_t y = 0; y < view.size[1]; ++y)
        for (int64_t x = 0; x < view.size[0]; ++x)
          predicted.push_back(view.at(x, y, z));
  }
  return result;
}

static CaseMetrics measure(PairedLabels labels, const LabelPair &pair,
                           const MetricsTable &table, ThreadPool &pool) {
  CaseMetrics result =
      measureCase(std::move(labels.prediction), std::move(labels.label),
                  labels.grid, table.classes, table.tolerance, pool);
  result.name = pair.name;
  result.predictionFile = pair.prediction;
  result.labelFile = pair.label;
  return result;
}

static StatusOr<std::vector<CaseMetrics>>
measurePages(const LabelPair &pair, const ImageLimits &limits,
             const MetricsTable &table, ThreadPool &pool, Notes &notes) {
  SEGC_ASSIGN_OR_RETURN(auto prediction,
                        sliceFormatOf(pair.prediction)
                            .open(pair.prediction, ImageUse::Label, limits));
  SEGC_ASSIGN_OR_RETURN(
      auto label,
      sliceFormatOf(pair.label).open(pair.label, ImageUse::Label, limits));
  if (prediction->pages() != label->pages())
    return invalidArgument(
        pair.prediction + ": " + std::to_string(prediction->pages()) +
        " pages, expected the " + std::to_string(label->pages()) + " of " +
        pair.label);
  std::vector<CaseMetrics> cases;
  for (int64_t page = 0; page < label->pages(); ++page) {
    SEGC_ASSIGN_OR_RETURN(Volume predicted, prediction->read(page));
    SEGC_ASSIGN_OR_RETURN(Volume expected, label->read(page));
    SEGC_ASSIGN_OR_RETURN(PairedLabels labels,
                          align(predicted, expected, pair, notes));
    CaseMetrics metrics = measure(std::move(labels), pair, table, pool);
    if (label->pages() > 1)
      metrics.name += "-" + std::to_string(page);
    cases.push_back(std::move(metrics));
  }
  return cases;
}

StatusOr<PairedLabels> segc::readVolumePair(const LabelPair &pair,
                                            const ImageLimits &limits,
                                            Notes &notes) {
  std::vector<Volume> volumes;
  for (const std::string &path : {pair.prediction, pair.label}) {
    SEGC_ASSIGN_OR_RETURN(Volume volume,
                          volumeFormatOf(path).read(path, limits));
    for (const std::string &warning : volume.warnings)
      notes.add(path, warning);
    volumes.push_back(std::move(volume));
  }
  return align(volumes[0], volumes[1], pair, notes);
}

/// Probabilities have no header that says where they lie: they are on the grid
/// of the label's file.
static StatusOr<PairedLabels> readProbabilityPair(const LabelPair &pair,
                                                  const ImageLimits &limits,
                                                  const MetricsTable &table,
                                                  Notes &notes) {
  if (table.classes.haveRegions())
    return unsupported(pair.prediction +
                       ": probabilities, which regions have no label by; "
                       "compare the masks of `segrun predict` instead");
  SEGC_ASSIGN_OR_RETURN(Volume label,
                        volumeFormatOf(pair.label).read(pair.label, limits));
  for (const std::string &warning : label.warnings)
    notes.add(pair.label, warning);
  PairedLabels result;
  result.grid = {label.geometry.size, label.geometry.spacing};
  SEGC_ASSIGN_OR_RETURN(result.label, labelValues(label, pair.label));
  SEGC_ASSIGN_OR_RETURN(
      result.prediction,
      labelsOfProbabilities(pair.prediction, label.geometry.size));
  return result;
}

StatusOr<std::vector<CaseMetrics>>
segc::measurePair(const LabelPair &pair, const ImageLimits &limits,
                  const MetricsTable &table, ThreadPool &pool, Notes &notes) {
  if (pair.prediction.empty())
    return notFound(pair.label + ": no prediction has the name " + pair.name);
  if (isProbabilityFile(pair.prediction)) {
    SEGC_ASSIGN_OR_RETURN(PairedLabels labels,
                          readProbabilityPair(pair, limits, table, notes));
    return std::vector<CaseMetrics>{
        measure(std::move(labels), pair, table, pool)};
  }
  const ImageFormat *formats[] = {findImageFormat(pair.prediction),
                                  findImageFormat(pair.label)};
  const bool slices[] = {formats[0] && formats[0]->asSlices(),
                         formats[1] && formats[1]->asSlices()};
  if (slices[0] != slices[1])
    return invalidArgument(pair.prediction + " and " + pair.label +
                           ": one holds slices, the other a volume; give both "
                           "in one kind of format");
  if (slices[0])
    return measurePages(pair, limits, table, pool, notes);
  SEGC_ASSIGN_OR_RETURN(PairedLabels labels,
                        readVolumePair(pair, limits, notes));
  return std::vector<CaseMetrics>{
      measure(std::move(labels), pair, table, pool)};
}

Status segc::readClassesBeside(const std::string &labels, MetricsTable &table) {
  const fs::path folder = fs::absolute(labels).lexically_normal();
  const fs::path parent = folder.filename().empty()
                              ? folder.parent_path().parent_path()
                              : folder.parent_path();
  for (const fs::path &place : {folder, parent}) {
    const std::string path = (place / "dataset.json").string();
    if (!pathExists(path))
      continue;
    SEGC_ASSIGN_OR_RETURN(std::string text, readFile(path, 1u << 28));
    SEGC_ASSIGN_OR_RETURN(DecathlonIndex index,
                          parseDecathlonIndex(text, path));
    table.classes.ignored = index.ignoreLabel;
    for (const auto &[name, values] : index.regions) {
      table.classes.regions.push_back(values);
      const auto number = static_cast<int32_t>(table.classes.regions.size());
      table.classNames[number] = name;
    }
    if (table.classes.haveRegions())
      break;
    for (const auto &[value, name] : index.labels)
      if (value > 0 && double(value) <= maxLabel)
        table.classNames[static_cast<int32_t>(value)] = name;
    break;
  }
  return Status::success();
}
