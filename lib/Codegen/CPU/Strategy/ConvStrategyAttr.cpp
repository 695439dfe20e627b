//===- ConvStrategyAttr.cpp -----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Conversion of tilings to strategies and back, and verification that
// strategies can be emitted.

#include "Reductions/TileReductions.h"
#include "Strategy/ConvStrategyLimits.h"
#include "segc/Codegen/CPU/ConvStrategy.h"
#include "segc/Codegen/CPU/FewChannelsStrategy.h"
#include "segc/Codegen/CPU/GroupedStrategy.h"
#include "segc/Codegen/CPU/TileSource.h"
#include "segc/Codegen/CPU/WinogradStrategy.h"
#include "segc/Dialect/Seg/IR/QuantizeOps.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace segc {

/// As forEntries of the other tilings, below.
template <typename F>
static void forEntries(Int8ConvTiling &tiling, F &&f) {
  f("lanes", tiling.lanes), f("nb", tiling.nb), f("block", tiling.block),
      f("tile", tiling.tile), f("groups", tiling.groups);
  f("share_taps", tiling.share_taps), f("unroll", tiling.unroll);
}

namespace {

/// Calls `f` with the name and the field of each parameter. Writer, reader and
/// declaration share this list.
template <typename F>
void forEntries(ConvTiling &tiling, F &&f) {
  f("lanes", tiling.lanes), f("nb", tiling.nb), f("block", tiling.block),
      f("tile", tiling.tile), f("groups", tiling.groups);
  f("share_taps", tiling.share_taps), f("in_place", tiling.in_place),
      f("unroll", tiling.unroll);
  f(strategyMultiplyTypeName, tiling.multiplyType);
}

template <typename F>
void forEntries(FilterGradTiling &tiling, F &&f) {
  f("lanes", tiling.lanes), f("nb", tiling.nb), f("ur", tiling.ur),
      f("tile", tiling.tile), f("splits", tiling.splits);
  f("tap_groups", tiling.tap_groups), f("groups", tiling.groups),
      f("share_taps", tiling.share_taps);
  f("pack_grad", tiling.pack_grad), f("prefetch", tiling.prefetch),
      f("swapped", tiling.swapped);
  f(strategyMultiplyTypeName, tiling.multiplyType);
}

template <typename F>
void forEntries(WinogradTiling &tiling, F &&f) {
  f(strategyTilesName, tiling.m), f("tile", tiling.tile),
      f("lanes", tiling.lanes), f("nb", tiling.nb), f("ur", tiling.ur);
  f("groups", tiling.groups), f("in_place", tiling.in_place);
  f(strategyMultiplyTypeName, tiling.multiplyType);
}

template <typename F>
void forEntries(WinogradFilterGradTiling &tiling, F &&f) {
  f(strategyTilesName, tiling.m), f("tile", tiling.tile),
      f("lanes", tiling.lanes), f("nb", tiling.nb), f("ur", tiling.ur);
  f("splits", tiling.splits), f("groups", tiling.groups),
      f("task_points", tiling.task_points);
  f(strategyMultiplyTypeName, tiling.multiplyType);
}

template <typename F>
void forEntries(FewChannelsTiling &tiling, F &&f) {
  f("lanes", tiling.lanes), f("pixels", tiling.pixels), f("tile", tiling.tile);
  f("in_place", tiling.in_place);
}

template <typename F>
void forEntries(GroupedTiling &tiling, F &&f) {
  f("lanes", tiling.lanes), f("nb", tiling.nb), f("pixels", tiling.pixels);
  f("tile", tiling.tile), f("in_place", tiling.in_place);
}

template <typename F>
void forEntries(GroupedFilterGradTiling &tiling, F &&f) {
  f("lanes", tiling.lanes), f("ur", tiling.ur);
}

struct Writer {
  Builder b;
  SmallVector<NamedAttribute> parameters;
  void operator()(StringRef name, int64_t value) {
    parameters.push_back(b.getNamedAttr(name, b.getI64IntegerAttr(value)));
  }
  void operator()(StringRef name, bool value) {
    parameters.push_back(b.getNamedAttr(name, b.getBoolAttr(value)));
  }
  void operator()(StringRef name, const Dims &value) {
    parameters.push_back(b.getNamedAttr(name, b.getDenseI64ArrayAttr(value)));
  }
  /// f32 is the default and is not written.
  void operator()(StringRef name, MultiplyType value) {
    if (value != MultiplyType::F32)
      parameters.push_back(
          b.getNamedAttr(name, b.getStringAttr(multiplyTypeName(value))));
  }
};

/// Reads the parameters of a strategy that has been verified.
struct Reader {
  seg::StrategyAttr strategy;
  void operator()(StringRef name, int64_t &value) {
    value = strategy.get<IntegerAttr>(name).getInt();
  }
  void operator()(StringRef name, bool &value) {
    value = strategy.get<BoolAttr>(name).getValue();
  }
  void operator()(StringRef name, Dims &value) {
    llvm::copy(strategy.getInts(name), value.begin());
  }
  void operator()(StringRef name, MultiplyType &value) {
    auto type = strategy.get<StringAttr>(name);
    value = type ? *lookupMultiplyType(type.getValue()) : MultiplyType::F32;
  }
};

/// Declares the parameters.
struct Declarer {
  using Type = StrategyParameter::Type;
  std::vector<StrategyParameter> parameters;
  void operator()(StringRef name, int64_t) {
    parameters.push_back({name, Type::Size});
  }
  void operator()(StringRef name, bool) {
    parameters.push_back({name, Type::Switch});
  }
  void operator()(StringRef name, const Dims &) {
    parameters.push_back({name, Type::Sizes});
  }
  void operator()(StringRef name, MultiplyType) {
    StrategyParameter parameter{name, Type::Keyword, /*optional=*/true};
    for (MultiplyType type :
         {MultiplyType::Bf16, MultiplyType::F16, MultiplyType::Fixed})
      parameter.keywords.push_back(multiplyTypeName(type));
    parameters.push_back(std::move(parameter));
  }
};

/// Reads the tiling of the fusion's strategy, without verifying it against the
/// problem.
template <typename Tiling>
Tiling readTiling(FusionEmitter &emitter) {
  Tiling tiling{};
  forEntries(tiling, Reader{emitter.getFusion().getStrategyAttr()});
  return tiling;
}

// These return the words of the temporary.
int64_t tempWords(const ConvProblem &problem, const ConvTiling &tiling) {
  return problem.phaseCount() * tiling.channelBlocks(problem) *
         tiling.panelSize(problem);
}
int64_t tempWords(const ConvProblem &whole, const FilterGradTiling &tiling) {
  ConvProblem problem = tiling.effectiveProblem(whole);
  return tiling.isDirect(problem) ? 0
                                  : tiling.splits * tiling.partialSize(problem);
}
int64_t tempWords(const ConvProblem &problem, const WinogradTiling &tiling) {
  return tiling.filterSize(problem);
}
int64_t tempWords(const ConvProblem &problem, const FewChannelsTiling &tiling) {
  return tiling.filterSize(problem);
}
int64_t tempWords(const ConvProblem &problem, const GroupedTiling &tiling) {
  return tiling.filterSize(problem);
}
int64_t tempWords(const ConvProblem &, const GroupedFilterGradTiling &) {
  return 0;
}
int64_t tempWords(const ConvProblem &problem,
                  const WinogradFilterGradTiling &tiling) {
  return tiling.splits * tiling.sumSize(problem);
}

template <typename Tiling>
int64_t tempBytes(const ConvProblem &problem, const Tiling &tiling) {
  return roundUp(tempWords(problem, tiling) * 4, 64);
}

/// Returns whether the input can be read in place: it has no prologue, and no
/// padding is read.
bool mayReadInPlace(const ConvProblem &problem, Operation *op) {
  return problem.readsInPlace() && TileSource(op->getOperand(0)).isInput();
}

/// Returns the bytes for the partial sums of reductions that follow the root.
template <typename Tiling>
int64_t sumsBytes(seg::FusionOp fusion, const ConvProblem &problem,
                  const Tiling &tiling) {
  return TileReductions(fusion, tiling.outputTiles(problem)).bytes();
}
// Filter gradients have no reductions.
int64_t sumsBytes(seg::FusionOp, const ConvProblem &,
                  const FilterGradTiling &) {
  return 0;
}
int64_t sumsBytes(seg::FusionOp, const ConvProblem &,
                  const WinogradFilterGradTiling &) {
  return 0;
}
int64_t sumsBytes(seg::FusionOp, const ConvProblem &,
                  const GroupedFilterGradTiling &) {
  return 0;
}

LogicalResult checkTiles(const ConvProblem &problem, Operation *op,
                         const Dims &m) {
  bool mayBe6 = seg::quantizesInput(op) && llvm::is_contained(problem.taps, 1);
  for (unsigned d = 0; d < 3; ++d) {
    bool known = problem.taps[d] == 1
                     ? m[d] == 1
                     : m[d] == 2 || m[d] == 4 || (m[d] == 6 && mayBe6);
    if (!known)
      return op->emitOpError("expects Winograd tiles of ")
             << (mayBe6 ? "2, 4 or 6" : "2 or 4")
             << " where the filter has 3 taps, of 1 elsewhere, got " << m[d];
  }
  return success();
}

template <typename Tiling>
FailureOr<Tiling> readTiles(FusionEmitter &emitter, const ConvProblem &problem,
                            Operation *op, const std::string &refusal) {
  if (!refusal.empty())
    return op->emitOpError("cannot use Winograd tiles: ") << refusal;
  auto tiling = readTiling<Tiling>(emitter);
  if (failed(checkTiles(problem, op, tiling.m)))
    return failure();
  return tiling;
}

/// Fixed point is only supported with Winograd tiles, whose points have scales.
LogicalResult refuseFixedPoint(Operation *op, MultiplyType multiplyType) {
  if (multiplyType != MultiplyType::Fixed)
    return success();
  return op->emitOpError("cannot multiply in fixed point: only Winograd "
                         "convolutions support it");
}

/// Verifies that direct kernels can pack pairs of this type.
template <typename Tiling>
LogicalResult checkMultiplyType(const ConvProblem &problem, Operation *op,
                                const Tiling &tiling) {
  if (failed(refuseFixedPoint(op, tiling.multiplyType)))
    return failure();
  std::string refusal = pairsRefusal(problem);
  if (tiling.multiplyType == MultiplyType::F32 || refusal.empty())
    return success();
  return op->emitOpError("cannot multiply pairs of ")
         << multiplyTypeName(tiling.multiplyType) << ": " << refusal;
}

template <typename Tiling>
LogicalResult checkMemory(FusionEmitter &emitter, const ConvProblem &problem,
                          Operation *op, const Tiling &tiling) {
  seg::StrategyAttr strategy = emitter.getFusion().getStrategyAttr();
  std::tuple<StringRef, int64_t, int64_t> memory[] = {
      {seg::StrategyAttr::tempBytesName, strategy.getTempBytes(),
       tempBytes(problem, tiling)},
      {seg::StrategyAttr::sumsBytesName, strategy.getSumsBytes(),
       sumsBytes(emitter.getFusion(), problem, tiling)}};
  for (auto [name, bytes, expected] : memory)
    if (bytes != expected)
      return op->emitOpError("expects ")
             << expected << " " << name << " for the fusion's strategy, got "
             << bytes;
  return success();
}

} // namespace

template <typename Tiling>
seg::StrategyAttr toStrategy(seg::FusionOp fusion, const ConvProblem &problem,
                             const Tiling &tiling) {
  Writer writer{Builder(fusion.getContext()), {}};
  // forEntries takes a mutable tiling, because it also serves reading.
  Tiling entries = tiling;
  forEntries(entries, writer);
  return seg::StrategyAttr::get(fusion.getContext(), Tiling::kind,
                                writer.parameters, tempBytes(problem, tiling),
                                sumsBytes(fusion, problem, tiling));
}

template <typename Tiling>
ArrayRef<StrategyParameter> tilingParameters() {
  static const std::vector<StrategyParameter> parameters = [] {
    Tiling tiling{};
    Declarer declarer;
    forEntries(tiling, declarer);
    return declarer.parameters;
  }();
  return parameters;
}

template seg::StrategyAttr toStrategy(seg::FusionOp, const ConvProblem &,
                                      const ConvTiling &);
template ArrayRef<StrategyParameter> tilingParameters<ConvTiling>();
template seg::StrategyAttr toStrategy(seg::FusionOp, const ConvProblem &,
                                      const Int8ConvTiling &);
template ArrayRef<StrategyParameter> tilingParameters<Int8ConvTiling>();
template seg::StrategyAttr toStrategy(seg::FusionOp, const ConvProblem &,
                                      const FilterGradTiling &);
template ArrayRef<StrategyParameter> tilingParameters<FilterGradTiling>();
template seg::StrategyAttr toStrategy(seg::FusionOp, const ConvProblem &,
                                      const WinogradTiling &);
template ArrayRef<StrategyParameter> tilingParameters<WinogradTiling>();
template seg::StrategyAttr toStrategy(seg::FusionOp, const ConvProblem &,
                                      const WinogradFilterGradTiling &);
template ArrayRef<StrategyParameter>
tilingParameters<WinogradFilterGradTiling>();
template seg::StrategyAttr toStrategy(seg::FusionOp, const ConvProblem &,
                                      const FewChannelsTiling &);
template ArrayRef<StrategyParameter> tilingParameters<FewChannelsTiling>();
template seg::StrategyAttr toStrategy(seg::FusionOp, const ConvProblem &,
                                      const GroupedTiling &);
template ArrayRef<StrategyParameter> tilingParameters<GroupedTiling>();
template seg::StrategyAttr toStrategy(seg::FusionOp, const ConvProblem &,
                                      const GroupedFilterGradTiling &);
template ArrayRef<StrategyParameter>
tilingParameters<GroupedFilterGradTiling>();

/// Refuses quantized factors, which kernels of other kinds do not pack.
static LogicalResult refuseInt8(Operation *op) {
  if (seg::quantizesInput(op))
    return op->emitOpError("has a quantized input: expects a strategy of kind "
                           "winograd");
  if (!seg::multipliesInt8(op))
    return success();
  return op->emitOpError("has quantized factors: expects a strategy of kind "
                         "int8");
}

/// Verifies that the problem has neither groups nor dilations.
static LogicalResult checkPlain(const ConvProblem &problem, Operation *op) {
  std::string reason = plainRefusal(problem);
  if (reason.empty())
    return success();
  return op->emitOpError("cannot use the direct kernel: ") << reason;
}

double productError(seg::StrategyAttr strategy, bool int8Input) {
  MultiplyType multiplyType = productWork(strategy).multiplyType;
  if (multiplyType == MultiplyType::F32)
    return 0;
  Dims m{1, 1, 1};
  llvm::copy(strategy.getInts(strategyTilesName), m.begin());
  return productError(multiplyType, m, int8Input);
}

/// Verifies blocks, tiles and unrolled steps of a direct kernel.
static LogicalResult checkBlocks(const ConvProblem &problem, Operation *op,
                                 const ConvTiling &tiling) {
  Dims space = problem.space();
  bool outerBlocked = false;
  for (unsigned d = 0; d < 3; ++d) {
    bool whole = tiling.tile[d] == space[d];
    if (outerBlocked && !(whole && tiling.block[d] == space[d]))
      return op->emitOpError(
          "expects a register block of several rows to cover whole rows");
    if (tiling.block[d] > space[d] || tiling.tile[d] > space[d] ||
        (!whole && tiling.tile[d] % tiling.block[d] != 0))
      return op->emitOpError("expects register blocks to divide the tile, got ")
             << tiling.block[d] << " and " << tiling.tile[d];
    outerBlocked |= tiling.block[d] > 1;
  }
  if (tiling.in_place && !mayReadInPlace(problem, op))
    return op->emitOpError("cannot read its input in place");
  if (tiling.share_taps &&
      !(problem.inStrides()[2] == 1 && problem.hasEqualPhases(2)))
    return op->emitOpError("cannot share inputs between taps");
  int64_t steps =
      tiling.words(problem) * (problem.hasEqualPhases(2) && !tiling.share_taps
                                   ? problem.phaseTaps()[2]
                                   : 1);
  if (steps % tiling.unroll != 0)
    return op->emitOpError("expects unroll to divide ")
           << steps << ", got " << tiling.unroll;
  if (int64_t additions = tiling.additions(problem);
      tiling.multiplyType == MultiplyType::F16 && additions > maxChained)
    return op->emitOpError("expects a step to add at most ")
           << maxChained << " pairs of f16 to a sum, got " << additions;
  return success();
}

FailureOr<ConvTiling> readConvTiling(FusionEmitter &emitter,
                                     const ConvProblem &problem,
                                     Operation *op) {
  if (failed(checkPlain(problem, op)))
    return failure();
  auto tiling = readTiling<ConvTiling>(emitter);
  if (failed(checkLimits(op, problem, tiling)) ||
      failed(checkMemory(emitter, problem, op, tiling)) ||
      failed(checkMultiplyType(problem, op, tiling)) || failed(refuseInt8(op)))
    return failure();
  if (tiling.in_place && tiling.multiplyType != MultiplyType::F32)
    return op->emitOpError("cannot read its input in place: pairs of ")
           << multiplyTypeName(tiling.multiplyType) << " are packed";
  if (failed(checkBlocks(problem, op, tiling)))
    return failure();
  return tiling;
}

FailureOr<Int8ConvTiling> readInt8Tiling(FusionEmitter &emitter,
                                         const ConvProblem &problem,
                                         Operation *op) {
  if (std::string reason = int8Refusal(problem, op); !reason.empty())
    return op->emitOpError("cannot use the int8 kernel: ") << reason;
  auto tiling = readTiling<Int8ConvTiling>(emitter);
  if (failed(checkLimits(op, problem, tiling)) ||
      failed(checkMemory(emitter, problem, op, tiling)) ||
      failed(checkBlocks(problem, op, tiling)))
    return failure();
  return tiling;
}

FailureOr<FilterGradTiling> readFilterGradTiling(FusionEmitter &emitter,
                                                 const ConvProblem &whole,
                                                 Operation *op) {
  if (failed(checkPlain(whole, op)))
    return failure();
  auto tiling = readTiling<FilterGradTiling>(emitter);
  if (tiling.swapped && whole.strides != Dims{1, 1, 1})
    return op->emitOpError("cannot swap the factors of a strided convolution");
  if (tiling.swapped && !TileSource(op->getOperand(0)).isInput())
    return op->emitOpError("cannot swap the factors: the input has a prologue");
  ConvProblem problem = tiling.effectiveProblem(whole);
  if (failed(checkLimits(op, problem, tiling)) ||
      failed(checkMemory(emitter, whole, op, tiling)))
    return failure();
  if (failed(checkMultiplyType(problem, op, tiling)))
    return failure();
  if (tiling.multiplyType != MultiplyType::F32 && !tiling.pack_grad)
    return op->emitOpError("expects pack_grad with products of ")
           << multiplyTypeName(tiling.multiplyType);
  if (!llvm::is_contained(
          {int64_t(1), problem.taps[0], problem.taps[0] * problem.taps[1]},
          tiling.tap_groups))
    return op->emitOpError("expects tap_groups to be 1, the depth or depth "
                           "times height of the filter, got ")
           << tiling.tap_groups;
  for (unsigned d = 0; d < 3; ++d)
    if (tiling.tile[d] > problem.out[d])
      return op->emitOpError("expects a tile within the output, got ")
             << tiling.tile[d];
  if (tiling.share_taps && tiling.multiplyType == MultiplyType::F16)
    return op->emitOpError("cannot share inputs between taps with products of "
                           "f16");
  if (tiling.share_taps && !tiling.canShareTaps(problem))
    return op->emitOpError("cannot share inputs between taps");
  return tiling;
}

/// Verifies that the tiles take an input of 8 bits.
static LogicalResult checkInt8Tiles(const ConvProblem &problem, Operation *op,
                                    const WinogradTiling &tiling) {
  if (std::string reason =
          int8TilesRefusal(problem, WinogradTiles::F6, tiling.multiplyType);
      !reason.empty())
    return op->emitOpError("cannot use Winograd tiles: ") << reason;
  if (tiling.in_place)
    return op->emitOpError("cannot read its input in place: it is quantized");
  return success();
}

FailureOr<WinogradTiling> readWinogradTiling(FusionEmitter &emitter,
                                             const ConvProblem &problem,
                                             Operation *op) {
  FailureOr<WinogradTiling> read = readTiles<WinogradTiling>(
      emitter, problem, op, winogradRefusal(problem, WinogradTiles::F6));
  if (failed(read))
    return failure();
  WinogradTiling tiling = read.value_or(WinogradTiling{});
  if (failed(checkLimits(op, problem, tiling)))
    return failure();
  tiling.isInt8 = seg::quantizesInput(op);
  if (failed(tiling.isInt8 ? checkInt8Tiles(problem, op, tiling)
                           : refuseInt8(op)))
    return failure();
  bool divides = true;
  for (unsigned d = 0; d < 3; ++d)
    divides &= problem.out[d] % tiling.m[d] == 0;
  if (tiling.in_place && !(mayReadInPlace(problem, op) && divides))
    return op->emitOpError("cannot read its input in place");
  if (failed(checkMemory(emitter, problem, op, tiling)))
    return failure();
  return tiling;
}

FailureOr<WinogradFilterGradTiling>
readWinogradFilterGradTiling(FusionEmitter &emitter, const ConvProblem &problem,
                             Operation *op) {
  auto tiling = readTiles<WinogradFilterGradTiling>(
      emitter, problem, op,
      winogradFilterGradRefusal(problem, WinogradTiles::F6));
  if (failed(tiling) || failed(checkLimits(op, problem, *tiling)) ||
      failed(refuseFixedPoint(op, tiling->multiplyType)) ||
      failed(checkMemory(emitter, problem, op, *tiling)))
    return failure();
  return tiling;
}

FailureOr<FewChannelsTiling> readFewChannelsTiling(FusionEmitter &emitter,
                                                   const ConvProblem &problem,
                                                   Operation *op) {
  if (std::string reason = fewChannelsRefusal(problem); !reason.empty())
    return op->emitOpError("cannot use the few_channels kernel: ") << reason;
  auto tiling = readTiling<FewChannelsTiling>(emitter);
  if (failed(refuseInt8(op)) || failed(checkLimits(op, problem, tiling)) ||
      failed(checkMemory(emitter, problem, op, tiling)))
    return failure();
  if (tiling.tile[2] != problem.out[2] && tiling.tile[2] % tiling.pixels != 0)
    return op->emitOpError("expects register blocks to divide the tile, got ")
           << tiling.pixels << " and " << tiling.tile[2];
  if (tiling.in_place && !mayReadInPlace(problem, op))
    return op->emitOpError("cannot read its input in place");
  return tiling;
}

FailureOr<GroupedTiling> readGroupedTiling(FusionEmitter &emitter,
                                           const ConvProblem &problem,
                                           Operation *op) {
  if (std::string reason = groupedRefusal(problem); !reason.empty())
    return op->emitOpError("cannot use the grouped kernel: ") << reason;
  auto tiling = readTiling<GroupedTiling>(emitter);
  if (failed(refuseInt8(op)) || failed(checkLimits(op, problem, tiling)) ||
      failed(checkMemory(emitter, problem, op, tiling)))
    return failure();
  if (!groupedTakesVectors(problem, tiling.lanes, tiling.nb))
    return op->emitOpError("expects the vectors of a register block to be of "
                           "one group, got ")
           << tiling.nb << " vectors for groups of " << problem.groupOutputs()
           << " channels";
  if (int64_t width = problem.space()[2];
      tiling.tile[2] > width ||
      (tiling.tile[2] != width && tiling.tile[2] % tiling.pixels != 0))
    return op->emitOpError("expects register blocks to divide the tile, got ")
           << tiling.pixels << " and " << tiling.tile[2];
  if (tiling.in_place &&
      !(groupedReadsInside(problem) && !problem.is16BitInput &&
        TileSource(op->getOperand(0)).isInput()))
    return op->emitOpError("cannot read its input in place");
  return tiling;
}

FailureOr<GroupedFilterGradTiling>
readGroupedFilterGradTiling(FusionEmitter &emitter, const ConvProblem &problem,
                            Operation *op) {
  if (std::string reason = groupedRefusal(problem); !reason.empty())
    return op->emitOpError("cannot use the grouped kernel: ") << reason;
  auto tiling = readTiling<GroupedFilterGradTiling>(emitter);
  if (failed(checkLimits(op, problem, tiling)) ||
      failed(checkMemory(emitter, problem, op, tiling)))
    return failure();
  if (!groupedTakesRows(problem, tiling.lanes, tiling.ur))
    return op->emitOpError("expects ur to divide the input channels of a "
                           "group, ")
           << problem.groupInputs() << ", got " << tiling.ur;
  return tiling;
}

} // namespace segc
