//===- PlanChecker.cpp - A second opinion on memory plans -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlanChecker.h"

#include "segc/Transforms/Passes.h"

#include "gtest/gtest.h"

using namespace mlir;

namespace segc {

static int64_t bytesOf(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.getNumElements() * type.getElementTypeBitWidth() / 8;
}

/// Whether a kernel that is not pointwise reads what is made of the value: at
/// other places than it writes. A reduction of what the kernel stores is not
/// meant: it reads the stored value.
static bool reachesRoot(Value value) {
  for (Operation *user : value.getUsers()) {
    if (isa<seg::YieldOp>(user))
      continue;
    auto sum = dyn_cast<seg::EpilogueReductionOpInterface>(user);
    if (sum && sum.getReduced() == value && !isa<BlockArgument>(value))
      continue;
    if (!isa<seg::PointwiseOpInterface>(user))
      return true;
    for (Value result : user->getResults())
      if (reachesRoot(result))
        return true;
  }
  return false;
}

/// Whether the result may be written where the input is read: every op that
/// reads the input does so element by element, at equal types, and so does
/// what reads that in turn.
static bool mayOverwrite(seg::FusionOp fusion, Value input, Value result) {
  if (input.getType() != result.getType())
    return false;
  for (OpOperand &operand : fusion->getOpOperands()) {
    Value inside = fusion.getBody().getArgument(operand.getOperandNumber());
    if (operand.get() == input && reachesRoot(inside))
      return false;
  }
  return true;
}

PlanChecker::PlanChecker(func::FuncOp entry)
    : entry(entry), fusions(llvm::to_vector(entry.getOps<seg::FusionOp>())) {
  arena = entry->getAttrOfType<IntegerAttr>(arenaAttrName).getInt();
  for (auto [tick, fusion] : llvm::enumerate(fusions))
    tickOf[fusion] = tick;
}

void PlanChecker::check() {
  checkOverwrites();
  SmallVector<Range> alive;
  for (auto [tick, fusion] : llvm::enumerate(fusions)) {
    SmallVector<Range> born = ranges(fusion);
    for (size_t i = 0; i < born.size(); ++i) {
      EXPECT_GE(born[i].low, 0);
      EXPECT_LE(born[i].high, arena);
      EXPECT_EQ(born[i].low % 64, 0);
      for (size_t j = 0; j < i; ++j)
        EXPECT_FALSE(born[i].overlaps(born[j]))
            << "two results of kernel " << tick;
      for (const Range &old : alive)
        checkPair(fusion, tick, old, born[i]);
    }
    alive.append(born);
    llvm::erase_if(
        alive, [&](const Range &range) { return !isReadAfter(range, tick); });
    bound = std::max(bound, liveBytes(alive, fusion, born));
  }
}

/// No kernel reads an argument after the kernel that overwrites it.
void PlanChecker::checkOverwrites() {
  auto place = [](DictionaryAttr attrs) {
    return std::pair(attrs ? attrs.get(regionAttrName) : Attribute(),
                     attrs ? attrs.get(offsetAttrName) : Attribute());
  };
  Operation *end = entry.getBody().front().getTerminator();
  for (auto [i, value] : llvm::enumerate(end->getOperands())) {
    auto written = place(entry.getResultAttrDict(i));
    if (!written.first || !written.second)
      continue;
    for (BlockArgument argument : entry.getArguments()) {
      if (place(entry.getArgAttrDict(argument.getArgNumber())) != written)
        continue;
      for (Operation *user : argument.getUsers())
        if (isa<seg::FusionOp>(user))
          EXPECT_LE(tickOf.lookup(user), tickOf.lookup(value.getDefiningOp()))
              << "kernel " << tickOf.lookup(user) << " reads argument "
              << argument.getArgNumber() << " after it was overwritten";
    }
  }
}

SmallVector<PlanChecker::Range> PlanChecker::ranges(seg::FusionOp fusion) {
  SmallVector<Range> result;
  for (auto [value, offset] :
       llvm::zip_equal(fusion.getResults(), *fusion.getOffsets()))
    if (offset >= 0)
      result.push_back({offset, offset + bytesOf(value), value});
  DictionaryAttr strategy = fusion.getStrategyAttr();
  auto bytes = [&](StringRef name) -> int64_t {
    auto attr = strategy ? strategy.getAs<IntegerAttr>(name) : IntegerAttr();
    return attr ? attr.getInt() : 0;
  };
  // Prepared filters lie in a region of their own.
  int64_t temp = bytes("sums_bytes");
  if (strategy && !strategy.get("prepared"))
    temp += bytes("temp_bytes");
  EXPECT_EQ(fusion.getTempOffset().has_value(), temp > 0);
  if (temp > 0) {
    int64_t low = fusion.getTempOffset().value_or(0);
    result.push_back({low, low + temp, nullptr});
  }
  return result;
}

void PlanChecker::checkPair(seg::FusionOp fusion, int tick, const Range &old,
                            const Range &fresh) {
  if (!old.overlaps(fresh))
    return;
  bool dies = !isReadAfter(old, tick);
  EXPECT_TRUE(dies) << "kernel " << tick
                    << " overwrites a value that is read later";
  EXPECT_TRUE(fresh.value && old.low == fresh.low && old.high == fresh.high &&
              mayOverwrite(fusion, old.value, fresh.value))
      << "kernel " << tick
      << " writes over an operand that it does not read element by element";
  ++inPlace;
}

bool PlanChecker::isReadAfter(const Range &range, int tick) {
  return range.value &&
         llvm::any_of(range.value.getUsers(), [&](Operation *user) {
           return isa<seg::FusionOp>(user) && tickOf.lookup(user) > tick;
         });
}

/// Bytes that this kernel needs at once, those shared in place once.
int64_t PlanChecker::liveBytes(ArrayRef<Range> after, seg::FusionOp fusion,
                               ArrayRef<Range> born) {
  SmallVector<Range> live(after);
  auto add = [&](const Range &range) {
    if (llvm::none_of(live, [&](const Range &other) {
          return other.low == range.low && other.overlaps(range);
        }))
      live.push_back(range);
  };
  for (const Range &range : born)
    add(range);
  for (Value input : fusion.getInputs())
    if (auto producer = input.getDefiningOp<seg::FusionOp>())
      if (int64_t low =
              (*producer.getOffsets())[cast<OpResult>(input).getResultNumber()];
          low >= 0)
        add({low, low + bytesOf(input), input});
  int64_t bytes = 0;
  for (const Range &range : live)
    bytes += (range.high - range.low + 63) / 64 * 64;
  return bytes;
}

} // namespace segc
