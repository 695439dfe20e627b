//===- SharedWeights.cpp - Weights that a runner does not own -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Device/ModelRunner.h"

#include <algorithm>

using namespace segc;

namespace {
/// Memory of somebody who outlives the buffer.
class BorrowedMemory : public DeviceMemory {
public:
  BorrowedMemory(DeviceAddress begin, bool ofHost)
      : begin(begin), ofHost(ofHost) {}
  DeviceAddress address() const override { return begin; }
  std::byte *hostData() const override {
    return ofHost ? static_cast<std::byte *>(begin.asPointer()) : nullptr;
  }

private:
  DeviceAddress begin;
  bool ofHost;
};
} // namespace

void ModelRunner::borrow(DeviceBuffer &buffer, DeviceAddress address) const {
  const uint64_t bytes = buffer.size();
  if (bytes > 0)
    buffer = DeviceBuffer(
        std::make_unique<BorrowedMemory>(address, device_->sharesHostMemory()),
        bytes);
}

Status ModelRunner::loadEmbeddedWeights() {
  if (!model->hasWeights())
    return notFound(model->path() +
                    ": no weights are embedded; give --checkpoint, or freeze "
                    "them with `segrun export`");
  const void *weights = model->model().weights,
             *weightStates = model->model().weight_states;
  weightsChanged();
  if (device_->kind() == SEGC_DEVICE_HOST && device_->sharesHostMemory() &&
      !options.training && !options.canaries) {
    borrowsWeights = true;
    borrow(parameterBuffer, DeviceAddress::of(weights));
    if (weightStates)
      borrow(stateBuffer, DeviceAddress::of(weightStates));
    return Status::success();
  }
  SEGC_RETURN_IF_ERROR(
      write(parameterBuffer, 0, weights, parameterBuffer.size()));
  return weightStates ? write(stateBuffer, 0, weightStates, stateBuffer.size())
                      : Status::success();
}

Status ModelRunner::write(const DeviceBuffer &buffer, uint64_t offset,
                          const void *from, uint64_t bytes) const {
  if (borrowsWeights && bytes > 0 &&
      (&buffer == &parameterBuffer || &buffer == &stateBuffer))
    return internalError(model->path() +
                         ": weights that others use were to be written");
  if (&buffer != &optimizerBuffer || !ownStates)
    return device_->write(*stream, buffer, offset, from, bytes);
  if (offset > allStates.size() || bytes > allStates.size() - offset)
    return internalError(model->path() +
                         ": states of the optimizer of all ranks were to be "
                         "written, which are no longer on the host");
  std::copy_n(static_cast<const std::byte *>(from), bytes,
              allStates.data() + offset);
  return Status::success();
}

StatusOr<ModelRunner> ModelRunner::share(std::shared_ptr<Device> device) {
  if (options.training || options.canaries || !device->sharesHostMemory() ||
      !device_->sharesHostMemory())
    return internalError(model->path() + ": weights are shared on the host, by "
                                         "runners that predict without guards");
  if (!preparedIsFresh) {
    segc_scalars none = {};
    SEGC_RETURN_IF_ERROR(prepareWeights(none));
  }
  ModelRunner runner(model, std::move(device));
  runner.options = options;
  SEGC_ASSIGN_OR_RETURN(runner.stream, runner.device_->createStream());
  runner.programs =
      std::make_unique<ProgramRunner>(*runner.device_, *runner.stream);
  const std::pair<DeviceBuffer *, const DeviceBuffer *> shared[] = {
      {&runner.parameterBuffer, &parameterBuffer},
      {&runner.stateBuffer, &stateBuffer},
      {&runner.preparedBuffer, &preparedBuffer}};
  for (auto [own, theirs] : shared) {
    *own = DeviceBuffer(nullptr, theirs->size());
    runner.borrow(*own, theirs->address());
  }
  runner.borrowsWeights = true;
  runner.preparedIsFresh = true;
  runner.releasedBytes = releasedBytes;
  return runner;
}
