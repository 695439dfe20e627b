//===- WgmmaBlock.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Shared memory holds A and B of a step in boxes as TMA writes them: rows of
// 32, 64 or 128 bytes, whose pieces of 16 bytes are permuted in groups of 8
// rows (the swizzle of that size). Rows lie along the depth ("K-major" in PTX),
// one box for all rows or columns, or across it ("MN-major"), a box for each
// 16, 32 or 64 of them.

#include "WgmmaBlock.h"

using namespace mlir;

namespace segc {
namespace {

class WgmmaBlock {
public:
  WgmmaBlock(GpuKernelBody &k, ConvGemm &gemm, const WgmmaTiling &tiling)
      : k(k), gemm(gemm), tiling(tiling), tile(tiling.tile),
        stages(k, tiling.stages, tiling.stageBytes(), WgmmaTiling::consumers),
        columns(WgmmaTiling::columnsOfWarpgroup(tile)) {}

  void emit();

private:
  void copyStep(Value step, Value stage);
  Value multiply(Value stage, Value sums);
  void storeSums(Value sums);

  Value startOf(GemmOperand operand, Value stage) {
    Value start = stages.begin(stage);
    return operand == GemmOperand::A
               ? start
               : k.add(start, tiling.bytes(GemmOperand::A));
  }
  bool isAlongDepth(GemmOperand operand) const {
    return gemm.access(operand).alongDepth;
  }
  /// Bytes of a row of the operand's boxes.
  int64_t rowBytes(GemmOperand operand) const {
    return 2 * gemm.boxWidth(operand);
  }
  WgmmaLayout layout(GemmOperand operand) const {
    return WgmmaLayout::ofBoxes(isAlongDepth(operand), rowBytes(operand),
                                tile.depth);
  }
  Value descriptor(GemmOperand operand, Value stage, Value first);
  GpuKernelBody &k;
  ConvGemm &gemm;
  WgmmaTiling tiling;
  GemmTile tile;
  WgmmaStages stages;
  int64_t columns; ///< Of a warpgroup.
  Value warpgroup, firstRow, firstColumn;
};

void WgmmaBlock::emit() {
  stages.init();
  stages.fill(gemm.stepCount(), 2 * tile.depth * (tile.rows + tile.columns),
              [&](Value step, Value stage) { copyStep(step, stage); });
  k.ifThen(k.less(k.thread(), k.index(WgmmaTiling::consumers)), [&] {
    k.withThreads(WgmmaTiling::consumers, [&] {
      warpgroup = k.div(k.thread(), WgmmaTiling::warpgroup);
      bool down = tile.rows > WgmmaTiling::rows;
      firstRow = down ? k.mul(warpgroup, WgmmaTiling::rows) : k.index(0);
      firstColumn = down ? k.index(0) : k.mul(warpgroup, columns);
      Value sums = stages.multiply(gemm.stepCount(), wgmmaZeros(k, columns),
                                   [&](Value stage, ValueRange carried) {
                                     return SmallVector<Value>{
                                         multiply(stage, carried.front())};
                                   })[0];
      // The sums take the place of the factors.
      k.barrier();
      storeSums(sums);
      k.barrier();
      gemm.finish(GemmSums(k, GemmSums::pitchOf(tile)));
    });
  });
}

void WgmmaBlock::copyStep(Value step, Value stage) {
  for (GemmOperand operand : {GemmOperand::A, GemmOperand::B}) {
    SmallVector<GemmBox> boxes = gemm.boxes(operand, step);
    int64_t bytes = 2 * tile.depth *
                    (operand == GemmOperand::A ? tile.rows : tile.columns) /
                    static_cast<int64_t>(boxes.size());
    for (auto [i, box] : llvm::enumerate(boxes))
      stages.copyBox(
          k.add(startOf(operand, stage), static_cast<int64_t>(i) * bytes),
          operand == GemmOperand::B, box, stage);
  }
}

/// Describes an operand of a stage from row or column `first` on.
Value WgmmaBlock::descriptor(GemmOperand operand, Value stage, Value first) {
  // Boxes across the depth have `width` rows or columns each.
  Value start = k.add(
      startOf(operand, stage),
      k.mul(first, isAlongDepth(operand) ? rowBytes(operand) : 2 * tile.depth));
  return wgmmaDescriptor(k, start, layout(operand));
}

/// Adds the product of a stage.
Value WgmmaBlock::multiply(Value stage, Value sums) {
  Value a = descriptor(GemmOperand::A, stage, firstRow),
        other = descriptor(GemmOperand::B, stage, firstColumn);
  for (int64_t i = 0; i < tile.depth / wgmmaDepth; ++i)
    sums = wgmmaProduct(
        k, tiling.multiplyType, columns,
        wgmmaDescriptorAt(k, a, i * layout(GemmOperand::A).instructionBytes()),
        layout(GemmOperand::A),
        wgmmaDescriptorAt(k, other,
                          i * layout(GemmOperand::B).instructionBytes()),
        layout(GemmOperand::B), sums);
  return sums;
}

void WgmmaBlock::storeSums(Value sums) {
  GemmSums result(k, GemmSums::pitchOf(tile));
  forWgmmaSums(k, sums, columns, [&](Value pair, Value row, Value column) {
    result.store(pair, k.add(firstRow, row), k.add(firstColumn, column));
  });
}

} // namespace

void emitWgmmaBlock(GpuKernelBody &k, ConvGemm &gemm,
                    const WgmmaTiling &tiling) {
  WgmmaBlock(k, gemm, tiling).emit();
}

} // namespace segc
