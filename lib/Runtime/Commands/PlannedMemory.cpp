//===- PlannedMemory.cpp - Memory that planned networks take --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlannedMemory.h"
#include "segc/Base/Files.h"
#include "segc/Plan/PlanFile.h"
#include "segc/Runtime/Commands/Compile.h"

#include <algorithm>
#include <charconv>

using namespace segc;

/// The number behind each `key` in a text.
static std::vector<uint64_t> numbersBehind(std::string_view text,
                                           std::string_view key) {
  std::vector<uint64_t> numbers;
  for (size_t at = text.find(key); at != std::string_view::npos;
       at = text.find(key, at)) {
    at += key.size();
    uint64_t number = 0;
    std::from_chars(text.data() + at, text.data() + text.size(), number);
    numbers.push_back(number);
  }
  return numbers;
}

/// Of a module after phase `plan`: the largest arena, and the arguments of the
/// optimizer's entry.
static StatusOr<uint64_t> memoryOf(std::string_view module,
                                   const std::string &where) {
  const std::vector<uint64_t> arenas =
      numbersBehind(module, "seg.arena_bytes = ");
  const size_t apply = module.find("func.func @apply_step(");
  if (arenas.empty() || apply == std::string_view::npos)
    return dataLoss(where + ": segc wrote no plan of memory");
  const std::string_view line =
      module.substr(apply, module.find('\n', apply) - apply);
  uint64_t bytes = *std::max_element(arenas.begin(), arenas.end());
  for (uint64_t elements : numbersBehind(line, ": tensor<"))
    bytes += elements * sizeof(float);
  return bytes;
}

StatusOr<uint64_t>
segc::plannedNetworkMemory(const Plan &plan,
                           const PlanConfiguration &configuration) {
  SEGC_ASSIGN_OR_RETURN(PrivateTemporaryFolder folder,
                        PrivateTemporaryFolder::create());
  const std::string planFile = folder.path() + "/plan.json",
                    network = folder.path() + "/network.mlir",
                    planned = folder.path() + "/planned.mlir";
  SEGC_RETURN_IF_ERROR(writeFileAtomically(planFile, planText(plan)));
  SEGC_RETURN_IF_ERROR(
      runSegc(configuration.name,
              {"model", "nnunet", "--plan", planFile, "--configuration",
               configuration.name, "-o", network}));
  SEGC_RETURN_IF_ERROR(
      runSegc(configuration.name, {"compile", network, "--emit", "plan",
                                   "--cpu", "x86-64-v4", "-o", planned}));
  SEGC_ASSIGN_OR_RETURN(std::string module, readFile(planned, 1u << 30));
  return memoryOf(module, configuration.name);
}

namespace {

/// A configuration and what its network takes.
struct Fitted {
  PlanConfiguration configuration;
  uint64_t memory = 0;
};

} // namespace

/// Looks for the budget from that of v2 on: what a network takes grows about
/// like it.
static StatusOr<Fitted> fitConfiguration(const Fingerprint &fingerprint,
                                         PlannedNetwork network,
                                         uint64_t deviceMemory,
                                         const std::string &name) {
  constexpr int maxTries = 6;
  constexpr double closeEnough = 0.9;
  Fitted best;
  uint64_t smallest = 0, before = 0;
  auto budget = static_cast<double>(deviceMemory);
  for (int i = 0; i < maxTries; ++i) {
    SEGC_ASSIGN_OR_RETURN(
        Plan plan, planV2(fingerprint, network, static_cast<uint64_t>(budget)));
    const PlanConfiguration *found = plan.find(name);
    if (!found)
      break; // A patch that is large enough needs no 3d_lowres.
    SEGC_ASSIGN_OR_RETURN(const uint64_t memory,
                          plannedNetworkMemory(plan, *found));
    smallest = smallest ? std::min(smallest, memory) : memory;
    const double share =
        static_cast<double>(memory) / static_cast<double>(deviceMemory);
    if (share <= 1 && memory > best.memory)
      best = {*found, memory};
    // The data set may have no more for a batch.
    if ((share <= 1 && share >= closeEnough) || memory == before)
      break;
    before = memory;
    budget *= (share > 1 ? 0.95 : 1.0) / share;
  }
  if (best.memory == 0)
    return invalidArgument(
        "no plan of " + name + " fits: the smallest that was tried takes " +
        std::to_string(smallest) + " bytes, --device-memory allows " +
        std::to_string(deviceMemory));
  return best;
}

StatusOr<Plan> segc::planForMemory(const Fingerprint &fingerprint,
                                   PlannedNetwork network,
                                   uint64_t deviceMemory,
                                   std::vector<uint64_t> &memory) {
  SEGC_ASSIGN_OR_RETURN(Plan plan, planV2(fingerprint, network, deviceMemory));
  for (PlanConfiguration &configuration : plan.configurations) {
    SEGC_ASSIGN_OR_RETURN(Fitted fitted,
                          fitConfiguration(fingerprint, network, deviceMemory,
                                           configuration.name));
    configuration = std::move(fitted.configuration);
    memory.push_back(fitted.memory);
  }
  return plan;
}
