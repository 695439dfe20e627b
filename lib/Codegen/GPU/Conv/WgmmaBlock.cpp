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
  void clearRows();
  void copyStep(Value step, Value stage);
  SmallVector<Value> multiply(Value stage, ValueRange sums);

  /// The first of the 64 rows of a product of the warpgroup.
  Value firstRow(int64_t product) {
    return tile.rows == WgmmaTiling::rows
               ? k.index(0)
               : k.mul(k.add(warpgroup, product * WgmmaTiling::warpgroups),
                       WgmmaTiling::rows);
  }
  /// The row of a step's box of the input that tap 0 reads.
  Value patchRow(Value row);
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
  /// Of bytes, from one tap's factors to the next one's.
  int64_t tapBytes(GemmOperand operand) const {
    return operand == GemmOperand::A ? (*tile.box)[2] * rowBytes(operand)
                                     : 2 * tile.depth * tile.columns;
  }

  GpuKernelBody &k;
  ConvGemm &gemm;
  WgmmaTiling tiling;
  GemmTile tile;
  WgmmaStages stages;
  int64_t columns; ///< Of a warpgroup.
  Value warpgroup, firstColumn;
};

void WgmmaBlock::emit() {
  clearRows();
  stages.init();
  stages.fill(gemm.stepCount(), tiling.copiedBytes(),
              [&](Value step, Value stage) { copyStep(step, stage); });
  k.ifThen(k.less(k.thread(), k.index(WgmmaTiling::consumers)), [&] {
    k.withThreads(WgmmaTiling::consumers, [&] {
      warpgroup = k.div(k.thread(), WgmmaTiling::warpgroup);
      firstColumn = tile.rows == WgmmaTiling::rows ? k.mul(warpgroup, columns)
                                                   : k.index(0);
      gemm.loadChannels();
      SmallVector<Value> zeros;
      for (int64_t i = 0; i < WgmmaTiling::products(tile); ++i)
        zeros.push_back(wgmmaZeros(k, columns));
      SmallVector<Value> sums = stages.multiply(
          gemm.stepCount(), zeros, [&](Value stage, ValueRange carried) {
            return multiply(stage, carried);
          });
      // The sums take the place of the factors.
      k.barrier();
      GemmSums result(k, GemmSums::pitchOf(tile), tile.cluster);
      for (auto [i, sum] : llvm::enumerate(sums)) {
        Value first = firstRow(static_cast<int64_t>(i));
        forWgmmaSums(k, sum, columns, [&](Value pair, Value row, Value column) {
          result.store(pair, k.add(first, row), k.add(firstColumn, column));
        });
      }
      gemm.beginFinish();
      if (tile.cluster > 1)
        k.clusterBarrier();
      else
        k.barrier();
      gemm.finish(result);
    });
  });
  if (tile.cluster > 1)
    stages.meetCluster();
}

/// Sets the rows of each stage to zero that products read and no box has. A
/// barrier follows.
void WgmmaBlock::clearRows() {
  int64_t rowFloats = 2 * tile.depth / 4,
          floats = (tiling.readRows() - tiling.copiedRows()) * rowFloats;
  if (floats == 0)
    return;
  k.forThreads(tiling.stages * floats, [&](Value i) {
    Value stage = k.mul(k.div(i, floats), tiling.stageBytes() / 4);
    k.store(
        k.zeroVector(1), k.scratch(),
        k.add(stage, k.add(k.rem(i, floats), tiling.copiedRows() * rowFloats)));
  });
  publishStores(k);
}

void WgmmaBlock::copyStep(Value step, Value stage) {
  for (GemmOperand operand : {GemmOperand::A, GemmOperand::B}) {
    SmallVector<GemmBox> boxes = gemm.boxes(operand, step);
    int64_t bytes =
        tiling.copiedBytes(operand) / static_cast<int64_t>(boxes.size());
    for (auto [i, box] : llvm::enumerate(boxes))
      stages.copyBox(
          k.add(startOf(operand, stage), static_cast<int64_t>(i) * bytes),
          operand == GemmOperand::B, box, stage);
  }
}

Value WgmmaBlock::patchRow(Value row) {
  if (tile.taps == 1)
    return row;
  int64_t ofPlane = (*tile.box)[1] * (*tile.box)[2],
          halo = (tile.taps - 1) * (*tile.box)[2];
  return k.add(row, k.mul(k.div(row, ofPlane), halo));
}

/// Describes an operand of a stage from row or column `first` on.
Value WgmmaBlock::descriptor(GemmOperand operand, Value stage, Value first) {
  // Boxes across the depth have `width` rows or columns each.
  Value start = k.add(
      startOf(operand, stage),
      k.mul(first, isAlongDepth(operand) ? rowBytes(operand) : 2 * tile.depth));
  return wgmmaDescriptor(k, start, layout(operand));
}

/// Adds the products of a stage.
SmallVector<Value> WgmmaBlock::multiply(Value stage, ValueRange sums) {
  SmallVector<Value> next(sums), a;
  for (size_t i = 0; i < sums.size(); ++i)
    a.push_back(descriptor(GemmOperand::A, stage,
                           patchRow(firstRow(static_cast<int64_t>(i)))));
  Value other = descriptor(GemmOperand::B, stage, firstColumn);
  for (int64_t tap = 0; tap < tile.taps; ++tap)
    for (int64_t i = 0; i < tile.depth / wgmmaDepth; ++i) {
      auto at = [&](GemmOperand operand, Value from) {
        return wgmmaDescriptorAt(k, from,
                                 tap * tapBytes(operand) +
                                     i * layout(operand).instructionBytes());
      };
      Value columnsAt = at(GemmOperand::B, other);
      for (auto [sum, from] : llvm::zip_equal(next, a))
        sum = wgmmaProduct(k, tiling.multiplyType, columns,
                           at(GemmOperand::A, from), layout(GemmOperand::A),
                           columnsAt, layout(GemmOperand::B), sum);
    }
  return next;
}

} // namespace

void emitWgmmaBlock(GpuKernelBody &k, ConvGemm &gemm,
                    const WgmmaTiling &tiling) {
  WgmmaBlock(k, gemm, tiling).emit();
}

} // namespace segc
