//===- IndexFaults.cpp - dataset.json and what lies beside it -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Faults.h"

#include <algorithm>
#include <filesystem>

using namespace segc;
namespace fs = std::filesystem;

//===----------------------------------------------------------------------===//
// The text
//===----------------------------------------------------------------------===//

/// What other readers of JSON stumble over.
static void checkText(const std::string &text, std::vector<Fault> &faults) {
  std::string found;
  if (text.compare(0, 3, "\xef\xbb\xbf") == 0)
    found = "begins with a byte order mark";
  if (text.find('\r') != std::string::npos)
    found += (found.empty() ? "" : " and ") +
             std::string("has the line ends of Windows");
  if (!found.empty())
    faults.push_back({"json-form", "", "dataset.json " + found,
                      "save it as UTF-8 without a mark, lines ending in LF"});
}

std::vector<std::string> segc::dropRepeatedCases(OrderedJson &json) {
  std::vector<std::string> dropped;
  for (const char *key : {"training", "test"}) {
    auto list = json.is_object() ? json.find(key) : json.end();
    if (list == json.end() || !list->is_array())
      continue;
    std::set<Json> seen;
    OrderedJson kept = OrderedJson::array();
    for (const OrderedJson &entry : *list) {
      if (seen.insert(Json(entry)).second)
        kept.push_back(entry);
      else
        dropped.push_back(jsonText(entry.is_object() && entry.contains("image")
                                       ? entry["image"]
                                       : entry));
    }
    *list = std::move(kept);
  }
  return dropped;
}

StatusOr<DecathlonIndex> segc::readIndex(const std::string &text,
                                         const std::string &where,
                                         std::vector<Fault> &faults) {
  checkText(text, faults);
  StatusOr<DecathlonIndex> index = parseDecathlonIndex(text, where);
  // Only text that is JSON without repeated keys has got beyond this error.
  if (index.ok() || !parseJson(text, where).ok())
    return index;
  OrderedJson json = OrderedJson::parse(text);
  const std::vector<std::string> dropped = dropRepeatedCases(json);
  if (dropped.empty())
    return index;
  StatusOr<DecathlonIndex> again = parseDecathlonIndex(jsonText(json), where);
  if (!again.ok())
    return index;
  for (const std::string &image : dropped)
    faults.push_back({"listed-twice", "",
                      "dataset.json lists the case of " + image + " twice",
                      "list it once"});
  return again;
}

//===----------------------------------------------------------------------===//
// What it says, and what lies there
//===----------------------------------------------------------------------===//

/// A mask shows a region by its label in regions_class_order, which plans
/// refuse if it is none of the region's own.
static void checkRegions(const DecathlonIndex &index,
                         std::vector<Fault> &faults) {
  for (size_t i = 0; i < index.regions.size(); ++i) {
    const auto &[name, labels] = index.regions[i];
    const int64_t shown = index.regionsClassOrder[i];
    if (std::find(labels.begin(), labels.end(), shown) != labels.end())
      continue;
    faults.push_back(
        {"region-label", "",
         "regions_class_order: the region " + name + " is shown as " +
             std::to_string(shown) + ", expected one of its labels: " +
             listedText(labels,
                        [](int64_t label) { return std::to_string(label); }),
         "write one of them; segrun plan refuses another"});
  }
}

void segc::checkIndex(const DecathlonIndex &index, std::vector<Fault> &faults) {
  checkRegions(index, faults);
  const auto count = static_cast<int64_t>(index.training.size());
  if (index.declaredTraining && *index.declaredTraining != count)
    faults.push_back({"num-training", "",
                      "numTraining is " +
                          std::to_string(*index.declaredTraining) + ", but " +
                          std::to_string(count) + " training cases are there",
                      "write " + std::to_string(count)});
  int64_t next = 0;
  for (const auto &[value, name] : index.labels)
    if (value != next++) {
      faults.push_back(
          {"label-gap", "",
           "labels: " + std::to_string(value) + " (" + name + ") comes where " +
               std::to_string(next - 1) + " is expected",
           "number the classes 0, 1, 2, ... in dataset.json and "
           "labels, or train with --label-map " +
               std::to_string(value) + "=" + std::to_string(next - 1)});
      break;
    }
}

void segc::checkStrayFiles(const std::string &folder,
                           std::vector<Fault> &faults) {
  for (const char *name : {"imagesTr", "labelsTr", "imagesTs", "labelsTs"}) {
    std::set<std::string> stray;
    std::error_code error;
    for (fs::directory_iterator entry(fs::path(folder) / name, error), end;
         !error && entry != end; entry.increment(error))
      if (entry->path().filename().string().rfind("._", 0) == 0)
        stray.insert(entry->path().filename().string());
    if (!stray.empty())
      faults.push_back(
          {"stray-file", "",
           std::string(name) + " has " + std::to_string(stray.size()) +
               " files of macOS that are no images: " +
               listedText(stray, [](const std::string &file) { return file; }),
           "delete them; segrun passes them over, other programs do not"});
  }
}
