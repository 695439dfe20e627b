//===- BatchFeed.h - Batches on their way to a step -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_TRAIN_BATCHFEED_H
#define SEGC_RUNTIME_TRAIN_BATCHFEED_H

#include "segc/Runtime/Device/ModelRunner.h"
#include "segc/Runtime/Train/BatchSource.h"

#include <optional>
#include <string>
#include <vector>

namespace segc {

/// Brings batches to an entry that trains. Where another entry feeds it, that
/// one is called on each batch, and the batch of the next step is copied to the
/// device while it computes this one.
class BatchFeed {
public:
  BatchFeed(ModelRunner &runner, BatchSource &source)
      : runner(runner), source(source) {}

  /// A batch; without tensors where it is on the device.
  struct Fed {
    TrainBatch batch;
    std::vector<void *> inputs; ///< of calls of the entry
  };
  /// Takes the next batch to `entry`.
  StatusOr<Fed> next(const std::string &entry);
  /// Calls an entry on a batch; the caller takes another one after it if
  /// `goesOn`.
  Status call(const std::string &entry, const Fed &fed, segc_scalars &scalars,
              bool goesOn);

private:
  StatusOr<TrainBatch> upload(const std::string &producer);

  ModelRunner &runner;
  BatchSource &source;
  /// The batch that was copied ahead, or why there is none.
  std::optional<StatusOr<TrainBatch>> ahead;
};

} // namespace segc

#endif // SEGC_RUNTIME_TRAIN_BATCHFEED_H
