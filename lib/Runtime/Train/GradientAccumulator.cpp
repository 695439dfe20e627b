//===- GradientAccumulator.cpp - Gradients of parts of a step -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/GradientAccumulator.h"

using namespace segc;

Status GradientAccumulator::add() {
  SEGC_ASSIGN_OR_RETURN(const HostView gradients,
                        runner.read(runner.gradients()));
  const float *values = gradients.floats();
  if (added++ == 0)
    sums.assign(values, values + gradients.floatCount());
  else
    for (size_t i = 0; i < sums.size(); ++i)
      sums[i] += values[i];
  return Status::success();
}

/// The mean of the parts: of their sum without the last one, and that one.
static void formMean(const float *sums, float *last, uint64_t count,
                     int64_t parts) {
  for (uint64_t i = 0; i < count; ++i)
    last[i] = (sums[i] + last[i]) / static_cast<float>(parts);
}

Status GradientAccumulator::finish() {
  SEGC_ASSIGN_OR_RETURN(const HostView last, runner.read(runner.gradients()));
  std::vector<float> mean(last.floats(), last.floats() + last.floatCount());
  formMean(sums.data(), mean.data(), mean.size(), parts);
  return runner.write(runner.gradients(), 0, mean.data(), last.size());
}

Status GradientAccumulator::merge(const segc_collective &collective) const {
  if (collective.region != SEGC_REGION_GRADIENTS || added == 0)
    return Status::success();
  if (!runner.gradients().hostData())
    return unsupported("--accumulate: several ranks add up gradients on the "
                       "CPU only; leave it out, or start one process");
  auto *bucket = static_cast<float *>(collective.data);
  const int64_t first = bucket - runner.gradients().hostFloats();
  if (collective.type != SEGC_F32 || first < 0 ||
      static_cast<uint64_t>(first) + collective.count > sums.size())
    return internalError("a bucket of gradients from value " +
                         std::to_string(first) + " on, expected f32 in " +
                         std::to_string(sums.size()) + " values");
  formMean(sums.data() + first, bucket, collective.count, parts);
  return Status::success();
}

StatusOr<uint64_t>
GradientAccumulator::start(const segc_collective &collective) {
  SEGC_RETURN_IF_ERROR(merge(collective));
  return ranks->start(collective);
}

Status GradientAccumulator::enqueue(Stream &stream,
                                    const segc_collective &collective) {
  SEGC_RETURN_IF_ERROR(merge(collective));
  return ranks->enqueue(stream, collective);
}
