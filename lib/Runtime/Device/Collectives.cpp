//===- Collectives.cpp - Collective communication of ranks ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Device/Collectives.h"
#include "segc/Runtime/Core/FloatTypes.h"

using namespace segc;

static const char *contentsOf(uint32_t region) {
  return region == SEGC_REGION_GRADIENTS    ? "gradients"
         : region == SEGC_REGION_PARAMETERS ? "parameters"
         : region == SEGC_REGION_STATES     ? "states"
                                            : "statistics";
}

std::string segc::textOf(const StepPart &part) {
  const std::string step = "step " + std::to_string(part.step);
  return part.parts == 1 ? step
                         : step + ", part " + std::to_string(part.part) +
                               " of " + std::to_string(part.parts);
}

std::string segc::occasionOf(const StepPart &part,
                             const segc_collective &collective) {
  return textOf(part) + ", bucket " + std::to_string(collective.index + 1) +
         " of " + std::to_string(collective.of) + " (" +
         contentsOf(collective.region) + ")";
}

Status segc::checkCollective(const segc_collective &collective) {
  if (collective.kind > SEGC_COLLECTIVE_ALL_GATHER)
    return unsupported("a collective of the unknown kind " +
                       std::to_string(collective.kind));
  if (collective.kind >= SEGC_COLLECTIVE_REDUCE_SCATTER && !collective.shards)
    return internalError("a collective on shards that does not say which");
  const bool adds = collective.kind != SEGC_COLLECTIVE_BROADCAST &&
                    collective.kind != SEGC_COLLECTIVE_ALL_GATHER;
  if (adds && !isFloatType(collective.type))
    return unsupported("a collective on values of type " +
                       std::to_string(collective.type) +
                       " of segc_element, expected f32, f16 or bf16");
  const bool isRounded = collective.travels_as != collective.type;
  if (isRounded &&
      (collective.type != SEGC_F32 || !isFloatType(collective.travels_as)))
    return unsupported("values of type " + std::to_string(collective.type) +
                       " of segc_element cannot travel as " +
                       std::to_string(collective.travels_as) +
                       ", expected f32 that travel as f16 or bf16");
  return Status::success();
}
