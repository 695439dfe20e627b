//===- NamedTexts.cpp - What ranks of a job have alike --------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Distributed/NamedTexts.h"

#include <algorithm>

using namespace segc;

std::string segc::joined(const NamedTexts &values) {
  std::string text;
  for (const auto &[name, value] : values)
    text += name + '\0' + value + '\0';
  return text;
}

static std::vector<std::string> split(const std::string &text) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\0', begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::string segc::differenceOf(const TextsOfRank &first,
                               const TextsOfRank &other) {
  if (first.texts == other.texts)
    return "";
  const std::vector<std::string> expected = split(first.texts),
                                 actual = split(other.texts);
  size_t at = 1;
  while (at < expected.size() && at < actual.size() &&
         expected[at] == actual[at])
    at += 2;
  const auto valueOf = [&](const std::vector<std::string> &values) {
    return at < values.size() ? values[at] : std::string("absent");
  };
  return (at <= expected.size() ? expected[at - 1] : actual[at - 1]) +
         " of rank " + std::to_string(other.rank) + " is " + valueOf(actual) +
         ", of rank " + std::to_string(first.rank) + " " + valueOf(expected) +
         ": all ranks of a job need the same";
}
