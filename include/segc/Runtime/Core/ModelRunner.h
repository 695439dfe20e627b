//===- ModelRunner.h - Memory and calls of one model ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_CORE_MODELRUNNER_H
#define SEGC_RUNTIME_CORE_MODELRUNNER_H

#include "segc/Runtime/Core/AlignedBuffer.h"
#include "segc/Runtime/Core/KernelObserver.h"
#include "segc/Runtime/Core/ModelLibrary.h"
#include "segc/Runtime/Core/ThreadPool.h"

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

/// What an entry wrote to one of its outputs.
struct OutputView {
  const TensorSignature *signature = nullptr;
  const void *data = nullptr;
  const float *floats() const { return static_cast<const float *>(data); }
};

/// Owns the memory of one model and calls its entries. Not thread-safe.
class ModelRunner {
public:
  static StatusOr<ModelRunner> create(std::shared_ptr<const ModelLibrary> model,
                                      ThreadPool &pool, RunnerOptions options);

  /// Parameters, states and optimizer slots as the manifest says; a value
  /// depends on the seed, the tensor's name and the element alone.
  void initialize(uint64_t seed);
  /// Takes the weights that the artefact carries.
  Status loadEmbeddedWeights();

  /// Runs an entry on the first `batch` samples of `inputs`, which are those
  /// of the manifest in its order. Refreshes `prepared` first where the
  /// entry may read it and the weights have changed.
  Status call(const std::string &entry, const std::vector<void *> &inputs,
              int64_t batch, const segc_scalars &scalars = {});
  /// The output of the last call of `entry`; no data if there is none.
  OutputView output(const std::string &entry, const std::string &name) const;

  const ModelLibrary &library() const { return *model; }
  const Manifest &manifest() const { return model->manifest(); }
  const AlignedBuffer &parameters() const { return parameterBuffer; }
  const AlignedBuffer &states() const { return stateBuffer; }
  const AlignedBuffer &gradients() const { return gradientBuffer; }
  const AlignedBuffer &optimizer() const { return optimizerBuffer; }
  /// To be called by whoever writes parameters or states from outside.
  void weightsChanged() { preparedIsFresh = false; }
  /// Bytes of the largest arena so far, without the workers' scratch.
  uint64_t arenaBytes() const { return plannedArena; }
  unsigned workers() const { return pool->workers(); }
  ThreadPool &threadPool() const { return *pool; }

  /// Null observes nothing; kernels then run without a clock.
  void setObserver(KernelObserver *newObserver) { observer = newObserver; }

private:
  ModelRunner(std::shared_ptr<const ModelLibrary> model, ThreadPool &pool)
      : model(std::move(model)), pool(&pool) {}
  Status invoke(const std::string &entry, const std::vector<void *> &inputs,
                int64_t batch, const segc_scalars &scalars);
  Status reserve(const std::string &entry);
  Status checkGuards(const std::string &entry) const;

  std::shared_ptr<const ModelLibrary> model;
  ThreadPool *pool;
  KernelObserver *observer = nullptr;
  RunnerOptions options;
  AlignedBuffer parameterBuffer, stateBuffer, gradientBuffer, optimizerBuffer,
      preparedBuffer, arena;
  uint64_t plannedArena = 0;
  std::map<std::string, std::vector<AlignedBuffer>> outputs;
  bool preparedIsFresh = false;
};

} // namespace segc

#endif // SEGC_RUNTIME_CORE_MODELRUNNER_H
