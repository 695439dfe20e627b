//===- CheckpointFiles.cpp - Files of a checkpoint ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Core/CheckpointFiles.h"
#include "segc/Base/Files.h"

#include <filesystem>

using namespace segc;

std::string segc::findCheckpoint(const std::string &path) {
  for (const char *suffix : {"", ".previous"})
    if (pathExists(path + suffix + "/" + checkpointStateFile))
      return path + suffix;
  return "";
}

bool segc::isCheckpoint(const std::string &path) {
  for (const char *inside : {"", "/best", "/last"})
    if (pathExists(path + inside + "/" + checkpointStateFile) &&
        pathExists(path + inside + "/" + checkpointModelFile))
      return true;
  return false;
}

StatusOr<std::string> segc::findWeights(const std::string &fileOrFolder) {
  std::error_code error;
  if (!std::filesystem::is_directory(fileOrFolder, error)) {
    if (pathExists(fileOrFolder))
      return fileOrFolder;
    return notFound(fileOrFolder + ": " +
                    (error ? error.message() : "no such file or folder") +
                    "; give a .safetensors file, a checkpoint or a results "
                    "folder");
  }
  for (const char *inside :
       {"", "/best", "/last", "/last.previous", "/checkpoints/best",
        "/checkpoints/last", "/checkpoints/last.previous"}) {
    std::string candidate = fileOrFolder + inside + "/" + checkpointModelFile;
    if (pathExists(candidate))
      return candidate;
  }
  return notFound(fileOrFolder + ": holds no " + checkpointModelFile +
                  ", nor do checkpoints/best and checkpoints/last in it");
}
