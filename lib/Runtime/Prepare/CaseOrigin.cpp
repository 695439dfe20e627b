//===- CaseOrigin.cpp - Files that a cached case comes from ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Prepare/CaseOrigin.h"
#include "segc/Base/Files.h"
#include "segc/Base/Hash.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

using namespace segc;
namespace fs = std::filesystem;

std::vector<std::string> segc::contentsOf(const std::string &path) {
  std::vector<std::string> files;
  std::error_code error;
  if (!fs::is_directory(path, error))
    return imageFiles(path);
  for (fs::directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error))
    if (entry->is_regular_file(error))
      files.push_back(entry->path().string());
  std::sort(files.begin(), files.end());
  return files;
}

CaseOrigin CaseOrigin::of(const CaseFiles &files, const std::string &folder) {
  const fs::path root = fs::absolute(folder).lexically_normal();
  auto inFolder = [&](const std::string &path) {
    return fs::absolute(path).lexically_normal().lexically_relative(root);
  };
  CaseOrigin origin;
  origin.files.name = files.name;
  origin.files.ofOneChannel = files.ofOneChannel;
  auto add = [&](const std::string &path) {
    for (const std::string &file : contentsOf(path))
      if (StatusOr<std::string> bytes = readFile(file))
        origin.contents.push_back(
            {inFolder(file).string(), bytes->size(), checksum(*bytes)});
    return inFolder(path).string();
  };
  for (const std::string &path : files.images)
    origin.files.images.push_back(add(path));
  if (!files.label.empty())
    origin.files.label = add(files.label);
  return origin;
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

OrderedJson CaseOrigin::toJson() const {
  OrderedJson list = OrderedJson::array();
  for (const Content &content : contents) {
    char number[24];
    std::snprintf(number, sizeof(number), "%016llx",
                  static_cast<unsigned long long>(content.checksum));
    list.push_back({{"file", content.path},
                    {"bytes", content.bytes},
                    {"checksum", number}});
  }
  return {{"images", files.images},
          {"of_one_channel", files.ofOneChannel},
          {"label", files.label},
          {"files", std::move(list)}};
}

static bool staysInside(const std::string &path) {
  const fs::path normal = fs::path(path).lexically_normal();
  return !path.empty() && !normal.is_absolute() && *normal.begin() != "..";
}

StatusOr<CaseOrigin> CaseOrigin::fromJson(const Json &json,
                                          const std::string &where) {
  CaseOrigin origin;
  Status status;
  JsonReader reader(json, where, status);
  origin.files.images = reader.strings("images");
  origin.files.ofOneChannel = reader.boolean("of_one_channel");
  origin.files.label = reader.string("label");
  reader.forEach("files", [&](JsonReader file) {
    Content content;
    content.path = file.string("file");
    content.bytes = static_cast<uint64_t>(file.integer("bytes"));
    const std::string text = file.string("checksum");
    const char *end = text.data() + text.size();
    const auto [stopped, error] =
        std::from_chars(text.data(), end, content.checksum, 16);
    if (error != std::errc() || stopped != end)
      file.fail("\"checksum\": expected 16 hexadecimal digits, got \"" + text +
                "\"");
    origin.contents.push_back(std::move(content));
  });
  SEGC_RETURN_IF_ERROR(status);
  std::vector<std::string> paths = origin.files.images;
  paths.push_back(origin.files.label);
  for (const Content &content : origin.contents)
    paths.push_back(content.path);
  for (const std::string &path : paths)
    if (!staysInside(path))
      return dataLoss(where + ": \"" + path +
                      "\", expected a path in the folder of the data set");
  if (origin.files.images.empty())
    return dataLoss(where + ": \"images\": expected a file");
  return origin;
}

//===----------------------------------------------------------------------===//
// The files now
//===----------------------------------------------------------------------===//

static Status checkContent(const CaseOrigin::Content &content,
                           const std::string &path, bool whole) {
  const std::string advice =
      "; give the folder of the data set that the cache was written from with "
      "--dataset, or write the cache again";
  StatusOr<uint64_t> size = fileSize(path);
  if (!size.ok())
    return Status(size.status().code(), size.status().message() + advice);
  std::string found;
  if (*size != content.bytes) {
    found = std::to_string(*size) + " bytes, expected the " +
            std::to_string(content.bytes);
  } else if (whole) {
    SEGC_ASSIGN_OR_RETURN(const std::string bytes, readFile(path));
    if (checksum(bytes) != content.checksum)
      found = "other bytes than those";
  }
  return found.empty() ? Status::success()
                       : dataLoss(path + ": has changed: " + found +
                                  " that the case was prepared from" + advice);
}

StatusOr<CaseFiles> CaseOrigin::find(const std::string &folder,
                                     bool whole) const {
  const fs::path root(folder);
  for (const Content &content : contents)
    SEGC_RETURN_IF_ERROR(
        checkContent(content, (root / content.path).string(), whole));
  CaseFiles found = files;
  for (std::string &path : found.images)
    path = (root / path).string();
  found.label = (root / files.label).string();
  return found;
}
