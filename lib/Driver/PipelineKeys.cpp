//===- PipelineKeys.cpp - Keys of the pipeline of a model -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/PipelineKeys.h"

#include "segc/Base/Json.h"
#include "segc/Plan/DataPipeline.h"

namespace segc {

static constexpr const char *option = "--pipeline";

static Status setKeys(const std::string &text, ModelContents &contents) {
  SEGC_ASSIGN_OR_RETURN(const Json keys, parseJson(text, option));
  if (!keys.is_object())
    return invalidArgument(std::string(option) + ": expected a JSON object " +
                           "such as {\"postprocess\": \"largest\"}, found " +
                           keys.type_name());
  OrderedJson manifest = OrderedJson::parse(contents.manifest);
  OrderedJson &pipeline = manifest["pipeline"];
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
  contents.manifest = manifest.dump();
  return Status::success();
}

llvm::Error setPipelineKeys(llvm::StringRef keys, ModelContents &contents) {
  const Status status = setKeys(keys.str(), contents);
  return status.ok() ? llvm::Error::success()
                     : llvm::createStringError(status.message());
}

} // namespace segc
