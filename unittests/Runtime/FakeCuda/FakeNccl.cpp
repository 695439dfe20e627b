//===- FakeNccl.cpp - NCCL between fake GPUs ------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeNccl.h"
#include "../../../lib/Runtime/Device/Cuda/Nccl/NcclLibrary.h"
#include "FakeCuda.h"
#include "FakeExchange.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <sstream>
#include <utility>

using namespace fakenccl;
using namespace segc::nccl;

namespace {

enum : Result { SystemError = 2, InvalidArgument = 4, InvalidUsage = 5 };
/// What the fake driver takes for work that is not done yet.
constexpr int notReady = 600;

/// A communicator. Work that is enqueued outlives its end.
struct Comm {
  std::unique_ptr<Exchange> exchange;
  bool isComplete = false, isAborted = false;
  Result state = Success;
  int started = 0;
  /// Work without a stream.
  struct Pending {
    Work work;
    void *data;
  };
  std::deque<Pending> pending;

  /// Whether a collective has ended.
  bool advance(const Work &work, void *data) {
    if (isAborted || state != Success)
      return true;
    bool differs = false;
    if (!exchange->advance(work, data, differs))
      return false;
    if (differs)
      state = InvalidUsage;
    return true;
  }

  Result answer() {
    if (!isComplete) {
      isComplete = !faults().initWaits && exchange->isComplete();
      return isComplete ? Result(Success) : Result(InProgress);
    }
    if (faults().asyncAfter && started > faults().asyncAfter)
      state = faults().asyncCode;
    while (!pending.empty() &&
           advance(pending.front().work, pending.front().data))
      pending.pop_front();
    if (state == Success && exchange->lostRank() >= 0)
      state = RemoteError;
    return state != Success  ? state
           : pending.empty() ? Result(Success)
                             : Result(InProgress);
  }
};

struct Library {
  std::mutex mutex; ///< Ranks may be threads.
  Faults faults;
  std::map<std::string, int> calls;
  std::map<void *, std::shared_ptr<Comm>> comms;

  std::shared_ptr<Comm> find(CommOfLibrary *handle) {
    const auto found = comms.find(handle);
    return found == comms.end() ? nullptr : found->second;
  }
  /// What a call must answer, if not Success.
  Result enter(const char *function) {
    const auto failing =
        faults.failingCalls.find({function, ++calls[function]});
    return failing == faults.failingCalls.end() ? Result(Success)
                                                : failing->second;
  }
};

} // namespace

static void configure(Faults &faults, const char *text) {
  std::istringstream words(text ? text : "");
  for (std::string word; std::getline(words, word, ',');) {
    char name[64];
    int count = 0, code = 0;
    if (std::sscanf(word.c_str(), "version=%d", &count) == 1)
      faults.version = count;
    else if (std::sscanf(word.c_str(), "call-fails=%63[^:]:%d:%d", name, &count,
                         &code) == 3)
      faults.failingCalls[{name, count}] = code;
    else if (std::sscanf(word.c_str(), "async-fails=%d:%d", &count, &code) == 2)
      std::tie(faults.asyncAfter, faults.asyncCode) = std::pair(count, code);
    else if (word == "init-waits")
      faults.initWaits = true;
    else
      std::fprintf(stderr, "FAKE_NCCL: unknown word %s\n", word.c_str());
  }
}

static Library &library() {
  // Never destroyed: communicators end at any time until the process does.
  static Library &state = *[] {
    auto *created = new Library;
    configure(created->faults, std::getenv("FAKE_NCCL"));
    return created;
  }();
  return state;
}

Faults &fakenccl::faults() { return library().faults; }
int fakenccl::calls(const std::string &function) {
  return library().calls[function];
}
int fakenccl::alive() { return static_cast<int>(library().comms.size()); }
void fakenccl::reset() {
  library().faults = Faults();
  library().calls.clear();
}

/// Begins an entry point: ranks take turns.
#define FAKE_ENTER()                                                           \
  const std::lock_guard<std::mutex> lock(library().mutex);                     \
  if (const Result entered_ = library().enter(__func__))                       \
  return entered_

/// Whether this thread has begun a group, and whether what it did in it waits.
static thread_local bool isInGroup = false, groupWaits = false;

/// Enqueues a collective, whose result replaces `data`.
static Result enqueue(CommOfLibrary *handle, const Work &work, void *data,
                      segc::cuda::StreamHandle stream) {
  const std::shared_ptr<Comm> comm = library().find(handle);
  if (!comm || !comm->isComplete)
    return InvalidArgument;
  ++comm->started;
  if (!stream) {
    comm->pending.push_back({work, data});
    groupWaits = true;
    return isInGroup ? Result(Success) : Result(InProgress);
  }
  const uint64_t bytes = work.count * (work.type == Uint8     ? 1
                                       : work.type == Float32 ? 4
                                                              : 2);
  const auto address = reinterpret_cast<uint64_t>(data);
  fakecuda::enqueue(stream, 0, [=]() -> int {
    void *onHost = bytes ? fakecuda::hostAddress(address, bytes) : nullptr;
    if (bytes && !onHost)
      return 700;
    return comm->advance(work, onHost) ? 0 : notReady;
  });
  return Success;
}

extern "C" {

Result ncclGetVersion(int *version) {
  *version = faults().version;
  return Success;
}

const char *ncclGetErrorString(Result result) {
  switch (result) {
  case SystemError:
    return "unhandled system error";
  case InvalidArgument:
    return "invalid argument";
  case InvalidUsage:
    return "invalid usage";
  case RemoteError:
    return "remote process exited or there was a network error";
  default:
    return "unknown result code";
  }
}

const char *ncclGetLastError(CommOfLibrary *) { return "of the fake NCCL\n"; }

Result ncclGetUniqueId(UniqueId *id) {
  FAKE_ENTER();
  const std::string name = Exchange::create();
  std::memset(id->bytes, 0, sizeof(id->bytes));
  std::memcpy(id->bytes, name.data(), name.size());
  return name.empty() ? Result(SystemError) : Result(Success);
}

Result ncclCommInitRankConfig(CommOfLibrary **handle, int size, UniqueId id,
                              int rank, Config *config) {
  FAKE_ENTER();
  if (config->size != sizeof(Config) || config->magic != configMagic ||
      config->version != configVersion || config->blocking != 0 || rank < 0 ||
      rank >= size || size > Exchange::maxRanks)
    return InvalidArgument;
  auto comm = std::make_shared<Comm>();
  comm->exchange.reset(Exchange::open(id.bytes, rank, size));
  if (!comm->exchange)
    return SystemError;
  *handle = reinterpret_cast<CommOfLibrary *>(comm.get());
  library().comms[*handle] = std::move(comm);
  return InProgress;
}

Result ncclCommGetAsyncError(CommOfLibrary *handle, Result *state) {
  FAKE_ENTER();
  const std::shared_ptr<Comm> comm = library().find(handle);
  if (!comm)
    return InvalidArgument;
  *state = comm->answer();
  return Success;
}

Result ncclGroupStart() {
  FAKE_ENTER();
  if (isInGroup)
    return InvalidUsage;
  isInGroup = true;
  groupWaits = false;
  return Success;
}

Result ncclGroupEnd() {
  const bool was = std::exchange(isInGroup, false);
  FAKE_ENTER();
  return !was         ? Result(InvalidUsage)
         : groupWaits ? Result(InProgress)
                      : Result(Success);
}

/// Whether values of such a type can be reduced so.
static bool isReduction(int type, int op) {
  return (op == Sum || op == Max || op == Avg) &&
         (type == Float16 || type == Float32 || type == Bfloat16);
}

Result ncclAllReduce(const void *from, void *to, size_t count, int type, int op,
                     CommOfLibrary *comm, segc::cuda::StreamHandle stream) {
  FAKE_ENTER();
  return from == to && isReduction(type, op)
             ? enqueue(comm, {op, type, Work::allRanks, count}, to, stream)
             : Result(InvalidArgument);
}

Result ncclReduce(const void *from, void *to, size_t count, int type, int op,
                  int root, CommOfLibrary *comm,
                  segc::cuda::StreamHandle stream) {
  FAKE_ENTER();
  return from == to && root >= 0 && isReduction(type, op)
             ? enqueue(comm, {op, type, root, count}, to, stream)
             : Result(InvalidArgument);
}

Result ncclBroadcast(const void *from, void *to, size_t count, int type,
                     int root, CommOfLibrary *comm,
                     segc::cuda::StreamHandle stream) {
  FAKE_ENTER();
  return from == to
             ? enqueue(comm, {Work::broadcast, type, root, count}, to, stream)
             : Result(InvalidArgument);
}

Result ncclCommFinalize(CommOfLibrary *handle) {
  FAKE_ENTER();
  return library().find(handle) ? Result(Success) : Result(InvalidArgument);
}

Result ncclCommDestroy(CommOfLibrary *handle) {
  FAKE_ENTER();
  return library().comms.erase(handle) ? Result(Success)
                                       : Result(InvalidArgument);
}

Result ncclCommAbort(CommOfLibrary *handle) {
  FAKE_ENTER();
  const std::shared_ptr<Comm> comm = library().find(handle);
  if (!comm)
    return InvalidArgument;
  comm->isAborted = true;
  comm->pending.clear();
  library().comms.erase(handle);
  return Success;
}

} // extern "C"
