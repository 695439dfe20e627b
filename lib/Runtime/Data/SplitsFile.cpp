//===- SplitsFile.cpp - Folds of nnU-Net ----------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Data/SplitsFile.h"
#include "segc/Base/Json.h"

using namespace segc;

StatusOr<std::vector<NamedFold>> segc::parseSplits(std::string_view text,
                                                   const std::string &where) {
  SEGC_ASSIGN_OR_RETURN(Json json, parseJson(text, where));
  if (!json.is_array() || json.empty())
    return invalidArgument(where +
                           ": expected a list of folds {\"train\": "
                           "[name, ...], \"val\": [name, ...]}, found " +
                           (json.is_array() ? "none" : json.type_name()));
  std::vector<NamedFold> folds;
  Status status;
  for (size_t i = 0; i < json.size(); ++i) {
    JsonReader fold(json[i], where + "[" + std::to_string(i) + "]", status);
    folds.push_back({fold.strings("train"), fold.strings("val")});
  }
  SEGC_RETURN_IF_ERROR(status);
  return folds;
}
