//===- PreparedCache.cpp - Prepared cases in files ------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Prepare/PreparedCache.h"
#include "CacheFiles.h"
#include "segc/Base/Files.h"
#include "segc/Base/Json.h"
#include "segc/Plan/PlanFile.h"

#include <algorithm>
#include <functional>

using namespace segc;

bool segc::holdsCache(const std::string &folder) {
  return pathExists(cacheIndexOf(folder));
}

/// Names become file names.
static bool isCaseName(const std::string &name) {
  return !name.empty() && name[0] != '.' &&
         name.find_first_of(std::string_view("/\0", 2)) == std::string::npos;
}

static Status readOrigins(const Json &list,
                          const std::vector<std::string> &names,
                          const std::string &where,
                          std::vector<CaseOrigin> &origins) {
  if (!list.is_array() || list.size() != names.size())
    return dataLoss(where + ": \"origins\": expected one for each of the " +
                    std::to_string(names.size()) + " cases");
  for (size_t i = 0; i < names.size(); ++i) {
    SEGC_ASSIGN_OR_RETURN(
        CaseOrigin origin,
        CaseOrigin::fromJson(list[i],
                             where + ".origins[" + std::to_string(i) + "]"));
    origin.files.name = names[i];
    origins.push_back(std::move(origin));
  }
  return Status::success();
}

StatusOr<std::unique_ptr<PreparedCache>>
PreparedCache::open(const std::string &folder) {
  SEGC_ASSIGN_OR_RETURN(std::string text,
                        readFile(cacheIndexOf(folder), 1u << 28));
  return parse(text, folder);
}

StatusOr<std::unique_ptr<PreparedCache>>
PreparedCache::parse(std::string_view text, const std::string &folder) {
  const std::string where = cacheIndexOf(folder);
  SEGC_ASSIGN_OR_RETURN(Json json, parseJson(text, where));
  Status status;
  JsonReader reader(json, where, status);
  const std::string format = reader.string("format");
  const int64_t version = reader.integer("version");
  SEGC_RETURN_IF_ERROR(status);
  if (format != "segrun cache")
    return invalidArgument(where + ": is no index of a cache of segrun");
  if (version != cacheVersion)
    return unsupported(where + ": cache of version " + std::to_string(version) +
                       ", expected " + std::to_string(cacheVersion) +
                       "; write it again with `segrun preprocess`");
  std::unique_ptr<PreparedCache> cache(new PreparedCache());
  cache->index.folder = folder;
  cache->index.configuration = reader.string("configuration");
  cache->index.planHash = reader.string("plan_sha256");
  cache->index.inputsHash = reader.string("inputs_sha256");
  const std::vector<std::string> names = reader.strings("cases");
  const Json folds = reader.value("folds"), plan = reader.value("plan");
  cache->index.dataFolder = reader.stringOr("dataset_folder", "");
  SEGC_RETURN_IF_ERROR(status);
  SEGC_ASSIGN_OR_RETURN(cache->index.plan,
                        parsePlan(jsonText(plan), where + ": plan"));
  if (!cache->index.plan.find(cache->index.configuration))
    return dataLoss(where + ": the plan has no configuration \"" +
                    cache->index.configuration + "\"");
  // Two cases of a name would have one mask.
  if (names.empty() || !std::is_sorted(names.begin(), names.end(),
                                       std::less_equal<std::string>()))
    return dataLoss(where + ": \"cases\": expected different names in order");
  for (const std::string &name : names) {
    if (!isCaseName(name))
      return dataLoss(where + ": \"cases\": \"" + name + "\" names no file");
    cache->entries.push_back(std::make_unique<Entry>());
    cache->entries.back()->name = name;
  }
  if (reader.has("origins"))
    SEGC_RETURN_IF_ERROR(readOrigins(reader.value("origins"), names, where,
                                     cache->index.origins));
  if (!folds.is_array())
    return dataLoss(where + ": \"folds\": expected a list");
  if (!folds.empty()) {
    SEGC_ASSIGN_OR_RETURN(std::vector<NamedFold> named,
                          parseSplits(jsonText(folds), where + ": folds"));
    SEGC_ASSIGN_OR_RETURN(cache->index.folds, placeFolds(named, where, names));
  }
  return cache;
}

std::vector<std::string> PreparedCache::files() const {
  std::vector<std::string> paths = {cacheIndexOf(index.folder)};
  for (const auto &entry : entries)
    paths.push_back(cacheCaseOf(index.folder, entry->name));
  return paths;
}

StatusOr<CaseFiles> PreparedCache::originalFiles(int64_t place,
                                                 const std::string &folder,
                                                 bool whole) const {
  if (!hasOrigins())
    return unsupported(cacheIndexOf(index.folder) +
                       ": an older segrun wrote it and did not note the files "
                       "of its cases; write the cache again");
  return index.origins[static_cast<size_t>(place)].find(folder, whole);
}

StatusOr<PreparedCase> PreparedCache::read(const std::string &name) const {
  SEGC_ASSIGN_OR_RETURN(
      PreparedCase prepared,
      mapPreparedCase(cacheCaseOf(index.folder, name), index.plan));
  prepared.name = name;
  return prepared;
}

StatusOr<PreparedCase> PreparedCache::at(int64_t index) const {
  Entry &entry = *entries[static_cast<size_t>(index)];
  std::lock_guard<std::mutex> lock(entry.mutex);
  if (!entry.prepared)
    entry.prepared = read(entry.name);
  return *entry.prepared;
}
