//===- SharedRegions.cpp - Memory that ranks of a machine share -----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Distributed/SharedRegions.h"
#include "segc/Runtime/Distributed/Communicator.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <random>
#include <set>
#include <sstream>
#include <unistd.h>

using namespace segc;

namespace {

/// Random numbers that stand in a region while ranks look for it. The kernel's
/// name of a start of the system and numbers of processes may be those of
/// another machine, of which both were copied.
using Mark = std::array<uint32_t, 4>;

struct Announcement {
  std::string machine;                ///< Empty: nothing is shared.
  SharedBuffer::Place place, signals; ///< Of the same process.
  Mark mark = {};
};

} // namespace

/// Names this start of the system, and the processes of it that are seen.
static std::string nameOfMachine() {
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  std::array<char, 64> processes = {};
  const ssize_t length =
      ::readlink("/proc/self/ns/pid", processes.data(), processes.size() - 1);
  return boot.empty() || length <= 0 ? "" : boot + "," + processes.data();
}

static std::string textOf(const Announcement &own) {
  std::ostringstream text;
  if (!own.machine.empty()) {
    text << own.machine << ' ' << own.place.process << ' '
         << own.place.descriptor << ' ' << own.place.bytes << ' '
         << own.signals.descriptor;
    for (uint32_t number : own.mark)
      text << ' ' << number;
  }
  return text.str();
}

/// Of what is no announcement nothing is shared.
static Announcement announcementIn(const std::string &text) {
  std::istringstream words(text);
  Announcement read;
  words >> read.machine >> read.place.process >> read.place.descriptor >>
      read.place.bytes >> read.signals.descriptor;
  read.signals.process = read.place.process;
  for (uint32_t &number : read.mark)
    words >> number;
  return words ? read : Announcement();
}

/// Gives all ranks the lines of all.
static StatusOr<std::vector<std::string>>
linesOfRanks(Communicator &ranks, const std::string &line) {
  SEGC_ASSIGN_OR_RETURN(const std::vector<std::string> texts,
                        ranks.gather(line));
  std::string joined;
  for (const std::string &text : texts)
    joined += text + "\n";
  SEGC_ASSIGN_OR_RETURN(joined, ranks.broadcast(joined));
  std::istringstream stream(joined);
  std::vector<std::string> lines(static_cast<size_t>(ranks.size()));
  for (std::string &read : lines)
    std::getline(stream, read);
  return lines;
}

/// The memory of another rank; nothing if it is not seen from here.
static SharedBuffer findRegion(const Announcement &own,
                               const Announcement &other) {
  if (own.machine.empty() || own.machine != other.machine ||
      own.place.bytes != other.place.bytes)
    return {};
  StatusOr<SharedBuffer> mapped = SharedBuffer::map(other.place);
  return mapped.ok() && std::memcmp(mapped->data(), other.mark.data(),
                                    sizeof(Mark)) == 0
             ? std::move(*mapped)
             : SharedBuffer();
}

static Announcement announcementOf(const SharedBuffer *own,
                                   const StatusOr<SharedSignals> &signals) {
  Announcement announced;
  if (!own || own->size() < sizeof(Mark) || !signals.ok())
    return announced;
  std::random_device random;
  std::generate(announced.mark.begin(), announced.mark.end(), std::ref(random));
  std::memcpy(own->data(), announced.mark.data(), sizeof(Mark));
  announced.machine = nameOfMachine();
  announced.place = own->place();
  announced.signals = signals->place();
  return announced;
}

/// The ranks that one sees, by the numbers in its line.
static std::set<size_t> ranksIn(const std::string &line) {
  std::istringstream numbers(line);
  std::set<size_t> ranks;
  for (size_t rank = 0; numbers >> rank;)
    ranks.insert(rank);
  return ranks;
}

StatusOr<SharedRegions> SharedRegions::connect(Communicator &ranks,
                                               const SharedBuffer *own) {
  const auto self = static_cast<size_t>(ranks.rank());
  StatusOr<SharedSignals> signals =
      SharedSignals::create(self, static_cast<size_t>(ranks.size()));
  const Announcement announced = announcementOf(own, signals);
  SEGC_ASSIGN_OR_RETURN(const std::vector<std::string> places,
                        linesOfRanks(ranks, textOf(announced)));
  SharedRegions regions;
  std::string seen;
  for (size_t other = 0; other < places.size(); ++other) {
    const Announcement theirs = announcementIn(places[other]);
    regions.others.push_back(other == self ? SharedBuffer()
                                           : findRegion(announced, theirs));
    if (regions.others.back().size() &&
        signals->connect(other, theirs.signals).ok())
      seen += std::to_string(other) + " ";
  }
  SEGC_ASSIGN_OR_RETURN(const std::vector<std::string> lines,
                        linesOfRanks(ranks, seen));
  std::vector<std::set<size_t>> seenBy;
  for (const std::string &line : lines)
    seenBy.push_back(ranksIn(line));
  for (size_t other = 0; other < places.size(); ++other)
    if (!seenBy[other].count(self) || !seenBy[self].count(other))
      regions.others[other] = SharedBuffer();
  if (signals.ok())
    regions.signals = std::move(*signals);
  regions.complete =
      std::all_of(seenBy.begin(), seenBy.end(), [&](const auto &some) {
        return some.size() + 1 == seenBy.size();
      });
  if (own) {
    // All ranks have looked.
    std::memset(own->data(), 0, std::min<uint64_t>(own->size(), sizeof(Mark)));
    regions.begin = own->data();
    regions.bytes = own->size();
  }
  return regions;
}

bool SharedRegions::contains(const void *data, uint64_t count) const {
  const auto *first = static_cast<const std::byte *>(data);
  const std::less_equal<> order; // Of memory that may be another.
  return begin && order(begin, first) && order(first, begin + bytes) &&
         count <= static_cast<uint64_t>(begin + bytes - first);
}

std::byte *SharedRegions::find(int64_t rank, const std::byte *data) const {
  std::byte *there = others[static_cast<size_t>(rank)].data();
  return there ? there + (data - begin) : nullptr;
}

int64_t SharedRegions::count() const {
  return std::count_if(others.begin(), others.end(),
                       [](const SharedBuffer &other) { return other.size(); });
}
