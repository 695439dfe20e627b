//===- CacheWriter.h - Writing of a cache of prepared cases -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cases become files in a folder beside the cache, which is renamed when its
// index is written. Several processes may write the cases of one cache; one of
// them finishes it.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_PREPARE_CACHEWRITER_H
#define SEGC_RUNTIME_PREPARE_CACHEWRITER_H

#include "segc/Runtime/Data/CaseQueue.h"
#include "segc/Runtime/Data/Notes.h"
#include "segc/Runtime/Prepare/PreparedCache.h"

namespace segc {

struct CacheOptions {
  std::string folder;
  /// Of what is not finished, on the same file system; it is made.
  std::string partial;
  ImageLimits limits;
  /// Cases done, all cases; may be called by several threads at once.
  std::function<void(int64_t, int64_t)> progress;
};

/// What became of a case.
struct CachedCase {
  Status fault;          ///< Why it is left out.
  std::string filesHash; ///< Of names and bytes of its files.
  OrderedJson origin;    ///< CaseOrigin::toJson()
  uint64_t bytes = 0;    ///< Of its arrays.
};

struct CacheResult {
  int64_t cases = 0; ///< In the cache.
  uint64_t bytes = 0;
  bool wasThere = false; ///< The same cache had been written before.
  std::vector<CaseFault> faults;
};

class CacheWriter {
public:
  /// The folder must not exist, be empty, or hold the cache of the same plan:
  /// then files are only compared. The arguments must outlive the writer.
  static StatusOr<std::unique_ptr<CacheWriter>>
  create(const TrainingCases &set, const Plan &plan,
         const PlanConfiguration &configuration, const CacheOptions &options);

  /// Prepares the cases that the queue deals, as many at a time as the pool has
  /// workers. `sink` is told what became of a case before the queue is, by
  /// several threads. Fails if files cannot be written, or after a signal.
  Status run(CaseQueue &queue, ThreadPool &pool,
             const std::function<void(int64_t, const CachedCase &)> &sink);
  /// Makes the cache of all cases of the set. Those with a fault are left out.
  /// Fails if no case can be used; nothing is left then.
  StatusOr<CacheResult> finish(const std::vector<CachedCase> &cases);
  /// Removes all that was written.
  void discard();

  /// What a user should know of the cases that this process prepared.
  Notes &notes() { return collected; }

private:
  CacheWriter(const TrainingCases &set, const Plan &plan,
              const PlanConfiguration &configuration,
              const CacheOptions &options);
  Status checkFolder();
  /// Fails where no other case can be written either.
  StatusOr<CachedCase> writeCase(size_t index) const;
  std::string inputsHashOf(const std::vector<CachedCase> &cases) const;
  StatusOr<bool> isThere(const std::string &inputsHash) const;
  Status checkFiles(const std::vector<CachedCase> &cases) const;
  Status writeIndex(const std::vector<CachedCase> &cases,
                    const std::string &inputsHash) const;
  Status publish(const std::vector<CachedCase> &cases,
                 const std::string &inputsHash);

  const TrainingCases &set;
  const Plan &plan;
  const PlanConfiguration &configuration;
  CacheOptions options;
  std::string planHash;
  std::string unfinished; ///< Becomes the cache.
  /// What has the name of the cache already.
  std::unique_ptr<PreparedCache> existing;
  Notes collected;
  std::unique_ptr<CaseReader> reader;
};

} // namespace segc

#endif // SEGC_RUNTIME_PREPARE_CACHEWRITER_H
