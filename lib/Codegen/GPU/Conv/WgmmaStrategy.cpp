//===- WgmmaStrategy.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConvOperands.h"
#include "FilterCopy.h"
#include "GemmTilings.h"
#include "WgmmaCosts.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace segc {

int64_t sharedFloats(const GemmWork &work, const WgmmaTiling &tiling) {
  return roundUp(work.sharedFloats(tiling.tile, WgmmaTiling::consumers,
                                   tiling.stageFloats()),
                 4) +
         tiling.barrierFloats();
}

/// Whether the other factor is a filter of f32, of which boxes of a copy are
/// read.
static bool isWideFilter(const GemmWork &work) {
  Value filter = work.fusion.getRoot()->getOperand(1);
  return !work.isFilterGrad && isa<BlockArgument>(filter) &&
         getElementTypeOrSelf(filter).isF32();
}

std::string wgmmaRefusal(const GemmWork &work) {
  const ConvProblem &problem = work.problem;
  Operation *root = work.fusion.getRoot();
  if (std::string reason = warpgroupRefusal(work); !reason.empty())
    return reason;
  if (problem.adjoint && product(problem.dilations) != 1)
    return "takes no gradients of dilated convolutions";
  Type type = copiedType(root->getOperand(0));
  if (!type || (type != copiedType(root->getOperand(1)) && !isWideFilter(work)))
    return "takes operands of bf16 or f16 in memory, without a prologue";
  // Rows of boxes are pieces of 16 bytes; those of a filter gradient's are
  // numbered through all taps.
  constexpr int64_t piece = 8, narrowest = 16;
  if (problem.inChannels % (work.isFilterGrad ? narrowest : piece) ||
      problem.outChannels % piece || problem.filterBase % piece)
    return "takes channels in eights, and for filter gradients input channels "
           "in sixteens";
  constexpr int64_t maxStep = 8;
  for (int64_t step : problem.inStrides())
    if (step > maxStep)
      return "takes strides of at most 8";
  return "";
}

/// Sums of a thread.
static int64_t sumsOfThread(const GemmTile &tile) {
  return WgmmaTiling::products(tile) * WgmmaTiling::columnsOfWarpgroup(tile) /
         2;
}

/// Whether the taps of a step may be all along the height. Products of 64 rows
/// lie in one plane.
static bool mayShareTaps(const GemmWork &work, const GemmTile &tile) {
  const ConvProblem &problem = work.problem;
  constexpr int64_t pattern = 8; // Rows of a swizzled box.
  const Dims &box = *tile.box;
  return !work.isFilterGrad && tile.taps == problem.taps[1] &&
         problem.inStrides()[1] == 1 && problem.dilations[1] == 1 &&
         blockPhases(problem)[1] == 1 && box[2] % pattern == 0 &&
         (tile.samples * box[0] == 1 ||
          (box[1] * box[2] % WgmmaTiling::rows == 0 &&
           tile.samples * product(box) == tile.rows));
}

std::string refusal(const GemmWork &work, const WgmmaTiling &tiling) {
  const GemmTile &tile = tiling.tile;
  if (std::string reason = wgmmaRefusal(work); !reason.empty())
    return reason;
  if (tile.rows != WgmmaTiling::rows && tile.rows != 2 * WgmmaTiling::rows &&
      tile.rows != 4 * WgmmaTiling::rows)
    return "expects a tile of 64, 128 or 256 rows, got " +
           std::to_string(tile.rows);
  constexpr int64_t least = 16, most = 256, deepest = 128;
  if (int64_t columns = WgmmaTiling::columnsOfWarpgroup(tile);
      columns < least || tile.columns > most)
    return "expects a warpgroup to have 16 to 256 columns, got " +
           std::to_string(columns);
  constexpr int64_t maxSums = 128; // Of a thread.
  if (int64_t sums = sumsOfThread(tile); sums > maxSums)
    return "expects a thread to have at most 128 sums, got " +
           std::to_string(sums);
  if (tile.depth < least ||
      tile.depth > (work.isFilterGrad ? deepest : deepest / 2))
    return "expects a depth of 16 to 64, or 128 for a filter gradient, got " +
           std::to_string(tile.depth);
  int64_t pixels = work.isFilterGrad ? tile.depth : tile.rows;
  if (!tile.box || product(*tile.box) > pixels ||
      (work.isFilterGrad && product(*tile.box) != pixels) ||
      (isFlat(work) && tile.box->front() != 1))
    return std::string("expects a box of ") +
           (work.isFilterGrad ? "" : "at most ") + std::to_string(pixels) +
           " pixels, in 2-D 1 deep";
  constexpr int64_t maxBox = 256;
  if (tile.samples != 1 &&
      (tile.samples < 1 || tile.samples > maxBox || work.isFilterGrad ||
       divideUp(blockSpace(work.problem), *tile.box) != Dims{1, 1, 1} ||
       tile.samples * product(*tile.box) > tile.rows))
    return "expects samples with a box that has all pixels of a phase, and no "
           "more than " +
           std::to_string(tile.rows) + " in all, got " +
           std::to_string(tile.samples);
  if (tile.taps != 1 && !mayShareTaps(work, tile))
    return "expects taps to be those along the height, of a convolution "
           "without a step, a dilation or phases along it, and a box whose "
           "rows are multiples of 8 pixels, with several planes of multiples "
           "of 64";
  if (std::string reason = clusterRefusal(work, tile); !reason.empty())
    return reason;
  for (unsigned d = 0; d < 3; ++d)
    if ((*tile.box)[d] < 1 ||
        tile.patch()[d] * work.problem.inStrides()[d] > maxBox)
      return "expects a box that reads at most 256 positions of each dimension";
  constexpr int64_t maxStages = 8;
  if (tiling.stages < 2 || tiling.stages > maxStages)
    return "expects 2 to 8 stages, got " + std::to_string(tiling.stages);
  if (tiling.multiplyType != MultiplyType::Bf16 &&
      tiling.multiplyType != MultiplyType::F16)
    return "expects multiply_type to be bf16 or f16";
  if (tiling.multiplyType != wgmmaType(work))
    return "expects multiply_type to be the operands' type";
  if (tiling.copiesFilter != isWideFilter(work))
    return "expects filter_copy for a filter of f32 in memory, and for no "
           "other";
  return work.refusal(tile, WgmmaTiling::consumers, sharedFloats(work, tiling));
}

double modelledSeconds(const GemmWork &work, const WgmmaTiling &tiling,
                       int64_t parts) {
  const GemmTile &tile = tiling.tile;
  const GpuTarget &target = work.target;
  double products =
      wgmmaSeconds(target,
                   static_cast<double>(tile.taps * tile.depth / wgmmaDepth *
                                       WgmmaTiling::warpgroups *
                                       WgmmaTiling::products(tile)),
                   WgmmaTiling::columnsOfWarpgroup(tile));
  // A step begins with a wait.
  constexpr double beginStep = 20e-9;
  double copy = tiling.copiesFilter && !work.isPrepared
                    ? filterCopySeconds(work.fusion, target)
                    : 0;
  return copy +
         modelledSeconds(
             work,
             {tile, parts, tiling.threads(), sharedFloats(work, tiling),
              static_cast<double>(sumsOfThread(tile)) + 56,
              products + beginStep,
              target.boxSeconds / static_cast<double>(tiling.stages - 1),
              static_cast<double>(tiling.copiedBytes()),
              /*multiplyingWarps=*/WgmmaTiling::consumers / 32, products});
}

/// The box of powers of two, with so many pixels, with which the fewest tiles
/// cover the space; of those the one with the least surface, which taps read
/// beyond it.
static Dims bestBox(const Dims &space, int64_t pixels, bool flat) {
  Dims best{1, 1, pixels};
  auto cost = [&](const Dims &box) {
    return std::pair(product(divideUp(space, box)), box[0] + box[1] + box[2]);
  };
  for (int64_t depth = 1; depth <= (flat ? 1 : pixels); depth *= 2)
    for (int64_t height = 1; depth * height <= pixels; height *= 2)
      if (Dims box{depth, height, pixels / depth / height};
          cost(box) < cost(best))
        best = box;
  return best;
}

/// The same of at most so many pixels, with rows of multiples of `width`, in
/// planes of multiples of `plane` if there are several. Of boxes that cover
/// space with as few tiles the one without a rest.
static std::optional<Dims> bestRows(const Dims &space, int64_t rows,
                                    int64_t width, int64_t plane) {
  std::optional<Dims> best;
  auto cost = [&](const Dims &box) {
    return std::tuple(product(divideUp(space, box)), product(box) != rows,
                      box[0] + box[1] + box[2]);
  };
  for (int64_t depth = 1; depth <= std::min(space[0], rows); ++depth)
    for (int64_t wide = width; wide <= rows / depth; wide += width)
      for (int64_t high = 1; depth * wide * high <= rows; ++high) {
        Dims box{depth, high, wide};
        bool isWhole = plane == 1 || depth == 1 ||
                       (high * wide % plane == 0 && product(box) == rows);
        if (isWhole && (!best || cost(box) < cost(*best)))
          best = box;
      }
  return best;
}

/// Adds the tiling, and with clusters if all of their blocks run at once.
static void addClusters(const GemmWork &work, WgmmaTiling tiling,
                        SmallVectorImpl<GemmChoice<WgmmaTiling>> &choices) {
  for (int64_t cluster : {1, 2, 4, 8}) {
    tiling.tile.cluster = cluster;
    if (cluster == 1 || work.isFilterGrad ||
        (work.blocks(tiling.tile, /*parts=*/1) <= work.target.multiprocessors &&
         work.steps(tiling.tile, /*parts=*/1) > 1))
      addChoices(work, tiling, choices);
  }
}

void collectChoices(const GemmWork &work, MultiplyTypeSet allowed,
                    SmallVectorImpl<GemmChoice<WgmmaTiling>> &choices) {
  if (!wgmmaRefusal(work).empty())
    return;
  MultiplyType multiplyType = wgmmaType(work);
  if (!allowed.contains(multiplyType))
    return;
  Dims space = work.isFilterGrad ? work.problem.out : blockSpace(work.problem);
  int64_t taps = work.isFilterGrad ? 1 : work.problem.taps[1];
  for (int64_t rows : {128, 256, 64}) {
    std::optional<Dims> box, patch;
    // Small ones share a tile.
    int64_t samples = work.isFilterGrad
                          ? 1
                          : std::min(work.problem.batch, rows / product(space));
    if (!work.isFilterGrad) {
      constexpr int64_t pattern = 8;
      box = bestRows(space, rows, /*width=*/1, /*plane=*/1);
      patch = bestRows(space, rows, pattern, WgmmaTiling::rows);
    }
    for (int64_t columns : {256, 128, 64, 32, 16})
      for (int64_t depth : {64, 32, 16, 128})
        for (int64_t stages : {4, 6, 3, 2}) {
          if (columns >= 2 * std::max<int64_t>(16, work.columns()))
            continue;
          WgmmaTiling tiling{{rows, columns, depth},
                             stages,
                             multiplyType,
                             isWideFilter(work),
                             work.isFilterGrad};
          tiling.tile.box = box ? *box : bestBox(space, depth, isFlat(work));
          addClusters(work, tiling, choices);
          if (taps > 1 && patch) {
            WgmmaTiling several = tiling;
            several.tile.taps = taps;
            several.tile.box = patch;
            addClusters(work, several, choices);
          }
          if (samples < 2)
            continue;
          tiling.tile.samples = samples;
          tiling.tile.box = space;
          addClusters(work, tiling, choices);
          if (taps > 1) {
            tiling.tile.taps = taps;
            addClusters(work, tiling, choices);
          }
        }
  }
}

} // namespace segc
