//===- GradientAccumulator.cpp - Gradients of parts of a step -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/GradientAccumulator.h"

#include <array>

using namespace segc;

Status GradientAccumulator::reserve() {
  if (divisors.size())
    return Status::success();
  Device &device = runner.device();
  SEGC_RETURN_IF_ERROR(device.prepareAccumulation());
  SEGC_ASSIGN_OR_RETURN(sums, device.allocate(runner.gradients().size(),
                                              "sums of gradients",
                                              /*guards=*/false));
  const std::array<float, 2> numbers = {1, static_cast<float>(parts)};
  SEGC_ASSIGN_OR_RETURN(divisors,
                        device.allocate(sizeof(numbers), "numbers of batches",
                                        /*guards=*/false));
  return runner.write(divisors, 0, numbers.data(), sizeof(numbers));
}

Status GradientAccumulator::add() {
  SEGC_RETURN_IF_ERROR(reserve());
  const DeviceAddress gradients = runner.gradients().address();
  if (added++ == 0)
    return runner.device().copyOnDevice(runner.mainStream(), sums.address(),
                                        gradients, sums.size());
  return runner.device().accumulate(
      runner.mainStream(), {sums.address(), gradients, divisors.address(),
                            sums.size() / sizeof(float)});
}

Status GradientAccumulator::finish() {
  return runner.device().accumulate(
      runner.mainStream(),
      {runner.gradients().address(), sums.address(),
       divisors.address() + sizeof(float), sums.size() / sizeof(float)});
}

Status GradientAccumulator::merge(Stream &stream,
                                  const segc_collective &collective) const {
  if (collective.region != SEGC_REGION_GRADIENTS || added == 0)
    return Status::success();
  const DeviceAddress bucket = DeviceAddress::of(collective.data);
  // Beyond the end as well for a bucket in front of the gradients.
  const uint64_t first = bucket.value - runner.gradients().address().value,
                 bytes = collective.count * sizeof(float);
  if (collective.type != SEGC_F32 || first > sums.size() ||
      bytes > sums.size() - first)
    return internalError("a bucket of " + std::to_string(bytes) +
                         " bytes of gradients from byte " +
                         std::to_string(first) + " on, expected f32 in " +
                         std::to_string(sums.size()) + " bytes");
  return runner.device().accumulate(stream, {bucket, sums.address() + first,
                                             divisors.address() + sizeof(float),
                                             collective.count});
}

StatusOr<uint64_t>
GradientAccumulator::start(const segc_collective &collective) {
  SEGC_RETURN_IF_ERROR(merge(runner.mainStream(), collective));
  return ranks->start(collective);
}

Status GradientAccumulator::prepare(const segc_collective &collective) {
  SEGC_RETURN_IF_ERROR(reserve());
  return ranks->prepare(collective);
}

Status GradientAccumulator::enqueue(Stream &stream,
                                    const segc_collective &collective) {
  SEGC_RETURN_IF_ERROR(merge(stream, collective));
  return ranks->enqueue(stream, collective);
}
