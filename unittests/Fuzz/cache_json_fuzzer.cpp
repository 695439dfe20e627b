//===- cache_json_fuzzer.cpp - Arbitrary text as the index of a cache -----===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libFuzzer: an accepted index names files that lie in the folder, has the
// configuration that it names, and folds of cases that it has.
//
//===----------------------------------------------------------------------===//

#include "PlanFuzzer.h"
#include "segc/Runtime/Prepare/PreparedCache.h"

#include <algorithm>
#include <filesystem>

using namespace segc;

static void checkIndex(const PreparedCache &cache) {
  bool good =
      cache.cases() > 0 &&
      cache.plan().find(cache.configuration().name) == &cache.configuration() &&
      cache.files().size() == static_cast<size_t>(cache.cases()) + 1;
  for (const std::string &file : cache.files())
    good = good && std::filesystem::path(file).parent_path() == "cache";
  for (const FoldSplit &fold : cache.folds())
    for (const auto *places : {&fold.train, &fold.validation})
      good =
          good && std::all_of(places->begin(), places->end(), [&](int64_t at) {
            return at >= 0 && at < cache.cases();
          });
  if (!good)
    __builtin_trap();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view text(reinterpret_cast<const char *>(data), size);
  const auto cache = PreparedCache::parse(text, "cache");
  if (cache) {
    checkIndex(**cache);
    fuzz::checkPlan((*cache)->plan());
  }
  return 0;
}
