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

#include <memory>
#include <string>
#include <vector>

namespace segc {

/// A batch in memory that suits a model's entries; valid until the next one.
struct TrainBatch {
  const float *image = nullptr;
  const int32_t *label = nullptr;
  int64_t size = 0;
  int64_t firstSample = 0;        ///< place in the whole run
  std::vector<std::string> names; ///< of the cases, for messages
};

class BatchSource {
public:
  virtual ~BatchSource() = default;
  /// The batch of the next step; there is always one more.
  virtual StatusOr<TrainBatch> next() = 0;
  /// Samples of an epoch.
  virtual int64_t samples() const = 0;
  /// Tells data sets and splits apart by the names of the cases and by one
  /// sample.
  virtual StatusOr<std::string> digest() const = 0;
};

/// Shuffled, and augmented if asked for, from a data set; starts at a step.
StatusOr<std::unique_ptr<BatchSource>>
makeLoaderSource(const Dataset &dataset, const LoaderOptions &options);

/// image_0, label_0, image_1, ... of a safetensors file, over and over.
StatusOr<std::unique_ptr<BatchSource>> makeFixedSource(const std::string &path,
                                                       const Manifest &manifest,
                                                       int64_t firstStep);

/// Noise of the model's shapes: for measuring without data.
StatusOr<std::unique_ptr<BatchSource>>
makeSyntheticSource(const EntrySignature &entry, const Manifest &manifest,
                    int64_t batch);

} // namespace segc

#endif // SEGC_RUNTIME_TRAIN_BATCHSOURCE_H
