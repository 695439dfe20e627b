//===- CollectiveCommands.cpp - Collectives in a segc_program -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProgramTable.h"

using namespace llvm;

namespace segc {

Constant *ProgramTable::shardsTable(exec::ShardsAttr shards) {
  return t.array(
      {t.structure({t.u64(shards.getElements()), t.u64(shards.getSlice()),
                    t.u64(shards.getOffset())})});
}

/// Gathers the partial results of a launch, and waits for them.
void ProgramTable::addGather(exec::BufferAttr partials, exec::ShardsAttr shards,
                             StringRef stream) {
  Command command;
  command.kind = SEGC_COMMAND_COLLECTIVE;
  command.stream = stream;
  command.name = exec::stringifyCollectiveKind(exec::CollectiveKind::AllGather);
  command.operands = {operand(partials.getRegion(), 0, partials.getOffset(),
                              shards.getElements(), 0, SEGC_F32)};
  command.inputs = 1;
  command.event = takeEvent();
  command.number = SEGC_COLLECTIVE_ALL_GATHER;
  command.threads = SEGC_F32;
  command.details = shardsTable(shards);
  add(command);
  addWait(command.event, stream);
  freeEvents.push_back(command.event);
}

/// The tensors form one bucket: a range of bytes, with the gaps between them,
/// that is reduced in place.
void ProgramTable::addCollective(exec::CollectiveOp collective) {
  for (auto [input, buffer] :
       llvm::zip_equal(collective.getInputs(),
                       collective.getBuffers().getAsRange<exec::BufferAttr>()))
    if (exec::BufferAttr from = exec::bufferOf(input); !from.samePlace(buffer))
      addCopy(from, buffer, collective.getStream());
  auto first =
           cast<exec::BufferAttr>(collective.getBuffers().getValue().front()),
       last = cast<exec::BufferAttr>(collective.getBuffers().getValue().back());
  mlir::Type element = first.getType().getElementType();
  int64_t elements =
      (last.getEnd() - first.getOffset()) * 8 / element.getIntOrFloatBitWidth();
  // A tensor alone has as many samples as the call.
  Constant *bucket =
      first == last
          ? operand(first)
          : operand(first.getRegion(), first.getIndex(), first.getOffset(),
                    elements, 0, elementOf(element));
  const std::string place = first.place();
  Command command;
  command.kind = SEGC_COMMAND_COLLECTIVE;
  command.stream = collective.getStream();
  command.name = exec::stringifyCollectiveKind(collective.getKind());
  command.label = place;
  command.operands = {bucket};
  command.inputs = 1; // The operand is also written, in place.
  command.event = events[collective.getDone()] = takeEvent();
  command.number = static_cast<uint32_t>(collective.getKind());
  command.threads = elementOf(collective.getTravels().value_or(element));
  if (exec::ShardsAttr shards = collective.getShardsAttr())
    command.details = shardsTable(shards);
  add(command);
}

void ProgramTable::addRecord(exec::RecordOp record) {
  Command command;
  command.kind = SEGC_COMMAND_RECORD;
  command.stream = record.getStream();
  command.name = "record";
  command.event = events[record.getDone()] = takeEvent();
  add(command);
}

void ProgramTable::addWait(uint32_t event, StringRef stream) {
  Command command;
  command.kind = SEGC_COMMAND_WAIT;
  command.stream = stream;
  command.name = "wait";
  command.event = event;
  add(command);
}

/// A program has few events: those that have been waited for are used again.
void ProgramTable::addWait(exec::WaitOp wait) {
  for (mlir::Value token : wait.getTokens()) {
    const uint32_t event = events.lookup(token);
    addWait(event, wait.getStream());
    auto isLater = [&](mlir::Operation *user) {
      return wait->isBeforeInBlock(user);
    };
    if (llvm::none_of(token.getUsers(), isLater) &&
        !llvm::is_contained(freeEvents, event))
      freeEvents.push_back(event);
  }
}

} // namespace segc
