//===- ProgramRangesTest.cpp - Memory that a program's commands use -------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Core/ProgramRanges.h"

#include <gmock/gmock.h>

using namespace segc;
using testing::ElementsAre;
using testing::Field;

/// A range of f32 values.
static segc_operand range(segc_region region, uint64_t offset, uint64_t fixed,
                          uint64_t perSample = 0, uint32_t index = 0) {
  return {region, index, offset, fixed, perSample, SEGC_F32, 0};
}

static segc_command commandOf(const std::vector<segc_operand> &operands) {
  segc_command command = {};
  command.operands = operands.data();
  command.operand_count = static_cast<uint32_t>(operands.size());
  return command;
}

static segc_program programOf(const std::vector<segc_command> &commands,
                              uint64_t arenaBytes = 0) {
  segc_program program = {};
  program.commands = commands.data();
  program.command_count = static_cast<uint32_t>(commands.size());
  program.arena_bytes = arenaBytes;
  return program;
}

static auto isRange(uint64_t begin, uint64_t end) {
  return testing::AllOf(Field(&ByteRange::begin, begin),
                        Field(&ByteRange::end, end));
}

TEST(ProgramRanges, OutputsLieWhereValuesAreDead) {
  // Of two samples: a map at 0 to 800, one at 1024 to 1824, which the last
  // command turns into the output beside a statistic at 3200.
  const std::vector<segc_operand> first = {range(SEGC_REGION_ARENA, 0, 0, 100)},
                                  second = {range(SEGC_REGION_ARENA, 0, 0, 100),
                                            range(SEGC_REGION_ARENA, 1024, 0,
                                                  100)},
                                  third = {
                                      range(SEGC_REGION_ARENA, 1024, 0, 100),
                                      range(SEGC_REGION_ARENA, 3200, 4),
                                      range(SEGC_REGION_OUTPUT, 0, 0, 100)};
  const std::vector<segc_command> commands = {
      commandOf(first), commandOf(second), commandOf(third)};
  const segc_program program = programOf(commands, 3216);
  auto place = [&](const std::vector<uint64_t> &bytes, int64_t batch = 2) {
    return placeOutputs(program, bytes, 4000, batch);
  };
  // In front of the second map, behind it, and behind the scratch, which ends
  // with the 4000 bytes.
  EXPECT_THAT(place({1024}).offsets, ElementsAre(0));
  EXPECT_THAT(place({1025}).offsets, ElementsAre(1856));
  EXPECT_THAT(place({1344}).offsets, ElementsAre(1856));
  EXPECT_EQ(place({1344}).bytes, 4000U);
  EXPECT_THAT(place({1345}).offsets, ElementsAre(4032));
  EXPECT_EQ(place({1345}).bytes, 4032U + 1345);
  // The map of one sample ends at 1424.
  EXPECT_THAT(place({1345}, 1).offsets, ElementsAre(1472));
  // Outputs lie apart, also one that no command writes.
  EXPECT_THAT(place({1000, 1000}).offsets, ElementsAre(0, 1024));
}

TEST(ProgramRanges, FiltersThatWereLaidOutAreNotRead) {
  const segc_operand filter = range(SEGC_REGION_PARAMETERS, 0, 64),
                     bias = range(SEGC_REGION_PARAMETERS, 256, 16),
                     other = range(SEGC_REGION_PARAMETERS, 512, 64),
                     laidOut = range(SEGC_REGION_PREPARED, 128, 80),
                     empty = range(SEGC_REGION_ARENA, 0, 0);
  const std::vector<segc_operand> layout = {empty, filter, empty, laidOut},
                                  conv = {filter, bias, laidOut},
                                  plain = {other}, again = {filter, bias};
  const std::vector<segc_command> preparing = {commandOf(layout)};
  const segc_program prepare = programOf(preparing);
  std::vector<segc_command> commands = {commandOf(conv), commandOf(plain)};
  EXPECT_THAT(parametersRead(programOf(commands), prepare, 1),
              ElementsAre(isRange(256, 320), isRange(512, 768)));
  // A command without what was laid out reads the filter itself.
  commands.push_back(commandOf(again));
  EXPECT_THAT(parametersRead(programOf(commands), prepare, 1),
              ElementsAre(isRange(0, 320), isRange(512, 768)));
}
