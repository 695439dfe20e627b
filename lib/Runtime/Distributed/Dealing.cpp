//===- Dealing.cpp - Work that ranks take from one list -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Distributed/Dealing.h"
#include "LockedFile.h"
#include "segc/Base/Exceptions.h"
#include "segc/Base/Files.h"
#include "segc/Base/Hash.h"
#include "segc/Base/Signals.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <thread>

using namespace segc;
namespace fs = std::filesystem;

//===----------------------------------------------------------------------===//
// The file of the state
//===----------------------------------------------------------------------===//

// Hashes of the job and of the names of its units, whether the job is finished,
// its exit code, a byte for each rank that has joined and one for each unit.
static constexpr size_t hashBytes = 64;
static constexpr size_t finishedAt = 2 * hashBytes, exitCodeAt = finishedAt + 1,
                        ranksAt = exitCodeAt + 1;
/// Of the byte of a unit; the other bits count attempts.
static constexpr int finishedBit = 0x80, mostAttempts = 0x7f;

// Locks. Whoever reads the state to change it has the first; each rank shares
// the second while it works.
static constexpr uint64_t stateLock = 0, presenceLock = 1, endLock = 2,
                          unitLocks = 3;

static int byteOf(const std::string &state, size_t at) {
  return static_cast<unsigned char>(state[at]);
}

static std::string text(int byte) { return std::string(1, char(byte)); }

static std::string statePath(const std::string &folder) {
  return folder + "/state";
}

static std::string namesPath(const std::string &folder) {
  return folder + "/names";
}

/// The number of the first rank in a line, and its joined settings.
static std::string settingsPath(const std::string &folder) {
  return folder + "/settings";
}

static std::string recordPath(const std::string &folder, int64_t unit) {
  return folder + "/" + std::to_string(unit);
}

namespace {

/// Sleeps that grow: who waits longer looks less often.
class Pauses {
public:
  void rest() {
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 3 / 2, std::chrono::milliseconds(250));
  }

private:
  std::chrono::milliseconds pause{10};
};

} // namespace

//===----------------------------------------------------------------------===//
// Joining and leaving
//===----------------------------------------------------------------------===//

Dealing::Dealing(std::string folder, Rank rank,
                 std::unique_ptr<LockedFile> file, size_t units)
    : folder(std::move(folder)), rank(std::move(rank)), units(units),
      file(std::move(file)) {}

bool Dealing::isPartOf(const std::string &state) const {
  return state.size() >= ranksAt + static_cast<size_t>(rank.size) &&
         state.compare(0, hashBytes, sha256(rank.job)) == 0;
}

Status Dealing::begin(const std::string &names,
                      const std::function<Status()> &first) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error))
    if (entry->path() != fs::path(statePath(folder))) {
      std::error_code ignored;
      fs::remove(entry->path(), ignored);
    }
  if (first)
    SEGC_RETURN_IF_ERROR(first());
  SEGC_RETURN_IF_ERROR(writeFileAtomically(namesPath(folder), names));
  SEGC_RETURN_IF_ERROR(writeFileAtomically(settingsPath(folder),
                                           std::to_string(rank.number) + '\n' +
                                               joined(rank.settings)));
  return file->replace(
      sha256(rank.job) + sha256(names) +
      std::string(2 + static_cast<size_t>(rank.size) + units, '\0'));
}

Status Dealing::checkSettings() const {
  SEGC_ASSIGN_OR_RETURN(const std::string text, readFile(settingsPath(folder)));
  TextsOfRank first = {0, text.substr(text.find('\n') + 1)};
  std::from_chars(text.data(), text.data() + text.size(), first.rank);
  const std::string difference =
      differenceOf(first, {rank.number, joined(rank.settings)});
  return difference.empty() ? Status::success() : invalidArgument(difference);
}

StatusOr<std::unique_ptr<Dealing>>
Dealing::join(const std::string &folder, const Rank &rank,
              const std::vector<std::string> &names,
              const std::function<Status()> &begin) {
  std::string list;
  for (const std::string &name : names)
    list += name + '\0';
  for (;;) {
    SEGC_RETURN_IF_ERROR(createDirectories(folder));
    SEGC_ASSIGN_OR_RETURN(std::unique_ptr<LockedFile> file,
                          LockedFile::open(statePath(folder)));
    LockedFile &shared = *file;
    std::unique_ptr<Dealing> dealing(
        new Dealing(folder, rank, std::move(file), names.size()));
    SEGC_ASSIGN_OR_RETURN(const ByteLock lock,
                          ByteLock::take(shared, stateLock));
    if (!shared.isThere()) // The last rank of a job has just removed it.
      continue;
    SEGC_ASSIGN_OR_RETURN(const std::string state, shared.read());
    const bool isFirst = !dealing->isPartOf(state);
    if (isFirst) {
      if (shared.isLockedElsewhere(presenceLock))
        return ioError(folder + ": ranks of another job are at work here; wait "
                                "until they end, or give another folder");
      SEGC_RETURN_IF_ERROR(dealing->begin(list, begin));
    }
    // A rank that is refused has come, too: the folder need not stay for it.
    SEGC_RETURN_IF_ERROR(
        shared.write(ranksAt + static_cast<size_t>(rank.number), text(1)));
    if (!isFirst && state.compare(hashBytes, hashBytes, sha256(list)) != 0)
      return invalidArgument(
          "rank " + std::to_string(rank.number) +
          " sees other cases than the ranks before it: all ranks of a job need "
          "the same files");
    if (!isFirst)
      SEGC_RETURN_IF_ERROR(dealing->checkSettings());
    SEGC_RETURN_IF_ERROR(shared.lock(presenceLock, LockedFile::Lock::Shared));
    dealing->isPresent = true;
    return dealing;
  }
}

void Dealing::giveBack() {
  const StatusOr<std::string> state = file->read();
  for (int64_t unit : held) {
    const size_t at =
        ranksAt + static_cast<size_t>(rank.size) + static_cast<size_t>(unit);
    // It was no attempt that failed.
    if (state.ok() && at < state->size())
      (void)file->write(at, text(std::max(0, byteOf(*state, at) - 1)));
    file->unlock(unitLocks + static_cast<uint64_t>(unit));
  }
  held.clear();
  file->unlock(presenceLock);
  isPresent = false;
}

Dealing::~Dealing() {
  // What cannot be given back is, when the file is closed.
  (void)withoutExceptions([&] { return leave(); });
}

/// Removes a folder and, if it is empty then, the one around it.
static void removeWithParent(const std::string &folder) {
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  fs::remove(fs::path(folder).parent_path(), ignored);
}

Status Dealing::abandon() {
  if (rank.undo) {
    rank.undo();
    SEGC_RETURN_IF_ERROR(file->write(ranksAt + static_cast<size_t>(rank.size),
                                     std::string(units, '\0')));
  }
  if (!rank.keepsFolder)
    removeWithParent(folder);
  return Status::success();
}

Status Dealing::leave() {
  const std::lock_guard<std::mutex> guard(mutex);
  SEGC_ASSIGN_OR_RETURN(const ByteLock lock, ByteLock::take(*file, stateLock));
  if (isPresent)
    giveBack();
  SEGC_ASSIGN_OR_RETURN(const std::string state, file->read());
  if (!isPartOf(state) || file->isLockedElsewhere(presenceLock) ||
      !file->isThere())
    return Status::success();
  if (byteOf(state, finishedAt) == 0)
    return abandon();
  if (rank.keepsFolder)
    return Status::success();
  // A rank that has yet to come has to see that nothing is left to do.
  for (int64_t other = 0; other < rank.size; ++other)
    if (byteOf(state, ranksAt + static_cast<size_t>(other)) == 0)
      return Status::success();
  removeWithParent(folder);
  return Status::success();
}

//===----------------------------------------------------------------------===//
// Units
//===----------------------------------------------------------------------===//

StatusOr<std::optional<Dealing::Unit>> Dealing::take(bool wait,
                                                     bool &allFinished) {
  const std::lock_guard<std::mutex> guard(mutex);
  SEGC_ASSIGN_OR_RETURN(const ByteLock lock, ByteLock::take(*file, stateLock));
  SEGC_ASSIGN_OR_RETURN(const std::string state, file->read());
  const size_t first = ranksAt + static_cast<size_t>(rank.size);
  if (!isPartOf(state) || state.size() < first + units)
    return ioError(folder + ": is no longer that of this job");
  const auto untouched = std::count(
      state.begin() + static_cast<std::ptrdiff_t>(first), state.end(), '\0');
  if (!wait && static_cast<int64_t>(held.size()) >=
                   std::max<int64_t>(1, untouched / rank.size))
    return std::optional<Unit>();
  allFinished = true;
  for (const bool again : {false, true})
    for (size_t i = 0; i < units; ++i) {
      const int byte = byteOf(state, first + i);
      const auto unit = static_cast<int64_t>(i);
      if (byte & finishedBit)
        continue;
      allFinished = false;
      if ((byte != 0) != again || held.count(unit))
        continue;
      SEGC_ASSIGN_OR_RETURN(const bool isFree, file->tryLock(unitLocks + i));
      if (!isFree)
        continue;
      SEGC_RETURN_IF_ERROR(
          file->write(first + i, text(std::min(byte + 1, mostAttempts))));
      held.insert(unit);
      return std::optional(Unit{unit, byte});
    }
  return std::optional<Unit>();
}

StatusOr<std::optional<Dealing::Unit>> Dealing::next(bool wait) {
  for (Pauses pauses;; pauses.rest()) {
    if (stopSignal() || isStopped)
      return std::optional<Unit>();
    bool allFinished = false;
    SEGC_ASSIGN_OR_RETURN(const std::optional<Unit> unit,
                          take(wait, allFinished));
    if (unit || allFinished || !wait)
      return unit;
  }
}

Status Dealing::finish(int64_t unit, const std::string &record) {
  SEGC_RETURN_IF_ERROR(writeFileAtomically(recordPath(folder, unit), record));
  const std::lock_guard<std::mutex> guard(mutex);
  SEGC_ASSIGN_OR_RETURN(const ByteLock lock, ByteLock::take(*file, stateLock));
  SEGC_RETURN_IF_ERROR(file->write(ranksAt + static_cast<size_t>(rank.size) +
                                       static_cast<size_t>(unit),
                                   text(finishedBit)));
  held.erase(unit);
  file->unlock(unitLocks + static_cast<uint64_t>(unit));
  return Status::success();
}

Status Dealing::exclusively(const std::function<Status()> &function) {
  const std::lock_guard<std::mutex> guard(mutex);
  SEGC_ASSIGN_OR_RETURN(const ByteLock lock, ByteLock::take(*file, stateLock));
  return function();
}

/// Counts the units of a state that are finished.
static int64_t countFinished(const std::string &state, size_t first) {
  int64_t count = 0;
  for (size_t at = first; at < state.size(); ++at)
    count += (byteOf(state, at) & finishedBit) != 0;
  return count;
}

int64_t Dealing::finished() {
  const std::lock_guard<std::mutex> guard(mutex);
  const StatusOr<std::string> state = file->read();
  return state.ok()
             ? countFinished(*state, ranksAt + static_cast<size_t>(rank.size))
             : 0;
}

//===----------------------------------------------------------------------===//
// The end
//===----------------------------------------------------------------------===//

std::optional<int> Dealing::exitCode() {
  const std::lock_guard<std::mutex> guard(mutex);
  // A lock makes the file of a network the newest.
  const StatusOr<ByteLock> lock = ByteLock::take(*file, stateLock);
  const StatusOr<std::string> state = file->read();
  if (!lock.ok() || !state.ok() || !isPartOf(*state) ||
      byteOf(*state, finishedAt) == 0)
    return std::nullopt;
  return byteOf(*state, exitCodeAt);
}

StatusOr<bool> Dealing::waitForEnd() {
  for (Pauses pauses;; pauses.rest()) {
    if (exitCode())
      return false;
    if (stopSignal())
      return Status(StatusCode::Interrupted,
                    "interrupted while another rank ends the job");
    const std::lock_guard<std::mutex> guard(mutex);
    SEGC_ASSIGN_OR_RETURN(const bool isFree, file->tryLock(endLock));
    if (!isFree)
      continue;
    // The one that had it may have finished the job since.
    SEGC_ASSIGN_OR_RETURN(const std::string state, file->read());
    if (byteOf(state, finishedAt) == 0)
      return true;
    file->unlock(endLock);
  }
}

StatusOr<std::vector<std::string>> Dealing::records() const {
  std::vector<std::string> records;
  for (size_t i = 0; i < units; ++i) {
    SEGC_ASSIGN_OR_RETURN(
        std::string record,
        readFile(recordPath(folder, static_cast<int64_t>(i))));
    records.push_back(std::move(record));
  }
  return records;
}

Status Dealing::close(int exitCode) {
  const std::lock_guard<std::mutex> guard(mutex);
  SEGC_ASSIGN_OR_RETURN(const ByteLock lock, ByteLock::take(*file, stateLock));
  return file->write(finishedAt, text(1) + text(exitCode));
}

std::optional<int> Dealing::withdraw() {
  {
    const std::lock_guard<std::mutex> guard(mutex);
    const StatusOr<ByteLock> lock = ByteLock::take(*file, stateLock);
    if (lock.ok())
      giveBack();
  }
  for (Pauses pauses;; pauses.rest()) {
    const std::optional<int> code = exitCode();
    if (code || stopSignal() || !file->isLockedElsewhere(presenceLock))
      return code;
  }
}

StatusOr<Dealing::Outcome> Dealing::outcomeIn(const std::string &folder) {
  SEGC_ASSIGN_OR_RETURN(const std::string state, readFile(statePath(folder)));
  SEGC_ASSIGN_OR_RETURN(const std::string list, readFile(namesPath(folder)));
  const auto units =
      static_cast<size_t>(std::count(list.begin(), list.end(), '\0'));
  if (state.size() < ranksAt + units)
    return dataLoss(statePath(folder) + ": is cut off");
  Outcome outcome;
  outcome.isFinished = byteOf(state, finishedAt) != 0;
  outcome.exitCode = byteOf(state, exitCodeAt);
  size_t begin = 0;
  for (size_t at = state.size() - units; at < state.size(); ++at) {
    const size_t end = list.find('\0', begin);
    if (!(byteOf(state, at) & finishedBit))
      outcome.open.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return outcome;
}
