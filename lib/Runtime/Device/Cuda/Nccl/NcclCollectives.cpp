//===- NcclCollectives.cpp - Collectives between GPUs ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NcclCollectives.h"
#include "segc/Runtime/Core/Elements.h"
#include "segc/Runtime/Core/KernelObserver.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <numeric>

using namespace segc;
using namespace segc::nccl;

StatusOr<std::unique_ptr<Collectives>>
segc::makeNcclCollectives(std::shared_ptr<Device> device, NcclRanks ranks) {
  SEGC_ASSIGN_OR_RETURN(std::shared_ptr<const NcclLibrary> library,
                        NcclLibrary::open(ranks.library));
  auto made = std::make_unique<NcclCollectives>(
      std::move(device), std::move(ranks), std::move(library));
  SEGC_RETURN_IF_ERROR(made->connect());
  return std::unique_ptr<Collectives>(std::move(made));
}

//===----------------------------------------------------------------------===//
// Connection
//===----------------------------------------------------------------------===//

/// How long NCCL may take to end its work after a failure.
static constexpr std::chrono::seconds patience{10};

Status NcclCollectives::connect() {
  /// What rank 0 tells the others.
  struct Greeting {
    UniqueId id;
    char version[32];
  } greeting = {};
  if (ranks.rank == 0) {
    SEGC_RETURN_IF_ERROR(library->check(library->ncclGetUniqueId(&greeting.id),
                                        "draw an id for the ranks"));
    std::snprintf(greeting.version, sizeof(greeting.version), "%s",
                  library->version().c_str());
  }
  SEGC_RETURN_IF_ERROR(ranks.broadcast(&greeting, sizeof(greeting)));
  if (library->version() != greeting.version)
    return unsupported("nccl: rank " + std::to_string(ranks.rank) +
                       " has NCCL " + library->version() + ", rank 0 has " +
                       greeting.version + ": all ranks of a job need the same");
  SEGC_ASSIGN_OR_RETURN(
      note, device->allocateStaging(sizeof(uint32_t), "progress of NCCL"));
  SEGC_ASSIGN_OR_RETURN(const std::unique_ptr<Stream> stream,
                        device->createStream());
  SEGC_RETURN_IF_ERROR(device->enqueueWork(*stream, [&](void *) {
    Config config = {sizeof(Config), configMagic, configVersion, 0};
    const Result answered = library->ncclCommInitRankConfig(
        &comm, static_cast<int>(ranks.size), greeting.id,
        static_cast<int>(ranks.rank), &config);
    return settle(answered, "connection of the GPUs");
  }));
  device->setWatch([this](bool hasEnded) { return watch(hasEnded); });
  SEGC_ASSIGN_OR_RETURN(
      const DeviceBuffer value,
      device->allocate(sizeof(float), "first collective", /*guards=*/false));
  segc_collective first = {};
  first.struct_size = sizeof(first);
  first.kind = SEGC_COLLECTIVE_SUM;
  first.type = first.travels_as = SEGC_F32;
  first.data = value.address().asPointer();
  first.count = first.of = 1;
  SEGC_RETURN_IF_ERROR(enqueue(*stream, first));
  return device->synchronize(*stream);
}

NcclCollectives::~NcclCollectives() {
  device->setWatch({});
  if (comm) {
    const Result flushed = library->ncclCommFinalize(comm);
    if (settle(flushed, "end of the job").ok())
      library->ncclCommDestroy(comm);
  }
  if (!aborting.joinable())
    return;
  const Clock::time_point begin = Clock::now();
  while (!*isAborted && Clock::now() - begin < patience)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  // What does not return is left behind.
  if (*isAborted)
    aborting.join();
  else
    aborting.detach();
}

//===----------------------------------------------------------------------===//
// Collectives
//===----------------------------------------------------------------------===//

StatusOr<uint64_t> NcclCollectives::start(const segc_collective &) {
  return internalError("nccl: a collective on memory of the host");
}

Status NcclCollectives::wait(uint64_t) {
  return internalError("nccl: a collective on memory of the host");
}

std::string
NcclCollectives::occasionOf(const segc_collective &collective) const {
  return part ? segc::occasionOf(*part, collective) : "connection of the GPUs";
}

/// One rank has nothing to send.
bool NcclCollectives::isRounded(const segc_collective &collective) const {
  return collective.travels_as != collective.type && ranks.size > 1;
}

static Conversion conversionOf(const segc_collective &collective) {
  return {collective.type, collective.travels_as, collective.count};
}

static Conversion inverseOf(const Conversion &conversion) {
  return {conversion.to, conversion.from, conversion.count};
}

DeviceAddress NcclCollectives::stagingOf(const segc_collective &collective) {
  const auto found = staging.find(orEmpty(collective.stream));
  return found == staging.end() || found->second.empty()
             ? DeviceAddress()
             : found->second.back().address();
}

Status NcclCollectives::prepare(const segc_collective &collective) {
  SEGC_RETURN_IF_ERROR(checkCollective(collective));
  const uint64_t needed = 2 * placeOf(collective) + 3;
  if (numbers.empty() || numbers.back().size() < needed * sizeof(uint32_t)) {
    std::vector<uint32_t> values(2 * needed);
    std::iota(values.begin(), values.end(), 0);
    SEGC_ASSIGN_OR_RETURN(DeviceBuffer buffer,
                          device->allocate(values.size() * sizeof(uint32_t),
                                           "numbers of collectives",
                                           /*guards=*/false));
    SEGC_ASSIGN_OR_RETURN(const std::unique_ptr<Stream> stream,
                          device->createStream());
    SEGC_RETURN_IF_ERROR(
        device->write(*stream, buffer, 0, values.data(), buffer.size()));
    numbers.push_back(std::move(buffer));
  }
  if (!isRounded(collective))
    return Status::success();
  const Conversion conversion = conversionOf(collective);
  SEGC_RETURN_IF_ERROR(device->prepareConversion(conversion));
  SEGC_RETURN_IF_ERROR(device->prepareConversion(inverseOf(conversion)));
  std::vector<DeviceBuffer> &ofStream = staging[orEmpty(collective.stream)];
  const uint64_t bytes = collective.count * elementBytes(collective.travels_as);
  if (bytes > (ofStream.empty() ? 0 : ofStream.back().size())) {
    SEGC_ASSIGN_OR_RETURN(DeviceBuffer buffer,
                          device->allocate(bytes, "gradients of 16 bits",
                                           /*guards=*/false));
    ofStream.push_back(std::move(buffer));
  }
  return Status::success();
}

Status NcclCollectives::enqueue(Stream &stream,
                                const segc_collective &collective) {
  SEGC_RETURN_IF_ERROR(failure);
  SEGC_RETURN_IF_ERROR(prepare(collective));
  const auto place = static_cast<uint32_t>(placeOf(collective));
  SEGC_RETURN_IF_ERROR(mark(stream, 2 * place + 1));
  const Conversion conversion = conversionOf(collective);
  const auto data = DeviceAddress::of(collective.data);
  const DeviceAddress moved =
      isRounded(collective) ? stagingOf(collective) : data;
  if (isRounded(collective))
    SEGC_RETURN_IF_ERROR(device->convert(stream, conversion, moved, data));
  SEGC_RETURN_IF_ERROR(
      device->enqueueWork(stream, [this, collective, moved](void *handle) {
        return call(collective, moved.asPointer(),
                    static_cast<cuda::StreamHandle>(handle));
      }));
  if (isRounded(collective))
    SEGC_RETURN_IF_ERROR(
        device->convert(stream, inverseOf(conversion), data, moved));
  return mark(stream, 2 * place + 2);
}

//===----------------------------------------------------------------------===//
// Failures
//===----------------------------------------------------------------------===//

size_t NcclCollectives::placeOf(const segc_collective &collective) {
  const auto isSame = [&](const segc_collective &other) {
    return other.data == collective.data && other.kind == collective.kind &&
           other.region == collective.region &&
           other.index == collective.index && other.of == collective.of;
  };
  const auto found = std::find_if(known.begin(), known.end(), isSame);
  const auto place = static_cast<size_t>(found - known.begin());
  if (found == known.end())
    known.push_back(collective);
  return place;
}

Status NcclCollectives::mark(Stream &stream, uint32_t progress) {
  return device->copyToHost(
      stream, note.hostData(),
      numbers.back().address() + progress * sizeof(uint32_t), sizeof(uint32_t));
}

uint32_t NcclCollectives::progress() const {
  return __atomic_load_n(reinterpret_cast<const uint32_t *>(note.hostData()),
                         __ATOMIC_RELAXED);
}

static std::string isLate(std::chrono::duration<double> limit) {
  std::array<char, 80> text = {};
  std::snprintf(text.data(), text.size(),
                "NCCL has not ended it for %g s (--collective-timeout)",
                limit.count());
  return text.data();
}

Status NcclCollectives::settle(Result answered, const std::string &occasion) {
  const Clock::time_point begin = Clock::now();
  while (answered == InProgress) {
    if (Clock::now() - begin > ranks.limit)
      return fail(occasion, isLate(ranks.limit));
    std::this_thread::yield();
    Result state = Success;
    const Result asked = library->ncclCommGetAsyncError(comm, &state);
    answered = asked == Success ? state : asked;
  }
  return answered == Success ? Status::success()
                             : fail(occasion, library->text(answered));
}

Status NcclCollectives::watch(bool hasEnded) {
  if (failure.ok()) {
    const uint32_t now = progress();
    const bool isUnderWay = now % 2 == 1 && now / 2 < known.size();
    if (now != lastProgress || !isUnderWay) {
      lastProgress = now;
      since = Clock::now();
    }
    const std::string occasion =
        isUnderWay ? occasionOf(known[now / 2])
                   : (part ? textOf(*part) : "connection of the GPUs") +
                         ", between buckets";
    if (ranks.isAt && occasion != lastOccasion)
      ranks.isAt(occasion);
    lastOccasion = occasion;
    Result state = Success;
    const Result asked = library->ncclCommGetAsyncError(comm, &state);
    const Result answered = asked == Success ? state : asked;
    if (answered != Success && answered != InProgress)
      (void)fail(occasion, library->text(answered));
    else if (!hasEnded && Clock::now() - since > ranks.limit)
      (void)fail(occasion, isLate(ranks.limit));
  }
  if (hasEnded)
    return failure;
  // The GPU drops its collectives and goes on, with values that are none.
  if (!failure.ok() && Clock::now() - failed > patience && ranks.abandon)
    ranks.abandon(failure);
  return Status::success();
}

Status NcclCollectives::fail(const std::string &occasion,
                             const std::string &what) {
  abort();
  if (ranks.isAt)
    ranks.isAt(occasion);
  std::string text = "rank " + std::to_string(ranks.rank) + " of " +
                     std::to_string(ranks.size) + " (" + device->name() +
                     ", NCCL " + library->version() + "), " + occasion + ": " +
                     what;
  if (ranks.rollCall) {
    const Status answered = ranks.rollCall();
    text += answered.ok() ? "; all ranks answer messages: NCCL_DEBUG=INFO "
                            "shows what the network of the GPUs does"
                          : "; " + answered.message();
  }
  failed = Clock::now();
  return failure = ioError(text);
}

void NcclCollectives::abort() {
  if (!comm)
    return;
  // It ends collectives at once, and returns when no graph has any.
  isAborted = std::make_shared<std::atomic<bool>>(false);
  aborting = std::thread([library = library, comm = comm, done = isAborted] {
    library->ncclCommAbort(comm);
    *done = true;
  });
  comm = nullptr;
}
