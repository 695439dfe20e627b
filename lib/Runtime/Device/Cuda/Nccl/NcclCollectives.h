//===- NcclCollectives.h - Collectives between GPUs -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DEVICE_CUDA_NCCL_NCCLCOLLECTIVES_H
#define SEGC_LIB_RUNTIME_DEVICE_CUDA_NCCL_NCCLCOLLECTIVES_H

#include "NcclLibrary.h"
#include "segc/Runtime/Device/NcclCollectives.h"

#include <atomic>
#include <map>
#include <optional>
#include <thread>
#include <vector>

namespace segc::nccl {

class NcclCollectives : public Collectives {
public:
  NcclCollectives(std::shared_ptr<Device> device, NcclRanks ranks,
                  std::shared_ptr<const NcclLibrary> library)
      : device(std::move(device)), ranks(std::move(ranks)),
        library(std::move(library)) {}
  ~NcclCollectives() override;

  /// Meets the other ranks, and does a first collective with them: NCCL
  /// connects GPUs when they first need it, which takes long.
  Status connect();

  int64_t rank() const override { return ranks.rank; }
  int64_t size() const override { return ranks.size; }
  void beginPart(const StepPart &newPart) override { part = newPart; }
  StatusOr<uint64_t> start(const segc_collective &collective) override;
  Status wait(uint64_t ticket) override;
  Status prepare(const segc_collective &collective) override;
  Status enqueue(Stream &stream, const segc_collective &collective) override;

private:
  using Clock = std::chrono::steady_clock;

  std::string occasionOf(const segc_collective &collective) const;
  bool isRounded(const segc_collective &collective) const;
  /// Memory for values of 16 bits, of each stream.
  DeviceAddress stagingOf(const segc_collective &collective);
  /// Has NCCL do a collective on data of the type that travels (NcclCalls.cpp).
  Status call(const segc_collective &collective, void *data,
              cuda::StreamHandle stream);
  Result callForShards(const segc_collective &collective, uint32_t type,
                       void *data, cuda::StreamHandle stream);
  /// The place of a collective among the known ones, where it is put if it is
  /// new.
  size_t placeOf(const segc_collective &collective);
  /// Has the GPU note how far it has come.
  Status mark(Stream &stream, uint32_t progress);
  uint32_t progress() const;

  /// Waits until a call of NCCL, which answered, is done.
  Status settle(Result answered, const std::string &occasion);
  /// Looks after collectives that the GPU does, while the host waits for it
  /// and when it has waited.
  Status watch(bool hasEnded);
  /// Ends all collectives, and returns the error, which all later ones give.
  Status fail(const std::string &occasion, const std::string &what);
  void abort();

  std::shared_ptr<Device> device;
  NcclRanks ranks;
  std::shared_ptr<const NcclLibrary> library;
  CommOfLibrary *comm = nullptr;
  std::optional<StepPart> part; ///< None: the ranks connect.
  /// The largest last; recorded graphs use the smaller ones.
  std::map<std::string, std::vector<DeviceBuffer>> staging;

  /// The collectives of all programs.
  std::vector<segc_collective> known;
  /// Numbers from 0 on the device, the most last, and where on the host the
  /// device copies one of them to: 2 i + 1 at the start of known[i], 2 i + 2 at
  /// its end.
  std::vector<DeviceBuffer> numbers;
  DeviceBuffer note;
  uint32_t lastProgress = 0;
  Clock::time_point since; ///< of the last progress
  std::string lastOccasion;

  Status failure;
  Clock::time_point failed;
  std::thread aborting;
  std::shared_ptr<std::atomic<bool>> isAborted;
};

} // namespace segc::nccl

#endif // SEGC_LIB_RUNTIME_DEVICE_CUDA_NCCL_NCCLCOLLECTIVES_H
