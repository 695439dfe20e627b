//===- Communicator.cpp - What the ranks of a job do together -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Distributed/Communicator.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <thread>

using namespace segc;

/// What is combined at a time: bounds the memory for values of others.
static constexpr uint64_t partBytes = uint64_t{1} << 22;
/// Longer texts are not ours.
static constexpr uint64_t maxText = uint64_t{1} << 30;

/// The cores are for the network: who waits longer looks less often.
static void pauseAfter(Communicator::Clock::duration waited) {
  if (waited < std::chrono::milliseconds(1))
    std::this_thread::yield();
  else
    std::this_thread::sleep_for(std::min<Communicator::Clock::duration>(
        waited / 16, std::chrono::milliseconds(5)));
}

Status Communicator::failure(const std::string &what) const {
  return ioError("rank " + std::to_string(rank()) + " of " +
                 std::to_string(size()) + ", " + occasion + ": " + what);
}

Status Communicator::send(int64_t to, const void *data, uint64_t bytes) {
  uint64_t request = 0;
  if (messages.send(messages.context, static_cast<uint32_t>(to), data, bytes,
                    &request))
    return failure(messages.last_error(messages.context));
  pending.push_back({request, to, false});
  return Status::success();
}

Status Communicator::receive(int64_t from, void *data, uint64_t bytes) {
  uint64_t request = 0;
  if (messages.receive(messages.context, static_cast<uint32_t>(from), data,
                       bytes, &request))
    return failure(messages.last_error(messages.context));
  pending.push_back({request, from, false});
  return Status::success();
}

Status Communicator::finish(bool hasDeadline) {
  const Clock::time_point begin = Clock::now();
  for (;;) {
    const Pending *open = nullptr;
    for (Pending &message : pending) {
      int done = message.done;
      if (!done && messages.test(messages.context, message.request, &done))
        return failure(messages.last_error(messages.context));
      message.done = done != 0;
      if (!message.done && !open)
        open = &message;
    }
    if (!open)
      break;
    const auto waited = Clock::now() - begin;
    if (hasDeadline && waited > deadline) {
      char seconds[40];
      std::snprintf(seconds, sizeof(seconds), "%g", deadline.count());
      return failure("rank " + std::to_string(open->rank) +
                     " has not answered for " + seconds +
                     " s: it has stopped or is much slower; see what it "
                     "printed, or raise --collective-timeout");
    }
    if (pause)
      pause(waited);
    else
      pauseAfter(waited);
  }
  pending.clear();
  return Status::success();
}

/// Each rank combines one slice, from those of all, and sends it to all.
Status Communicator::combinePart(std::byte *values, uint64_t count,
                                 uint64_t width, const Combine &combine) {
  const auto ranks = static_cast<uint64_t>(size());
  const auto own = static_cast<uint64_t>(rank());
  const auto begin = [&](uint64_t slice) { return slice * count / ranks; };
  const auto place = [&](uint64_t slice) {
    return values + begin(slice) * width;
  };
  const auto bytes = [&](uint64_t slice) {
    return (begin(slice + 1) - begin(slice)) * width;
  };
  received.resize(ranks * bytes(own));
  std::vector<const std::byte *> ofRanks(ranks, place(own));
  for (uint64_t other = 0; other < ranks; ++other) {
    if (other == own)
      continue;
    std::byte *theirs = received.data() + other * bytes(own);
    ofRanks[other] = theirs;
    SEGC_RETURN_IF_ERROR(
        receive(static_cast<int64_t>(other), theirs, bytes(own)));
    SEGC_RETURN_IF_ERROR(
        send(static_cast<int64_t>(other), place(other), bytes(other)));
  }
  SEGC_RETURN_IF_ERROR(finish());
  combine(ofRanks, place(own), begin(own + 1) - begin(own));
  for (uint64_t other = 0; other < ranks; ++other) {
    if (other == own)
      continue;
    SEGC_RETURN_IF_ERROR(
        receive(static_cast<int64_t>(other), place(other), bytes(other)));
    SEGC_RETURN_IF_ERROR(
        send(static_cast<int64_t>(other), place(own), bytes(own)));
  }
  return finish();
}

Status Communicator::combine(void *values, uint64_t count, uint64_t width,
                             const Combine &combine) {
  if (size() == 1)
    return Status::success();
  const uint64_t part = partBytes / width;
  for (uint64_t at = 0; at < count; at += part)
    SEGC_RETURN_IF_ERROR(
        combinePart(static_cast<std::byte *>(values) + at * width,
                    std::min(count - at, part), width, combine));
  return Status::success();
}

Status Communicator::broadcast(void *data, uint64_t bytes) {
  if (!isFirst())
    SEGC_RETURN_IF_ERROR(receive(0, data, bytes));
  else
    for (int64_t other = 1; other < size(); ++other)
      SEGC_RETURN_IF_ERROR(send(other, data, bytes));
  return finish();
}

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

Status Communicator::checkSame(const std::string &what,
                               const std::string &text) {
  SEGC_ASSIGN_OR_RETURN(std::vector<std::string> texts, gather(text));
  std::string difference;
  for (size_t other = 1; other < texts.size() && difference.empty(); ++other)
    if (texts[other] != text)
      difference = what + " of rank " + std::to_string(other) + " is " +
                   texts[other] + ", of rank 0 " + text +
                   ": all ranks of a job need the same";
  SEGC_ASSIGN_OR_RETURN(difference, broadcast(std::move(difference)));
  return difference.empty() ? Status::success() : invalidArgument(difference);
}

Status Communicator::wait() {
  const char note = 0;
  std::vector<char> notes(static_cast<size_t>(size()));
  for (int64_t other = 0; other < size(); ++other)
    if (other != rank()) {
      SEGC_RETURN_IF_ERROR(
          receive(other, &notes[static_cast<size_t>(other)], 1));
      SEGC_RETURN_IF_ERROR(send(other, &note, 1));
    }
  return finish(/*hasDeadline=*/false);
}

Status Communicator::close() {
  return messages.close(messages.context)
             ? failure(messages.last_error(messages.context))
             : Status::success();
}
