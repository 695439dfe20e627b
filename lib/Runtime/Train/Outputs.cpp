//===- Outputs.cpp - No output replaces an input --------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/Outputs.h"
#include "segc/Base/Files.h"

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
    for (size_t j = 0; j < i; ++j)
      if (!paths.outputs[j].path.empty() &&
          sameFile(output.path, paths.outputs[j].path))
        return wrongUsage(paths.outputs[j].option + " and " + output.option +
                          ": both are " + output.path +
                          "; give a file for each");
  }
  for (const NamedPath &folder : paths.folders)
    SEGC_RETURN_IF_ERROR(checkFolder(folder, inputs));
  return Status::success();
}

Status segc::checkOutputPlaces(const CommandPaths &paths) {
  for (const NamedPath &output : paths.outputs)
    if (!output.path.empty())
      SEGC_RETURN_IF_ERROR(
          checkOutputPlace(output.path).withContext(output.option));
  return Status::success();
}
