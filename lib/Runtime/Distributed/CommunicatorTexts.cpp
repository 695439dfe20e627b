//===- CommunicatorTexts.cpp - Texts of the ranks of a job ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Distributed/Communicator.h"

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

Status Communicator::checkSame(const NamedTexts &values) {
  const std::string own = joined(values);
  SEGC_ASSIGN_OR_RETURN(std::vector<std::string> texts, gather(own));
  std::string difference;
  for (size_t other = 1; other < texts.size() && difference.empty(); ++other)
    difference =
        differenceOf({0, own}, {static_cast<int64_t>(other), texts[other]});
  SEGC_ASSIGN_OR_RETURN(difference, broadcast(std::move(difference)));
  return difference.empty() ? Status::success() : invalidArgument(difference);
}
