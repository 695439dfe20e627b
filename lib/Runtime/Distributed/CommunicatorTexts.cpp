//===- CommunicatorTexts.cpp - Texts of the ranks of a job ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Distributed/Communicator.h"

#include <algorithm>

using namespace segc;

/// Longer texts are not ours.
static constexpr uint64_t maxText = uint64_t{1} << 30;

StatusOr<std::string> Communicator::broadcast(std::string text) {
  uint64_t length = text.size();
  SEGC_RETURN_IF_ERROR(broadcast(&length, sizeof(length)));
  if (length > maxText)
    return failure("a text of " + std::to_string(length) + " bytes arrived");
  text.resize(length);
  SEGC_RETURN_IF_ERROR(broadcast(text.data(), length));
  return text;
}

StatusOr<std::vector<std::string>>
Communicator::gather(const std::string &text) {
  uint64_t length = text.size();
  if (!isFirst()) {
    SEGC_RETURN_IF_ERROR(send(0, &length, sizeof(length)));
    SEGC_RETURN_IF_ERROR(send(0, text.data(), length));
    SEGC_RETURN_IF_ERROR(finish());
    return std::vector<std::string>();
  }
  std::vector<uint64_t> lengths(static_cast<size_t>(size()), length);
  for (int64_t other = 1; other < size(); ++other)
    SEGC_RETURN_IF_ERROR(
        receive(other, &lengths[static_cast<size_t>(other)], sizeof(uint64_t)));
  SEGC_RETURN_IF_ERROR(finish());
  std::vector<std::string> texts = {text};
  for (int64_t other = 1; other < size(); ++other) {
    const uint64_t bytes = lengths[static_cast<size_t>(other)];
    if (bytes > maxText)
      return failure("a text of " + std::to_string(bytes) + " bytes arrived");
    texts.emplace_back(bytes, '\0');
  }
  for (int64_t other = 1; other < size(); ++other) {
    std::string &theirs = texts[static_cast<size_t>(other)];
    SEGC_RETURN_IF_ERROR(receive(other, theirs.data(), theirs.size()));
  }
  SEGC_RETURN_IF_ERROR(finish());
  return texts;
}

/// The texts of a list, each with a zero behind it.
static std::string joined(const Communicator::NamedTexts &values) {
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

/// Says where the values of a rank differ from those of rank 0.
static std::string differenceOf(const std::string &first,
                                const std::string &theirs, size_t rank) {
  const std::vector<std::string> expected = split(first),
                                 actual = split(theirs);
  size_t at = 1;
  while (at < expected.size() && at < actual.size() &&
         expected[at] == actual[at])
    at += 2;
  const auto valueOf = [&](const std::vector<std::string> &values) {
    return at < values.size() ? values[at] : std::string("absent");
  };
  return (at <= expected.size() ? expected[at - 1] : actual[at - 1]) +
         " of rank " + std::to_string(rank) + " is " + valueOf(actual) +
         ", of rank 0 " + valueOf(expected) +
         ": all ranks of a job need the same";
}

Status Communicator::checkSame(const NamedTexts &values) {
  const std::string own = joined(values);
  SEGC_ASSIGN_OR_RETURN(std::vector<std::string> texts, gather(own));
  std::string difference;
  for (size_t other = 1; other < texts.size() && difference.empty(); ++other)
    if (texts[other] != own)
      difference = differenceOf(own, texts[other], other);
  SEGC_ASSIGN_OR_RETURN(difference, broadcast(std::move(difference)));
  return difference.empty() ? Status::success() : invalidArgument(difference);
}
