//===- ConvStrategyAttr.cpp -----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Plans as strategy dictionaries, and back with a check that they can be
// emitted.

#include "ConvStrategyLimits.h"
#include "TileReductions.h"
#include "segc/Codegen/CPU/ConvStrategy.h"
#include "segc/Codegen/CPU/GroupedStrategy.h"
#include "segc/Codegen/CPU/NarrowStrategy.h"
#include "segc/Codegen/CPU/TileSource.h"
#include "segc/Codegen/CPU/WinogradStrategy.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace segc {

namespace {

/// One list of the entries serves writing and reading.
template <typename F>
void forEntries(ConvPlan &plan, F &&f) {
  f("lanes", plan.lanes), f("nb", plan.nb), f("block", plan.block),
      f("tile", plan.tile), f("groups", plan.groups);
  f("share_taps", plan.share_taps), f("in_place", plan.in_place),
      f("unroll", plan.unroll);
  f(strategyProductsName, plan.products);
}

template <typename F>
void forEntries(FilterGradPlan &plan, F &&f) {
  f("lanes", plan.lanes), f("nb", plan.nb), f("ur", plan.ur),
      f("tile", plan.tile), f("splits", plan.splits);
  f("tap_groups", plan.tap_groups), f("groups", plan.groups),
      f("share_taps", plan.share_taps);
  f("pack_grad", plan.pack_grad), f("prefetch", plan.prefetch),
      f("swapped", plan.swapped);
  f(strategyProductsName, plan.products);
}

template <typename F>
void forEntries(WinogradPlan &plan, F &&f) {
  f(strategyTilesName, plan.m), f("tile", plan.tile), f("lanes", plan.lanes),
      f("nb", plan.nb), f("ur", plan.ur);
  f("groups", plan.groups), f("in_place", plan.in_place);
  f(strategyProductsName, plan.products);
}

template <typename F>
void forEntries(WinogradFilterGradPlan &plan, F &&f) {
  f(strategyTilesName, plan.m), f("tile", plan.tile), f("lanes", plan.lanes),
      f("nb", plan.nb), f("ur", plan.ur);
  f("splits", plan.splits), f("groups", plan.groups),
      f("task_points", plan.task_points);
  f(strategyProductsName, plan.products);
}

template <typename F>
void forEntries(NarrowPlan &plan, F &&f) {
  f("lanes", plan.lanes), f("pixels", plan.pixels), f("tile", plan.tile);
  f("in_place", plan.in_place);
}

template <typename F>
void forEntries(GroupedPlan &plan, F &&f) {
  f("lanes", plan.lanes), f("nb", plan.nb), f("pixels", plan.pixels);
  f("tile", plan.tile), f("in_place", plan.in_place);
}

template <typename F>
void forEntries(GroupedFilterGradPlan &plan, F &&f) {
  f("lanes", plan.lanes), f("ur", plan.ur);
}

struct Writer {
  Builder b;
  SmallVector<NamedAttribute> entries;
  void operator()(StringRef name, int64_t value) {
    entries.push_back(b.getNamedAttr(name, b.getI64IntegerAttr(value)));
  }
  void operator()(StringRef name, bool value) {
    entries.push_back(b.getNamedAttr(name, b.getBoolAttr(value)));
  }
  void operator()(StringRef name, const Dims &value) {
    entries.push_back(b.getNamedAttr(name, b.getDenseI64ArrayAttr(value)));
  }
  /// Those of f32 go without saying.
  void operator()(StringRef name, Products value) {
    if (value != Products::F32)
      entries.push_back(
          b.getNamedAttr(name, b.getStringAttr(productsName(value))));
  }
};

struct Reader {
  DictionaryAttr strategy;
  std::string wrong, expected;
  /// Entries that the plan has.
  SmallVector<StringRef> known{strategyKindName, strategyTempName,
                               strategySumsName, strategyPreparedName};
  template <typename Attr, typename F>
  void read(StringRef name, StringRef what, F &&set) {
    auto attr = strategy ? strategy.getAs<Attr>(name) : Attr();
    if (wrong.empty() && (!attr || !set(attr))) {
      wrong = name.str();
      expected = what.str();
    }
  }
  /// Sizes are small enough for products of a few.
  static bool isSize(int64_t value) {
    return value > 0 && value <= int64_t{1} << 20;
  }
  void operator()(StringRef name, int64_t &value) {
    known.push_back(name);
    read<IntegerAttr>(name, "an integer above 0", [&](IntegerAttr attr) {
      return attr.getType().isSignlessInteger(64) &&
             isSize(value = attr.getInt());
    });
  }
  void operator()(StringRef name, bool &value) {
    known.push_back(name);
    read<BoolAttr>(name, "true or false", [&](BoolAttr attr) {
      return value = attr.getValue(), true;
    });
  }
  void operator()(StringRef name, Dims &value) {
    known.push_back(name);
    read<DenseI64ArrayAttr>(name, "three integers above 0 (array<i64: ...>)",
                            [&](DenseI64ArrayAttr attr) {
                              if (attr.size() != 3)
                                return false;
                              llvm::copy(attr.asArrayRef(), value.begin());
                              return llvm::all_of(value, isSize);
                            });
  }
  void operator()(StringRef name, Products &value) {
    known.push_back(name);
    value = Products::F32;
    if (!strategy || !strategy.contains(name))
      return;
    read<StringAttr>(
        name, "16-bit products that there are", [&](StringAttr attr) {
          value = lookupProducts(attr.getValue()).value_or(Products::F32);
          return value != Products::F32;
        });
  }
};

/// Reads a plan's entries; whether they suit the problem is not asked.
template <typename Plan>
LogicalResult readPlan(FusionEmitter &emitter, Operation *op, Plan &plan) {
  DictionaryAttr strategy = emitter.getFusion().getStrategyAttr();
  Reader reader{strategy, "", ""};
  forEntries(plan, reader);
  if (!reader.wrong.empty()) {
    InFlightDiagnostic diag = op->emitOpError("expects a valid '")
                              << reader.wrong << "' in the fusion's strategy: "
                              << reader.expected << ", got ";
    if (Attribute got = strategy ? strategy.get(reader.wrong) : Attribute())
      return diag << got;
    return diag << "none";
  }
  for (NamedAttribute entry : strategy)
    if (!llvm::is_contained(reader.known, entry.getName().strref()))
      return op->emitOpError("has no entry '")
             << entry.getName().strref() << "' in a strategy of kind '"
             << Plan::kind << "': expects "
             << llvm::join(ArrayRef(reader.known), ", ");
  return success();
}

// Words of the temporary.
int64_t tempWords(const ConvProblem &problem, const ConvPlan &plan) {
  return problem.phaseCount() * plan.channelBlocks(problem) *
         plan.panelSize(problem);
}
int64_t tempWords(const ConvProblem &whole, const FilterGradPlan &plan) {
  ConvProblem problem = plan.seen(whole);
  return plan.isDirect(problem) ? 0 : plan.splits * plan.partialSize(problem);
}
int64_t tempWords(const ConvProblem &problem, const WinogradPlan &plan) {
  return plan.filterSize(problem);
}
int64_t tempWords(const ConvProblem &problem, const NarrowPlan &plan) {
  return plan.filterSize(problem);
}
int64_t tempWords(const ConvProblem &problem, const GroupedPlan &plan) {
  return plan.filterSize(problem);
}
int64_t tempWords(const ConvProblem &, const GroupedFilterGradPlan &) {
  return 0;
}
int64_t tempWords(const ConvProblem &problem,
                  const WinogradFilterGradPlan &plan) {
  return plan.splits * plan.sumSize(problem);
}

template <typename Plan>
int64_t tempBytes(const ConvProblem &problem, const Plan &plan) {
  return roundUp(tempWords(problem, plan) * 4, 64);
}

/// Whether Winograd tiles can compute it and are of sizes that are known.
/// An input that no prologue computes and no border surrounds.
bool mayReadInPlace(const ConvProblem &problem, Operation *op) {
  return problem.readsInPlace() && TileSource(op->getOperand(0)).isInput();
}

/// Of the reductions that follow the root.
template <typename Plan>
int64_t sumsBytes(seg::FusionOp fusion, const ConvProblem &problem,
                  const Plan &plan) {
  return TileReductions(fusion, plan.outputTiles(problem)).bytes();
}
// Filter gradients have none.
int64_t sumsBytes(seg::FusionOp, const ConvProblem &, const FilterGradPlan &) {
  return 0;
}
int64_t sumsBytes(seg::FusionOp, const ConvProblem &,
                  const WinogradFilterGradPlan &) {
  return 0;
}
int64_t sumsBytes(seg::FusionOp, const ConvProblem &,
                  const GroupedFilterGradPlan &) {
  return 0;
}

LogicalResult checkTiles(const ConvProblem &problem, Operation *op,
                         const Dims &m) {
  for (unsigned d = 0; d < 3; ++d) {
    bool known = problem.taps[d] == 1 ? m[d] == 1 : m[d] == 2 || m[d] == 4;
    if (!known)
      return op->emitOpError("expects Winograd tiles of 2 or 4 where the "
                             "filter has 3 taps, of 1 elsewhere, got ")
             << m[d];
  }
  return success();
}

template <typename Plan>
FailureOr<Plan> readTiles(FusionEmitter &emitter, const ConvProblem &problem,
                          Operation *op, const std::string &refusal) {
  if (!refusal.empty())
    return op->emitOpError("cannot use Winograd tiles: ") << refusal;
  Plan plan{};
  if (failed(readPlan(emitter, op, plan)) ||
      failed(checkTiles(problem, op, plan.m)))
    return failure();
  return plan;
}

/// Fixed point has scales for the points of Winograd tiles.
LogicalResult refuseFixedPoint(Operation *op, Products products) {
  if (products != Products::Fixed)
    return success();
  return op->emitOpError("cannot multiply in fixed point: only convolutions by "
                         "Winograd tiles do");
}

/// Whether the direct kernels can pack pairs.
template <typename Plan>
LogicalResult checkProducts(const ConvProblem &problem, Operation *op,
                            const Plan &plan) {
  if (failed(refuseFixedPoint(op, plan.products)))
    return failure();
  std::string refusal = pairsRefusal(problem);
  if (plan.products == Products::F32 || refusal.empty())
    return success();
  return op->emitOpError("cannot multiply pairs of ")
         << productsName(plan.products) << ": " << refusal;
}

template <typename Plan>
LogicalResult checkMemory(FusionEmitter &emitter, const ConvProblem &problem,
                          Operation *op, const Plan &plan) {
  DictionaryAttr strategy = emitter.getFusion().getStrategyAttr();
  std::pair<StringRef, int64_t> memory[] = {
      {strategyTempName, tempBytes(problem, plan)},
      {strategySumsName, sumsBytes(emitter.getFusion(), problem, plan)}};
  for (auto [name, expected] : memory)
    if (int64_t bytes = strategyBytes(strategy, name); bytes != expected)
      return op->emitOpError("expects ")
             << expected << " " << name << " for the fusion's strategy, got "
             << bytes;
  return success();
}

} // namespace

template <typename Plan>
DictionaryAttr toStrategy(seg::FusionOp fusion, const ConvProblem &problem,
                          const Plan &plan) {
  Writer writer{Builder(fusion.getContext()), {}};
  // Entries are listed for reading, too.
  Plan entries = plan;
  forEntries(entries, writer);
  writer.entries.push_back(writer.b.getNamedAttr(
      strategyKindName, writer.b.getStringAttr(Plan::kind)));
  writer(strategyTempName, tempBytes(problem, plan));
  if (int64_t bytes = sumsBytes(fusion, problem, plan))
    writer(strategySumsName, bytes);
  return writer.b.getDictionaryAttr(writer.entries);
}

template DictionaryAttr toStrategy(seg::FusionOp, const ConvProblem &,
                                   const ConvPlan &);
template DictionaryAttr toStrategy(seg::FusionOp, const ConvProblem &,
                                   const FilterGradPlan &);
template DictionaryAttr toStrategy(seg::FusionOp, const ConvProblem &,
                                   const WinogradPlan &);
template DictionaryAttr toStrategy(seg::FusionOp, const ConvProblem &,
                                   const WinogradFilterGradPlan &);
template DictionaryAttr toStrategy(seg::FusionOp, const ConvProblem &,
                                   const NarrowPlan &);
template DictionaryAttr toStrategy(seg::FusionOp, const ConvProblem &,
                                   const GroupedPlan &);
template DictionaryAttr toStrategy(seg::FusionOp, const ConvProblem &,
                                   const GroupedFilterGradPlan &);

/// Whether a kernel without groups and dilations may be used.
static LogicalResult checkPlain(const ConvProblem &problem, Operation *op) {
  std::string reason = plainRefusal(problem);
  if (reason.empty())
    return success();
  return op->emitOpError("cannot use the direct kernel: ") << reason;
}

double productError(DictionaryAttr strategy) {
  Products products = productWork(strategy).products;
  if (products == Products::F32)
    return 0;
  Dims m{1, 1, 1};
  if (auto tiles = strategy.getAs<DenseI64ArrayAttr>(strategyTilesName))
    llvm::copy(tiles.asArrayRef(), m.begin());
  return productError(products, m);
}

FailureOr<ConvPlan> readConvPlan(FusionEmitter &emitter,
                                 const ConvProblem &problem, Operation *op) {
  if (failed(checkPlain(problem, op)))
    return failure();
  ConvPlan plan{};
  if (failed(readPlan(emitter, op, plan)) ||
      failed(checkLimits(op, problem, plan)) ||
      failed(checkMemory(emitter, problem, op, plan)) ||
      failed(checkProducts(problem, op, plan)))
    return failure();
  if (plan.in_place && plan.products != Products::F32)
    return op->emitOpError("cannot read its input in place: pairs of ")
           << productsName(plan.products) << " are packed";
  Dims space = problem.space();
  bool outerBlocked = false;
  for (unsigned d = 0; d < 3; ++d) {
    bool whole = plan.tile[d] == space[d];
    if (outerBlocked && !(whole && plan.block[d] == space[d]))
      return op->emitOpError(
          "expects a register block of several rows to cover them");
    if (plan.block[d] > space[d] || plan.tile[d] > space[d] ||
        (!whole && plan.tile[d] % plan.block[d] != 0))
      return op->emitOpError("expects register blocks to divide the tile, got ")
             << plan.block[d] << " and " << plan.tile[d];
    outerBlocked |= plan.block[d] > 1;
  }
  if (plan.in_place && !mayReadInPlace(problem, op))
    return op->emitOpError("cannot read its input in place");
  if (plan.share_taps &&
      !(problem.inStrides()[2] == 1 && problem.hasEqualPhases(2)))
    return op->emitOpError("cannot share inputs between taps");
  int64_t steps =
      plan.words(problem) * (problem.hasEqualPhases(2) && !plan.share_taps
                                 ? problem.phaseTaps()[2]
                                 : 1);
  if (steps % plan.unroll != 0)
    return op->emitOpError("expects unroll to divide ")
           << steps << ", got " << plan.unroll;
  if (int64_t additions = plan.additions(problem);
      plan.products == Products::F16 && additions > mostChained)
    return op->emitOpError("expects a step to add at most ")
           << mostChained << " pairs of f16 to a sum, got " << additions;
  return plan;
}

FailureOr<FilterGradPlan> readFilterGradPlan(FusionEmitter &emitter,
                                             const ConvProblem &whole,
                                             Operation *op) {
  FilterGradPlan plan{};
  if (failed(checkPlain(whole, op)) || failed(readPlan(emitter, op, plan)))
    return failure();
  if (plan.swapped && whole.strides != Dims{1, 1, 1})
    return op->emitOpError("cannot swap the factors of a strided convolution");
  if (plan.swapped && !TileSource(op->getOperand(0)).isInput())
    return op->emitOpError("cannot swap factors of which a prologue computes "
                           "one");
  ConvProblem problem = plan.seen(whole);
  if (failed(checkLimits(op, problem, plan)) ||
      failed(checkMemory(emitter, whole, op, plan)))
    return failure();
  if (failed(checkProducts(problem, op, plan)))
    return failure();
  if (plan.products != Products::F32 && !plan.pack_grad)
    return op->emitOpError("expects pack_grad with products of ")
           << productsName(plan.products);
  if (!llvm::is_contained(
          {int64_t(1), problem.taps[0], problem.taps[0] * problem.taps[1]},
          plan.tap_groups))
    return op->emitOpError("expects tap_groups to be 1, the depth or depth "
                           "times height of the filter, got ")
           << plan.tap_groups;
  for (unsigned d = 0; d < 3; ++d)
    if (plan.tile[d] > problem.out[d])
      return op->emitOpError("expects a tile within the output, got ")
             << plan.tile[d];
  if (plan.share_taps && plan.products == Products::F16)
    return op->emitOpError("cannot share inputs between taps with products of "
                           "f16");
  if (plan.share_taps && !plan.canShareTaps(problem))
    return op->emitOpError("cannot share inputs between taps");
  return plan;
}

FailureOr<WinogradPlan> readWinogradPlan(FusionEmitter &emitter,
                                         const ConvProblem &problem,
                                         Operation *op) {
  FailureOr<WinogradPlan> plan = readTiles<WinogradPlan>(
      emitter, problem, op, winogradRefusal(problem, WinogradTiles::F4));
  if (failed(plan) || failed(checkLimits(op, problem, *plan)))
    return failure();
  bool divides = true;
  for (unsigned d = 0; d < 3; ++d)
    divides &= problem.out[d] % plan->m[d] == 0;
  if (plan->in_place && !(mayReadInPlace(problem, op) && divides))
    return op->emitOpError("cannot read its input in place");
  if (failed(checkMemory(emitter, problem, op, *plan)))
    return failure();
  return plan;
}

FailureOr<WinogradFilterGradPlan>
readWinogradFilterGradPlan(FusionEmitter &emitter, const ConvProblem &problem,
                           Operation *op) {
  auto plan = readTiles<WinogradFilterGradPlan>(
      emitter, problem, op,
      winogradFilterGradRefusal(problem, WinogradTiles::F4));
  if (failed(plan) || failed(checkLimits(op, problem, *plan)) ||
      failed(refuseFixedPoint(op, plan->products)) ||
      failed(checkMemory(emitter, problem, op, *plan)))
    return failure();
  return plan;
}

FailureOr<NarrowPlan> readNarrowPlan(FusionEmitter &emitter,
                                     const ConvProblem &problem,
                                     Operation *op) {
  if (std::string reason = narrowRefusal(problem); !reason.empty())
    return op->emitOpError("cannot use the narrow kernel: ") << reason;
  NarrowPlan plan{};
  if (failed(readPlan(emitter, op, plan)) ||
      failed(checkLimits(op, problem, plan)) ||
      failed(checkMemory(emitter, problem, op, plan)))
    return failure();
  if (plan.tile[2] != problem.out[2] && plan.tile[2] % plan.pixels != 0)
    return op->emitOpError("expects register blocks to divide the tile, got ")
           << plan.pixels << " and " << plan.tile[2];
  if (plan.in_place && !mayReadInPlace(problem, op))
    return op->emitOpError("cannot read its input in place");
  return plan;
}

FailureOr<GroupedPlan> readGroupedPlan(FusionEmitter &emitter,
                                       const ConvProblem &problem,
                                       Operation *op) {
  if (std::string reason = groupedRefusal(problem); !reason.empty())
    return op->emitOpError("cannot use the grouped kernel: ") << reason;
  GroupedPlan plan{};
  if (failed(readPlan(emitter, op, plan)) ||
      failed(checkLimits(op, problem, plan)) ||
      failed(checkMemory(emitter, problem, op, plan)))
    return failure();
  if (!groupedTakesVectors(problem, plan.lanes, plan.nb))
    return op->emitOpError("expects the vectors of a register block to be of "
                           "one group, got ")
           << plan.nb << " vectors for groups of " << problem.groupOutputs()
           << " channels";
  if (int64_t width = problem.space()[2];
      plan.tile[2] > width ||
      (plan.tile[2] != width && plan.tile[2] % plan.pixels != 0))
    return op->emitOpError("expects register blocks to divide the tile, got ")
           << plan.pixels << " and " << plan.tile[2];
  if (plan.in_place && !(groupedReadsInside(problem) && !problem.narrowInput &&
                         TileSource(op->getOperand(0)).isInput()))
    return op->emitOpError("cannot read its input in place");
  return plan;
}

FailureOr<GroupedFilterGradPlan>
readGroupedFilterGradPlan(FusionEmitter &emitter, const ConvProblem &problem,
                          Operation *op) {
  if (std::string reason = groupedRefusal(problem); !reason.empty())
    return op->emitOpError("cannot use the grouped kernel: ") << reason;
  GroupedFilterGradPlan plan{};
  if (failed(readPlan(emitter, op, plan)) ||
      failed(checkLimits(op, problem, plan)) ||
      failed(checkMemory(emitter, problem, op, plan)))
    return failure();
  if (!groupedTakesRows(problem, plan.lanes, plan.ur))
    return op->emitOpError("expects ur to divide the input channels of a "
                           "group, ")
           << problem.groupInputs() << ", got " << plan.ur;
  return plan;
}

} // namespace segc
