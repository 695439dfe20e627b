//===- PreparedCache.h - Prepared cases in files ----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A cache is a folder: cache.json names data set, plan, configuration, cases
// and folds, with hashes of plan and input files; CASE.safetensors holds
// `image`, `labels`, the voxels drawn of each class, and in its metadata what
// was done to the case and a checksum of each 4 MiB of each tensor
// (docs/Planning.md).
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_PREPARE_PREPAREDCACHE_H
#define SEGC_RUNTIME_PREPARE_PREPAREDCACHE_H

#include "segc/Runtime/Data/PreparedCase.h"
#include "segc/Runtime/Prepare/CaseOrigin.h"
#include "segc/Runtime/Prepare/Fingerprint.h"

#include <mutex>

namespace segc {

/// The version of the files of a cache.
inline constexpr int64_t cacheVersion = 1;

/// Whether a folder holds a cache, of any version.
bool holdsCache(const std::string &folder);

/// The cases of such a folder, mapped into memory. What a case holds is checked
/// when it is first asked for.
class PreparedCache : public PatchSource {
public:
  /// Fails for a cache of another version.
  static StatusOr<std::unique_ptr<PreparedCache>>
  open(const std::string &folder);
  /// The same where cache.json has been read; `text` is hostile.
  static StatusOr<std::unique_ptr<PreparedCache>>
  parse(std::string_view text, const std::string &folder);

  const std::string &folder() const { return index.folder; }
  const Plan &plan() const { return index.plan; }
  const PlanConfiguration &configuration() const {
    return *index.plan.find(index.configuration);
  }
  /// Hashes of the plan with the configuration's name, and of all input files.
  const std::string &planHash() const { return index.planHash; }
  const std::string &inputsHash() const { return index.inputsHash; }
  const std::vector<FoldSplit> &folds() const { return index.folds; }
  /// The folder of the data set when the cache was written.
  const std::string &dataFolder() const { return index.dataFolder; }
  /// Whether the cache notes the files of its cases: those that older programs
  /// wrote do not.
  bool hasOrigins() const { return !index.origins.empty(); }
  /// The files that a case was prepared from in the data set's folder `folder`.
  /// See CaseOrigin::find().
  StatusOr<CaseFiles> originalFiles(int64_t place, const std::string &folder,
                                    bool whole) const;
  /// Every file of the cache.
  std::vector<std::string> files() const;

  int64_t cases() const override {
    return static_cast<int64_t>(entries.size());
  }
  const std::string &caseName(int64_t index) const override {
    return entries[static_cast<size_t>(index)]->name;
  }
  StatusOr<PreparedCase> at(int64_t index) const override;

private:
  struct Entry {
    std::string name;
    std::mutex mutex; // Guards what follows.
    std::optional<StatusOr<PreparedCase>> prepared;
  };
  StatusOr<PreparedCase> read(const std::string &name) const;

  /// What cache.json says.
  struct Index {
    std::string folder, configuration, planHash, inputsHash, dataFolder;
    Plan plan;
    std::vector<FoldSplit> folds;
    std::vector<CaseOrigin> origins; ///< Of each case.
  };
  Index index;
  std::vector<std::unique_ptr<Entry>> entries;
};

} // namespace segc

#endif // SEGC_RUNTIME_PREPARE_PREPAREDCACHE_H
