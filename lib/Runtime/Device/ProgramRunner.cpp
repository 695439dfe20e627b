//===- ProgramRunner.cpp - Programs of a model on a device ----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Device/ProgramRunner.h"
#include "segc/Runtime/Core/Elements.h"

#include <algorithm>

using namespace segc;

static std::string where(const segc_program &program,
                         const segc_command &command) {
  return orEmpty(program.name) + ", " + orEmpty(command.name);
}

static Status addressOf(const ProgramMemory &memory,
                        const segc_operand &operand, DeviceAddress &address) {
  auto listed = [&](const std::vector<DeviceAddress> &list) {
    return operand.index < list.size() ? list[operand.index] : DeviceAddress();
  };
  DeviceAddress base =
      operand.region == SEGC_REGION_INPUT    ? listed(memory.inputs)
      : operand.region == SEGC_REGION_OUTPUT ? listed(memory.outputs)
      : operand.region < SEGC_REGION_COUNT   ? memory.flat[operand.region]
                                             : DeviceAddress();
  if (!base)
    return invalidArgument("region " + std::to_string(operand.region) +
                           ", number " + std::to_string(operand.index) +
                           ", has no memory in this call");
  address = base + operand.offset;
  return Status::success();
}

static uint64_t elementsOf(const segc_operand &operand, int64_t batch) {
  return operand.elements_fixed +
         operand.elements_per_sample * static_cast<uint64_t>(batch);
}

/// Checks for libraries that are missing, before anything runs.
Status ProgramRunner::checkServices(
    const segc_program &program, int64_t batch,
    std::set<const segc_command *> &libraryCalls) const {
  for (uint32_t i = 0; i < program.command_count; ++i) {
    const segc_command &command = program.commands[i];
    if (command.kind == SEGC_COMMAND_CALL) {
      const StatusOr<bool> isCalled = device.prepareCall(command, batch);
      if (!isCalled.ok())
        return isCalled.status().withContext(where(program, command));
      if (*isCalled)
        libraryCalls.insert(&command);
    }
  }
  return Status::success();
}

Status ProgramRunner::run(const segc_program &program,
                          const ProgramMemory &memory, int64_t batch,
                          KernelObserver *observer) {
  const std::pair<const segc_program *, int64_t> key = {&program, batch};
  if (!observer)
    if (const auto known = graphs.find(key); known != graphs.end())
      return device.replay(*known->second, main);
  Call call = {program, memory, batch, observer, {}, {}};
  SEGC_RETURN_IF_ERROR(checkServices(program, batch, call.libraryCalls));
  SEGC_RETURN_IF_ERROR(prepare(program, call.streams));
  SEGC_RETURN_IF_ERROR(prepareCollectives(call));
  if (observer ||
      (!call.libraryCalls.empty() && calledBefore.insert(key).second))
    return enqueueAll(call);
  SEGC_RETURN_IF_ERROR(device.beginCapture(main));
  Status status = enqueueAll(call);
  StatusOr<std::unique_ptr<Graph>> recorded = device.endCapture(main);
  SEGC_RETURN_IF_ERROR(status);
  SEGC_RETURN_IF_ERROR(recorded.status());
  return device.replay(*(graphs[key] = std::move(*recorded)), main);
}

Status ProgramRunner::prepare(const segc_program &program,
                              std::vector<Stream *> &ofProgram) {
  for (uint32_t i = 0; i < program.stream_count; ++i) {
    const std::string name = program.streams[i];
    if (name == "compute") {
      ofProgram.push_back(&main);
      continue;
    }
    std::unique_ptr<Stream> &stream = streams[name];
    if (!stream) {
      SEGC_ASSIGN_OR_RETURN(stream, device.createStream());
    }
    ofProgram.push_back(stream.get());
  }
  while (events.size() < program.event_count) {
    SEGC_ASSIGN_OR_RETURN(std::unique_ptr<Event> event, device.createEvent());
    events.push_back(std::move(event));
  }
  if (!join) {
    SEGC_ASSIGN_OR_RETURN(join, device.createEvent());
  }
  return Status::success();
}

/// Makes the other streams wait for the main one before the program, and the
/// main one wait for them at its end.
Status ProgramRunner::joinStreams(const Call &call, bool atEnd) {
  for (Stream *stream : call.streams) {
    if (stream == &main)
      continue;
    SEGC_RETURN_IF_ERROR(device.record(*join, atEnd ? *stream : main));
    SEGC_RETURN_IF_ERROR(device.wait(atEnd ? main : *stream, *join));
  }
  return Status::success();
}

Status ProgramRunner::enqueueAll(const Call &call) {
  SEGC_RETURN_IF_ERROR(joinStreams(call, /*atEnd=*/false));
  for (uint32_t i = 0; i < call.program.command_count; ++i) {
    const segc_command &command = call.program.commands[i];
    const bool isCalled = call.libraryCalls.count(&command);
    // The next commands compute what a call does.
    if (command.kind == SEGC_COMMAND_CALL && !isCalled)
      continue;
    SEGC_RETURN_IF_ERROR(
        enqueue(call, i).withContext(where(call.program, command)));
    if (isCalled)
      i += command.alternatives;
  }
  return joinStreams(call, /*atEnd=*/true);
}

Status ProgramRunner::enqueue(const Call &call, uint32_t index) {
  const segc_command &command = call.program.commands[index];
  if (command.stream >= call.streams.size())
    return dataLoss("its stream is not one of the program");
  Stream &stream = *call.streams[command.stream];
  const bool usesEvent = command.kind == SEGC_COMMAND_COLLECTIVE ||
                         command.kind == SEGC_COMMAND_RECORD ||
                         command.kind == SEGC_COMMAND_WAIT;
  if (usesEvent && command.event >= call.program.event_count)
    return dataLoss("its event is not one of the program");
  switch (command.kind) {
  case SEGC_COMMAND_LAUNCH:
    return launch(call, index);
  case SEGC_COMMAND_CALL:
    return callLibrary(call, index);
  case SEGC_COMMAND_COPY: {
    DeviceAddress from, to;
    SEGC_RETURN_IF_ERROR(addressOf(call.memory, command.operands[0], from));
    SEGC_RETURN_IF_ERROR(addressOf(call.memory, command.operands[1], to));
    return device.copyOnDevice(stream, to, from,
                               elementsOf(command.operands[0], call.batch) *
                                   elementBytes(command.operands[0].type));
  }
  case SEGC_COMMAND_ADVANCE_SCALARS: {
    DeviceAddress finite, scalars;
    SEGC_RETURN_IF_ERROR(addressOf(call.memory, command.operands[0], finite));
    SEGC_RETURN_IF_ERROR(addressOf(call.memory, command.operands[1], scalars));
    return device.advanceScalars(stream, finite, scalars);
  }
  case SEGC_COMMAND_COLLECTIVE:
    return startCollective(call, command);
  case SEGC_COMMAND_RECORD:
    return device.record(*events[command.event], stream);
  case SEGC_COMMAND_WAIT:
    return device.wait(stream, *events[command.event]);
  default:
    return dataLoss("it is of the unknown kind " +
                    std::to_string(command.kind));
  }
}

StatusOr<segc_collective>
ProgramRunner::collectiveOf(const Call &call,
                            const segc_command &command) const {
  if (command.stream >= call.streams.size())
    return dataLoss("its stream is not one of the program");
  const segc_operand &operand = command.operands[0];
  DeviceAddress data;
  SEGC_RETURN_IF_ERROR(addressOf(call.memory, operand, data));
  const auto isCollective = [](const segc_command &other) {
    return other.kind == SEGC_COMMAND_COLLECTIVE;
  };
  const segc_command *first = call.program.commands,
                     *end = first + call.program.command_count;
  return segc_collective{
      sizeof(segc_collective),
      command.collective,
      operand.type,
      operand.region,
      call.program.streams[command.stream],
      data.asPointer(),
      elementsOf(operand, call.batch),
      command.travels_as,
      static_cast<uint32_t>(std::count_if(first, &command, isCollective)),
      static_cast<uint32_t>(std::count_if(first, end, isCollective)),
      0,
      command.shards};
}

/// Before anything runs; without others there is nothing to exchange.
Status ProgramRunner::prepareCollectives(const Call &call) {
  std::vector<std::pair<segc_collective, const segc_command *>> all;
  for (uint32_t i = 0; collectives && i < call.program.command_count; ++i) {
    const segc_command &command = call.program.commands[i];
    if (command.kind != SEGC_COMMAND_COLLECTIVE)
      continue;
    SEGC_ASSIGN_OR_RETURN(const segc_collective collective,
                          collectiveOf(call, command));
    all.emplace_back(collective, &command);
  }
  // The memory of the largest serves the others.
  std::sort(all.begin(), all.end(), [](const auto &a, const auto &b) {
    return a.first.count != b.first.count ? a.first.count > b.first.count
                                          : a.second < b.second;
  });
  for (const auto &[collective, command] : all)
    SEGC_RETURN_IF_ERROR(collectives->prepare(collective)
                             .withContext(where(call.program, *command)));
  return Status::success();
}

Status ProgramRunner::startCollective(const Call &call,
                                      const segc_command &command) {
  Stream &stream = *call.streams[command.stream];
  if (collectives) {
    SEGC_ASSIGN_OR_RETURN(const segc_collective collective,
                          collectiveOf(call, command));
    SEGC_RETURN_IF_ERROR(collectives->enqueue(stream, collective));
  }
  return device.record(*events[command.event], stream);
}

/// Fills the addresses of the operands of a launch or a call.
static Status addressesOf(const ProgramMemory &memory,
                          const segc_command &command,
                          std::array<void *, SEGC_MAX_OPERANDS> &operands) {
  if (command.operand_count > SEGC_MAX_OPERANDS)
    return dataLoss("it has more than " + std::to_string(SEGC_MAX_OPERANDS) +
                    " operands");
  for (uint32_t i = 0; i < command.operand_count; ++i) {
    DeviceAddress address;
    SEGC_RETURN_IF_ERROR(addressOf(memory, command.operands[i], address));
    operands[i] = address.asPointer();
  }
  return Status::success();
}

/// The operands of a command, and what an observer is told of them.
struct ProgramRunner::Operands {
  std::array<void *, SEGC_MAX_OPERANDS> addresses;
  std::array<uint64_t, SEGC_MAX_OPERANDS> elements;
  std::array<uint8_t, SEGC_MAX_OPERANDS> types;
};

StatusOr<ProgramRunner::Operands>
ProgramRunner::operandsOf(const Call &call, const segc_command &command) const {
  Operands operands;
  SEGC_RETURN_IF_ERROR(addressesOf(call.memory, command, operands.addresses));
  for (uint32_t i = 0; i < command.operand_count; ++i) {
    operands.elements[i] = elementsOf(command.operands[i], call.batch);
    operands.types[i] = static_cast<uint8_t>(command.operands[i].type);
  }
  return operands;
}

/// Does what the observer sees as the launch that command `index` is.
Status ProgramRunner::observe(const Call &call, uint32_t index,
                              const Operands &operands, int64_t tasks,
                              const std::function<StatusOr<double>()> &run) {
  const segc_command &command = call.program.commands[index];
  const auto batch = static_cast<double>(call.batch);
  const auto isLaunch = [](const segc_command &other) {
    return other.kind == SEGC_COMMAND_LAUNCH;
  };
  const segc_command *first = call.program.commands;
  const auto position =
      static_cast<uint32_t>(std::count_if(first, first + index, isLaunch));
  const segc_kernel_event event = {
      sizeof(event),
      position,
      call.program.name,
      command.name,
      command.op,
      command.flops_per_sample * batch,
      command.bytes_per_sample * batch,
      command.output_count,
      0,
      operands.addresses.data() + command.input_count,
      operands.elements.data() + command.input_count,
      operands.types.data() + command.input_count};
  call.observer->begin(event);
  call.observer->cut(tasks);
  SEGC_ASSIGN_OR_RETURN(const double seconds, run());
  call.observer->took(seconds);
  return call.observer->end(event)
             ? internalError("stopped by the observer after " +
                             orEmpty(command.op))
             : Status::success();
}

/// The observer sees the main one of the launches that compute the same: the
/// first whose work is counted.
Status ProgramRunner::callLibrary(const Call &call, uint32_t index) {
  const segc_command &command = call.program.commands[index];
  SEGC_ASSIGN_OR_RETURN(const Operands operands, operandsOf(call, command));
  KernelLaunch library;
  library.command = &command;
  library.operands = operands.addresses.data();
  library.batch = call.batch;
  Stream &stream = *call.streams[command.stream];
  if (!call.observer)
    return device.call(stream, library);
  const auto run = [&] {
    return device.measure(stream, orEmpty(command.name),
                          [&] { return device.call(stream, library); });
  };
  if (command.alternatives == 0)
    return run().status();
  const segc_command *first = &command + 1, *end = first + command.alternatives;
  const segc_command *main =
      std::find_if(first, end, [](const segc_command &launch) {
        return launch.flops_per_sample > 0;
      });
  const auto launch = static_cast<uint32_t>((main == end ? first : main) -
                                            call.program.commands);
  SEGC_ASSIGN_OR_RETURN(const Operands ofLaunch,
                        operandsOf(call, call.program.commands[launch]));
  return observe(call, launch, ofLaunch, /*tasks=*/1, run);
}

Status ProgramRunner::launch(const Call &call, uint32_t index) {
  const segc_command &command = call.program.commands[index];
  Stream &stream = *call.streams[command.stream];
  SEGC_ASSIGN_OR_RETURN(const Operands operands, operandsOf(call, command));
  KernelLaunch launch;
  launch.command = &command;
  launch.operands = operands.addresses.data();
  launch.scratch =
      call.memory.flat[SEGC_REGION_ARENA] + call.program.arena_bytes;
  launch.scratchBytes = call.program.scratch_bytes;
  launch.batch = call.batch;
  if ((command.launch_flags & SEGC_LAUNCH_SHARDED) && collectives) {
    launch.rank = collectives->rank();
    launch.ranks = collectives->size();
  }
  if (!call.observer)
    return device.launch(stream, launch);
  return observe(call, index, operands, launch.tasks(),
                 [&] { return device.launchTimed(stream, launch); });
}
