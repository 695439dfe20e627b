//===- PipelineKeys.cpp - Keys that are set in a pipeline -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Plan/PipelineKeys.h"
#include "segc/Plan/DataPipeline.h"

#include <algorithm>

using namespace segc;

static constexpr const char *option = "--pipeline";

Status segc::setPipelineKeys(const std::string &text, OrderedJson &pipeline) {
  SEGC_ASSIGN_OR_RETURN(const Json keys, parseJson(text, option));
  if (!keys.is_object())
    return invalidArgument(std::string(option) + ": expected a JSON object " +
                           "such as {\"postprocess\": \"largest\"}, found " +
                           keys.type_name());
  if (!pipeline.is_object())
    return invalidArgument(std::string(option) +
                           ": the network has no pipeline to set keys of");
  for (auto entry = keys.begin(); entry != keys.end(); ++entry)
    pipeline[entry.key()] = entry.value();
  SEGC_ASSIGN_OR_RETURN(
      const DataPipeline parsed,
      DataPipeline::fromJson(Json::parse(pipeline.dump()), option));
  for (const std::string &unknown : parsed.unknownKeys)
    if (keys.contains(unknown))
      return invalidArgument(std::string(option) + ": key \"" + unknown +
                             "\", which a pipeline \"" + parsed.kind +
                             "\" does not have");
  return Status::success();
}

void segc::setOrientation(const std::string &recorded, OrderedJson &pipeline) {
  constexpr const char *name = "orientation";
  if (recorded.empty() || !pipeline.is_object() || pipeline.contains("plan"))
    return;
  const auto kind = pipeline.find("kind");
  const auto &keys = pipelineKeys(kind != pipeline.end() && kind->is_string()
                                      ? kind->get<std::string>()
                                      : std::string());
  if (std::any_of(keys.begin(), keys.end(), [&](const PipelineKey &key) {
        return std::string_view(key.name) == name;
      }))
    pipeline[name] = recorded;
}
