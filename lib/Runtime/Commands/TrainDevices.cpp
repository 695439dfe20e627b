//===- TrainDevices.cpp - What ranks of a training exchange gradients by --===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TrainRanks.h"
#include "segc/Runtime/Device/NcclCollectives.h"
#include "segc/Runtime/Distributed/HostReductions.h"
#include "segc/Runtime/Distributed/StreamCollectives.h"

#include <algorithm>

using namespace segc;

Status TrainingRanks::callRoll() {
  std::vector<float> values(static_cast<size_t>(ranks.size()));
  return HostReductions(ranks).mean(values);
}

/// Of the time that a collective has, the part in which ranks find out who does
/// not answer.
static std::chrono::duration<double>
rollCallTime(std::chrono::duration<double> limit) {
  return std::min<std::chrono::duration<double>>(limit / 4,
                                                 std::chrono::seconds(10));
}

StatusOr<std::unique_ptr<Collectives>>
TrainingRanks::collectivesOf(const std::shared_ptr<Device> &device) {
  const bool isCuda = device->kind() == SEGC_DEVICE_CUDA;
  if (!isCuda && !options.nccl.empty() && device->sharesHostMemory())
    return wrongUsage("--nccl: ranks on the processor exchange gradients by "
                      "messages; leave it out, or give --device cuda");
  if (device->sharesHostMemory())
    return std::unique_ptr<Collectives>();
  if (!isCuda && options.nccl.empty())
    return std::unique_ptr<Collectives>(
        std::make_unique<StreamCollectives>(*device, host));
  NcclRanks nccl;
  nccl.rank = ranks.rank();
  nccl.size = ranks.size();
  nccl.library = options.nccl;
  const std::chrono::duration<double> limit = ranks.timeLimit();
  nccl.limit = limit - rollCallTime(limit);
  nccl.broadcast = [this](void *data, uint64_t bytes) {
    ranks.setOccasion("id of NCCL");
    return ranks.broadcast(data, bytes);
  };
  nccl.rollCall = [this, limit] {
    ranks.setTimeLimit(rollCallTime(limit));
    return callRoll();
  };
  nccl.isAt = [this](const std::string &occasion) {
    ranks.setOccasion(occasion);
  };
  nccl.abandon = [this](const Status &failure) {
    printMessage(failure.message());
    ranks.abort(1);
  };
  return makeNcclCollectives(device, std::move(nccl));
}

StatusOr<DataParallel *>
TrainingRanks::join(const std::shared_ptr<Device> &device) {
  SEGC_ASSIGN_OR_RETURN(ofDevice, collectivesOf(device));
  Collectives &collectives = ofDevice ? *ofDevice : host;
  return &part.emplace(ranks, collectives);
}
