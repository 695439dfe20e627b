//===- Notes.cpp - Warnings about input files -----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Notes.h"

#include <algorithm>

using namespace segc;

void Notes::add(const std::string &where, const std::string &what) {
  std::lock_guard<std::mutex> lock(mutex);
  if (!known.emplace(where, what).second)
    return;
  auto found = std::find_if(notes.begin(), notes.end(), [&](const auto &entry) {
    return entry.first == what;
  });
  if (found == notes.end())
    found = notes.insert(notes.end(), {what, {}});
  found->second.push_back(where);
}

std::vector<std::pair<std::string, std::string>> Notes::takeEach() {
  std::lock_guard<std::mutex> lock(mutex);
  std::vector<std::pair<std::string, std::string>> each;
  for (const auto &[what, places] : std::exchange(notes, {}))
    for (const std::string &where : places)
      each.emplace_back(where, what);
  return each;
}

std::vector<std::string> Notes::take() {
  constexpr size_t maxNamed = 3;
  std::lock_guard<std::mutex> lock(mutex);
  std::vector<std::string> texts;
  for (const auto &[what, places] : std::exchange(notes, {})) {
    std::string where;
    for (size_t i = 0; i < std::min(places.size(), maxNamed); ++i)
      where += (i ? ", " : "") + places[i];
    if (places.size() > maxNamed)
      where += " and " + std::to_string(places.size() - maxNamed) + " more";
    texts.push_back(where.empty() ? what : where + ": " + what);
  }
  return texts;
}
