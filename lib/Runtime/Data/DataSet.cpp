//===- DataSet.cpp - Opening what lies in a folder ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/DataSet.h"
#include "segc/Runtime/Data/Decathlon.h"
#include "segc/Runtime/Data/Isbi.h"

#include <algorithm>
#include <filesystem>
#include <utility>

using namespace segc;

const char *segc::splitName(Split split) {
  switch (split) {
  case Split::Train:
    return "train";
  case Split::Validation:
    return "validation";
  case Split::Test:
    return "test";
  }
  return "";
}

void Dataset::note(const std::string &text) const {
  std::lock_guard<std::mutex> lock(notesMutex);
  if (known.insert(text).second)
    notes.push_back(text);
}

std::vector<std::string> Dataset::takeNotes() const {
  std::lock_guard<std::mutex> lock(notesMutex);
  return std::exchange(notes, {});
}

static Status checkOptions(const DatasetOptions &options) {
  if (options.fold && (*options.fold < 0 || *options.fold > 4))
    return invalidArgument("fold " + std::to_string(*options.fold) +
                           ", expected 0..4");
  if (!(options.trainSplit > 0 && options.trainSplit <= 1))
    return invalidArgument("train split " + std::to_string(options.trainSplit) +
                           ", expected more than 0 and at most 1");
  return Status::success();
}

/// Holds the kind of a model's pipeline against that of the data.
static Status checkKind(const Json &pipeline, const std::string &found,
                        const char *kind) {
  Status status;
  std::string expected =
      JsonReader(pipeline, "pipeline", status).string("kind");
  SEGC_RETURN_IF_ERROR(status);
  if (expected == kind)
    return Status::success();
  return invalidArgument(found + " is data for the pipeline \"" + kind +
                         "\", but the model was compiled for \"" + expected +
                         "\"; use a model or a data set that fits");
}

Expected<std::unique_ptr<Dataset>>
segc::openDataset(const std::string &folder, const Json &pipeline,
                  const DatasetOptions &options) {
  SEGC_RETURN_IF_ERROR(checkOptions(options));
  std::error_code error;
  const std::filesystem::path path(folder);
  if (!std::filesystem::is_directory(path, error))
    return notFound(folder + ": no such folder; expected one with "
                             "train-volume.tif or dataset.json");
  if (std::filesystem::exists(path / "train-volume.tif", error) ||
      std::filesystem::exists(path / "test-volume.tif", error)) {
    SEGC_RETURN_IF_ERROR(checkKind(pipeline, folder, "isbi"));
    return openIsbi(folder, pipeline, options);
  }
  if (std::filesystem::exists(path / "dataset.json", error)) {
    SEGC_RETURN_IF_ERROR(checkKind(pipeline, folder, "decathlon"));
    return openDecathlon(folder, pipeline, options);
  }
  return notFound(folder + ": unknown kind of data: neither train-volume.tif "
                           "(ISBI) nor dataset.json (Decathlon) lies there");
}

static bool endsWith(const std::string &text, std::string_view end) {
  return text.size() >= end.size() &&
         text.compare(text.size() - end.size(), end.size(), end) == 0;
}

Expected<std::unique_ptr<Dataset>>
segc::openFiles(const std::vector<std::string> &paths, const Json &pipeline,
                const DatasetOptions &options) {
  SEGC_RETURN_IF_ERROR(checkOptions(options));
  auto all = [&](std::initializer_list<std::string_view> endings) {
    return std::all_of(paths.begin(), paths.end(), [&](const auto &path) {
      return std::any_of(endings.begin(), endings.end(),
                         [&](auto ending) { return endsWith(path, ending); });
    });
  };
  if (paths.empty())
    return invalidArgument("no files to predict, expected at least one");
  if (all({".tif", ".tiff"})) {
    SEGC_RETURN_IF_ERROR(checkKind(pipeline, paths.front(), "isbi"));
    return openSlices(paths, pipeline, options);
  }
  if (all({".nii", ".nii.gz"})) {
    SEGC_RETURN_IF_ERROR(checkKind(pipeline, paths.front(), "decathlon"));
    return openVolumes(paths, pipeline);
  }
  return invalidArgument(paths.front() +
                         (paths.size() > 1 ? " and others" : "") +
                         ": expected only .tif or only .nii and .nii.gz files");
}
