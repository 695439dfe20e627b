//===- OptimizerShard.cpp - A rank's part of an optimizer's states --------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// A device of its own has memory for the states that its rank owns, from the
// start: those of all ranks may be more than fits. Initial values, and those of
// a checkpoint, are of all; they are on the host until the first step.

#include "segc/Runtime/Core/Shards.h"
#include "segc/Runtime/Device/ModelRunner.h"

using namespace segc;

std::optional<std::vector<ByteRange>> ModelRunner::findOwnStates() const {
  const segc_program *step = model->program("train_step");
  if (!options.training || options.ranks < 2 || !step ||
      device_->sharesHostMemory())
    return std::nullopt;
  const segc_shards shards = optimizerShards(*step);
  if (shards.elements == 0)
    return std::nullopt;
  const ElementRange own =
      shardsOf(shards, options.ranks,
               shards.elements)[static_cast<size_t>(options.rank)];
  std::vector<ByteRange> ranges;
  for (const OptimizerSlot &slot : manifest().optimizer.slots)
    if (own.size() > 0) {
      const auto offset = static_cast<uint64_t>(slot.offset);
      ranges.push_back({offset + own.begin * sizeof(float),
                        offset + own.end * sizeof(float)});
    }
  return ranges;
}

Status ModelRunner::allocateOptimizer() {
  constexpr const char *what = "optimizer state";
  const auto bytes = static_cast<uint64_t>(manifest().optimizerBytes);
  if (!ownStates || options.canaries) {
    SEGC_ASSIGN_OR_RETURN(optimizerBuffer,
                          device_->allocate(bytes, what, options.canaries));
  } else {
    SEGC_ASSIGN_OR_RETURN(optimizerBuffer,
                          device_->allocateParts(bytes, *ownStates, what));
  }
  if (ownStates) {
    SEGC_ASSIGN_OR_RETURN(
        allStates,
        AlignedBuffer::create(bytes, "optimizer state of all ranks"));
  }
  return Status::success();
}

StatusOr<HostView> ModelRunner::read(const DeviceBuffer &buffer) const {
  if (&buffer != &optimizerBuffer || !ownStates || buffer.size() == 0)
    return device_->read(*stream, buffer);
  if (allStates.size() == 0)
    return internalError(model->path() +
                         ": states of the optimizer were to be read before "
                         "those of other ranks are on the host");
  return HostView(allStates.data(), allStates.size());
}

Status ModelRunner::writeOwnStates() {
  if (!ownStates)
    return Status::success();
  for (const ByteRange &range : *ownStates)
    SEGC_RETURN_IF_ERROR(device_->copyToDevice(
        *stream, optimizerBuffer.address() + range.begin,
        allStates.data() + range.begin, range.end - range.begin));
  return device_->synchronize(*stream);
}

StatusOr<std::byte *> ModelRunner::readOwnStates() {
  if (!ownStates)
    return internalError(model->path() +
                         ": ranks share the optimizer of a runner that was "
                         "not told its rank");
  SEGC_ASSIGN_OR_RETURN(allStates,
                        AlignedBuffer::create(optimizerBuffer.size(),
                                              "optimizer state of all ranks"));
  for (const ByteRange &range : *ownStates)
    SEGC_RETURN_IF_ERROR(device_->copyToHost(
        *stream, allStates.data() + range.begin,
        optimizerBuffer.address() + range.begin, range.end - range.begin));
  SEGC_RETURN_IF_ERROR(device_->synchronize(*stream));
  return allStates.data();
}
