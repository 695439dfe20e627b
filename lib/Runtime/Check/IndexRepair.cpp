//===- IndexRepair.cpp - dataset.json and splits of a copy ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IndexRepair.h"

#include <algorithm>
#include <filesystem>

using namespace segc;

/// Sets a path that is written in another way than relative to the folder.
static void setPath(OrderedJson &value, const std::string &path) {
  if (value.is_string() &&
      std::filesystem::path(value.get<std::string>()).is_absolute())
    value = path;
}

/// Takes the cases that are not kept out of a list, whose entries are those of
/// the index.
static void keepListed(OrderedJson &json, const char *key,
                       const std::vector<DecathlonIndex::Case> &cases,
                       const std::set<std::string> &kept) {
  auto list = json.find(key);
  if (list == json.end() || !list->is_array())
    return;
  OrderedJson entries = OrderedJson::array();
  for (size_t i = 0; i < cases.size() && i < list->size(); ++i) {
    OrderedJson entry = (*list)[i];
    if (!kept.count(cases[i].name))
      continue;
    if (entry.is_object()) {
      setPath(entry["image"], cases[i].image);
      if (entry.contains("label"))
        setPath(entry["label"], cases[i].label);
    } else {
      setPath(entry, cases[i].image);
    }
    entries.push_back(std::move(entry));
  }
  *list = std::move(entries);
}

/// The same of nnU-Net v2, whose cases are members of an object.
static void keepNamed(OrderedJson &json,
                      const std::vector<DecathlonIndex::Case> &cases,
                      const std::set<std::string> &kept) {
  auto members = json.find("dataset");
  if (members == json.end() || !members->is_object())
    return;
  for (const DecathlonIndex::Case &entry : cases) {
    auto member = members->find(entry.name);
    if (member == members->end())
      continue;
    if (!kept.count(entry.name)) {
      members->erase(member);
      continue;
    }
    for (size_t i = 0; i < entry.channelImages.size(); ++i)
      setPath((*member)["images"][i], entry.channelImages[i]);
    setPath((*member)["label"], entry.label);
  }
}

/// Gives the classes of {"0": name} or {name: 0} their new numbers.
static void renumber(OrderedJson &labels,
                     const std::map<int64_t, int64_t> &numbers,
                     const LabelNames &names) {
  // "0" may also be the text of a number behind a name.
  const bool numberFirst = std::all_of(
      labels.items().begin(), labels.items().end(), [](const auto &item) {
        return item.key().find_first_not_of("0123456789") == std::string::npos;
      });
  OrderedJson changed = OrderedJson::object();
  for (const auto &[old, number] : numbers) {
    const std::string &name = names.at(old);
    if (numberFirst)
      changed[std::to_string(number)] = name;
    else
      changed[name] = number;
  }
  labels = std::move(changed);
}

std::string segc::changedIndex(const std::string &text,
                               const DecathlonIndex &index,
                               const IndexChanges &changes) {
  const OrderedJson before = OrderedJson::parse(text);
  OrderedJson json = before;
  dropRepeatedCases(json);
  keepListed(json, "training", index.training, changes.training);
  keepListed(json, "test", index.test, changes.test);
  keepNamed(json, index.training, changes.training);
  auto setCount = [&](const char *key, size_t count) {
    const auto number = static_cast<int64_t>(count);
    if (json.contains(key) && json[key] != number)
      json[key] = number;
  };
  setCount("numTraining", changes.training.size());
  setCount("numTest", changes.test.size());
  if (!changes.numbers.empty())
    renumber(json["labels"], changes.numbers, index.labels);
  const bool plain = text.find('\r') == std::string::npos &&
                     text.compare(0, 3, "\xef\xbb\xbf") != 0;
  return plain && json == before ? text : jsonText(json, 1) + "\n";
}

std::string segc::changedSplits(const std::vector<NamedFold> &folds,
                                const IndexChanges &changes) {
  OrderedJson list = OrderedJson::array();
  for (const NamedFold &fold : folds) {
    std::vector<std::string> training, validation;
    for (const std::string &name : fold.validation)
      if (changes.training.count(name))
        validation.push_back(name);
    for (const std::string &name : fold.training)
      if (changes.training.count(name) &&
          std::find(validation.begin(), validation.end(), name) ==
              validation.end())
        training.push_back(name);
    list.push_back({{"train", training}, {"val", validation}});
  }
  return jsonText(list, 1) + "\n";
}
