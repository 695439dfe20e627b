//===- ModelRunner.h - Memory and calls of one model ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DEVICE_MODELRUNNER_H
#define SEGC_RUNTIME_DEVICE_MODELRUNNER_H

#include "segc/Runtime/Core/KernelObserver.h"
#include "segc/Runtime/Core/ModelLibrary.h"
#include "segc/Runtime/Device/Device.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace segc {

struct RunnerOptions {
  /// Allocate gradients and optimizer state.
  bool training = false;
  /// Guard every buffer and check the guards after each call.
  bool canaries = false;
};

/// What an entry wrote to one of its outputs, in memory of the host.
struct OutputView {
  const TensorSignature *signature = nullptr;
  const void *data = nullptr;
  const float *floats() const { return static_cast<const float *>(data); }
};

/// Owns the memory of one model on a device and calls its entries there. Not
/// thread-safe.
class ModelRunner {
public:
  static StatusOr<ModelRunner> create(std::shared_ptr<const ModelLibrary> model,
                                      std::shared_ptr<Device> device,
                                      RunnerOptions options);

  /// Parameters, states and optimizer slots as the manifest says; a value
  /// depends on the seed, the tensor's name and the element alone.
  Status initialize(uint64_t seed);
  /// Takes the weights that the artefact carries.
  Status loadEmbeddedWeights();

  /// Runs an entry on the first `batch` samples of `inputs`, which are those
  /// of the manifest in its order, in memory of the host. Refreshes `prepared`
  /// first where the entry may read it and the weights have changed.
  Status call(const std::string &entry, const std::vector<void *> &inputs,
              int64_t batch, const segc_scalars &scalars = {});
  /// The output of the last call of `entry`; no data if there is none.
  OutputView output(const std::string &entry, const std::string &name) const;

  const ModelLibrary &library() const { return *model; }
  const Manifest &manifest() const { return model->manifest(); }
  const DeviceBuffer &parameters() const { return parameterBuffer; }
  const DeviceBuffer &states() const { return stateBuffer; }
  const DeviceBuffer &gradients() const { return gradientBuffer; }
  const DeviceBuffer &optimizer() const { return optimizerBuffer; }
  /// What a buffer of this runner holds, and a change of a part of it.
  StatusOr<HostView> read(const DeviceBuffer &buffer) const {
    return device_->read(*stream, buffer);
  }
  Status write(const DeviceBuffer &buffer, uint64_t offset, const void *from,
               uint64_t bytes) const {
    return device_->write(*stream, buffer, offset, from, bytes);
  }
  /// To be called by whoever writes parameters or states from outside.
  void weightsChanged() { preparedIsFresh = false; }
  /// Bytes of the largest arena so far, without the workers' scratch.
  uint64_t arenaBytes() const { return plannedArena; }
  unsigned workers() const { return device_->workers(); }
  Device &device() const { return *device_; }
  /// The stream on which the entries run.
  Stream &mainStream() const { return *stream; }

  /// Null observes nothing; kernels then run without a clock.
  void setObserver(KernelObserver *newObserver) { observer = newObserver; }

private:
  ModelRunner(std::shared_ptr<const ModelLibrary> model,
              std::shared_ptr<Device> device)
      : model(std::move(model)), device_(std::move(device)) {}
  Status invoke(const std::string &entry, const std::vector<void *> &inputs,
                int64_t batch, const segc_scalars &scalars);
  Status reserve(const std::string &entry);
  Status checkGuards(const std::string &entry) const;
  /// Lets `writer` write the whole of `buffer`: in place where the host shares
  /// the memory, else through a copy.
  Status fill(const DeviceBuffer &buffer,
              const std::function<void(std::byte *)> &writer);

  std::shared_ptr<const ModelLibrary> model;
  std::shared_ptr<Device> device_; ///< Before all that it allocated.
  std::unique_ptr<Stream> stream;
  KernelObserver *observer = nullptr;
  RunnerOptions options;
  DeviceBuffer parameterBuffer, stateBuffer, gradientBuffer, optimizerBuffer,
      preparedBuffer, arena;
  uint64_t plannedArena = 0;
  std::map<std::string, std::vector<DeviceBuffer>> outputs;
  bool preparedIsFresh = false;
};

} // namespace segc

#endif // SEGC_RUNTIME_DEVICE_MODELRUNNER_H
