//===- Fuel.cpp -----------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Driver/Fuel.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "segc/Transforms/Decisions.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace segc {

static constexpr StringLiteral kinds[] = {
    FusionDecision::tag, StrategyDecision::tag, MemoryDecision::tag};
static constexpr StringLiteral prefix = "seg-";

bool addFuel(StringRef text, FuelLimits &limits) {
  auto [kind, number] = text.split('=');
  if (number.empty() && !text.contains('='))
    std::swap(kind, number);
  int64_t limit = 0;
  if (number.getAsInteger(10, limit) || limit < 0 ||
      (!kind.empty() && !llvm::is_contained(kinds, (prefix + kind).str())))
    return false;
  limits[kind.str()] = limit;
  return true;
}

Fuel::Fuel(MLIRContext &context, FuelLimits limits)
    : context(context), left(std::move(limits)) {
  if (left.empty())
    return;
  context.disableMultithreading();
  context.registerActionHandler(
      [this](function_ref<void()> run, const tracing::Action &action) {
        handle(run, action);
      });
}

Fuel::~Fuel() {
  if (left.empty())
    return;
  context.registerActionHandler(nullptr);
  llvm::errs() << "segc: fuel: " << made << " decisions made"
               << (last.empty() ? "" : ", the last: ") << last << "; "
               << withheld << " withheld\n";
}

/// Location and function of the op of an action.
static std::string placeOf(const tracing::Action &action) {
  std::string place;
  llvm::raw_string_ostream out(place);
  for (IRUnit unit : action.getContextIRUnits())
    if (auto *op = dyn_cast_if_present<Operation *>(unit)) {
      auto entry = dyn_cast<func::FuncOp>(op);
      if (!entry)
        entry = op->getParentOfType<func::FuncOp>();
      if (entry)
        out << " in " << entry.getSymName();
      out << " at " << op->getLoc();
    }
  return place;
}

void Fuel::handle(function_ref<void()> run, const tracing::Action &action) {
  if (!llvm::is_contained(kinds, action.getTag()))
    return run();
  StringRef kind = action.getTag().drop_front(prefix.size());
  auto own = left.find(kind.str()), all = left.find("");
  for (auto limit : {own, all})
    if (limit != left.end() && limit->second == 0) {
      ++withheld;
      return;
    }
  for (auto limit : {own, all})
    if (limit != left.end())
      --limit->second;
  ++made;
  last = kind.str() + ": ";
  llvm::raw_string_ostream out(last);
  action.print(out);
  out << placeOf(action);
  run();
}

} // namespace segc
