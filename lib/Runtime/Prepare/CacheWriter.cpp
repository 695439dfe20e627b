//===- CacheWriter.cpp - Writing of a cache of prepared cases -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CacheFiles.h"
#include "segc/Base/Exceptions.h"
#include "segc/Base/Files.h"
#include "segc/Base/Hash.h"
#include "segc/Base/Signals.h"
#include "segc/Plan/PlanFile.h"
#include "segc/Runtime/Core/ThreadPool.h"
#include "segc/Runtime/Data/Notes.h"
#include "segc/Runtime/Prepare/PreparedCache.h"

#include <atomic>
#include <filesystem>
#include <unistd.h>

using namespace segc;
namespace fs = std::filesystem;

//===----------------------------------------------------------------------===//
// Hashes
//===----------------------------------------------------------------------===//

static std::string planHashOf(const Plan &plan, const std::string &name) {
  return sha256(name + "\n" + planText(plan));
}

/// Of one case's files: their names and bytes. A case none of whose files can
/// be read counts as such.
static std::string filesHash(const CaseOrigin &origin) {
  Sha256 hash;
  hash.update(origin.files.name);
  for (const CaseOrigin::Content &content : origin.contents)
    hash.update("\n" + fs::path(content.path).filename().string() + "\n" +
                std::to_string(content.checksum) + " of " +
                std::to_string(content.bytes));
  return hash.hexDigest();
}

static std::vector<CaseOrigin> originsOf(const TrainingCases &set,
                                         ThreadPool &pool) {
  std::vector<CaseOrigin> origins(set.cases.size());
  pool.parallelFor(
      static_cast<int64_t>(origins.size()), [&](int64_t i, uint32_t) {
        const auto index = static_cast<size_t>(i);
        origins[index] = CaseOrigin::of(set.cases[index], set.folder);
      });
  return origins;
}

static std::string inputsHashOf(const std::vector<CaseOrigin> &origins,
                                const TrainingCases &set) {
  Sha256 all;
  for (const CaseOrigin &origin : origins)
    all.update(filesHash(origin));
  for (const FoldSplit &fold : set.folds) {
    for (int64_t place : fold.train)
      all.update(" " + std::to_string(place));
    for (int64_t place : fold.validation)
      all.update("," + std::to_string(place));
  }
  return all.hexDigest();
}

//===----------------------------------------------------------------------===//
// The folder
//===----------------------------------------------------------------------===//

/// Whether the folder has this cache already. Fails if it has anything else.
static StatusOr<bool> isThere(const CacheOptions &options, const Plan &plan,
                              const std::string &planHash,
                              const std::string &inputsHash) {
  const std::string &folder = options.folder;
  std::error_code error;
  if (!fs::exists(folder, error) ||
      (fs::is_directory(folder, error) && fs::is_empty(folder, error)))
    return false;
  if (!holdsCache(folder))
    return invalidArgument(folder + ": is there and is no cache of segrun; "
                                    "expected a new folder");
  SEGC_ASSIGN_OR_RETURN(std::unique_ptr<PreparedCache> cache,
                        PreparedCache::open(folder));
  std::string other;
  if (cache->plan().dataset != plan.dataset)
    other = "the data set \"" + cache->plan().dataset + "\", expected \"" +
            plan.dataset + "\"";
  else if (cache->planHash() != planHash)
    other = "another plan or configuration (it has " +
            cache->configuration().name + ")";
  else if (cache->inputsHash() != inputsHash)
    other = "other files of this data set, or a case of it failed";
  else if (!cache->hasOrigins())
    other = "an older segrun, which did not note the files of its cases";
  if (other.empty())
    return true;
  return invalidArgument(folder + ": is the cache of " + other +
                         "; delete it or choose another folder");
}

namespace {

/// A folder beside the cache, which becomes it. Removed unless it does.
class PartialFolder {
public:
  explicit PartialFolder(const std::string &target)
      : target(target),
        path(fs::path(target + ".partial-" + std::to_string(::getpid()))
                 .string()) {}
  PartialFolder(const PartialFolder &) = delete;
  PartialFolder &operator=(const PartialFolder &) = delete;
  ~PartialFolder() {
    std::error_code ignored;
    if (!path.empty())
      fs::remove_all(path, ignored);
  }

  const std::string &name() const { return path; }
  Status finish() {
    std::error_code error;
    fs::rename(path, target, error);
    if (error)
      return ioError(target + ": cannot create: " + error.message());
    path.clear();
    return syncDirectory(fs::absolute(target).parent_path().string());
  }

private:
  std::string target, path;
};

class CacheWriter {
public:
  CacheWriter(const TrainingCases &set, const Plan &plan,
              const PlanConfiguration &configuration,
              const CacheOptions &options)
      : set(set), plan(plan), configuration(configuration), options(options),
        partial(options.folder),
        reader(makeTrainingReader(plan, options.limits, notes)),
        faults(set.cases.size()) {}

  StatusOr<CacheResult> run(ThreadPool &pool);

private:
  /// Whether the writing may go on after this case.
  Status writeCase(size_t index);
  Status writeIndex(const std::string &planHash, const std::string &inputsHash,
                    const CacheResult &result) const;

  const TrainingCases &set;
  const Plan &plan;
  const PlanConfiguration &configuration;
  const CacheOptions &options;
  PartialFolder partial;
  Notes notes;
  std::unique_ptr<CaseReader> reader;
  std::vector<CaseOrigin> origins;
  std::vector<Status> faults;
  std::atomic<uint64_t> bytes{0};
};

} // namespace

Status CacheWriter::writeCase(size_t index) {
  const CaseFiles &files = set.cases[index];
  PreparedCase prepared;
  faults[index] = withoutExceptions([&]() -> Status {
    // The pool runs the cases.
    ThreadPool alone(1);
    SEGC_ASSIGN_OR_RETURN(SourceCase source, readTrainingCase(*reader, files));
    SEGC_ASSIGN_OR_RETURN(prepared,
                          prepareCase(files.name, source, plan, configuration,
                                      PreparationUse::Training, alone));
    return Status::success();
  });
  if (!faults[index].ok())
    return Status::success();
  return withoutExceptions([&]() -> Status {
    SEGC_ASSIGN_OR_RETURN(
        const uint64_t written,
        writePreparedCase(cacheCaseOf(partial.name(), files.name), prepared));
    bytes += written;
    return Status::success();
  });
}

Status CacheWriter::writeIndex(const std::string &planHash,
                               const std::string &inputsHash,
                               const CacheResult &result) const {
  OrderedJson index = {
      {"format", "segrun cache"}, {"version", cacheVersion},
      {"dataset", plan.dataset},  {"configuration", configuration.name},
      {"plan_sha256", planHash},  {"inputs_sha256", inputsHash}};
  OrderedJson names = OrderedJson::array(), folds = OrderedJson::array(),
              files = OrderedJson::array();
  for (size_t i = 0; i < faults.size(); ++i)
    if (faults[i].ok()) {
      names.push_back(set.cases[i].name);
      files.push_back(origins[i].toJson());
    }
  auto namesOf = [&](const std::vector<int64_t> &places) {
    OrderedJson list = OrderedJson::array();
    for (int64_t place : places)
      if (faults[static_cast<size_t>(place)].ok())
        list.push_back(set.cases[static_cast<size_t>(place)].name);
    return list;
  };
  for (const FoldSplit &fold : set.folds)
    folds.push_back(
        {{"train", namesOf(fold.train)}, {"val", namesOf(fold.validation)}});
  index["cases"] = std::move(names);
  index["left_out"] = result.faults.size();
  index["folds"] = std::move(folds);
  index["dataset_folder"] =
      fs::absolute(set.folder).lexically_normal().string();
  index["origins"] = std::move(files);
  index["plan"] = OrderedJson::parse(planText(plan));
  return writeFileAtomically(cacheIndexOf(partial.name()),
                             jsonText(index, 1) + "\n");
}

StatusOr<CacheResult> CacheWriter::run(ThreadPool &pool) {
  const std::string planHash = planHashOf(plan, configuration.name);
  origins = originsOf(set, pool);
  const std::string inputsHash = inputsHashOf(origins, set);
  CacheResult result;
  SEGC_ASSIGN_OR_RETURN(result.wasThere,
                        isThere(options, plan, planHash, inputsHash));
  if (result.wasThere)
    return result;
  SEGC_RETURN_IF_ERROR(createDirectories(partial.name()));
  const auto count = static_cast<int64_t>(set.cases.size());
  std::vector<Status> written(set.cases.size());
  std::atomic<int64_t> done{0};
  std::atomic<bool> stop{false};
  pool.parallelFor(count, [&](int64_t i, uint32_t) {
    if (stop || stopSignal())
      return;
    Status &status = written[static_cast<size_t>(i)];
    status = writeCase(static_cast<size_t>(i));
    if (!status.ok())
      stop = true;
    if (options.progress)
      options.progress(++done, count);
  });
  if (stopSignal())
    return Status(StatusCode::Interrupted, "interrupted while preparing cases");
  for (const Status &status : written)
    SEGC_RETURN_IF_ERROR(status.withContext("the cache cannot be written"));
  for (size_t i = 0; i < faults.size(); ++i)
    if (!faults[i].ok())
      result.faults.push_back({set.cases[i].name, faults[i]});
  result.cases = count - static_cast<int64_t>(result.faults.size());
  result.bytes = bytes;
  result.notes = notes.take();
  if (result.cases == 0)
    return result.faults.front().status.withContext(
        "no case can be used; case " + result.faults.front().name);
  SEGC_RETURN_IF_ERROR(writeIndex(planHash, inputsHash, result));
  SEGC_RETURN_IF_ERROR(partial.finish());
  return result;
}

StatusOr<CacheResult> segc::writeCache(const TrainingCases &set,
                                       const Plan &plan,
                                       const PlanConfiguration &configuration,
                                       const CacheOptions &options,
                                       ThreadPool &pool) {
  return CacheWriter(set, plan, configuration, options).run(pool);
}
