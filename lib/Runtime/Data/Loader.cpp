//===- Loader.cpp - Loader of batches on several threads ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Loader.h"
#include "segc/Base/Exceptions.h"
#include "segc/Base/ThreadTime.h"
#include "segc/Runtime/Data/PatchSampler.h"

#include <algorithm>
#include <chrono>

using namespace segc;

static constexpr int64_t maxBatch = 1 << 20, maxAhead = 1 << 10,
                         maxThreads = 256;

static Status checkOptions(const LoaderOptions &options) {
  if (options.batch < 1 || options.ahead < 1 || options.threads < 1 ||
      options.samplesPerCase < 1 || options.worldSize < 1 || options.rank < 0 ||
      options.rank >= options.worldSize)
    return invalidArgument(
        "loader: batch " + std::to_string(options.batch) + ", ahead " +
        std::to_string(options.ahead) + ", threads " +
        std::to_string(options.threads) + ", samples of a case " +
        std::to_string(options.samplesPerCase) + ", rank " +
        std::to_string(options.rank) + " of " +
        std::to_string(options.worldSize) +
        ", expected positive numbers and a rank below the processes");
  if (options.batch > maxBatch || options.ahead > maxAhead ||
      options.threads > maxThreads)
    return invalidArgument(
        "loader: batch " + std::to_string(options.batch) + ", " +
        std::to_string(options.ahead) + " ahead, " +
        std::to_string(options.threads) + " threads, expected at most " +
        std::to_string(maxBatch) + ", " + std::to_string(maxAhead) + " and " +
        std::to_string(maxThreads));
  return Status::success();
}

/// The memory of a tensor of a batch.
static const void *find(const Batch &batch, const std::string &name) {
  const auto found =
      std::find_if(batch.tensors.begin(), batch.tensors.end(),
                   [&](const BatchTensor &t) { return t.name == name; });
  return found == batch.tensors.end() ? nullptr : found->memory.data();
}

const float *Batch::floats(const std::string &name) const {
  return static_cast<const float *>(find(*this, name));
}

const int32_t *Batch::integers(const std::string &name) const {
  return static_cast<const int32_t *>(find(*this, name));
}

StatusOr<std::unique_ptr<Loader>> Loader::create(const SampleSource &source,
                                                 Split split,
                                                 const LoaderOptions &options) {
  SEGC_RETURN_IF_ERROR(checkOptions(options));
  if (source.count(split) == 0) {
    // It may say why.
    SEGC_RETURN_IF_ERROR(source.load(split));
    return invalidArgument(std::string("the data set has no ") +
                           splitName(split) +
                           " cases; check the fold and the train split");
  }
  std::unique_ptr<Loader> loader(new Loader(source, split, options));
  SEGC_RETURN_IF_ERROR(loader->allocate());
  SEGC_RETURN_IF_ERROR(
      withoutExceptions([&] {
        for (int64_t i = 0; i < options.threads; ++i)
          loader->threads.emplace_back([raw = loader.get()] { raw->run(); });
        return Status::success();
      }).withContext("cannot start the threads that read the data"));
  return loader;
}

Loader::Loader(const SampleSource &source, Split split,
               const LoaderOptions &options)
    : source(source), split(split), options(options), begun(options.firstStep),
      delivered(options.firstStep) {}

Status Loader::allocate() {
  // One more: the caller holds the current one.
  for (int64_t i = 0; i <= std::max(options.ahead, options.threads); ++i) {
    auto batch = std::make_unique<Batch>();
    for (const TensorSignature &tensor : source.tensors()) {
      const auto bytes = static_cast<size_t>(tensor.bytes());
      batch->tensors.push_back(
          {tensor.name, bytes,
           BatchArray<std::byte>(static_cast<size_t>(options.batch) * bytes)});
      if (!batch->tensors.back().memory.data())
        return ioError("loader: no memory for batches of " +
                       std::to_string(options.batch) +
                       " samples; choose a smaller batch");
    }
    spare.push_back(std::move(batch));
  }
  return Status::success();
}

Loader::~Loader() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    stopping = true;
  }
  changed.notify_all();
  for (std::thread &thread : threads)
    thread.join();
}

Status Loader::fill(Batch &batch, PatchSampler &sampler) const {
  const auto size = static_cast<uint64_t>(options.batch);
  const uint64_t ofStep = static_cast<uint64_t>(options.worldSize) * size;
  batch.firstSample = options.firstSample.value_or(options.firstStep * ofStep) +
                      (batch.step - options.firstStep) * ofStep +
                      static_cast<uint64_t>(options.rank) * size;
  uint64_t count = size;
  if (options.samples)
    count = batch.firstSample >= options.samples
                ? 0
                : std::min(size, options.samples - batch.firstSample);
  batch.size = static_cast<int64_t>(count);
  batch.cases.clear();
  for (size_t i = 0; i < count; ++i) {
    const Patch patch = sampler.at(batch.firstSample + i);
    batch.cases.push_back(patch.caseIndex);
    std::vector<void *> memory;
    for (BatchTensor &tensor : batch.tensors)
      memory.push_back(tensor.memory.data() + i * tensor.sampleBytes);
    SEGC_RETURN_IF_ERROR(
        source.write(split, patch.caseIndex,
                     {options.seed, patch.sample, options.augment}, memory));
  }
  return Status::success();
}

void Loader::run() {
  PatchSampler sampler(source.count(split), options.seed,
                       options.drawCases ? CaseOrder::Drawn
                       : options.shuffle ? CaseOrder::Shuffled
                                         : CaseOrder::Sequential,
                       options.samplesPerCase);
  std::unique_lock<std::mutex> lock(mutex);
  for (;;) {
    changed.wait(
        lock, [&] { return stopping || begun > lastStep || !spare.empty(); });
    if (stopping || begun > lastStep)
      return;
    // Steps are begun in their order, so that the one that next() waits for
    // always has a batch.
    std::unique_ptr<Batch> batch = std::move(spare.front());
    spare.pop_front();
    batch->step = begun++;
    lock.unlock();

    const double before = threadSeconds();
    // Nobody catches what leaves a thread.
    const Status status =
        withoutExceptions([&] { return fill(*batch, sampler); });

    lock.lock();
    spent.worked += threadSeconds() - before;
    const uint64_t step = batch->step;
    Outcome &outcome = outcomes[step];
    outcome.status = status;
    if (status.ok() && batch->size > 0)
      outcome.batch = std::move(batch);
    else
      lastStep = std::min(lastStep, step);
    changed.notify_all();
  }
}

StatusOr<const Batch *> Loader::next() {
  std::unique_lock<std::mutex> lock(mutex);
  if (current) {
    spare.push_back(std::move(current));
    changed.notify_all();
  }
  const auto begin = std::chrono::steady_clock::now();
  changed.wait(lock, [&] { return outcomes.count(delivered) > 0; });
  spent.waited +=
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  Outcome &outcome = outcomes[delivered];
  SEGC_RETURN_IF_ERROR(outcome.status);
  // The end stays where it is for the next call, and so does an error.
  if (!outcome.batch)
    return static_cast<const Batch *>(nullptr);
  current = std::move(outcome.batch);
  outcomes.erase(delivered++);
  return static_cast<const Batch *>(current.get());
}

LoaderTimes Loader::times() {
  std::lock_guard<std::mutex> lock(mutex);
  return spent;
}
