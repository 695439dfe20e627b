//===- PlannedMemory.h - Memory that planned networks take ------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_COMMANDS_PLANNEDMEMORY_H
#define SEGC_LIB_RUNTIME_COMMANDS_PLANNEDMEMORY_H

#include "segc/Plan/Plan.h"
#include "segc/Plan/Planner.h"

namespace segc {

/// The bytes that a training of a configuration takes, by the plan of memory
/// that segc makes of its network (for x86-64-v4): the largest arena and what
/// the optimizer reads and writes. Runs the segc beside segrun, which takes
/// less than a second.
StatusOr<uint64_t> plannedNetworkMemory(const Plan &plan,
                                        const PlanConfiguration &configuration);

/// Plans by the rules of v2 with the largest budget of feature maps for which
/// each network takes at most `deviceMemory` bytes; `memory` is filled with
/// what they take, by configuration.
StatusOr<Plan> planForMemory(const Fingerprint &fingerprint,
                             PlannedNetwork network, uint64_t deviceMemory,
                             std::vector<uint64_t> &memory);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_COMMANDS_PLANNEDMEMORY_H
