//===- PipelineKeys.cpp - Keys of the pipeline of a model -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/PipelineKeys.h"

#include "segc/Plan/PipelineKeys.h"

namespace segc {

llvm::Error setPipelineKeys(llvm::StringRef keys, ModelContents &contents) {
  OrderedJson manifest = OrderedJson::parse(contents.manifest);
  if (Status status = setPipelineKeys(keys.str(), manifest["pipeline"]);
      !status.ok())
    return llvm::createStringError(status.message());
  contents.manifest = manifest.dump();
  return llvm::Error::success();
}

} // namespace segc
