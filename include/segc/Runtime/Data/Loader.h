//===- Loader.h - Loader of batches on several threads ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//
// Threads prepare the next batches while the network computes. What a step
// gets is a pure function of (data set, options, step), so a run resumes by
// starting at its step.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_LOADER_H
#define SEGC_RUNTIME_DATA_LOADER_H

#include "segc/Runtime/Data/DataSet.h"

#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace segc {

struct LoaderOptions {
  int64_t batch = 1;
  uint64_t seed = 0; ///< Of order and augmentation.
  bool shuffle = true;
  /// Every sample draws its case, as nnU-Net v2 does: there are no epochs.
  bool drawCases = false;
  /// How many samples that follow each other show one case.
  int64_t samplesPerCase = 1;
  bool augment = false;
  uint64_t firstStep = 0;
  /// Global index of the first sample of that step; by default behind those of
  /// as many steps of as many ranks.
  std::optional<uint64_t> firstSample;
  /// Number of samples to give out, 0 for no end. The last batch may be
  /// smaller; use count(split) to see every case once.
  uint64_t samples = 0;
  /// This process of several, which take the batches of a step in turns.
  int64_t worldSize = 1, rank = 0;
  /// Threads that make batches; the bytes do not depend on it.
  int64_t threads = 1;
  /// Batches prepared ahead, at least one for each thread.
  int64_t ahead = 2;
};

/// Memory aligned for a model's entries.
template <typename T>
class BatchArray {
public:
  BatchArray() = default;
  explicit BatchArray(size_t count)
      : elements(static_cast<T *>(
            std::aligned_alloc(alignment, (count * sizeof(T) + alignment - 1) /
                                              alignment * alignment))) {}
  T *data() { return elements.get(); }
  const T *data() const { return elements.get(); }

private:
  static constexpr size_t alignment = 64;
  struct Free {
    void operator()(T *pointer) const { std::free(pointer); }
  };
  std::unique_ptr<T, Free> elements;
};

/// Samples of one tensor.
struct BatchTensor {
  std::string name;
  size_t sampleBytes = 0;
  BatchArray<std::byte> memory;
};

struct Batch {
  uint64_t step = 0;
  int64_t size = 0;                 ///< Samples in it.
  uint64_t firstSample = 0;         ///< Global index of the first one.
  std::vector<int64_t> cases;       ///< Their indices in the split.
  std::vector<BatchTensor> tensors; ///< Those of the source.

  /// The tensor of this name, of which the source must have one.
  const float *floats(const std::string &name) const;
  const int32_t *integers(const std::string &name) const;
};

/// Seconds since the loader began.
struct LoaderTimes {
  double waited = 0; ///< In next(), for a batch that was not ready.
  double worked = 0; ///< Processor time of the threads: taken from a network
                     ///< that computes on the same cores.
};

class Loader {
public:
  /// `source` must outlive the loader.
  static StatusOr<std::unique_ptr<Loader>>
  create(const SampleSource &source, Split split, const LoaderOptions &options);
  Loader(const Loader &) = delete;
  Loader &operator=(const Loader &) = delete;
  ~Loader();

  /// The next step's batch, null after the last. It belongs to the loader and
  /// is overwritten by the next call. After an error every call returns it.
  StatusOr<const Batch *> next();
  LoaderTimes times();

private:
  /// What became of a step: a batch, an error, or neither at the end.
  struct Outcome {
    std::unique_ptr<Batch> batch;
    Status status;
  };

  Loader(const SampleSource &source, Split split, const LoaderOptions &options);
  Status allocate();
  /// The work of one thread.
  void run();
  Status fill(Batch &batch, class PatchSampler &sampler) const;

  const SampleSource &source;
  Split split;
  LoaderOptions options;

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::unique_ptr<Batch>> spare;
  uint64_t begun;     ///< The step that a thread begins next.
  uint64_t delivered; ///< The step that next() answers with.
  /// Steps behind an error or the end are not begun.
  uint64_t lastStep = UINT64_MAX;
  std::map<uint64_t, Outcome> outcomes; ///< Of steps from `delivered` on.
  std::unique_ptr<Batch> current;
  bool stopping = false;
  LoaderTimes spent;
  std::vector<std::thread> threads;
};

} // namespace segc

#endif // SEGC_RUNTIME_DATA_LOADER_H
