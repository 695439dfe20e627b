//===- BatchFeed.cpp - Batches on their way to a step ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/BatchFeed.h"

using namespace segc;

StatusOr<TrainBatch> BatchFeed::upload(const std::string &producer) {
  SEGC_ASSIGN_OR_RETURN(TrainBatch batch, source.next());
  SEGC_ASSIGN_OR_RETURN(
      const std::vector<void *> inputs,
      inputsOf(*runner.manifest().entry(producer), batch.tensors));
  SEGC_RETURN_IF_ERROR(runner.upload(producer, inputs, batch.size));
  batch.tensors.clear();
  return batch;
}

StatusOr<BatchFeed::Fed> BatchFeed::next(const std::string &entry) {
  const std::string &producer = runner.producerOf(entry);
  Fed fed;
  if (producer.empty()) {
    SEGC_ASSIGN_OR_RETURN(fed.batch, source.next());
    SEGC_ASSIGN_OR_RETURN(fed.inputs, inputsOf(*runner.manifest().entry(entry),
                                               fed.batch.tensors));
    return fed;
  }
  StatusOr<TrainBatch> batch = ahead ? std::move(*ahead) : upload(producer);
  ahead.reset();
  SEGC_RETURN_IF_ERROR(batch.status());
  fed.batch = std::move(*batch);
  SEGC_RETURN_IF_ERROR(runner.call(producer, {}, fed.batch.size));
  return fed;
}

Status BatchFeed::call(const std::string &entry, const Fed &fed,
                       segc_scalars &scalars, bool goesOn) {
  const std::string &producer = runner.producerOf(entry);
  std::function<void()> meanwhile;
  // What is wrong with the next batch ends the next step.
  if (goesOn && !producer.empty())
    meanwhile = [&] { ahead.emplace(upload(producer)); };
  return runner.call(entry, fed.inputs, fed.batch.size, scalars, meanwhile);
}
