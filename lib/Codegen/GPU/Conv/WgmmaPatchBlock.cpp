//===- WgmmaPatchBlock.cpp ------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WgmmaPatchBlock.h"

#include "FactorCopies.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace segc {
namespace {

class WgmmaPatchBlock {
public:
  WgmmaPatchBlock(GpuKernelBody &k, ForwardGemm &gemm,
                  const WgmmaPatchTiling &tiling);

  void emit();

private:
  using Values = SmallVector<Value>;

  void copyTap(Value step, Value stage);
  void loadPatch(Value chunk);
  Values multiplyTap(Value stage, ValueRange carried);
  void storeSums(ValueRange sums);

  /// The first row of the tile of a warpgroup's square, counted from the
  /// warpgroup's first one. Squares are numbered along the width, the height
  /// and the depth of the box.
  int64_t rowOf(int64_t square) const {
    auto [depth, height, width] = placeOf(square);
    return (depth * box[1] + height) * box[2] + width;
  }
  /// The same as a position of the patch.
  int64_t positionOf(int64_t square) const {
    auto [depth, height, width] = placeOf(square);
    return (depth * patch[1] + height) * patch[2] + width;
  }
  Dims placeOf(int64_t square) const {
    int64_t high = box[1] / side, wide = box[2] / side;
    return {square / wide / high, square / wide % high * side,
            square % wide * side};
  }

  static constexpr int64_t side = WgmmaPatchTiling::side,
                           pieceElements = WgmmaPatchTiling::piece,
                           positionBytes = 2 * pieceElements;

  GpuKernelBody &k;
  ForwardGemm &gemm;
  const ConvProblem &problem;
  WgmmaPatchTiling tiling;
  GemmTile tile;
  Dims box, patch;
  WgmmaStages stages;
  FactorCopies factors;
  int64_t chunks; ///< Of the channels.
  int64_t taps, patchBegin, pieceBytes;
  WgmmaLayout patchLayout, filterLayout;
  Value warpgroup;
};

WgmmaPatchBlock::WgmmaPatchBlock(GpuKernelBody &k, ForwardGemm &gemm,
                                 const WgmmaPatchTiling &tiling)
    : k(k), gemm(gemm), problem(gemm.getProblem()), tiling(tiling),
      tile(tiling.tile), box(*tile.box), patch(tiling.patch(problem)),
      stages(k, tiling.stages, tiling.stageBytes(),
             WgmmaPatchTiling::consumers),
      factors(k, tiling.multiplyType, 2 * tiling.factorFloats(problem)),
      chunks(problem.groupInputs() / tile.depth), taps(product(problem.taps)),
      patchBegin(tiling.stages * tiling.stageBytes()),
      pieceBytes(tiling.pieceBytes(problem)),
      patchLayout{/*isAlongDepth=*/true, /*swizzledBytes=*/0, pieceBytes,
                  patch[2] * positionBytes},
      filterLayout(WgmmaLayout::ofBoxes(gemm.access(GemmOperand::B).alongDepth,
                                        2 * gemm.boxWidth(GemmOperand::B),
                                        tile.depth)) {}

void WgmmaPatchBlock::emit() {
  stages.init();
  stages.fill(gemm.stepCount(), tiling.tapBytes(),
              [&](Value step, Value stage) { copyTap(step, stage); });
  k.ifThen(k.less(k.thread(), k.index(WgmmaPatchTiling::consumers)), [&] {
    k.withThreads(WgmmaPatchTiling::consumers, [&] {
      warpgroup = k.div(k.thread(), WgmmaPatchTiling::warpgroup);
      gemm.loadChannels();
      int64_t squares = tiling.squares();
      WgmmaStages::Place first = stages.firstPlace();
      Values sums;
      for (int64_t square = 0; square < squares; ++square)
        sums.push_back(wgmmaZeros(k, tile.columns));
      sums.append({first.stage, first.parity});
      auto multiplyChunk = [&](Value chunk, ValueRange carried) {
        loadPatch(chunk);
        WgmmaStages::Place place{carried[squares], carried[squares + 1]};
        Values init(carried.take_front(squares));
        init.push_back(k.index(0)); // The tap.
        Values next = stages.multiply(
            k.index(taps), init,
            [&](Value stage, ValueRange values) {
              return multiplyTap(stage, values);
            },
            chunks == 1 ? nullptr : &place);
        // The next patch, or the sums, take the place of this one.
        k.barrier();
        next.back() = place.stage;
        next.push_back(place.parity);
        return next;
      };
      sums = chunks == 1
                 ? multiplyChunk(k.index(0), sums)
                 : k.loop(k.index(0), k.index(chunks), 1, sums, multiplyChunk);
      storeSums(ValueRange(sums).take_front(squares));
      gemm.beginFinish();
      k.barrier();
      gemm.finish(GemmSums(k, GemmSums::pitchOf(tile)));
    });
  });
}

//===----------------------------------------------------------------------===//
// To shared memory
//===----------------------------------------------------------------------===//

/// Copies the filter of a tap and a chunk of channels. The taps of a chunk
/// follow each other.
void WgmmaPatchBlock::copyTap(Value step, Value stage) {
  Value tap = k.rem(step, taps), chunk = k.div(step, taps);
  SmallVector<GemmBox> boxes =
      gemm.boxes(GemmOperand::B, k.add(k.mul(tap, chunks), chunk));
  int64_t bytes = tiling.tapBytes() / static_cast<int64_t>(boxes.size());
  for (auto [i, one] : llvm::enumerate(boxes))
    stages.copyBox(k.add(stages.begin(stage), static_cast<int64_t>(i) * bytes),
                   /*map=*/0, one, stage);
}

/// Brings a chunk of channels of each position to the patch.
void WgmmaPatchBlock::loadPatch(Value chunk) {
  OpBuilder &b = k.builder();
  Value firstChannel = k.mul(chunk, tile.depth);
  bool copies = factors.bringBox(
      patch, tile.depth, gemm.access(GemmOperand::A).lanes,
      [&](const Indices &position, Value channel) {
        GemmRun run = gemm.patchRun(position, k.add(firstChannel, channel));
        Value place =
            k.add(k.mul(k.div(channel, pieceElements), pieceBytes / 2),
                  k.add(k.mul(gemm.patchNumber(position), pieceElements),
                        k.rem(channel, pieceElements)));
        return std::pair(run, k.add(place, patchBegin / 2));
      });
  if (copies) {
    NVVM::CpAsyncCommitGroupOp::create(b, k.loc());
    NVVM::CpAsyncWaitGroupOp::create(b, k.loc(), 0);
  }
  publishStores(k);
  k.barrier();
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// Adds the products of a tap to the sums of each square, which it counts
/// behind them.
WgmmaPatchBlock::Values WgmmaPatchBlock::multiplyTap(Value stage,
                                                     ValueRange carried) {
  Value tap = carried.back(),
        position = k.add(k.mul(warpgroup, positionOf(tiling.squares())),
                         gemm.patchShift(tap));
  Value a = wgmmaDescriptor(
            k, k.add(k.mul(position, positionBytes), patchBegin), patchLayout),
        b = wgmmaDescriptor(k, stages.begin(stage), filterLayout);
  Values sums(carried.drop_back());
  int64_t instructions = tile.depth / wgmmaDepth;
  for (int64_t i = 0; i < instructions; ++i)
    for (auto [square, sum] : llvm::enumerate(sums))
      sum = wgmmaProduct(
          k, tiling.multiplyType, tile.columns,
          wgmmaDescriptorAt(k, a,
                            i * wgmmaDepth / pieceElements * pieceBytes +
                                positionOf(static_cast<int64_t>(square)) *
                                    positionBytes),
          patchLayout,
          wgmmaDescriptorAt(k, b, i * filterLayout.instructionBytes()),
          filterLayout, sum);
  sums.push_back(k.add(tap, 1));
  return sums;
}

void WgmmaPatchBlock::storeSums(ValueRange sums) {
  GemmSums result(k, GemmSums::pitchOf(tile));
  for (int64_t square = 0; square < tiling.squares(); ++square) {
    Value first =
        k.add(k.mul(warpgroup, rowOf(tiling.squares())), rowOf(square));
    forWgmmaSums(k, sums[square], tile.columns,
                 [&](Value pair, Value row, Value column) {
                   Value inSquare =
                       k.add(k.mul(k.div(row, side), box[2]), k.rem(row, side));
                   result.store(pair, k.add(first, inSquare), column);
                 });
  }
}

} // namespace

int64_t WgmmaPatchTiling::pieceBytes(const ConvProblem &problem) const {
  constexpr int64_t bankBytes = 128;
  int64_t bytes = product(patch(problem)) * 2 * piece,
          together = bankBytes / std::min(tile.depth / piece, side);
  return bytes + (bankBytes + together - bytes % bankBytes) % bankBytes;
}

void emitWgmmaPatchBlock(GpuKernelBody &k, ForwardGemm &gemm,
                         const WgmmaPatchTiling &tiling) {
  WgmmaPatchBlock(k, gemm, tiling).emit();
}

} // namespace segc
