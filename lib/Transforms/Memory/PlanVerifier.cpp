//===- PlanVerifier.cpp ---------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Transforms/PlanVerifier.h"

#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "segc/Target/Strategy.h"
#include "segc/Transforms/ArenaPlan.h"
#include "segc/Transforms/Passes.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace segc {

/// Whether the result may be written where the input is read: every op that
/// reads the input does so element by element, at equal types, and so does
/// what reads that in turn.
static bool mayOverwrite(seg::FusionOp fusion, Value input, Value result) {
  if (!input || !result || input.getType() != result.getType())
    return false;
  for (OpOperand &operand : fusion->getOpOperands())
    if (operand.get() == input &&
        !fusion.readsElementwise(operand.getOperandNumber()))
      return false;
  return true;
}

/// The kernel that reads the value last, not before the one that writes it.
int PlanVerifier::lastRead(Value value, int tick) const {
  int last = tick;
  for (Operation *user : value.getUsers())
    if (auto reader = tickOf.find(user); reader != tickOf.end())
      last = std::max(last, reader->second);
  return last;
}

/// An entry is a list of kernels and their results' places, and no more.
LogicalResult PlanVerifier::verifyOps() {
  if (!entry.getBody().hasOneBlock())
    return entry.emitOpError("expects a body of one block");
  for (Operation &op : entry.getBody().front().without_terminator()) {
    auto fusion = dyn_cast<seg::FusionOp>(op);
    if (!fusion)
      return op.emitOpError("lies in no seg.fusion; run seg-fuse first");
    if (fusion.getNumResults() == 0)
      return fusion.emitOpError("expects a result: nothing needs a kernel "
                                "without one");
    for (NamedAttribute attribute : fusion->getDiscardableAttrs())
      if (!attribute.getName().strref().contains('.'))
        return fusion.emitOpError("has no attribute '")
               << attribute.getName().strref()
               << "': expects strategy, offsets and temp_offset";
    tickOf[fusion] = fusions.size();
    fusions.push_back(fusion);
  }
  auto bytes = entry->getAttrOfType<IntegerAttr>(arenaAttrName);
  auto least = entry->getAttrOfType<IntegerAttr>(arenaBoundAttrName);
  if (!bytes || !least)
    return entry.emitOpError("has no memory plan: expects ")
           << arenaAttrName << " and " << arenaBoundAttrName
           << "; run seg-plan-memory first";
  constexpr int64_t maxArena = int64_t{1} << 46;
  arena = bytes.getInt();
  if (arena < 0 || arena > maxArena || arena % arenaAlignment)
    return entry.emitOpError("expects ")
           << arenaAttrName << " to be a multiple of " << arenaAlignment
           << " up to " << maxArena << ", got " << arena;
  return success();
}

LogicalResult PlanVerifier::verify() {
  if (failed(verifyOps()) || failed(verifyOverwrites()))
    return failure();
  std::multimap<int, int64_t> ends; // First bytes, by the last kernel.
  for (auto [index, fusion] : llvm::enumerate(fusions)) {
    int tick = index;
    auto born = ranges(fusion, tick);
    if (failed(born))
      return failure();
    for (const Range &range : *born) {
      if (failed(verifyBytes(fusion, range)) ||
          failed(place(fusion, range, tick)))
        return failure();
      ends.emplace(range.last, range.low);
    }
    bound = std::max(bound, aliveBytes);
    for (; !ends.empty() && ends.begin()->first <= tick;
         ends.erase(ends.begin()))
      if (auto range = alive.find(ends.begin()->second);
          range != alive.end() && range->second.last <= tick) {
        aliveBytes -= arenaAligned(range->second.high - range->second.low);
        alive.erase(range);
      }
  }
  return success();
}

/// Offsets may be anything: near the end of 64 bits the end wraps around.
static int64_t endOf(int64_t offset, int64_t bytes) {
  return static_cast<int64_t>(static_cast<uint64_t>(offset) +
                              static_cast<uint64_t>(bytes));
}

/// What the kernel writes in the arena.
FailureOr<SmallVector<PlanVerifier::Range>>
PlanVerifier::ranges(seg::FusionOp fusion, int tick) {
  if (failed(verifyStrategyMemory(fusion)))
    return failure();
  if (!fusion.getOffsets())
    return fusion.emitOpError("has no offsets; run seg-plan-memory first");
  SmallVector<Range> result;
  for (auto [value, offset] :
       llvm::zip_equal(fusion.getResults(), *fusion.getOffsets())) {
    unsigned number = value.getResultNumber();
    bool returned =
        llvm::any_of(value.getUsers(), llvm::IsaPred<func::ReturnOp>);
    if (returned && offset != -1)
      return fusion.emitOpError("expects offset -1 for result #")
             << number << ", which the entry returns in a place of its own, "
             << "got " << offset;
    if (!returned && offset < 0)
      return fusion.emitOpError("expects an offset in the arena for result #")
             << number << ", got " << offset;
    if (!returned)
      result.push_back({offset, endOf(offset, seg::tensorBytes(value)), value,
                        tick, lastRead(value, tick)});
  }
  int64_t temporary = arenaTempBytes(fusion.getStrategyAttr());
  if (fusion.getTempOffset().has_value() != (temporary > 0)) {
    if (temporary == 0)
      return fusion.emitOpError("expects no temp_offset: its strategy needs no "
                                "temporary in the arena");
    return fusion.emitOpError("expects temp_offset for the ")
           << temporary << " bytes of its strategy's temporary";
  }
  if (temporary > 0) {
    auto low = static_cast<int64_t>(*fusion.getTempOffset());
    result.push_back({low, endOf(low, temporary), nullptr, tick, tick});
  }
  return result;
}

/// "result #0 ('tensor<..>')" or "its temporary".
static std::string nameOf(Value value) {
  if (!value)
    return "the temporary";
  std::string name;
  llvm::raw_string_ostream(name)
      << "result #" << cast<OpResult>(value).getResultNumber() << " of "
      << value.getType();
  return name;
}

LogicalResult PlanVerifier::verifyBytes(seg::FusionOp fusion,
                                        const Range &range) {
  if (range.low % arenaAlignment)
    return fusion.emitOpError("expects ")
           << nameOf(range.value) << " at a multiple of " << arenaAlignment
           << " bytes, got " << range.low;
  if (range.low < 0 || range.high < range.low || range.high > arena)
    return fusion.emitOpError("expects ")
           << nameOf(range.value) << " within the arena of " << arena
           << " bytes, got "
           << static_cast<uint64_t>(range.high) -
                  static_cast<uint64_t>(range.low)
           << " bytes at " << range.low;
  return success();
}

/// Adds the range to what is alive, where that leaves room.
LogicalResult PlanVerifier::place(seg::FusionOp fusion, const Range &range,
                                  int tick) {
  auto other = alive.lower_bound(range.low);
  if (other != alive.begin() && std::prev(other)->second.high > range.low)
    --other;
  if (other == alive.end() || other->second.low >= range.high) {
    alive.emplace(range.low, range);
    aliveBytes += arenaAligned(range.high - range.low);
    return success();
  }
  Range &old = other->second;
  bool dies = old.maker < tick && old.last == tick;
  if (dies && old.low == range.low && old.high == range.high &&
      mayOverwrite(fusion, old.value, range.value)) {
    ++inPlace;
    old = range;
    return success();
  }
  InFlightDiagnostic diag =
      fusion.emitOpError("kernel ")
      << tick << " writes " << nameOf(range.value) << " to bytes " << range.low
      << " to " << range.high << ", over " << nameOf(old.value) << " of kernel "
      << old.maker << " at bytes " << old.low << " to " << old.high
      << ", which is needed from kernel " << old.maker << " to " << old.last;
  if (dies)
    diag << "; a result may take the place of an operand that is read element "
            "by element, at its type, and by no later kernel";
  diag.attachNote(fusions[old.maker].getLoc()) << "kernel " << old.maker;
  return diag;
}

/// No kernel reads an argument after the kernel that overwrites it.
LogicalResult PlanVerifier::verifyOverwrites() {
  using Place = std::pair<Attribute, Attribute>;
  auto place = [](DictionaryAttr attrs) {
    return Place(attrs ? attrs.get(regionAttrName) : Attribute(),
                 attrs ? attrs.get(offsetAttrName) : Attribute());
  };
  llvm::DenseMap<Place, BlockArgument> arguments;
  for (BlockArgument argument : entry.getArguments())
    if (Place where = place(entry.getArgAttrDict(argument.getArgNumber()));
        where.first && where.second)
      arguments[where] = argument;
  Operation *end = entry.getBody().front().getTerminator();
  for (auto [i, value] : llvm::enumerate(end->getOperands())) {
    BlockArgument argument =
        arguments.lookup(place(entry.getResultAttrDict(i)));
    Operation *writer = value.getDefiningOp();
    if (!argument || !tickOf.contains(writer))
      continue;
    for (Operation *user : argument.getUsers())
      if (auto reader = tickOf.find(user);
          reader != tickOf.end() && reader->second > tickOf.lookup(writer)) {
        InFlightDiagnostic diag =
            user->emitOpError("kernel ")
            << reader->second << " reads argument #" << argument.getArgNumber()
            << " after kernel " << tickOf.lookup(writer)
            << " has overwritten it with result #" << i << " of the entry";
        diag.attachNote(writer->getLoc()) << "kernel " << tickOf.lookup(writer);
        return diag;
      }
  }
  return success();
}

} // namespace segc
