//===- NamedTexts.h - What ranks of a job have alike ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DISTRIBUTED_NAMEDTEXTS_H
#define SEGC_RUNTIME_DISTRIBUTED_NAMEDTEXTS_H

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace segc {

/// Names with values, as texts without zeros.
using NamedTexts = std::vector<std::pair<std::string, std::string>>;

/// The names and values of a list, each with a zero behind it.
std::string joined(const NamedTexts &values);

/// The joined texts of a rank.
struct TextsOfRank {
  int64_t rank;
  std::string texts;
};

/// Says the first name of which two ranks have different values, with both
/// values; empty if there is none. All ranks have the same names.
std::string differenceOf(const TextsOfRank &first, const TextsOfRank &other);

} // namespace segc

#endif // SEGC_RUNTIME_DISTRIBUTED_NAMEDTEXTS_H
