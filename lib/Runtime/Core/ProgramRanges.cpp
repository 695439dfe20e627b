//===- ProgramRanges.cpp - Memory that a program's commands use -----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Core/ProgramRanges.h"
#include "segc/Runtime/Core/Elements.h"

#include <algorithm>

using namespace segc;

static ByteRange rangeOf(const segc_operand &operand, int64_t batch) {
  const uint64_t elements =
      operand.elements_fixed +
      operand.elements_per_sample * static_cast<uint64_t>(batch);
  return {operand.offset,
          operand.offset + elements * elementBytes(operand.type)};
}

/// Sorts ranges and joins those that overlap or touch.
static std::vector<ByteRange> joined(std::vector<ByteRange> ranges) {
  std::sort(
      ranges.begin(), ranges.end(),
      [](const ByteRange &a, const ByteRange &b) { return a.begin < b.begin; });
  std::vector<ByteRange> all;
  for (const ByteRange &range : ranges)
    if (all.empty() || range.begin > all.back().end)
      all.push_back(range);
    else
      all.back().end = std::max(all.back().end, range.end);
  return all;
}

static bool usesOutput(const segc_command &command, size_t index) {
  return std::any_of(command.operands, command.operands + command.operand_count,
                     [&](const segc_operand &operand) {
                       return operand.region == SEGC_REGION_OUTPUT &&
                              operand.index == index;
                     });
}

/// The first multiple of SEGC_ALIGNMENT with so many bytes free behind it.
static uint64_t lowestPlace(const std::vector<ByteRange> &used,
                            uint64_t bytes) {
  uint64_t place = 0;
  for (const ByteRange &range : used) {
    if (place + bytes <= range.begin)
      break;
    constexpr uint64_t unit = SEGC_ALIGNMENT;
    place = std::max(place, (range.end + unit - 1) / unit * unit);
  }
  return place;
}

OutputPlaces segc::placeOutputs(const segc_program &program,
                                const std::vector<uint64_t> &outputBytes,
                                uint64_t reserved, int64_t batch) {
  OutputPlaces places;
  places.bytes = reserved;
  std::vector<ByteRange> outputs;
  const segc_command *end = program.commands + program.command_count;
  for (size_t index = 0; index < outputBytes.size(); ++index) {
    std::vector<ByteRange> used = outputs;
    used.push_back({program.arena_bytes, reserved});
    const segc_command *first =
        std::find_if(program.commands, end, [&](const segc_command &command) {
          return usesOutput(command, index);
        });
    for (const segc_command *command = first; command != end; ++command)
      for (uint32_t i = 0; i < command->operand_count; ++i)
        if (command->operands[i].region == SEGC_REGION_ARENA)
          used.push_back(rangeOf(command->operands[i], batch));
    const uint64_t place = lowestPlace(joined(used), outputBytes[index]);
    outputs.push_back({place, place + outputBytes[index]});
    places.offsets.push_back(place);
    places.bytes = std::max(places.bytes, outputs.back().end);
  }
  return places;
}

/// The operand of a command that is the same memory; null if it has none.
static const segc_operand *findOperand(const segc_command &command,
                                       const segc_operand &wanted) {
  const segc_operand *end = command.operands + command.operand_count;
  const segc_operand *found =
      std::find_if(command.operands, end, [&](const segc_operand &operand) {
        return operand.region == wanted.region &&
               operand.offset == wanted.offset && operand.type == wanted.type &&
               operand.elements_fixed == wanted.elements_fixed;
      });
  return found == end ? nullptr : found;
}

/// Whether `prepare` lays a parameter out to a place that a command reads. Its
/// commands have one parameter and one result each; other operands are empty.
static bool isLaidOut(const segc_operand &parameter,
                      const segc_command &command,
                      const segc_program &prepare) {
  return std::any_of(prepare.commands, prepare.commands + prepare.command_count,
                     [&](const segc_command &layout) {
                       if (!findOperand(layout, parameter))
                         return false;
                       return std::any_of(
                           layout.operands,
                           layout.operands + layout.operand_count,
                           [&](const segc_operand &result) {
                             return result.region == SEGC_REGION_PREPARED &&
                                    findOperand(command, result);
                           });
                     });
}

std::vector<ByteRange> segc::parametersRead(const segc_program &program,
                                            const segc_program &prepare,
                                            int64_t batch) {
  std::vector<ByteRange> read;
  for (uint32_t i = 0; i < program.command_count; ++i) {
    const segc_command &command = program.commands[i];
    for (uint32_t o = 0; o < command.operand_count; ++o) {
      const segc_operand &operand = command.operands[o];
      if (operand.region == SEGC_REGION_PARAMETERS &&
          !isLaidOut(operand, command, prepare))
        read.push_back(rangeOf(operand, batch));
    }
  }
  return joined(std::move(read));
}
