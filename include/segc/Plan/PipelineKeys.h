//===- PipelineKeys.h - Keys that are set in a pipeline ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_PLAN_PIPELINEKEYS_H
#define SEGC_PLAN_PIPELINEKEYS_H

#include "segc/Base/Json.h"
#include "segc/Base/Status.h"

#include <string>

namespace segc {

/// Sets keys of a data pipeline, which `text` has as a JSON object: how a model
/// with weights is to be used is known when it is exported, not when its
/// network is written. Returns an error that names --pipeline for keys that the
/// pipeline's kind does not have and for values that they cannot have, and if
/// `pipeline` is none.
Status setPipelineKeys(const std::string &text, OrderedJson &pipeline);

/// Writes the orientation that weights record ("RAS", "file", or "" for none)
/// into the pipeline of a model that they become a part of. A plan has its own;
/// pipelines of slices, and those of kinds that are not known, have none.
void setOrientation(const std::string &recorded, OrderedJson &pipeline);

} // namespace segc

#endif // SEGC_PLAN_PIPELINEKEYS_H
