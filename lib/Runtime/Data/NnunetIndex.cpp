//===- NnunetIndex.cpp - The cases of an nnU-Net v2 folder ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Decathlon.h"

#include <algorithm>
#include <filesystem>

using namespace segc;
namespace fs = std::filesystem;

/// The cases of which `root`/`folder` has the channel, sorted by name.
static Expected<std::vector<std::string>>
casesIn(const fs::path &root, const char *folder, const std::string &ending) {
  std::vector<std::string> names;
  std::error_code error;
  if (!fs::is_directory(root / folder, error))
    return names;
  for (fs::directory_iterator it(root / folder, error), end;
       !error && it != end; it.increment(error)) {
    const std::string file = it->path().filename().string();
    if (file.size() > ending.size() && file[0] != '.' &&
        file.compare(file.size() - ending.size(), ending.size(), ending) == 0)
      names.push_back(file.substr(0, file.size() - ending.size()));
  }
  if (error)
    return ioError((root / folder).string() +
                   ": cannot list: " + error.message());
  std::sort(names.begin(), names.end());
  return names;
}

Status segc::listNnunetCases(const std::string &folder, int64_t channel,
                             DecathlonIndex &index) {
  std::string number = std::to_string(channel);
  number.insert(0, number.size() < 4 ? 4 - number.size() : 0, '0');
  const std::string ending = "_" + number + index.fileEnding;
  SEGC_ASSIGN_OR_RETURN(std::vector<std::string> training,
                        casesIn(folder, "imagesTr", ending));
  SEGC_ASSIGN_OR_RETURN(std::vector<std::string> test,
                        casesIn(folder, "imagesTs", ending));
  if (training.empty() && test.empty())
    return notFound(folder + ": dataset.json is that of nnU-Net v2, but no "
                             "imagesTr/CASE" +
                    ending + " is there");
  for (const std::string &name : training)
    index.training.push_back({name, "imagesTr/" + name + ending,
                              "labelsTr/" + name + index.fileEnding});
  for (const std::string &name : test)
    index.test.push_back({name, "imagesTs/" + name + ending, ""});
  return Status::success();
}
