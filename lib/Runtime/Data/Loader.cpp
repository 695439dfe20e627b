//===- Loader.cpp - Batches, one step ahead -------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Loader.h"
#include "segc/Base/Exceptions.h"
#include "segc/Runtime/Data/EpochOrder.h"

#include <algorithm>

using namespace segc;

StatusOr<std::unique_ptr<Loader>> Loader::create(const Dataset &dataset,
                                                 Split split,
                                                 const LoaderOptions &options) {
  if (options.batch < 1 || options.ahead < 1 || options.worldSize < 1 ||
      options.rank < 0 || options.rank >= options.worldSize)
    return invalidArgument(
        "loader: batch " + std::to_string(options.batch) + ", ahead " +
        std::to_string(options.ahead) + ", rank " +
        std::to_string(options.rank) + " of " +
        std::to_string(options.worldSize) +
        ", expected positive numbers and a rank below the world size");
  if (options.batch > 1 << 20 || options.ahead > 1 << 10)
    return invalidArgument("loader: batch " + std::to_string(options.batch) +
                           ", " + std::to_string(options.ahead) +
                           " ahead, expected at most 1048576 and 1024");
  if (dataset.count(split) == 0) {
    // It may say why.
    SEGC_RETURN_IF_ERROR(dataset.load(split));
    return invalidArgument(std::string("the data set has no ") +
                           splitName(split) +
                           " cases; check the fold and the train split");
  }
  std::unique_ptr<Loader> loader(new Loader(dataset, split, options));
  for (const auto &batch : loader->spare)
    if (!batch->image.data() || (options.labels && !batch->label.data()))
      return ioError("loader: no memory for batches of " +
                     std::to_string(options.batch) +
                     " samples; choose a smaller batch");
  SEGC_RETURN_IF_ERROR(
      withoutExceptions([&] {
        loader->thread = std::thread([raw = loader.get()] { raw->run(); });
        return Status::success();
      }).withContext("cannot start the thread that reads the data"));
  return loader;
}

Loader::Loader(const Dataset &dataset, Split split,
               const LoaderOptions &options)
    : dataset(dataset), split(split), options(options) {
  for (int64_t size : dataset.imageShape())
    imageElements *= static_cast<size_t>(size);
  for (int64_t size : dataset.labelShape())
    labelElements *= static_cast<size_t>(size);
  // One more: the caller holds the current one.
  for (int64_t i = 0; i <= options.ahead; ++i) {
    auto batch = std::make_unique<Batch>();
    const auto samples = static_cast<size_t>(options.batch);
    batch->image = BatchArray<float>(samples * imageElements);
    if (options.labels)
      batch->label = BatchArray<int32_t>(samples * labelElements);
    spare.push_back(std::move(batch));
  }
}

Loader::~Loader() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    stopping = true;
  }
  changed.notify_all();
  if (thread.joinable())
    thread.join();
}

Status Loader::fill(Batch &batch, EpochOrder &order) const {
  const auto size = static_cast<uint64_t>(options.batch);
  batch.firstSample = (batch.step * static_cast<uint64_t>(options.worldSize) +
                       static_cast<uint64_t>(options.rank)) *
                      size;
  uint64_t count = size;
  if (options.samples)
    count = batch.firstSample >= options.samples
                ? 0
                : std::min(size, options.samples - batch.firstSample);
  batch.size = static_cast<int64_t>(count);
  batch.cases.clear();
  for (size_t i = 0; i < count; ++i) {
    const uint64_t sample = batch.firstSample + i;
    batch.cases.push_back(order.at(sample));
    SEGC_RETURN_IF_ERROR(dataset.sample(
        split, batch.cases.back(), {options.seed, sample, options.augment},
        batch.image.data() + i * imageElements,
        options.labels ? batch.label.data() + i * labelElements : nullptr));
  }
  return Status::success();
}

void Loader::run() {
  EpochOrder order(dataset.count(split), options.seed, options.shuffle);
  for (uint64_t step = options.firstStep;; ++step) {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return stopping || !spare.empty(); });
    if (stopping)
      return;
    std::unique_ptr<Batch> batch = std::move(spare.front());
    spare.pop_front();
    lock.unlock();

    batch->step = step;
    // Nobody catches what leaves a thread.
    Status status = withoutExceptions([&] { return fill(*batch, order); });

    lock.lock();
    finished = !status.ok() || batch->size == 0;
    failure = status;
    if (!finished)
      ready.push_back(std::move(batch));
    changed.notify_all();
    if (finished)
      return;
  }
}

StatusOr<const Batch *> Loader::next() {
  std::unique_lock<std::mutex> lock(mutex);
  if (current) {
    spare.push_back(std::move(current));
    changed.notify_all();
  }
  changed.wait(lock, [&] { return finished || !ready.empty(); });
  if (ready.empty()) {
    if (!failure.ok())
      return failure;
    return static_cast<const Batch *>(nullptr);
  }
  current = std::move(ready.front());
  ready.pop_front();
  return static_cast<const Batch *>(current.get());
}
