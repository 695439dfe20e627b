//===- FakeExchange.cpp - Ranks that meet in shared memory ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FakeExchange.h"
#include "../../../lib/Runtime/Device/Cuda/Nccl/NcclLibrary.h"
#include "FakeNumbers.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace fakenccl;
using namespace segc;

struct Exchange::Shared {
  struct Rank {
    std::atomic<int> process;
    /// Parts that the rank has written to its slot, and read from all.
    std::atomic<uint64_t> posted, taken;
    Work work;
  };
  Rank ranks[maxRanks];
  alignas(64) unsigned char slots[maxRanks][slotBytes];
};

std::string Exchange::create() {
  static std::atomic<int> number;
  const std::string name = "/segc-fake-nccl-" + std::to_string(::getpid()) +
                           "-" + std::to_string(number++);
  const int file = ::shm_open(name.c_str(), O_CREAT | O_EXCL | O_RDWR, 0600);
  const bool made = file >= 0 && ::ftruncate(file, sizeof(Shared)) == 0;
  if (file >= 0)
    ::close(file);
  return made ? name : "";
}

Exchange *Exchange::open(const std::string &name, int rank, int size) {
  const int file = ::shm_open(name.c_str(), O_RDWR, 0600);
  if (file < 0)
    return nullptr;
  void *memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                        MAP_SHARED, file, 0);
  ::close(file);
  if (memory == MAP_FAILED)
    return nullptr;
  auto *opened = new Exchange;
  opened->shared = static_cast<Shared *>(memory);
  opened->name = name;
  opened->rank = rank;
  opened->size = size;
  opened->shared->ranks[rank].process = ::getpid();
  return opened;
}

Exchange::~Exchange() {
  if (rank == 0)
    ::shm_unlink(name.c_str());
  ::munmap(shared, sizeof(Shared));
}

bool Exchange::isComplete() {
  for (int other = 0; other < size; ++other)
    if (shared->ranks[other].process == 0)
      return false;
  if (rank == 0)
    ::shm_unlink(name.c_str());
  return true;
}

int Exchange::lostRank() const {
  for (int other = 0; other < size; ++other) {
    const int process = shared->ranks[other].process;
    if (process != 0 && ::kill(process, 0) != 0 && errno == ESRCH)
      return other;
  }
  return -1;
}

static uint32_t elementOf(int type) {
  return type == nccl::Float16    ? SEGC_F16
         : type == nccl::Bfloat16 ? SEGC_BF16
                                  : SEGC_F32;
}

static uint64_t bytesOf(int type) {
  return type == nccl::Uint8 ? 1 : type == nccl::Float32 ? 4 : 2;
}

/// From the last rank to the first, in f32: another order than the runtime's.
void Exchange::combine(const Work &work, uint64_t count, void *data) const {
  if (work.of == Work::broadcast) {
    std::memcpy(data, shared->slots[work.root], count * bytesOf(work.type));
    return;
  }
  if (work.root != Work::allRanks && work.root != rank)
    return;
  const uint32_t type = elementOf(work.type);
  for (uint64_t at = 0; at < count; ++at) {
    const auto i = static_cast<int64_t>(at);
    float result = fakecuda::load(shared->slots[size - 1], i, type);
    for (int other = size - 1; other-- > 0;) {
      const float value = fakecuda::load(shared->slots[other], i, type);
      result = work.of == nccl::Max ? std::max(result, value) : result + value;
    }
    if (work.of == nccl::Avg)
      result /= static_cast<float>(size);
    fakecuda::store(data, i, type, result);
  }
}

bool Exchange::advance(const Work &work, void *data, bool &differs) {
  const uint64_t width = bytesOf(work.type);
  Shared::Rank &own = shared->ranks[rank];
  const auto all = [&](auto holds) {
    return std::all_of(shared->ranks, shared->ranks + size, holds);
  };
  // An empty collective is a part without values: all ranks are in it.
  for (;;) {
    const uint64_t count = std::min(work.count - done, slotBytes / width);
    auto *values = static_cast<unsigned char *>(data) + done * width;
    if (!isPosted) {
      if (!all([&](const Shared::Rank &other) { return other.taken >= parts; }))
        return false;
      own.work = work;
      if (count)
        std::memcpy(shared->slots[rank], values, count * width);
      own.posted = parts + 1;
      isPosted = true;
    }
    if (!all([&](const Shared::Rank &other) { return other.posted > parts; }))
      return false;
    differs =
        !all([&](const Shared::Rank &other) { return other.work == work; });
    if (differs)
      return true;
    if (count)
      combine(work, count, values);
    own.taken = ++parts;
    isPosted = false;
    done += count;
    if (done < work.count)
      continue;
    done = 0;
    return true;
  }
}
