//===- BatchSource.h - Sources of training batches --------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_TRAIN_BATCHSOURCE_H
#define SEGC_RUNTIME_TRAIN_BATCHSOURCE_H

#include "segc/Runtime/Core/Manifest.h"
#include "segc/Runtime/Data/Loader.h"
#include "segc/Runtime/Inference/EntryInputs.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace segc {

/// A batch in memory aligned for a model's entries; valid until the next one.
struct TrainBatch {
  std::vector<NamedTensor> tensors;
  int64_t size = 0;
  int64_t firstSample = 0;        ///< number in the whole run
  std::vector<std::string> names; ///< of the cases, for messages
};

class BatchSource {
public:
  virtual ~BatchSource() = default;
  /// Returns the batch of the next step. There is no last one.
  virtual StatusOr<TrainBatch> next() = 0;
  /// Returns the number of samples of an epoch.
  virtual int64_t samples() const = 0;
  /// Returns a hash of the names of the cases and of one sample, which
  /// identifies data set and split.
  virtual StatusOr<std::string> digest() const = 0;
  /// Returns what making the batches took until now; nothing if they are there.
  virtual std::optional<LoaderTimes> times() const { return std::nullopt; }
};

/// Samples of training cases.
struct TrainingSamples {
  const SampleSource &samples;
  const ImageSource &images;      ///< the same as images, for the digest
  std::vector<std::string> names; ///< of the cases
  std::string identity;           ///< names data set and split
};

/// Makes a source of shuffled samples.
StatusOr<std::unique_ptr<BatchSource>>
makeLoaderSource(TrainingSamples samples, const LoaderOptions &options);
/// Makes one of a data set.
StatusOr<std::unique_ptr<BatchSource>>
makeLoaderSource(const Dataset &dataset, const LoaderOptions &options);

/// Which part of the batches of a step is this process's.
struct RankPart {
  int64_t rank = 0, size = 1;
};

/// Makes a source that repeats image_0, label_0, image_1, ... of a safetensors
/// file, one for each rank and step.
StatusOr<std::unique_ptr<BatchSource>> makeFixedSource(const std::string &path,
                                                       const Manifest &manifest,
                                                       int64_t firstStep,
                                                       RankPart part = {});

/// Makes a source of noise for measurements without data.
StatusOr<std::unique_ptr<BatchSource>>
makeSyntheticSource(const EntrySignature &entry, const Manifest &manifest,
                    int64_t batch);

} // namespace segc

#endif // SEGC_RUNTIME_TRAIN_BATCHSOURCE_H
