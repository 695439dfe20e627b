//===- dataset_json_fuzzer.cpp - Damaged dataset.json files ---------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libFuzzer: paths of an accepted index stay inside its folder.
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/Decathlon.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view input(reinterpret_cast<const char *>(data), size);
  segc::StatusOr<segc::DecathlonIndex> index =
      segc::parseDecathlonIndex(input, "dataset.json");
  if (!index)
    return 0;
  for (const auto *cases : {&index->training, &index->test})
    for (const segc::DecathlonIndex::Case &entry : *cases) {
      std::vector<std::string> files = entry.channelImages;
      files.insert(files.end(), {entry.image, entry.label});
      for (const std::string &text : files) {
        // A name may begin with dots ("..a.nii"). Only the part ".." is the
        // parent folder.
        std::filesystem::path path(text);
        if (path.is_absolute() ||
            std::find(path.begin(), path.end(), "..") != path.end())
          __builtin_trap();
      }
    }
  return 0;
}
