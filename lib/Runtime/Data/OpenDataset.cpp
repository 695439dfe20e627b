//===- OpenDataset.cpp - Recognition of data sets in a folder -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ForeignFormats.h"
#include "segc/Base/Files.h"
#include "segc/Plan/PipelinePlan.h"
#include "segc/Runtime/Data/DataSet.h"
#include "segc/Runtime/Data/Decathlon.h"
#include "segc/Runtime/Data/ImageFormat.h"
#include "segc/Runtime/Data/Isbi.h"

#include <algorithm>
#include <filesystem>
#include <set>

using namespace segc;

static Status checkOptions(const DatasetOptions &options) {
  if (options.folds < 2 || options.folds > maxFolds)
    return invalidArgument(std::to_string(options.folds) +
                           " folds, expected 2.." + std::to_string(maxFolds));
  if (options.fold && (*options.fold < 0 || *options.fold >= options.folds))
    return invalidArgument("fold " + std::to_string(*options.fold) +
                           ", expected 0.." +
                           std::to_string(options.folds - 1));
  if (!(options.trainSplit > 0 && options.trainSplit <= 1))
    return invalidArgument("train split " + std::to_string(options.trainSplit) +
                           ", expected more than 0 and at most 1");
  return Status::success();
}

/// Holds a model's pipeline against the kind of the data.
static Status checkPipeline(const DataPipeline &pipeline,
                            const std::string &found, const std::string &kind,
                            bool planned) {
  if (planned && isPlanned(pipeline) && kind == "decathlon")
    return Status::success();
  if (pipeline.kind == kind)
    return validate(pipeline);
  if (pipeline.kind.empty())
    return dataLoss("pipeline: field \"kind\" is missing");
  if (!pipeline.hasSlices() && !pipeline.hasVolumes())
    return unsupported(found + ": the model was compiled for the pipeline \"" +
                       pipeline.kind +
                       "\", for which segrun reads no data set; train it on "
                       "--batches, or compile the network for the pipeline \"" +
                       kind + "\"");
  return invalidArgument(found + " is data for the pipeline \"" + kind +
                         "\", but the model was compiled for \"" +
                         pipeline.kind +
                         "\"; use a model or a data set that fits");
}

static bool holdsSlices(const std::string &folder) {
  return findIsbiFile(folder, "train-volume") ||
         findIsbiFile(folder, "test-volume");
}

bool segc::holdsDataset(const std::string &folder) {
  std::error_code error;
  return holdsSlices(folder) ||
         std::filesystem::exists(std::filesystem::path(folder) / "dataset.json",
                                 error);
}

bool segc::isImageFolder(const std::string &folder) {
  const std::string name = std::filesystem::path(folder).filename().string();
  for (const char *known : {"imagesTr", "labelsTr", "imagesTs", "labelsTs"})
    if (name == known)
      return true;
  return holdsSlices(folder);
}

StatusOr<std::unique_ptr<Dataset>>
segc::openDataset(const std::string &folder, const DataPipeline &pipeline,
                  const DatasetOptions &options) {
  SEGC_RETURN_IF_ERROR(checkOptions(options));
  std::error_code error;
  std::filesystem::path path(folder);
  // The index itself means its folder.
  if (path.filename() == "dataset.json" &&
      std::filesystem::is_regular_file(path, error))
    return openDataset(path.has_parent_path() ? path.parent_path().string()
                                              : ".",
                       pipeline, options);
  if (std::filesystem::is_regular_file(path, error)) {
    const std::string foreign = foreignFormat(readStart(folder), folder);
    return invalidArgument(folder + ": a single file" +
                           (foreign.empty() ? "" : ", " + foreign) +
                           "; expected a folder with train-volume.tif or "
                           "dataset.json");
  }
  if (!std::filesystem::is_directory(path, error))
    return notFound(folder + ": no such folder; expected one with "
                             "train-volume.tif or dataset.json");
  if (holdsSlices(folder)) {
    SEGC_RETURN_IF_ERROR(
        checkPipeline(pipeline, folder, "isbi", options.planned));
    return openIsbi(folder, pipeline, options);
  }
  if (std::filesystem::exists(path / "dataset.json", error)) {
    SEGC_RETURN_IF_ERROR(
        checkPipeline(pipeline, folder, "decathlon", options.planned));
    return openDecathlon(folder, pipeline, options);
  }
  const std::string foreign = foreignFiles(folder);
  if (!foreign.empty())
    return unsupported(folder + ": " + foreign);
  return notFound(folder + ": unknown kind of data: neither train-volume.tif "
                           "(ISBI) nor dataset.json (Decathlon) lies there; "
                           "images to predict lie right inside their folder");
}

//===----------------------------------------------------------------------===//
// Files without a data set
//===----------------------------------------------------------------------===//

/// The kind of pipeline that reads a file; empty if none does. Slices are
/// volumes of few planes for a network that takes patches.
static std::string kindOfFile(const std::string &path, bool planned) {
  const ImageFormat *format = findImageFormat(path);
  return !format ? "" : format->asSlices() && !planned ? "isbi" : "decathlon";
}

/// macOS lays "._name" beside each file that it copies to a foreign disk.
static bool isHidden(const std::string &path) {
  const std::string name = std::filesystem::path(path).filename().string();
  return !name.empty() && name[0] == '.';
}

/// Images that are folders: `folder` itself or those right inside it. Their
/// files may have names without an ending.
static std::set<std::string> foldersOfImages(const std::string &folder) {
  if (formatOfFolder(folder))
    return {imageFiles(folder).front()};
  std::set<std::string> found;
  std::error_code error;
  std::filesystem::directory_iterator entries(folder, error), end;
  for (; !error && entries != end; entries.increment(error)) {
    const std::string path = entries->path().string();
    if (!isHidden(path) && std::filesystem::is_directory(path, error) &&
        formatOfFolder(path))
      found.insert(path);
  }
  return found;
}

StatusOr<std::vector<std::string>>
segc::everyImageIn(const std::string &folder) {
  // A header and its voxels are one image.
  std::set<std::string> images;
  std::error_code error;
  std::filesystem::directory_iterator entries(folder, error), end;
  for (; !error && entries != end; entries.increment(error)) {
    const std::string path = entries->path().string();
    if (!isHidden(path) && formatByName(path))
      images.insert(imageFiles(path).front());
  }
  if (error)
    return ioError(folder + ": cannot list the folder: " + error.message());
  images.merge(foldersOfImages(folder));
  return std::vector<std::string>(images.begin(), images.end());
}

StatusOr<std::vector<std::string>> segc::imagesIn(const std::string &folder,
                                                  Notes *notes) {
  SEGC_ASSIGN_OR_RETURN(std::vector<std::string> images, everyImageIn(folder));
  auto isVolume = [](const std::string &path) {
    const ImageFormat *format = findImageFormat(path);
    return format && format->asVolumes();
  };
  if (std::none_of(images.begin(), images.end(), isVolume))
    return images;
  std::vector<std::string> result;
  for (const std::string &path : images)
    if (const ImageFormat *format = formatByName(path);
        !format || !format->holdsPictures())
      result.push_back(path);
    else if (notes)
      notes->add(path, "taken for a picture of a volume beside it, and left "
                       "out; slices belong into a folder of their own");
  return result;
}

StatusOr<std::unique_ptr<Dataset>>
segc::openFiles(const std::vector<std::string> &paths,
                const DataPipeline &pipeline, const DatasetOptions &options) {
  SEGC_RETURN_IF_ERROR(checkOptions(options));
  std::vector<std::string> files, others;
  std::set<std::string> given;
  std::string ignored, kind;
  Status missing;
  bool any = false;
  for (const std::string &path : paths) {
    if (std::filesystem::path(path).filename().string().rfind("._", 0) == 0) {
      ignored = path;
      continue;
    }
    const std::string first = imageFiles(path).front();
    // The header and the voxels of one image; a path that is given twice is a
    // mistake.
    if (given.insert(path).second &&
        std::find(files.begin(), files.end(), first) != files.end())
      continue;
    files.push_back(first);
    Status status = checkImageExists(path);
    any |= status.ok();
    if (missing.ok())
      missing = status;
    const std::string found = kindOfFile(path, options.planned);
    if (found.empty() || (!kind.empty() && kind != found))
      others.push_back(path);
    else
      kind = found;
  }
  if (files.empty())
    return invalidArgument(
        ignored.empty()
            ? "no files to predict, expected at least one"
            : ignored + ": " +
                  foreignFormat(std::string_view("\0\5\x16\7", 4), ignored));
  // Where some are there, the others fail alone.
  if (!any)
    return missing;
  if (kind.empty()) {
    std::string foreign =
        foreignFormat(readStart(files.front()), files.front());
    return unsupported(files.front() + ": " +
                       (foreign.empty()
                            ? "expected volumes (" + volumeEndings() +
                                  ") or slices (" + sliceEndings() + ")"
                            : foreign));
  }
  // A file of no known kind is a case that fails; one of the other kind means
  // that the command line is not what was meant.
  for (const std::string &path : others)
    if (!kindOfFile(path, options.planned).empty())
      return invalidArgument(path + " and others: expected only slices (" +
                             sliceEndings() + ") or only volumes (" +
                             volumeEndings() + ")");
  SEGC_RETURN_IF_ERROR(
      checkPipeline(pipeline, files.front(), kind, options.planned));
  auto dataset = kind == "isbi" ? openSlices(files, pipeline, options)
                                : openVolumes(files, pipeline, options);
  if (dataset && !ignored.empty())
    (*dataset)->notes().add(ignored, "macOS metadata, left out");
  return dataset;
}

StatusOr<std::unique_ptr<Dataset>>
segc::openChannels(const std::vector<std::string> &paths,
                   const DataPipeline &pipeline,
                   const DatasetOptions &options) {
  SEGC_RETURN_IF_ERROR(checkOptions(options));
  CaseFiles files;
  for (const std::string &path : paths) {
    SEGC_RETURN_IF_ERROR(checkImageExists(path));
    files.images.push_back(imageFiles(path).front());
  }
  SEGC_RETURN_IF_ERROR(
      checkPipeline(pipeline, paths.front(), "decathlon", options.planned));
  if (static_cast<int64_t>(paths.size()) != options.channels)
    return invalidArgument(
        paths.front() + " and others: " + std::to_string(paths.size()) +
        " files, the model takes " + std::to_string(options.channels) +
        " channels; give one file, or one for each channel");
  files.name = imageStem(paths.front());
  return openVolumeCase(std::move(files), std::nullopt, pipeline, options);
}

StatusOr<std::unique_ptr<Dataset>>
segc::openVolume(Volume volume, const std::string &name,
                 const DataPipeline &pipeline, const DatasetOptions &options) {
  SEGC_RETURN_IF_ERROR(checkOptions(options));
  const bool slices = pipeline.hasSlices() && !options.planned;
  SEGC_RETURN_IF_ERROR(checkPipeline(
      pipeline, name, slices ? "isbi" : "decathlon", options.planned));
  if (slices)
    return openSliceVolume(volume, name, pipeline, options);
  CaseFiles files;
  files.name = name;
  files.images = {name};
  return openVolumeCase(std::move(files), std::move(volume), pipeline, options);
}
