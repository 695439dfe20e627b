//===- ConvStrategyLimits.cpp ---------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Strategy/ConvStrategyLimits.h"

using namespace mlir;

namespace segc {

namespace {

/// Limits of code size: the sums of a register block, and of all its unrolled
/// steps.
constexpr int64_t maxBlock = 64, maxUnrolled = 4096;

/// Verifies parameters one after the other and reports the first that is too
/// large.
struct Limits {
  Operation *op;
  bool valid = true;

  /// Verifies that `value` is at most `limit`. `counted` describes the limit in
  /// the error.
  void atMost(StringRef name, int64_t value, int64_t limit, StringRef counted) {
    if (!valid || value <= limit)
      return;
    op->emitOpError("expects '")
        << name << "' of at most " << limit << " (" << counted
        << ") in the fusion's strategy, got " << value;
    valid = false;
  }
  void tile(const Dims &tile, const Dims &whole) {
    for (unsigned d = 0; d < 3; ++d)
      atMost("tile", tile[d], whole[d], "outputs along a dimension");
  }
  /// Verifies the vectors of channels, which every kind has.
  void vectors(int64_t lanes, int64_t nb) {
    constexpr int64_t maxLanes = 16, maxVectors = 16;
    atMost("lanes", lanes, maxLanes, "f32 values of a vector");
    if (valid && (lanes < 4 || (lanes & (lanes - 1)))) {
      op->emitOpError("expects 'lanes' of 4, 8 or 16 in the fusion's strategy, "
                      "got ")
          << lanes;
      valid = false;
    }
    atMost("nb", nb, maxVectors, "vectors of a register block");
  }
  /// Verifies the parameters that Winograd convolutions and filter gradients
  /// share.
  template <typename Tiling>
  void winograd(const ConvProblem &problem, const Tiling &tiling,
                StringRef counted) {
    vectors(tiling.lanes, tiling.nb);
    tile(tiling.tile, divideUp(problem.out, tiling.m));
    if (!valid)
      return;
    atMost("ur", tiling.ur, maxBlock / tiling.nb, counted);
    groups(problem, tiling);
  }
  template <typename Tiling>
  void groups(const ConvProblem &problem, const Tiling &tiling) {
    atMost("groups", tiling.groups, tiling.channelBlocks(problem),
           "blocks of output channels");
  }
  LogicalResult result() const { return success(valid); }
};

} // namespace

LogicalResult checkLimits(Operation *op, const ConvProblem &problem,
                          const ConvTiling &tiling) {
  Limits limits{op};
  limits.vectors(tiling.lanes, tiling.nb);
  limits.tile(tiling.tile, problem.space());
  for (unsigned d = 0; d < 3; ++d)
    limits.atMost("block", tiling.block[d], problem.space()[d],
                  "outputs along a dimension");
  if (!limits.valid)
    return failure();
  double sums = static_cast<double>(tiling.block[0]) *
                static_cast<double>(tiling.block[1]) *
                static_cast<double>(tiling.block[2]);
  limits.atMost("block", sums > maxBlock ? maxBlock + 1 : product(tiling.block),
                maxBlock / tiling.nb, "pixels of a register block");
  limits.groups(problem, tiling);
  if (limits.valid)
    limits.atMost("unroll", tiling.unroll,
                  maxUnrolled / (product(tiling.block) * tiling.nb),
                  "unrolled steps of the inner loop");
  return limits.result();
}

LogicalResult checkLimits(Operation *op, const ConvProblem &problem,
                          const FilterGradTiling &tiling) {
  Limits limits{op};
  limits.vectors(tiling.lanes, tiling.nb);
  limits.tile(tiling.tile, problem.out);
  if (!limits.valid)
    return failure();
  limits.atMost("ur", tiling.ur, maxBlock / tiling.nb,
                "rows of a register block");
  limits.groups(problem, tiling);
  limits.atMost("splits", tiling.splits,
                std::max<int64_t>(16, problem.batch *
                                          product(tiling.tileCounts(problem))),
                "tiles of the output");
  return limits.result();
}

LogicalResult checkLimits(Operation *op, const ConvProblem &problem,
                          const WinogradTiling &tiling) {
  Limits limits{op};
  limits.winograd(problem, tiling, "tiles of a register block");
  return limits.result();
}

LogicalResult checkLimits(Operation *op, const ConvProblem &problem,
                          const WinogradFilterGradTiling &tiling) {
  Limits limits{op};
  limits.winograd(problem, tiling, "input channels of a register block");
  if (!limits.valid)
    return failure();
  limits.atMost("splits", tiling.splits,
                problem.batch * product(tiling.boxCounts(problem)),
                "boxes of tiles");
  limits.atMost("task_points", tiling.task_points,
                tiling.points()[tiling.outer()],
                "points of the outer dimension");
  return limits.result();
}

LogicalResult checkLimits(Operation *op, const ConvProblem &problem,
                          const FewChannelsTiling &tiling) {
  Limits limits{op};
  // Vectors are along the input channels.
  limits.vectors(tiling.lanes, 1);
  limits.tile(tiling.tile, problem.out);
  limits.atMost("pixels", tiling.pixels, maxBlock,
                "pixels of a register block");
  int64_t unit = tiling.lanes / FewChannelsTiling::maxChannels;
  if (limits.valid && tiling.pixels % unit)
    return op->emitOpError("expects 'pixels' to be a multiple of ")
           << unit << " in the fusion's strategy, got " << tiling.pixels;
  return limits.result();
}

LogicalResult checkLimits(Operation *op, const ConvProblem &problem,
                          const GroupedTiling &tiling) {
  Limits limits{op};
  limits.vectors(tiling.lanes, tiling.nb);
  limits.tile(tiling.tile, problem.space());
  if (limits.valid)
    limits.atMost("pixels", tiling.pixels, maxBlock / tiling.nb,
                  "pixels of a register block");
  return limits.result();
}

LogicalResult checkLimits(Operation *op, const ConvProblem &,
                          const GroupedFilterGradTiling &tiling) {
  Limits limits{op};
  limits.vectors(tiling.lanes, 1);
  limits.atMost("ur", tiling.ur, maxBlock, "input channels of a task");
  return limits.result();
}

} // namespace segc
