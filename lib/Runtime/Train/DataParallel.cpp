//===- DataParallel.cpp - Training by several ranks -----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/DataParallel.h"
#include "segc/Base/Hash.h"
#include "segc/Base/Version.h"
#include "segc/Runtime/Core/Shards.h"

#include <algorithm>

using namespace segc;

Status DataParallel::shareState(TrainState &state) {
  SEGC_ASSIGN_OR_RETURN(const std::string text,
                        ranks.broadcast(state.toJson()));
  if (isFirst())
    return Status::success();
  SEGC_ASSIGN_OR_RETURN(state, TrainState::fromJson(text, "rank 0"));
  return Status::success();
}

/// Gives all ranks what rank 0 has in a buffer of a device.
Status DataParallel::shareBuffer(ModelRunner &runner,
                                 const DeviceBuffer &buffer) {
  if (std::byte *shared = buffer.hostData())
    return ranks.broadcast(shared, buffer.size());
  SEGC_ASSIGN_OR_RETURN(AlignedBuffer copy,
                        AlignedBuffer::create(buffer.size(), "host copy"));
  if (isFirst()) {
    SEGC_ASSIGN_OR_RETURN(const HostView view, runner.read(buffer));
    std::copy_n(view.data(), view.size(), copy.data());
  }
  SEGC_RETURN_IF_ERROR(ranks.broadcast(copy.data(), copy.size()));
  return isFirst() ? Status::success()
                   : runner.write(buffer, 0, copy.data(), copy.size());
}

/// Whether a program gives ranks the mean of the gradient of a parameter.
static bool averages(const segc_program &program,
                     const RegionTensor &parameter) {
  const auto begin = static_cast<uint64_t>(parameter.offset);
  const uint64_t end =
      begin + static_cast<uint64_t>(parameter.elements) * sizeof(float);
  return std::any_of(program.commands, program.commands + program.command_count,
                     [&](const segc_command &command) {
                       if (command.kind != SEGC_COMMAND_COLLECTIVE)
                         return false;
                       const segc_operand &bucket = command.operands[0];
                       const bool isMean =
                           command.collective == SEGC_COLLECTIVE_MEAN ||
                           command.collective == SEGC_COLLECTIVE_REDUCE_SCATTER;
                       return isMean &&
                              bucket.region == SEGC_REGION_GRADIENTS &&
                              bucket.offset <= begin &&
                              end <= bucket.offset +
                                         bucket.elements_fixed * sizeof(float);
                     });
}

static Status checkAverages(const ModelLibrary &model) {
  const segc_program *step = model.program("train_step");
  for (const RegionTensor &parameter : model.manifest().parameters)
    if (!step || !averages(*step, parameter))
      return unsupported(model.path() +
                         ": train_step does not average the gradient of " +
                         parameter.name +
                         " over ranks; compile the network again with this "
                         "segc, or start one process");
  return Status::success();
}

/// Gives back the memory of states that other ranks own.
void DataParallel::releaseOthers(ModelRunner &runner) {
  if (!runner.device().sharesHostMemory())
    return runner.forgetAllStates();
  const std::vector<ElementRange> owned =
      shardsOf(shards, size(), shards.elements);
  for (const OptimizerSlot &slot : runner.manifest().optimizer.slots)
    for (int64_t other = 0; other < size(); ++other) {
      const ElementRange &range = owned[static_cast<size_t>(other)];
      std::byte *begin = runner.optimizer().hostData() + slot.offset;
      if (other != rank())
        releasePages(begin + range.begin * sizeof(float),
                     begin + range.end * sizeof(float));
    }
}

Status DataParallel::gatherOptimizer(ModelRunner &runner) {
  if (!sharesOptimizer() || gathered || size() == 1)
    return Status::success();
  ranks.setOccasion("states of the optimizer after step " +
                    std::to_string(step));
  std::byte *states = runner.optimizer().hostData();
  if (!runner.device().sharesHostMemory()) {
    SEGC_ASSIGN_OR_RETURN(states, runner.readOwnStates());
  }
  for (const OptimizerSlot &slot : runner.manifest().optimizer.slots)
    SEGC_RETURN_IF_ERROR(ranks.gatherToFirst(
        states + slot.offset, shardsOf(shards, size(), shards.elements),
        sizeof(float)));
  gathered = &runner;
  return Status::success();
}

Status DataParallel::begin(ModelRunner &runner, const std::string &modelHash,
                           TrainState &state) {
  SEGC_RETURN_IF_ERROR(
      ranks.checkSame({{"the version of segrun", versionText()},
                       {"--model: the SHA-256", modelHash}}));
  SEGC_RETURN_IF_ERROR(checkAverages(runner.library()));
  shards = optimizerShards(*runner.library().program("train_step"));
  runner.setCollectives(&collectives);
  ranks.setOccasion("memory that ranks share");
  SEGC_RETURN_IF_ERROR(ranks.shareMemory(runner.gradients().shared()));
  ranks.setOccasion("weights of rank 0");
  for (const DeviceBuffer *buffer :
       {&runner.parameters(), &runner.states(), &runner.optimizer()})
    SEGC_RETURN_IF_ERROR(shareBuffer(runner, *buffer));
  runner.weightsChanged();
  SEGC_RETURN_IF_ERROR(runner.writeOwnStates());
  if (sharesOptimizer())
    gathered = &runner;
  return shareState(state);
}

void DataParallel::beginPart(const StepPart &part) {
  if (gathered)
    releaseOthers(*gathered);
  gathered = nullptr;
  step = part.step;
  ranks.setOccasion(textOf(part) + ", before its first bucket");
  collectives.beginPart(part);
}

Status DataParallel::average(std::vector<float> &values) {
  ranks.setOccasion("step " + std::to_string(step) + ", losses");
  const auto begin = Communicator::Clock::now();
  Status status = reductions.mean(values);
  waited +=
      std::chrono::duration<double>(Communicator::Clock::now() - begin).count();
  return status;
}

CollectiveTimes DataParallel::times() {
  CollectiveTimes times = collectives.times();
  times.waited += waited;
  return times;
}

Status DataParallel::checkWeights(const ModelRunner &runner) {
  SEGC_ASSIGN_OR_RETURN(const HostView weights,
                        runner.read(runner.parameters()));
  const std::string number = std::to_string(step);
  ranks.setOccasion("comparison of the weights after step " + number);
  return ranks.checkSame(
      {{"step " + number + ": the SHA-256 of the weights",
        sha256({reinterpret_cast<const char *>(weights.data()),
                weights.size()})}});
}

Status DataParallel::checkSettings(const NamedTexts &settings) {
  ranks.setOccasion("settings of the training");
  return ranks.checkSame(settings);
}

Status DataParallel::workAsFirst(const std::string &what,
                                 const std::function<Status()> &work) {
  ranks.setOccasion(what);
  return ranks.workAsFirst(work);
}
