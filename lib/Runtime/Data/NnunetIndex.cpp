//===- NnunetIndex.cpp - Cases of an nnU-Net v2 folder --------------------===//
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

std::string segc::channelNumber(int64_t channel) {
  std::string number = std::to_string(channel);
  number.insert(0, number.size() < 4 ? 4 - number.size() : 0, '0');
  return number;
}

/// "imagesTr/CASE_0001.nii.gz" for "imagesTr/CASE.nii.gz" and channel 1.
static std::string ofChannel(const std::string &path, int64_t channel) {
  const std::string name = fs::path(path).filename().string();
  const size_t stem = path.size() - (name.size() - imageStem(path).size());
  return path.substr(0, stem) + "_" + channelNumber(channel) +
         path.substr(stem);
}

Status segc::listNnunetCases(const std::string &folder, DecathlonIndex &index) {
  const std::string ending = "_0000" + index.fileEnding;
  SEGC_ASSIGN_OR_RETURN(std::vector<std::string> training,
                        casesIn(folder, "imagesTr", ending));
  SEGC_ASSIGN_OR_RETURN(std::vector<std::string> test,
                        casesIn(folder, "imagesTs", ending));
  if (training.empty() && test.empty())
    return notFound(folder +
                    ": dataset.json is that of nnU-Net v2, but no "
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

namespace {

/// Finds the images of a case that has as many channels as are wanted.
struct CaseImages {
  const std::string &folder;
  const DecathlonIndex::Case &entry;
  const ChannelChoice &choice;

  /// Those that are listed.
  StatusOr<std::vector<std::string>> listed() const;
  /// CASE.nii.gz, or CASE_0000.nii.gz, ... where that is there instead.
  StatusOr<std::vector<std::string>> named(bool &ofOneChannel) const;

private:
  Status tooMany(const std::string &which) const;
};

} // namespace

Status CaseImages::tooMany(const std::string &which) const {
  const std::string count = std::to_string(choice.channels),
                    where = "case " + entry.name + ": " + which;
  if (choice.option.empty())
    return invalidArgument(
        where + ", dataset.json names " + count +
        (choice.channels == 1 ? " modality" : " modalities") +
        "; list each channel there, with an image of every case");
  return invalidArgument(
      where + ", the model takes " +
      (choice.channels == 1
           ? "one channel; choose it with " + choice.option + ", from 0"
           : count + " channels"));
}

StatusOr<std::vector<std::string>> CaseImages::listed() const {
  const std::vector<std::string> &images = entry.channelImages;
  const auto count = static_cast<int64_t>(images.size());
  if (choice.channels > 1) {
    if (count != 1 && count != choice.channels)
      return tooMany(std::to_string(count) + " images");
    return images;
  }
  if (!choice.channel && count > 1)
    return tooMany(std::to_string(count) + " images");
  const int64_t chosen = choice.channel.value_or(0);
  if (chosen >= count)
    return invalidArgument("case " + entry.name + ": " + std::to_string(count) +
                           " images, but " + choice.option + " " +
                           std::to_string(chosen) +
                           " is beyond them; choose one with " + choice.option +
                           " 0.." + std::to_string(count - 1));
  return std::vector<std::string>{images[static_cast<size_t>(chosen)]};
}

StatusOr<std::vector<std::string>> CaseImages::named(bool &ofOneChannel) const {
  const fs::path root(folder);
  std::error_code error;
  auto isThere = [&](const std::string &path) {
    return fs::exists(root / path, error);
  };
  const std::string &plain = entry.image;
  const std::string first = ofChannel(plain, choice.channel.value_or(0));
  if (!entry.separateChannels && (isThere(plain) || !isThere(first)))
    return std::vector<std::string>{plain};
  std::vector<std::string> images;
  for (int64_t i = 0; i < choice.channels; ++i)
    images.push_back(ofChannel(plain, choice.channel.value_or(0) + i));
  const std::string next = ofChannel(plain, choice.channels);
  if (!choice.channel && isThere(next))
    return tooMany(first + (choice.channels == 1 ? " and " : " to ") + next);
  ofOneChannel = true;
  return images;
}

StatusOr<CaseFiles> segc::caseFiles(const std::string &folder,
                                    const DecathlonIndex::Case &entry,
                                    const ChannelChoice &choice) {
  const CaseImages found{folder, entry, choice};
  CaseFiles files;
  files.name = entry.name;
  // Files of a list may hold several channels.
  files.ofOneChannel = entry.separateChannels;
  SEGC_ASSIGN_OR_RETURN(std::vector<std::string> images,
                        entry.channelImages.empty()
                            ? found.named(files.ofOneChannel)
                            : found.listed());
  for (const std::string &image : images)
    files.images.push_back((fs::path(folder) / image).string());
  if (!entry.label.empty())
    files.label = (fs::path(folder) / entry.label).string();
  return files;
}
