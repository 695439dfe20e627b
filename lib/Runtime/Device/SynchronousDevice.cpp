//===- SynchronousDevice.cpp ----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Device/SynchronousDevice.h"
#include "segc/Runtime/Core/Elements.h"
#include "segc/Runtime/Core/FloatTypes.h"
#include "segc/model_tables.h"

#include <algorithm>
#include <array>
#include <cstring>

using namespace segc;

struct SynchronousDevice::RecordedGraph : Graph {
  std::vector<Operation> operations;
};

StatusOr<std::unique_ptr<Stream>> SynchronousDevice::createStream() {
  return std::make_unique<Stream>();
}

StatusOr<std::unique_ptr<Event>> SynchronousDevice::createEvent() {
  return std::make_unique<Event>();
}

Status SynchronousDevice::synchronize(Stream &) {
  return recording ? internalError(name() + ": waiting for a stream whose work "
                                            "is being recorded")
                   : Status::success();
}

Status SynchronousDevice::doOrRecord(Operation operation) {
  if (!recording)
    return operation();
  recording->push_back(std::move(operation));
  return Status::success();
}

Status SynchronousDevice::copy(void *to, const void *from, uint64_t bytes) {
  return doOrRecord([=] {
    if (bytes)
      std::memmove(to, from, bytes);
    return Status::success();
  });
}

Status SynchronousDevice::advanceScalars(Stream &, DeviceAddress finite,
                                         DeviceAddress scalars) {
  SEGC_RETURN_IF_ERROR(check(finite, sizeof(float), "the finite flag"));
  SEGC_RETURN_IF_ERROR(check(scalars, sizeof(segc_scalars), "the scalars"));
  return doOrRecord([=] {
    segc_advance_scalars(static_cast<segc_scalars *>(scalars.asPointer()),
                         *static_cast<const float *>(finite.asPointer()) != 0);
    return Status::success();
  });
}

Status SynchronousDevice::copyToDevice(Stream &, DeviceAddress to,
                                       const void *from, uint64_t bytes) {
  SEGC_RETURN_IF_ERROR(check(to, bytes, "the target of a copy"));
  return copy(to.asPointer(), from, bytes);
}

Status SynchronousDevice::copyToHost(Stream &, void *to, DeviceAddress from,
                                     uint64_t bytes) {
  SEGC_RETURN_IF_ERROR(check(from, bytes, "the source of a copy"));
  return copy(to, from.asPointer(), bytes);
}

Status SynchronousDevice::copyOnDevice(Stream &, DeviceAddress to,
                                       DeviceAddress from, uint64_t bytes) {
  SEGC_RETURN_IF_ERROR(check(to, bytes, "the target of a copy"));
  SEGC_RETURN_IF_ERROR(check(from, bytes, "the source of a copy"));
  return copy(to.asPointer(), from.asPointer(), bytes);
}

Status SynchronousDevice::launch(Stream &, const KernelLaunch &launch) {
  if (!launch.command || !launch.command->function ||
      launch.command->operand_count > SEGC_MAX_OPERANDS)
    return internalError(name() +
                         ": a launch without a kernel of the host, "
                         "or with more than " +
                         std::to_string(SEGC_MAX_OPERANDS) + " operands");
  std::array<void *, SEGC_MAX_OPERANDS> operands = {};
  std::copy_n(launch.operands, launch.command->operand_count, operands.begin());
  return doOrRecord([this, recorded = launch, operands]() mutable {
    recorded.operands = operands.data();
    return runLaunch(recorded);
  });
}

Status
SynchronousDevice::enqueueWork(Stream &,
                               std::function<Status(void *handle)> work) {
  return doOrRecord([work = std::move(work)] { return work(nullptr); });
}

Status SynchronousDevice::convert(Stream &, const Conversion &conversion,
                                  DeviceAddress to, DeviceAddress from) {
  const auto [fromType, toType, count] = conversion;
  SEGC_RETURN_IF_ERROR(
      check(to, count * elementBytes(toType), "the target of a conversion"));
  SEGC_RETURN_IF_ERROR(check(from, count * elementBytes(fromType),
                             "the source of a conversion"));
  return doOrRecord([=] {
    convertFloats(from.asPointer(), conversion.from, to.asPointer(),
                  conversion.to, conversion.count);
    return Status::success();
  });
}

Status SynchronousDevice::accumulate(Stream &,
                                     const Accumulation &accumulation) {
  const auto [to, from, divisor, count] = accumulation;
  SEGC_RETURN_IF_ERROR(check(to, count * sizeof(float), "the target of a sum"));
  SEGC_RETURN_IF_ERROR(
      check(from, count * sizeof(float), "the source of a sum"));
  SEGC_RETURN_IF_ERROR(check(divisor, sizeof(float), "the divisor of a sum"));
  return doOrRecord([accumulation] {
    auto *sums = static_cast<float *>(accumulation.to.asPointer());
    const auto *values =
        static_cast<const float *>(accumulation.from.asPointer());
    const float number =
        *static_cast<const float *>(accumulation.divisor.asPointer());
    for (uint64_t i = 0; i < accumulation.count; ++i)
      sums[i] = (sums[i] + values[i]) / number;
    return Status::success();
  });
}

Status SynchronousDevice::beginCapture(Stream &) {
  if (recording)
    return internalError(name() + ": a recording has begun already");
  recording = std::make_unique<std::vector<Operation>>();
  return Status::success();
}

StatusOr<std::unique_ptr<Graph>> SynchronousDevice::endCapture(Stream &) {
  if (!recording)
    return internalError(name() + ": no recording has begun");
  auto graph = std::make_unique<RecordedGraph>();
  graph->operations = std::move(*recording);
  recording.reset();
  return std::unique_ptr<Graph>(std::move(graph));
}

Status SynchronousDevice::replay(const Graph &graph, Stream &) {
  for (const Operation &operation :
       static_cast<const RecordedGraph &>(graph).operations)
    SEGC_RETURN_IF_ERROR(operation());
  return Status::success();
}
