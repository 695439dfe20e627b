//===- ModelRunner.h - Memory and calls of one model ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DEVICE_MODELRUNNER_H
#define SEGC_RUNTIME_DEVICE_MODELRUNNER_H

#include "segc/Runtime/Core/KernelObserver.h"
#include "segc/Runtime/Core/MemoryPlan.h"
#include "segc/Runtime/Core/ModelLibrary.h"
#include "segc/Runtime/Core/ProgramRanges.h"
#include "segc/Runtime/Device/Device.h"
#include "segc/Runtime/Device/ProgramRunner.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace segc {

struct RunnerOptions {
  /// Allocate gradients and optimizer state.
  bool training = false;
  /// Guard every buffer, check the guards after each call, and on a device
  /// wait for each kernel.
  bool canaries = false;
  /// What the memory check of a training counts as well: gradients of several
  /// batches are added, and those that travel to other ranks in 16 bits are
  /// rounded on the device.
  bool accumulates = false, exchanges = false;
  /// Other processes can map the gradients, where the device has such memory.
  bool sharesGradients = false;
  /// Which of how many ranks trains here. Of an optimizer that they share, a
  /// device with memory of its own gets the states that this rank owns.
  int64_t rank = 0, ranks = 1;
};

/// An output of an entry, in memory of the host.
struct OutputView {
  const TensorSignature *signature = nullptr;
  const void *data = nullptr;
  const float *floats() const { return static_cast<const float *>(data); }
};

/// Owns the memory of one model on a device and runs its entries there. It is
/// not thread-safe.
class ModelRunner {
public:
  static StatusOr<ModelRunner> create(std::shared_ptr<const ModelLibrary> model,
                                      std::shared_ptr<Device> device,
                                      RunnerOptions options);

  /// Initialises parameters, states and optimizer slots by the manifest. A
  /// value depends on the seed, the tensor's name and the element alone.
  Status initialize(uint64_t seed);
  /// Takes the weights that are embedded in the model: where the host predicts
  /// without guards, as they lie in its file, after which nobody may write
  /// them.
  Status loadEmbeddedWeights();
  /// Makes a runner for another thread that predicts with the weights of this
  /// one and has an arena and a stream of its own, both on the host; `device`
  /// has the threads. Lays filters out first. This runner must outlive it, keep
  /// its weights and run nothing meanwhile.
  StatusOr<ModelRunner> share(std::shared_ptr<Device> device);

  /// Runs an entry on the first `batch` samples of `inputs`, which are those
  /// of the manifest in its order, in memory of the host. Refreshes `prepared`
  /// first where the entry may read it and the weights have changed.
  /// Entries that end a step advance the scalars, whatever the version of the
  /// model.
  /// On a device with memory of its own `meanwhile` is called while the device
  /// works: it may only upload inputs.
  Status call(const std::string &entry, const std::vector<void *> &inputs,
              int64_t batch, segc_scalars &scalars,
              const std::function<void()> &meanwhile = nullptr);
  Status call(const std::string &entry, const std::vector<void *> &inputs,
              int64_t batch) {
    segc_scalars none = {};
    return call(entry, inputs, batch, none);
  }
  /// From now on outputs of an entry are valid until the next call of any: on
  /// the host they lie in the arena, where they fit in or behind it. Nothing
  /// changes with guards, and for models without programs.
  void shareOutputs(const std::string &entry);
  /// From now on the inputs of `entry` are the outputs of `producer` with their
  /// names, where they lie: calls of it are given none. On a device with memory
  /// of its own the host does not see these outputs. Allocates what calls of
  /// `producer` take.
  Status feed(const std::string &producer, const std::string &entry);
  /// Brings the inputs of the next call of an entry that feeds others to the
  /// device, where the memory of its last call must be free; that call is given
  /// none then. If the host shares the memory, inputs stay where they are.
  Status upload(const std::string &entry, const std::vector<void *> &inputs,
                int64_t batch);
  /// Returns what feeds an entry; empty if nothing does.
  const std::string &producerOf(const std::string &entry) const;
  /// Lays filters out and gives the pages of parameters back that `predict`
  /// does not read then. Nothing but `predict` may be called from now on,
  /// parameters read as zeros, and only weights that are written as a whole may
  /// change them. Nothing changes with guards, on a device with memory of its
  /// own, and for models without programs.
  Status releaseWeights();
  /// Returns what a prediction allocates on the device as the runner is now.
  MemoryPlan predictionMemory() const;

  /// Returns an output of the last call of `entry`; no data if there is none.
  OutputView output(const std::string &entry, const std::string &name) const;

  const ModelLibrary &library() const { return *model; }
  const Manifest &manifest() const { return model->manifest(); }
  const DeviceBuffer &parameters() const { return parameterBuffer; }
  const DeviceBuffer &states() const { return stateBuffer; }
  const DeviceBuffer &gradients() const { return gradientBuffer; }
  const DeviceBuffer &optimizer() const { return optimizerBuffer; }
  /// Reads a buffer of this runner, or writes a part of it. Of an optimizer
  /// that ranks share both are of all states, on the host, which has them until
  /// forgetAllStates() and from readOwnStates() on.
  StatusOr<HostView> read(const DeviceBuffer &buffer) const;
  Status write(const DeviceBuffer &buffer, uint64_t offset, const void *from,
               uint64_t bytes) const;
  /// Writes the states that this rank owns to a device that has those alone
  /// (RunnerOptions::ranks); nothing to others.
  Status writeOwnStates();
  /// Returns memory of the host for the states of all ranks, with those of this
  /// rank as the device has them.
  StatusOr<std::byte *> readOwnStates();
  void forgetAllStates() { allStates = AlignedBuffer(); }
  /// Must be called after the caller has written parameters or states.
  void weightsChanged() { preparedIsFresh = false; }
  /// Returns the bytes of the largest arena so far, without the workers'
  /// scratch.
  uint64_t arenaBytes() const { return plannedArena; }
  unsigned workers() const { return device_->workers(); }
  Device &device() const { return *device_; }
  /// For what outlives the runner.
  const std::shared_ptr<Device> &sharedDevice() const { return device_; }
  /// Returns the stream on which the entries run.
  Stream &mainStream() const { return *stream; }

  /// Entries whose programs have collectives need them.
  void setCollectives(Collectives *newCollectives) {
    collectives = newCollectives;
    programs->setCollectives(newCollectives);
  }

  /// Sets who observes the kernels. Null: nobody, and no time is measured.
  void setObserver(KernelObserver *newObserver) { observer = newObserver; }

private:
  ModelRunner(std::shared_ptr<const ModelLibrary> model,
              std::shared_ptr<Device> device)
      : model(std::move(model)), device_(std::move(device)) {}

  /// Memory of an input or output, and the host's copy of it.
  struct Tensor {
    DeviceBuffer buffer;
    DeviceBuffer staging; ///< empty where the host shares the memory, or sees
                          ///< nothing of it
    void *hostData() const {
      return staging.size() ? staging.hostData() : buffer.hostData();
    }
  };
  struct EntryMemory {
    std::vector<Tensor> inputs;  ///< empty if kernels read the host's memory
    std::vector<Tensor> outputs; ///< empty if they lie in the arena
  };

  Status invoke(const std::string &entry, const std::vector<void *> &inputs,
                int64_t batch, segc_scalars &scalars,
                const std::function<void()> &meanwhile = nullptr);
  /// Calls the entry, on the host.
  Status callEntry(const std::string &entry, const std::vector<void *> &inputs,
                   int64_t batch, segc_scalars &scalars);
  /// Runs the program of the entry, on any device.
  Status runProgram(const std::string &entry, const std::vector<void *> &inputs,
                    int64_t batch, segc_scalars &scalars,
                    const std::function<void()> &meanwhile);
  /// Returns the addresses of the inputs of a program: fed, uploaded before, or
  /// copied now.
  StatusOr<std::vector<DeviceAddress>>
  placeInputs(const std::string &entry, const std::vector<void *> &inputs,
              int64_t batch);
  StatusOr<std::vector<DeviceAddress>>
  copyInputs(const std::string &entry, const std::vector<void *> &inputs,
             int64_t batch, Stream &onStream);
  /// Whether calls of the entry are given no inputs.
  bool hasInputs(const std::string &entry) const {
    return !producerOf(entry).empty() || uploads.count(entry);
  }
  /// The memory of the producer's output that is an input of `entry`.
  const Tensor &fedTensor(const std::string &entry,
                          const TensorSignature &input) const;
  bool feedsOthers(const std::string &entry) const;
  Status reserve(const std::string &entry);
  /// Takes the place of `buffer` with memory that somebody else owns.
  void borrow(DeviceBuffer &buffer, DeviceAddress address) const;
  /// Whether the host runs programs in memory without guards.
  bool usesPlainMemory() const;
  /// Memory of the host for an output of an entry that was called.
  void *outputData(const std::string &entry, size_t index) const;
  Status prepareWeights(segc_scalars &scalars);
  /// Checks the device's free memory against what the model takes.
  Status checkMemory() const;
  /// The bytes of the optimizer that this rank owns where it has no others.
  std::optional<std::vector<ByteRange>> findOwnStates() const;
  Status allocateOptimizer();
  Status allocateTensors(const std::vector<TensorSignature> &signatures,
                         bool isStaged, std::vector<Tensor> &tensors);
  Status checkGuards(const std::string &entry) const;
  /// Calls `writer` on memory for the whole of `buffer`: the buffer itself if
  /// the host shares it, else memory that is copied to it.
  Status fill(const DeviceBuffer &buffer,
              const std::function<void(std::byte *)> &writer);

  std::shared_ptr<const ModelLibrary> model;
  std::shared_ptr<Device> device_; ///< Destroyed after its allocations.
  std::unique_ptr<Stream> stream;
  std::unique_ptr<ProgramRunner> programs;
  KernelObserver *observer = nullptr;
  Collectives *collectives = nullptr;
  RunnerOptions options;
  DeviceBuffer parameterBuffer, stateBuffer, gradientBuffer, optimizerBuffer,
      preparedBuffer, scalarBuffer, arena;
  std::optional<std::vector<ByteRange>> ownStates; ///< none: the device has all
  AlignedBuffer allStates; ///< of all ranks, on the host, or empty
  uint64_t plannedArena = 0;
  std::map<std::string, EntryMemory> entries;
  std::map<std::string, OutputPlaces> shared;   ///< of entries
  std::map<std::string, std::string> producers; ///< of the inputs of entries
  /// Inputs of the next calls of entries; copied on a stream of their own.
  std::map<std::string, std::vector<DeviceAddress>> uploads;
  std::unique_ptr<Stream> uploadStream;
  std::unique_ptr<Event> uploaded;
  bool preparedIsFresh = false;
  bool borrowsWeights = false; ///< of the model's file or another runner
  bool releasesWeights = false;
  uint64_t releasedBytes = 0; ///< of the parameters
};

} // namespace segc

#endif // SEGC_RUNTIME_DEVICE_MODELRUNNER_H
