//===- CudaCoreStrategy.cpp -----------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GemmTilings.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace segc {

int64_t sharedFloats(const GemmWork &work, const CudaCoreTiling &tiling) {
  return work.sharedFloats(tiling.tile, tiling.threads(),
                           2 * tiling.stageFloats());
}

std::string refusal(const GemmWork &work, const CudaCoreTiling &tiling) {
  const GemmTile &tile = tiling.tile;
  constexpr int64_t lanes = CudaCoreTiling::lanes;
  if (tiling.threadRows < lanes || tiling.threadColumns < lanes ||
      tile.rows % tiling.threadRows != 0 ||
      tile.columns % tiling.threadColumns != 0 ||
      !llvm::isPowerOf2_64(tiling.threadRows) ||
      !llvm::isPowerOf2_64(tiling.threadColumns))
    return "expects the rows and columns of a thread to be powers of two from "
           "4 to those of the tile";
  // At most as many registers as a thread may have.
  if (tiling.threadRows * tiling.threadColumns > 128)
    return "expects a thread to have at most 128 sums, got " +
           std::to_string(tiling.threadRows * tiling.threadColumns);
  return work.refusal(tile, tiling.threads(), sharedFloats(work, tiling));
}

double modelledSeconds(const GemmWork &work, const CudaCoreTiling &tiling,
                       int64_t parts) {
  const GemmTile &tile = tiling.tile;
  // Instructions of the threads for a step: products with the loads of their
  // factors, and runs of A and B on their way to shared memory.
  constexpr double instructionsOfRun = 15;
  double products = static_cast<double>(tile.rows * tile.columns * tile.depth),
         sums = static_cast<double>(tiling.threadRows * tiling.threadColumns),
         factors =
             static_cast<double>(tiling.threadRows + tiling.threadColumns);
  double runs = 0;
  for (GemmOperand operand : {GemmOperand::A, GemmOperand::B})
    runs += GemmRuns(tile, operand, work.access(operand), CudaCoreTiling::lanes,
                     tiling.threads())
                .total;
  double step =
      issueSeconds(work.target, products * (1 + 1.5 * factors / sums) +
                                    instructionsOfRun * runs);
  return modelledSeconds(work, {tile, parts, tiling.threads(),
                                sharedFloats(work, tiling), sums + 60, step,
                                work.target.loadSeconds,
                                4.0 * (tile.rows + tile.columns) * tile.depth});
}

void collectChoices(const GemmWork &work, MultiplyTypeSet,
                    SmallVectorImpl<GemmChoice<CudaCoreTiling>> &choices) {
  int64_t widest = std::max<int64_t>(4, llvm::PowerOf2Ceil(work.columns()));
  for (auto [threadRows, threadColumns] :
       {std::pair<int64_t, int64_t>{8, 8}, {8, 4}, {4, 4}})
    for (int64_t columns = 4; columns <= std::min<int64_t>(128, widest);
         columns *= 2)
      for (int64_t rows = 8; rows <= 1024; rows *= 2)
        for (int64_t depth : {8, 16}) {
          CudaCoreTiling tiling{
              {rows, columns, depth}, threadRows, threadColumns};
          if (int64_t threads = tiling.threads();
              threads >= 32 && threads <= 256)
            addChoices(work, tiling, choices);
        }
}

} // namespace segc
