//===- CacheWriter.cpp - Writing of a cache of prepared cases -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Prepare/CacheWriter.h"
#include "CacheFiles.h"
#include "segc/Base/Exceptions.h"
#include "segc/Base/Files.h"
#include "segc/Base/Hash.h"
#include "segc/Base/Signals.h"
#include "segc/Plan/PlanFile.h"
#include "segc/Runtime/Core/ThreadPool.h"

#include <atomic>
#include <filesystem>
#include <mutex>
#include <set>

using namespace segc;
namespace fs = std::filesystem;

CacheWriter::CacheWriter(const TrainingCases &set, const Plan &plan,
                         const PlanConfiguration &configuration,
                         const CacheOptions &options)
    : set(set), plan(plan), configuration(configuration), options(options),
      planHash(sha256(configuration.name + "\n" + planText(plan))),
      unfinished(options.partial + "/cache"),
      reader(makeTrainingReader(plan, options.limits, collected)) {}

StatusOr<std::unique_ptr<CacheWriter>>
CacheWriter::create(const TrainingCases &set, const Plan &plan,
                    const PlanConfiguration &configuration,
                    const CacheOptions &options) {
  std::unique_ptr<CacheWriter> writer(
      new CacheWriter(set, plan, configuration, options));
  SEGC_RETURN_IF_ERROR(writer->checkFolder());
  return writer;
}

//===----------------------------------------------------------------------===//
// What is there already
//===----------------------------------------------------------------------===//

static Status isCacheOf(const std::string &folder, const std::string &other) {
  return invalidArgument(folder + ": is the cache of " + other +
                         "; delete it or choose another folder");
}

Status CacheWriter::checkFolder() {
  const std::string &folder = options.folder;
  std::error_code error;
  if (!fs::exists(folder, error) ||
      (fs::is_directory(folder, error) && fs::is_empty(folder, error)))
    return Status::success();
  if (!holdsCache(folder))
    return invalidArgument(folder + ": is there and is no cache of segrun; "
                                    "expected a new folder");
  SEGC_ASSIGN_OR_RETURN(existing, PreparedCache::open(folder));
  if (existing->plan().dataset != plan.dataset)
    return isCacheOf(folder, "the data set \"" + existing->plan().dataset +
                                 "\", expected \"" + plan.dataset + "\"");
  if (existing->planHash() != planHash)
    return isCacheOf(folder, "another plan or configuration (it has " +
                                 existing->configuration().name + ")");
  return Status::success();
}

StatusOr<bool> CacheWriter::isThere(const std::string &inputsHash) const {
  if (!existing)
    return false;
  if (existing->inputsHash() != inputsHash)
    return isCacheOf(options.folder,
                     "other files of this data set, or a case of it failed");
  if (!existing->hasOrigins())
    return isCacheOf(
        options.folder,
        "an older segrun, which did not note the files of its cases");
  return true;
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

std::string
CacheWriter::inputsHashOf(const std::vector<CachedCase> &cases) const {
  Sha256 all;
  for (const CachedCase &entry : cases)
    all.update(entry.filesHash);
  for (const FoldSplit &fold : set.folds) {
    for (int64_t place : fold.train)
      all.update(" " + std::to_string(place));
    for (int64_t place : fold.validation)
      all.update("," + std::to_string(place));
  }
  return all.hexDigest();
}

//===----------------------------------------------------------------------===//
// Cases
//===----------------------------------------------------------------------===//

StatusOr<CachedCase> CacheWriter::writeCase(size_t index) const {
  const CaseFiles &files = set.cases[index];
  CachedCase result;
  PreparedCase prepared;
  result.fault = withoutExceptions([&]() -> Status {
    const CaseOrigin origin = CaseOrigin::of(files, set.folder);
    result.filesHash = filesHash(origin);
    result.origin = origin.toJson();
    if (existing)
      return Status::success();
    // The pool runs the cases.
    ThreadPool alone(1);
    SEGC_ASSIGN_OR_RETURN(SourceCase source, readTrainingCase(*reader, files));
    SEGC_ASSIGN_OR_RETURN(prepared,
                          prepareCase(files.name, source, plan, configuration,
                                      PreparationUse::Training, alone));
    return Status::success();
  });
  if (existing || !result.fault.ok())
    return result;
  SEGC_RETURN_IF_ERROR(createDirectories(unfinished));
  SEGC_ASSIGN_OR_RETURN(
      result.bytes,
      writePreparedCase(cacheCaseOf(unfinished, files.name), prepared));
  return result;
}

Status
CacheWriter::run(CaseQueue &queue, ThreadPool &pool,
                 const std::function<void(int64_t, const CachedCase &)> &sink) {
  std::atomic<int64_t> done{0};
  std::mutex mutex;
  Status failure; // Guarded by `mutex`.
  auto work = [&]() -> Status {
    while (const std::optional<int64_t> index = queue.next(/*wait=*/true)) {
      SEGC_ASSIGN_OR_RETURN(const CachedCase made,
                            writeCase(static_cast<size_t>(*index)));
      sink(*index, made);
      queue.finish(*index, made.fault);
      if (options.progress)
        options.progress(++done, static_cast<int64_t>(set.cases.size()));
    }
    return Status::success();
  };
  pool.parallelFor(pool.workers(), [&](int64_t, uint32_t) {
    const Status status = withoutExceptions(work);
    if (status.ok())
      return;
    queue.stop();
    const std::lock_guard<std::mutex> lock(mutex);
    failure = failure.ok() ? status : failure;
  });
  if (stopSignal())
    return {StatusCode::Interrupted, "interrupted while preparing cases"};
  return failure.withContext("the cache cannot be written");
}

//===----------------------------------------------------------------------===//
// The cache
//===----------------------------------------------------------------------===//

/// Holds the files that were written against the cases, and removes what a
/// process has left that was killed while it wrote.
Status CacheWriter::checkFiles(const std::vector<CachedCase> &cases) const {
  std::set<std::string> expected;
  for (size_t i = 0; i < cases.size(); ++i)
    if (cases[i].fault.ok()) {
      const std::string path = cacheCaseOf(unfinished, set.cases[i].name);
      SEGC_RETURN_IF_ERROR(fileSize(path).status());
      expected.insert(fs::path(path).filename().string());
    }
  std::error_code error;
  for (fs::directory_iterator entry(unfinished, error), end;
       !error && entry != end; entry.increment(error))
    if (!expected.count(entry->path().filename().string())) {
      std::error_code ignored;
      fs::remove(entry->path(), ignored);
    }
  return Status::success();
}

Status CacheWriter::writeIndex(const std::vector<CachedCase> &cases,
                               const std::string &inputsHash) const {
  OrderedJson index = {
      {"format", "segrun cache"}, {"version", cacheVersion},
      {"dataset", plan.dataset},  {"configuration", configuration.name},
      {"plan_sha256", planHash},  {"inputs_sha256", inputsHash}};
  OrderedJson names = OrderedJson::array(), folds = OrderedJson::array(),
              files = OrderedJson::array();
  for (size_t i = 0; i < cases.size(); ++i)
    if (cases[i].fault.ok()) {
      names.push_back(set.cases[i].name);
      files.push_back(cases[i].origin);
    }
  auto namesOf = [&](const std::vector<int64_t> &places) {
    OrderedJson list = OrderedJson::array();
    for (int64_t place : places)
      if (cases[static_cast<size_t>(place)].fault.ok())
        list.push_back(set.cases[static_cast<size_t>(place)].name);
    return list;
  };
  for (const FoldSplit &fold : set.folds)
    folds.push_back(
        {{"train", namesOf(fold.train)}, {"val", namesOf(fold.validation)}});
  const size_t leftOut = cases.size() - names.size();
  index["cases"] = std::move(names);
  index["left_out"] = leftOut;
  index["folds"] = std::move(folds);
  index["dataset_folder"] =
      fs::absolute(set.folder).lexically_normal().string();
  index["origins"] = std::move(files);
  index["plan"] = OrderedJson::parse(planText(plan));
  return writeFileAtomically(cacheIndexOf(unfinished),
                             jsonText(index, 1) + "\n");
}

Status CacheWriter::publish(const std::vector<CachedCase> &cases,
                            const std::string &inputsHash) {
  SEGC_RETURN_IF_ERROR(checkFiles(cases));
  SEGC_RETURN_IF_ERROR(writeIndex(cases, inputsHash));
  std::error_code error;
  fs::rename(unfinished, options.folder, error);
  if (error)
    return ioError(options.folder + ": cannot create: " + error.message());
  fs::remove(options.partial, error);
  return syncDirectory(fs::absolute(options.folder).parent_path().string());
}

StatusOr<CacheResult>
CacheWriter::finish(const std::vector<CachedCase> &cases) {
  const std::string inputsHash = inputsHashOf(cases);
  CacheResult result;
  SEGC_ASSIGN_OR_RETURN(result.wasThere, isThere(inputsHash));
  if (result.wasThere)
    return result;
  for (size_t i = 0; i < cases.size(); ++i) {
    if (!cases[i].fault.ok())
      result.faults.push_back({set.cases[i].name, cases[i].fault});
    result.bytes += cases[i].bytes;
  }
  result.cases = static_cast<int64_t>(cases.size() - result.faults.size());
  const Status status =
      result.cases > 0
          ? publish(cases, inputsHash)
          : result.faults.front().status.withContext(
                "no case can be used; case " + result.faults.front().name);
  if (!status.ok()) {
    discard();
    return status;
  }
  return result;
}

void CacheWriter::discard() {
  std::error_code ignored;
  fs::remove_all(unfinished, ignored);
  fs::remove(options.partial, ignored);
}
