//===- Outputs.cpp - Checks of output paths -------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Commands/Outputs.h"
#include "segc/Base/Files.h"
#include "segc/Runtime/Core/CheckpointFiles.h"
#include "segc/Runtime/Data/DataSet.h"
#include "segc/Runtime/Data/ImageFormat.h"
#include "segc/Runtime/Data/OwnFiles.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <sys/stat.h>

using namespace segc;
namespace fs = std::filesystem;

/// What tells files apart.
using FileKey = std::pair<dev_t, ino_t>;

static std::optional<FileKey> keyOf(const std::string &path) {
  struct stat info;
  if (path.empty() || ::stat(path.c_str(), &info) != 0)
    return std::nullopt;
  return FileKey(info.st_dev, info.st_ino);
}

void segc::addInputs(CommandPaths &paths, const std::string &option,
                     const std::vector<std::string> &files) {
  for (const std::string &file : files)
    paths.inputs.push_back({option, file});
}

/// The entry of `folder` that is one of the inputs.
static Status checkFolder(const NamedPath &folder,
                          const std::map<FileKey, const NamedPath *> &inputs) {
  std::error_code error;
  for (fs::directory_iterator entry(folder.path, error), end;
       !error && entry != end; entry.increment(error)) {
    std::optional<FileKey> key = keyOf(entry->path().string());
    auto found = key ? inputs.find(*key) : inputs.end();
    if (found != inputs.end())
      return wrongUsage(folder.option + " " + folder.path + ": " +
                        entry->path().filename().string() +
                        " in it is an input of " + found->second->option +
                        ", which a result may replace; give another folder");
  }
  return Status::success();
}

/// A folder of results is no data set, and lies neither among its images and
/// labels nor in a checkpoint.
static Status checkPlace(const NamedPath &place) {
  std::error_code error;
  fs::path itself =
      fs::weakly_canonical(fs::absolute(place.path, error), error);
  if (error)
    return Status::success();    // creating it says what is wrong
  if (itself.filename().empty()) // "name/"
    itself = itself.parent_path();
  auto refused = [&](const std::string &what) {
    return wrongUsage(place.option + " " + place.path + ": " + what +
                      ", where nothing else is written; give another " +
                      place.option);
  };
  if (holdsDataset(itself.string()))
    return refused("is the folder of a data set");
  for (fs::path folder = itself; folder != folder.root_path();
       folder = folder.parent_path()) {
    const std::string name = folder.string();
    if (isImageFolder(name))
      return refused("lies in " + name + ", a data set's images or labels");
    if (isCheckpoint(name))
      return refused("lies in the checkpoint " + name);
  }
  return Status::success();
}

static std::vector<fs::path> filesIn(const fs::path &folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error))
    files.push_back(entry->path());
  std::sort(files.begin(), files.end());
  return files;
}

/// `name` with another ending; empty if it has not the first one.
static std::string withEnding(const std::string &name, const std::string &from,
                              const std::string &to) {
  return hasEnding(name, from) ? name.substr(0, name.size() - from.size()) + to
                               : std::string();
}

/// What segrun wrote carries a mark; before there was one, a mask had a picture
/// and a picture a mask.
static bool isOwn(const fs::path &file, const fs::path &others,
                  std::initializer_list<std::array<const char *, 2>> pairs) {
  if (hasOwnMark(file.string()))
    return true;
  for (auto [from, to] : pairs) {
    const std::string other = withEnding(file.filename().string(), from, to);
    if (!other.empty() && pathExists((others / other).string()))
      return true;
  }
  return false;
}

/// The masks of the slice that a picture shows: of "test-07.png".
static std::string slicesOf(const fs::path &picture) {
  const std::string stem = picture.stem().string();
  return stem.substr(0, stem.rfind('-')) + "-masks.tif";
}

/// Whether a file of this name is an image that a mask may replace or that is
/// one of a data set. Any folder may hold pictures of other names.
static bool mayBeMask(const fs::path &file) {
  const ImageFormat *format = formatByName(file.string());
  if (!format || !format->holdsPictures())
    return format;
  const std::string stem = file.stem().string();
  return hasEnding(stem, "-masks") || hasEnding(stem, "-masks-grey");
}

/// Masks and pictures replace what segrun wrote, and no other image or label.
static Status checkMasks(const NamedPath &place) {
  const fs::path masks = place.path, pictures = masks / "overlays";
  std::error_code error;
  auto refused = [&](const fs::path &file, const char *what) {
    return wrongUsage(place.option + " " + place.path + ": " +
                      file.lexically_relative(masks).string() +
                      " exists and is no " + what +
                      " that segrun wrote; give another " + place.option);
  };
  for (const fs::path &file : filesIn(masks))
    if (mayBeMask(file) && !fs::is_directory(file, error) &&
        !isOwn(file, pictures,
               {{".nii.gz", ".png"},
                {"-masks.tif", "-00.png"},
                {"-masks-grey.tif", "-00.png"}}))
      return refused(file, "mask");
  for (const fs::path &file : filesIn(pictures))
    if (hasEnding(file.string(), ".png") &&
        !isOwn(file, masks, {{".png", ".nii.gz"}}) &&
        !pathExists((masks / slicesOf(file)).string()))
      return refused(file, "picture");
  return Status::success();
}

/// A file is replaced only by one of its kind. An empty one is nobody's.
static Status checkReplaced(const NamedPath &output) {
  std::error_code error;
  if (!output.kind || !fs::is_regular_file(output.path, error) ||
      fs::file_size(output.path, error) == 0 || isWrittenInPlace(output.path) ||
      output.kind->holds(output.path))
    return Status::success();
  return wrongUsage(output.option + " " + output.path + ": exists and is no " +
                    output.kind->name +
                    " that segrun wrote; give another file");
}

Status segc::checkOutputs(const CommandPaths &paths) {
  std::map<FileKey, const NamedPath *> inputs;
  for (const NamedPath &input : paths.inputs)
    if (std::optional<FileKey> key = keyOf(input.path))
      inputs.emplace(*key, &input);
  for (size_t i = 0; i < paths.outputs.size(); ++i) {
    const NamedPath &output = paths.outputs[i];
    if (output.path.empty())
      continue;
    std::optional<FileKey> key = keyOf(output.path);
    auto found = key ? inputs.find(*key) : inputs.end();
    if (found != inputs.end())
      return wrongUsage(output.option + " " + output.path +
                        ": would replace the input of " +
                        found->second->option + "; give another file");
    SEGC_RETURN_IF_ERROR(checkReplaced(output));
    for (size_t j = 0; j < i; ++j)
      if (!paths.outputs[j].path.empty() &&
          sameFile(output.path, paths.outputs[j].path))
        return wrongUsage(paths.outputs[j].option + " and " + output.option +
                          ": both are " + output.path +
                          "; give a file for each");
  }
  for (const NamedPath &folder : paths.folders)
    SEGC_RETURN_IF_ERROR(checkFolder(folder, inputs));
  for (const NamedPath &place : paths.places) {
    SEGC_RETURN_IF_ERROR(checkPlace(place));
    SEGC_RETURN_IF_ERROR(checkMasks(place));
  }
  return Status::success();
}

Status segc::checkOutputPlaces(const CommandPaths &paths) {
  for (const NamedPath &output : paths.outputs)
    if (!output.path.empty())
      SEGC_RETURN_IF_ERROR(
          checkOutputPlace(output.path).withContext(output.option));
  return Status::success();
}
