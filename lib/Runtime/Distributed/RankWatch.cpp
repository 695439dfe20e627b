//===- RankWatch.cpp - Who is missing when a rank is to end ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Distributed/RankWatch.h"

using namespace segc;

static constexpr std::chrono::milliseconds interval{50};
/// After the seconds in which launchers kill, a look at all processes is rarer.
static constexpr std::chrono::milliseconds laterInterval{1000};
static constexpr int quickLooks = 40;
/// Of the second that Open MPI leaves.
static constexpr std::chrono::milliseconds patience{300};

RankWatch::RankWatch(const Communicator &ranks, Surroundings around)
    : ranks(ranks), around(std::move(around)), thread([this] { run(); }) {}

RankWatch::~RankWatch() {
  {
    const std::lock_guard<std::mutex> lock(mutex);
    isEnding = true;
  }
  changed.notify_all();
  thread.join();
}

std::string RankWatch::look() {
  const std::string seen = around.holdUp();
  if (!seen.empty())
    return ranks.messageOf(seen);
  const std::optional<int64_t> other = ranks.waitsFor();
  if (around.seesAll || !other)
    return lastWait = "";
  const std::string wait =
      ranks.messageOf("rank " + std::to_string(*other) +
                      " does not answer, and this one is asked to end; see "
                      "what the others printed");
  const auto now = Communicator::Clock::now();
  if (wait != lastWait)
    since = now;
  lastWait = wait;
  return now - since < patience ? "" : wait;
}

void RankWatch::run() {
  std::unique_lock<std::mutex> lock(mutex);
  int looks = 0;
  while (!changed.wait_for(lock, looks < quickLooks ? interval : laterInterval,
                           [&] { return isEnding; })) {
    if (!around.isAskedToEnd())
      continue;
    ++looks;
    const std::string message = look();
    if (message.empty())
      continue;
    around.print(message);
    return;
  }
}
