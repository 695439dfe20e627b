//===- WinogradStrategy.cpp -----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/CPU/WinogradStrategy.h"
#include "Strategy/ConvCosts.h"
#include "Winograd/WinogradTransform.h"

using namespace mlir;

namespace segc {

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

static constexpr int64_t pitchPadding = 16;

/// Returns the inputs of `tiles` adjacent tiles of m outputs in each dimension.
static Dims windowOf(const Dims &tiles, const Dims &m) {
  Dims window;
  for (unsigned d = 0; d < 3; ++d)
    window[d] = m[d] == 1 ? tiles[d] : tiles[d] * m[d] + 2;
  return window;
}

Dims WinogradTiling::points() const { return windowOf({1, 1, 1}, m); }
Dims WinogradTiling::window() const { return windowOf(tile, m); }

Dims WinogradTiling::grid(const ConvProblem &problem) const {
  return divideUp(problem.out, m);
}

Dims WinogradTiling::taskCounts(const ConvProblem &problem) const {
  return divideUp(grid(problem), tile);
}

int64_t WinogradTiling::inputSize(const ConvProblem &problem) const {
  int64_t perWord = isInt8 ? 4 : 1;
  return roundUp(product(window()) * problem.inChannels / perWord, 16);
}

int64_t WinogradTiling::largestInput() const {
  return isInt8 ? largestWholeTransform(m) : largestFixedInput;
}

int64_t WinogradTiling::panelPitch(const ConvProblem &problem) const {
  return (steps(problem) + isFixedPoint()) * channelBlock() + pitchPadding;
}

int64_t WinogradTiling::pointPitch(const ConvProblem &problem) const {
  return rows() * tilePitch(problem) + pitchPadding;
}

int64_t WinogradTiling::productPitch() const {
  return rows() * channelBlock() + pitchPadding;
}

int64_t WinogradTiling::planesSize() const {
  // Vectors of 16-bit integers have up to 16 words, whatever the lanes.
  constexpr int64_t integerWords = 16;
  return std::max(
      transformBufferSize(inputTransform(*this), isInt8 ? integerWords : lanes),
      transformBufferSize(outputTransform(*this), lanes));
}

int64_t WinogradTiling::scratchSize(const ConvProblem &problem) const {
  // The inverse scales of one tile are stored after the scales of all tiles.
  int64_t fixed = scalesTiles() ? unroundedSize(problem) +
                                      (product(tile) + 1) * scalesPitch()
                                : 0;
  return (in_place ? 0 : inputSize(problem)) +
         pointCount() * (pointPitch(problem) + productPitch()) + planesSize() +
         fixed;
}

Dims WinogradFilterGradTiling::points() const { return windowOf({1, 1, 1}, m); }

Dims WinogradFilterGradTiling::boxCounts(const ConvProblem &problem) const {
  return divideUp(divideUp(problem.out, m), tile);
}

int64_t WinogradFilterGradTiling::planesSize(const Dims &window,
                                             int64_t channels) const {
  int64_t plane = product(window) / window[outer()];
  return roundUp(tile[outer()] * plane * channels, 16);
}

int64_t WinogradFilterGradTiling::inputSize(const ConvProblem &problem) const {
  return planesSize(windowOf(tile, m), problem.inChannels);
}

int64_t WinogradFilterGradTiling::gradSize(const ConvProblem &problem) const {
  return planesSize({tile[0] * m[0], tile[1] * m[1], tile[2] * m[2]},
                    problem.outChannels);
}

int64_t WinogradFilterGradTiling::sumPitch(const ConvProblem &problem) const {
  return problem.inChannels * columns(problem) + pitchPadding;
}

int64_t WinogradFilterGradTiling::inputPitch(const ConvProblem &problem) const {
  return steps() * roundUp(problem.inChannels, lanes) + pitchPadding;
}

int64_t WinogradFilterGradTiling::gradPitch(const ConvProblem &problem) const {
  return steps() * groupBlocks(problem) * channelBlock() + pitchPadding;
}

int64_t
WinogradFilterGradTiling::scratchSize(const ConvProblem &problem) const {
  return inputSize(problem) + gradSize(problem) +
         innerCount() * (inputPitch(problem) + gradPitch(problem));
}

//===----------------------------------------------------------------------===//
// Selection
//===----------------------------------------------------------------------===//

std::string winogradRefusal(const ConvProblem &problem, WinogradTiles tiles) {
  if (tiles == WinogradTiles::Off)
    return "switched off";
  if (std::string reason = plainRefusal(problem); !reason.empty())
    return reason;
  int64_t transformed = 0;
  for (unsigned d = 0; d < 3; ++d) {
    if (problem.strides[d] != 1)
      return "stride " + std::to_string(problem.strides[d]) + ", expected 1";
    if (problem.taps[d] != 1 && problem.taps[d] != 3)
      return std::to_string(problem.taps[d]) + " taps, expected 3";
    transformed += problem.taps[d] == 3;
  }
  if (transformed < 2)
    return "3 taps in " + std::to_string(transformed) +
           " dimensions, expected 2 or 3";
  return "";
}

std::string winogradFilterGradRefusal(const ConvProblem &problem,
                                      WinogradTiles tiles) {
  if (problem.filterOutStride != 1)
    return "filter stored by output channels";
  return winogradRefusal(problem, tiles);
}

std::string int8TilesRefusal(const ConvProblem &problem, WinogradTiles tiles,
                             MultiplyType multiplyType) {
  if (multiplyType != MultiplyType::Fixed)
    return "an input of 8 bits is multiplied in fixed point";
  std::string reason = winogradRefusal(problem, tiles);
  return reason.empty() ? pairsRefusal(problem) : reason;
}

/// Returns the cycles to transform a vector of inputs or products: a constant
/// for load and store, and a part for each dimension.
static double transformCycles(const Dims &m) {
  double cycles = 1.5;
  for (int64_t size : m)
    cycles += size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 1.8 : 2.2;
  return cycles + (m[0] == 1 ? 0 : 1.0);
}

/// Additional cycles of fixed point. A transformed vector is stored and loaded,
/// compared for the maximum and rounded; a point has a part of the cycles of a
/// vector of scales.
static constexpr double fixedVectorCycles = 3, fixedPointCycles = 4;

/// Returns the cycles to transform the 8-bit inputs of a point, as vectors of
/// 16-bit integers.
static double integerTransformCycles(const ConvProblem &problem,
                                     const WinogradTiling &tiling,
                                     const CpuTarget &target) {
  double cycles = 1;
  for (int64_t size : tiling.m)
    cycles += size == 1 ? 0 : size == 2 ? 0.3 : size == 4 ? 0.8 : 1.4;
  if (wholeDivisor(tiling.m, {0, 0, 0}) != 1)
    cycles += 0.5;
  auto vectors =
      static_cast<double>(divideUp(problem.inChannels, 2 * target.lanes));
  return vectors * (cycles + (tiling.m[0] == 1 ? 0 : 1.0));
}

static double taskCycles(const ConvProblem &problem,
                         const WinogradTiling &tiling,
                         const CpuStrategyContext &context) {
  double points = tiling.pointCount(), tiles = product(tiling.tile);
  double steps = tiling.steps(problem), width = tiling.channelBlock();
  double blocks = divideUp(tiling.channelBlocks(problem), tiling.groups);
  double vectors = divideUp(problem.inChannels, tiling.lanes);
  int64_t packLanes = tiling.isInt8 ? context.target.lanes / 4 : tiling.lanes;
  double pack =
      tiling.in_place
          ? 0
          : double(tiling.inputSize(problem)) / double(packLanes) *
                    (packCycles + context.loadCycles) +
                tiling.window()[0] * tiling.window()[1] * packRowCycles;
  double transform =
      (tiling.isInt8 ? integerTransformCycles(problem, tiling, context.target)
                     : transformCycles(tiling.m) * vectors) *
      points * tiles;
  double panels = 4 * points * steps * width;
  double scratch = 4.0 * tiling.scratchSize(problem);
  bool isInL2 = scratch + panels * blocks <
                0.9 * static_cast<double>(context.target.l2Bytes);
  double panelRate = isInL2 ? panelFromL2 : panelFromL3;
  double blocksOfRows = tiling.rows() / double(tiling.ur);
  double multiply =
      points * blocksOfRows *
      (steps * registerBlockCycles(
                   tiling.ur, tiling.nb,
                   multiplyCycles(tiling.multiplyType, context.target)) +
       widenCycles(tiling.multiplyType, double(tiling.ur * tiling.nb),
                   tiling.steps(problem)) +
       1.5 * double(tiling.ur * tiling.nb) + 15);
  if (tiling.scalesTiles())
    transform +=
        points * tiles * (fixedVectorCycles * vectors + fixedPointCycles);
  // Loading the next panel overlaps with the products of the current one, but
  // from L3 not completely.
  multiply = std::max(multiply, panels / panelRate) +
             (isInL2 ? 0.05 : 0.3) * std::min(multiply, panels / panelRate);
  double finish =
      tiles * tiling.nb *
      ((transformCycles(tiling.m) + (tiling.scalesTiles() ? 0.5 : 0)) * points +
       product(tiling.m) * epilogueCycles);
  double cycles =
      taskOverhead + pack + transform + blocks * (multiply + finish);
  double excess = scratch / (0.8 * context.target.l2Bytes);
  return excess > 1 ? cycles * (2 * excess - 1) : cycles;
}

static double totalCycles(const ConvProblem &problem,
                          const WinogradTiling &tiling,
                          const CpuStrategyContext &context) {
  int64_t tasks =
      product(tiling.taskCounts(problem)) * tiling.groups * problem.batch;
  // In fixed point the filter is stored in 16-bit halves and transformed twice.
  double filter = context.constantFilter
                      ? 0
                      : tiling.filterSize(problem) / double(tiling.lanes) *
                            filterCycles * (tiling.isFixedPoint() ? 4 : 1);
  return occupiedTasks(tasks, context) * taskCycles(problem, tiling, context) +
         filter;
}

double productError(MultiplyType multiplyType, const Dims &m, bool int8Input) {
  constexpr double divided = 8e-3, rounded = 7.5e-3;
  if (int8Input && wholeDivisor(m, {0, 0, 0}) != 1)
    return divided;
  if (int8Input && llvm::is_contained(m, 6))
    return rounded;
  double error = multiplyType == MultiplyType::F16     ? 7.1e-4
                 : multiplyType == MultiplyType::Fixed ? 1.4e-4
                                                       : 2.4e-3;
  for (int64_t size : m)
    error *= size == 4 ? 2.6 : size == 2 ? 1.28 : 1;
  return error;
}

SmallVector<Dims> winogradTileSizes(const ConvProblem &problem,
                                    const CpuStrategyContext &context) {
  SmallVector<Dims> result;
  // If sizes differ, inner ones are larger, because rows are contiguous.
  bool isImage = llvm::is_contained(problem.taps, 1);
  SmallVector<int64_t> sides{2, 4};
  if (context.int8Input && isImage)
    sides.push_back(6);
  for (int64_t d : sides)
    for (int64_t h : sides)
      for (int64_t w : sides) {
        Dims m{d, h, w};
        bool ordered = d <= h && h <= w, uniform = d == h && h == w;
        for (unsigned i = 0; i < 3; ++i)
          if (problem.taps[i] == 1)
            m[i] = 1;
        if (!ordered || llvm::is_contained(result, m) ||
            !context.allowsTiles(*llvm::max_element(m)))
          continue;
        bool suits =
            context.multiplyType == MultiplyType::F32
                ? uniform
                : productError(context.multiplyType, m, context.int8Input) <=
                      context.productError;
        if (suits)
          result.push_back(m);
      }
  return result;
}

/// Calls `each` for all tile sizes of a task that may fit.
static void forTiles(const ConvProblem &problem, WinogradTiling tiling,
                     llvm::function_ref<void(const WinogradTiling &)> each) {
  constexpr int64_t maxTiles = 160;
  Dims grid = tiling.grid(problem);
  for (int64_t d : pieces(grid[0], 1))
    for (int64_t h : pieces(grid[1], 1))
      for (int64_t w : pieces(grid[2], 1))
        if (d * h * w <= maxTiles) {
          tiling.tile = {d, h, w};
          each(tiling);
        }
}

std::pair<WinogradTiling, double>
selectWinogradTiling(const ConvProblem &problem,
                     const CpuStrategyContext &context, ArrayRef<Dims> sizes) {
  const CpuTarget &target = context.target;
  std::pair<WinogradTiling, double> best{
      {}, std::numeric_limits<double>::infinity()};
  auto consider = [&](WinogradTiling tiling) {
    // Coefficients of tiles of 6 stay in registers beside the sums, which would
    // be spilled otherwise.
    int64_t coefficients =
        llvm::is_contained(tiling.m, 6) ? target.registers / 4 : 0;
    int64_t maxRows = (target.registers - coefficients - tiling.nb -
                       sharedRegisters(tiling.multiplyType)) /
                      sumRegisters(tiling.multiplyType, tiling.nb),
            tiles = product(tiling.tile);
    tiling.ur = divideUp(tiles, divideUp(tiles, maxRows));
    int64_t blocks = tiling.channelBlocks(problem);
    for (int64_t groups = 1; groups <= blocks;
         groups = groups == blocks ? blocks + 1
                                   : std::min(2 * groups, blocks)) {
      tiling.groups = divideUp(blocks, divideUp(blocks, groups));
      double cycles = totalCycles(problem, tiling, context);
      if (cycles < best.second)
        best = {tiling, cycles};
    }
  };
  WinogradTiling tiling{};
  tiling.lanes = lanesFor(problem.outChannels, target);
  int64_t vectors = divideUp(problem.outChannels, tiling.lanes);
  tiling.multiplyType = context.multiplyType;
  tiling.isInt8 = context.int8Input;
  for (const Dims &m : sizes) {
    tiling.m = m;
    tiling.in_place =
        problem.readsInPlace() && !context.computedInput && !tiling.isInt8;
    for (unsigned d = 0; d < 3; ++d)
      tiling.in_place &= problem.out[d] % tiling.m[d] == 0;
    for (tiling.nb = 1; tiling.nb <= std::min<int64_t>(4, vectors); ++tiling.nb)
      if (tiling.nb != context.avoidedVectors)
        forTiles(problem, tiling, consider);
  }
  return best;
}

//===----------------------------------------------------------------------===//
// Selection for filter gradients
//===----------------------------------------------------------------------===//

/// Returns the cycles to compute a box's planes of one point, which are sums of
/// planes of the tensor.
static double planeCycles(const TransformMatrix &matrix, double words,
                          double rows, double loadCycles, int64_t lanes) {
  double terms = static_cast<double>(llvm::count_if(
                     matrix.values, [](double v) { return v != 0; })) /
                 static_cast<double>(matrix.rows);
  return words / static_cast<double>(lanes) *
             (packCycles + terms - 1 + terms * loadCycles) +
         rows * packRowCycles;
}

/// Returns the cycles of a box of tiles in one task.
static double boxCycles(const ConvProblem &problem,
                        const WinogradFilterGradTiling &tiling,
                        const CpuStrategyContext &context) {
  double tiles = product(tiling.tile), inner = tiling.innerCount();
  double blocks = tiling.groupBlocks(problem);
  double inputVectors = divideUp(problem.inChannels, tiling.lanes),
         gradVectors = blocks * tiling.nb;
  double inputWords = tiling.inputSize(problem),
         gradWords = tiling.gradSize(problem);
  int64_t step = tiling.m[tiling.outer()];
  double rows = tiling.tile[0] * tiling.tile[1] * step;
  double planes = planeCycles(winogradInput(step), inputWords, rows,
                              context.loadCycles, tiling.lanes) +
                  planeCycles(winogradOutput(step).transposed(), gradWords,
                              rows, 0, tiling.lanes);
  // The first point loads the tensor from L3, the others from L2.
  double fetch = 4 * (inputWords + gradWords) * step / panelFromL3;
  Dims plane = tiling.m;
  plane[tiling.outer()] = 1;
  double transform =
      transformCycles(plane) * inner * tiles * (inputVectors + gradVectors);
  double rowBlocks = divideUp(problem.inChannels, tiling.ur);
  double multiply =
      inner * blocks * rowBlocks *
      (tiling.steps() *
           registerBlockCycles(
               double(problem.inChannels) / rowBlocks, tiling.nb,
               multiplyCycles(tiling.multiplyType, context.target)) +
       widenCycles(tiling.multiplyType, double(tiling.ur * tiling.nb),
                   tiling.steps()) +
       10);
  double points = tiling.task_points;
  double sums =
      4 * points * inner * problem.inChannels * blocks * tiling.channelBlock();
  double scratch = 4.0 * tiling.scratchSize(problem);
  double rate =
      sums + scratch < 0.8 * context.target.l2Bytes ? panelFromL2 : panelFromL3;
  double cycles =
      fetch + points * (planes + transform + multiply) + 2 * sums / rate;
  double excess = scratch / (0.8 * context.target.l2Bytes);
  return excess > 1 ? cycles * (2 * excess - 1) : cycles;
}

static double totalCycles(const ConvProblem &problem,
                          const WinogradFilterGradTiling &tiling,
                          const CpuStrategyContext &context) {
  int64_t tasks = tiling.splits * tiling.pointGroups() * tiling.groups;
  double boxes = divideUp(problem.batch * product(tiling.boxCounts(problem)),
                          tiling.splits);
  double sums = 4.0 * tiling.sumSize(problem);
  // Every task initialises its partial sums and writes them back.
  double part =
      sums * tiling.splits / tasks * (1 / panelFromL2 + 1 / panelFromL3);
  return occupiedTasks(tasks, context) *
             (taskOverhead + part +
              boxes * boxCycles(problem, tiling, context)) +
         sums / panelFromL3 + sums * tiling.splits / partialsFromL3;
}

std::pair<WinogradFilterGradTiling, double>
selectWinogradFilterGradTiling(const ConvProblem &problem,
                               const CpuStrategyContext &context,
                               ArrayRef<Dims> sizes) {
  constexpr int64_t maxTiles = 96, maxSumBytes = 32 << 20;
  // Partial sums are temporaries, whose size is limited in proportion to the
  // operands.
  int64_t maxPartsBytes = 8 * problem.batch *
                          (product(problem.in) * problem.inChannels +
                           product(problem.out) * problem.outChannels);
  const CpuTarget &target = context.target;
  std::pair<WinogradFilterGradTiling, double> best{
      {}, std::numeric_limits<double>::infinity()};
  WinogradFilterGradTiling tiling{};
  // With few output channels lanes are empty; narrower vectors would leave them
  // empty for the inputs.
  tiling.lanes =
      lanesFor(std::max(problem.inChannels, problem.outChannels), target);
  int64_t vectors = divideUp(problem.outChannels, tiling.lanes);
  auto considerTile = [&] {
    int64_t maxRows =
        (target.registers - tiling.nb - sharedRegisters(tiling.multiplyType)) /
        sumRegisters(tiling.multiplyType, tiling.nb);
    tiling.ur =
        divideUp(problem.inChannels, divideUp(problem.inChannels, maxRows));
    int64_t blocks = tiling.channelBlocks(problem),
            boxes = problem.batch * product(tiling.boxCounts(problem));
    for (int64_t groups : {1, 2, 4, 8})
      for (int64_t splits : {1, 2, 3, 4, 8})
        for (int64_t points : {1, 2, 3, 6}) {
          if (tiling.nb == context.avoidedVectors || groups > blocks ||
              splits > boxes || points > tiling.points()[tiling.outer()] ||
              splits * tiling.sumSize(problem) * 4 >
                  (splits == 1 ? maxSumBytes : maxPartsBytes))
            continue;
          tiling.groups = divideUp(blocks, divideUp(blocks, groups));
          tiling.splits = splits;
          tiling.task_points = points;
          double cycles = totalCycles(problem, tiling, context);
          if (cycles < best.second)
            best = {tiling, cycles};
        }
  };
  tiling.multiplyType = context.multiplyType;
  for (const Dims &m : sizes) {
    tiling.m = m;
    Dims grid = divideUp(problem.out, tiling.m);
    for (tiling.nb = 1; tiling.nb <= std::min<int64_t>(4, vectors); ++tiling.nb)
      for (int64_t d : pieces(grid[0], 1))
        for (int64_t h : pieces(grid[1], 1))
          for (int64_t w : pieces(grid[2], 1))
            if (d * h * w <= maxTiles) {
              tiling.tile = {d, h, w};
              considerTile();
            }
  }
  return best;
}

} // namespace segc
