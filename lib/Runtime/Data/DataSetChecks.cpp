//===- DataSetChecks.cpp - Checks across the cases of a data set ----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Splits.h"
#include "segc/Base/Hash.h"

#include <algorithm>

using namespace segc;

StatusOr<LabelMap> segc::parseLabelMap(const std::string &text) {
  LabelMap map;
  const Status wrong =
      wrongUsage("--label-map " + text +
                 ": expected VALUE=CLASS pairs of different values, like "
                 "255=1,4=2");
  size_t at = 0;
  auto number = [&](int64_t &value) {
    size_t end = text.find_first_not_of("0123456789", at);
    end = end == std::string::npos ? text.size() : end;
    if (end == at || end - at > 9)
      return false;
    value = std::stoll(text.substr(at, end - at));
    at = end;
    return true;
  };
  for (;; ++at) {
    int64_t value = 0, label = 0;
    if (!number(value) || at >= text.size() || text[at++] != '=' ||
        !number(label) || !map.emplace(value, label).second)
      return wrong;
    if (at == text.size())
      return map;
    if (text[at] != ',')
      return wrong;
  }
}

FoldSplit segc::shareSplit(int64_t count, double share) {
  const auto train = static_cast<int64_t>(double(count) * share);
  FoldSplit split;
  for (int64_t i = 0; i < count; ++i)
    (i < train ? split.train : split.validation).push_back(i);
  return split;
}

Status segc::checkSplit(const FoldSplit &split, int64_t count,
                        const DatasetOptions &options, const std::string &where,
                        const char *cases) {
  if (options.fold && options.folds != defaultFolds && options.folds > count)
    return invalidArgument(where + ": " + std::to_string(count) + " " + cases +
                           " cannot be split into " +
                           std::to_string(options.folds) + " folds");
  if (!(options.fold || options.trainSplit < 1) || !split.validation.empty())
    return Status::success();
  return invalidArgument(
      where + ": of " + std::to_string(count) + " " + cases + " " +
      (options.fold ? "fold " + std::to_string(*options.fold)
                    : std::string("this train split")) +
      " leaves none to validate; leave the option out to train on all");
}

static size_t elementsOf(const std::vector<int64_t> &shape) {
  size_t elements = 1;
  for (int64_t size : shape)
    elements *= static_cast<size_t>(size);
  return elements;
}

Status segc::noteUntrainedClasses(const Dataset &dataset) {
  const std::vector<std::string> &names = dataset.classNames();
  std::vector<float> image(elementsOf(dataset.imageShape()));
  std::vector<int32_t> label(elementsOf(dataset.labelShape()));
  std::vector<bool> seen(names.size());
  for (int64_t i = 0; i < dataset.count(Split::Train); ++i) {
    SEGC_RETURN_IF_ERROR(
        dataset.sample(Split::Train, i, {}, image.data(), label.data()));
    for (int32_t value : label)
      seen[static_cast<size_t>(value)] = true;
  }
  for (size_t value = 0; value < names.size(); ++value)
    if (!seen[value])
      dataset.notes().add("the training cases", "no label has the class \"" +
                                                    names[value] +
                                                    "\": it cannot be learnt");
  return Status::success();
}

Status segc::checkHeldOut(const Dataset &dataset) {
  std::vector<float> image(elementsOf(dataset.imageShape()));
  std::map<std::string, std::string> training;
  std::string pairs;
  int64_t found = 0;
  for (Split split : {Split::Train, Split::Validation})
    for (int64_t i = 0; i < dataset.count(split); ++i) {
      SEGC_RETURN_IF_ERROR(dataset.sample(split, i, {}, image.data(), nullptr));
      const std::string key =
          sha256({reinterpret_cast<const char *>(image.data()),
                  image.size() * sizeof(float)});
      const std::string name = dataset.caseName(split, i);
      if (split == Split::Train) {
        training.emplace(key, name);
        continue;
      }
      auto twin = training.find(key);
      if (twin != training.end() && ++found <= 8)
        pairs += (found > 1 ? ", " : "") + name + " is " + twin->second;
    }
  if (found == 0)
    return Status::success();
  return invalidArgument(
      std::to_string(found) + " of " +
      std::to_string(dataset.count(Split::Validation)) +
      " cases that validate have the image of a case that trains: " + pairs +
      (found > 8 ? ", ..." : "") +
      "; leave out one of each, or split otherwise");
}
