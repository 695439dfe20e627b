//===- SplitFaults.cpp - Folds of a data set ------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Faults.h"
#include "segc/Base/Files.h"

#include <filesystem>

using namespace segc;

static std::string namesText(const std::set<std::string> &names) {
  return listedText(names, [](const std::string &name) { return name; });
}

std::vector<NamedFold> segc::checkSplits(const std::string &folder,
                                         const DecathlonIndex &index,
                                         std::vector<Fault> &faults) {
  const std::string where =
      (std::filesystem::path(folder) / "splits_final.json").string();
  if (!pathExists(where))
    return {};
  StatusOr<std::string> text = readFile(where, 1u << 28);
  StatusOr<std::vector<NamedFold>> folds =
      text.ok() ? parseSplits(*text, where)
                : StatusOr<std::vector<NamedFold>>(text.status());
  if (!folds.ok()) {
    faults.push_back({"splits-json", "", folds.status().message(),
                      "correct splits_final.json or leave it out"});
    return {};
  }
  std::set<std::string> known;
  for (const DecathlonIndex::Case &entry : index.training)
    known.insert(entry.name);
  for (size_t i = 0; i < folds->size(); ++i) {
    const NamedFold &fold = (*folds)[i];
    const std::string start = "splits_final.json: fold " + std::to_string(i);
    const std::set<std::string> training(fold.training.begin(),
                                         fold.training.end());
    std::set<std::string> unknown, both;
    for (const auto *list : {&fold.training, &fold.validation})
      for (const std::string &name : *list)
        if (!known.count(name))
          unknown.insert(name);
    for (const std::string &name : fold.validation)
      if (training.count(name))
        both.insert(name);
    if (!unknown.empty())
      faults.push_back(
          {"split-unknown", "",
           start + " names " + std::to_string(unknown.size()) +
               " that are no training cases: " + namesText(unknown),
           "take the names out, or add the cases"});
    if (!both.empty())
      faults.push_back({"split-both", "",
                        start + " trains and validates with " +
                            std::to_string(both.size()) + ": " +
                            namesText(both),
                        "take the names out of \"train\" or of \"val\""});
  }
  return std::move(*folds);
}
