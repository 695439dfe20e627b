//===- NnunetIndex.cpp - The cases of an nnU-Net v2 folder ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Files.h"
#include "segc/Runtime/Data/Decathlon.h"

#include <algorithm>
#include <filesystem>

using namespace segc;
namespace fs = std::filesystem;

/// The cases of which `root`/`folder` has the channel, sorted by name.
static StatusOr<std::vector<std::string>>
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

/// "imagesTr/CASE_0001.nii.gz" for "imagesTr/CASE.nii.gz" and channel 1.
static std::string ofChannel(const std::string &path, int64_t channel) {
  size_t stem = path.size();
  for (std::string_view ending : {".nii.gz", ".nii"})
    if (stem == path.size() && hasEnding(path, ending))
      stem -= ending.size();
  std::string number = std::to_string(channel);
  number.insert(0, number.size() < 4 ? 4 - number.size() : 0, '0');
  return path.substr(0, stem) + "_" + number + path.substr(stem);
}

Status segc::listNnunetCases(const std::string &folder, DecathlonIndex &index) {
  const std::string ending = "_0000" + index.fileEnding;
  SEGC_ASSIGN_OR_RETURN(std::vector<std::string> training,
                        casesIn(folder, "imagesTr", ending));
  SEGC_ASSIGN_OR_RETURN(std::vector<std::string> test,
                        casesIn(folder, "imagesTs", ending));
  if (training.empty() && test.empty())
    return notFound(folder + ": dataset.json is that of nnU-Net v2, but no "
                             "imagesTr/CASE" +
                    ending + " is there");
  auto add = [&](std::vector<DecathlonIndex::Case> &cases,
                 const std::string &images, const std::string &name,
                 const std::string &label) {
    const std::string file = name + index.fileEnding;
    cases.push_back(decathlonCase(images + file, label + file));
    if (label.empty())
      cases.back().label.clear();
    cases.back().separateChannels = true;
  };
  for (const std::string &name : training)
    add(index.training, "imagesTr/", name, "labelsTr/");
  for (const std::string &name : test)
    add(index.test, "imagesTs/", name, "");
  return Status::success();
}

Status segc::chooseChannelFile(const std::string &folder,
                               std::optional<int64_t> channel,
                               DecathlonIndex::Case &files) {
  const fs::path root(folder);
  std::error_code error;
  auto isThere = [&](const std::string &path) {
    return fs::exists(root / path, error);
  };
  auto tooMany = [&](const std::string &which) {
    return invalidArgument("case " + files.name + ": " + which +
                           ", the model takes one channel; choose it with "
                           "--channel, from 0");
  };
  if (!files.channelImages.empty()) {
    const size_t count = files.channelImages.size();
    if (!channel && count > 1)
      return tooMany(std::to_string(count) + " images");
    const auto chosen = static_cast<size_t>(channel.value_or(0));
    if (chosen >= count)
      return invalidArgument("case " + files.name + ": " +
                             std::to_string(count) + " images, but --channel " +
                             std::to_string(chosen) +
                             " is beyond them; choose one with --channel 0.." +
                             std::to_string(count - 1));
    files.image = files.channelImages[chosen];
    return Status::success();
  }
  const std::string plain = files.image;
  const std::string own = ofChannel(plain, channel.value_or(0));
  if (!files.separateChannels && (isThere(plain) || !isThere(own)))
    return Status::success();
  files.image = own;
  files.separateChannels = true;
  const std::string second = ofChannel(plain, 1);
  return !channel && isThere(second) ? tooMany(own + " and " + second)
                                     : Status::success();
}
