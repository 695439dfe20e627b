//===- WgmmaGradBlock.cpp -------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Both factors lie across the depth ("MN-major" in PTX): a row of shared memory
// has the channels of a pixel, and the next 8 of the depth are the next 8
// pixels of a row of the box. As rows of the box are multiples of 8 pixels, the
// pixels that a tap reads begin where a pattern of the swizzle does.

#include "WgmmaGradBlock.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace segc {
namespace {

class WgmmaGradBlock {
public:
  WgmmaGradBlock(GpuKernelBody &k, FilterGradGemm &gemm,
                 const WgmmaGradTiling &tiling)
      : k(k), gemm(gemm), problem(gemm.getProblem()), tiling(tiling),
        tile(tiling.tile), rowBytes(2 * tiling.channels()),
        patch(tiling.patch(problem)),
        stages(k, tiling.stages, tiling.stageBytes(problem),
               tiling.consumers()),
        clusterSums(k, GemmSums::pitchOf(tile), tile.cluster) {}

  void emit();

private:
  void copyStep(Value step, Value stage);
  SmallVector<Value> multiply(Value stage, ValueRange sums);
  Value multiplySwapped(Value stage, Value sums);
  void store(ValueRange sums);
  void storeSwapped(Value sums);
  void beginStore();
  void storeSum(Value sum, Value tap, Value channel, Value column);
  void finishCluster();

  /// The first tap of a product, in the column of the warpgroup.
  int64_t firstTap(int64_t product) const {
    return std::min(product * tapsOfProduct(),
                    tiling.column() - tapsOfProduct());
  }
  int64_t tapsOfProduct() const { return wgmmaRows / tiling.channels(); }
  /// The pixel of the patch that a tap of the column reads for a pixel of the
  /// box.
  int64_t patchPixel(int64_t tap, int64_t pixel) const;
  Value startOfPatch(Value stage, Value number) {
    return k.add(stages.begin(stage),
                 k.mul(number, tiling.patchPitch(problem)));
  }
  /// How products read the input, the next taps or channels so many pixels of
  /// the patch farther.
  WgmmaLayout inputLayout(int64_t apart) const {
    return {/*isAlongDepth=*/false, rowBytes, apart * rowBytes, 8 * rowBytes};
  }
  /// The same of the output's gradient: of one box, whose leading dimension is
  /// not read.
  WgmmaLayout gradLayout() const {
    int64_t gradRow = 2 * tile.columns;
    return {/*isAlongDepth=*/false, gradRow, tiling.gradBytes(), 8 * gradRow};
  }
  Value startOfGrad(Value stage) {
    return k.add(stages.begin(stage),
                 tiling.warpgroups * tiling.patchPitch(problem));
  }

  GpuKernelBody &k;
  FilterGradGemm &gemm;
  const ConvProblem &problem;
  WgmmaGradTiling tiling;
  GemmTile tile;
  int64_t rowBytes; ///< Of the input's boxes.
  Dims patch;
  WgmmaStages stages;
  GemmSums clusterSums; ///< In the place of the factors.
  /// What the block's rows are, and which column of taps is the warpgroup's.
  Value firstDepth, firstChannel, warpgroup;
};

} // namespace

void WgmmaGradBlock::emit() {
  int64_t pieces = problem.groupInputs() / tiling.channels();
  Value block = gemm.getRowBlock();
  firstDepth = k.mul(k.div(block, pieces), tiling.column() / problem.taps[1]);
  firstChannel = k.mul(k.rem(block, pieces), tiling.channels());
  stages.init();
  stages.fill(gemm.stepCount(), tiling.copiedBytes(problem),
              [&](Value step, Value stage) { copyStep(step, stage); });
  k.ifThen(k.less(k.thread(), k.index(tiling.consumers())), [&] {
    k.withThreads(tiling.consumers(), [&] {
      warpgroup = k.div(k.thread(), WgmmaGradTiling::warpgroup);
      SmallVector<Value> zeros;
      if (tiling.isSwapped(problem)) {
        zeros.push_back(wgmmaZeros(k, tiling.column() * tiling.channels()));
        Value sums = stages
                         .multiply(gemm.stepCount(), zeros,
                                   [&](Value stage, ValueRange carried) {
                                     return SmallVector<Value>{multiplySwapped(
                                         stage, carried.front())};
                                   })
                         .front();
        beginStore();
        storeSwapped(sums);
        finishCluster();
        return;
      }
      for (int64_t i = 0; i < tiling.products(); ++i)
        zeros.push_back(wgmmaZeros(k, tile.columns));
      SmallVector<Value> sums = stages.multiply(
          gemm.stepCount(), zeros, [&](Value stage, ValueRange carried) {
            return multiply(stage, carried);
          });
      beginStore();
      store(sums);
      finishCluster();
    });
  });
  if (tile.cluster > 1)
    stages.meetCluster();
}

void WgmmaGradBlock::copyStep(Value step, Value stage) {
  FilterGradGemm::Box box = gemm.boxOf(step);
  for (int64_t i = 0; i < tiling.warpgroups; ++i)
    stages.copyBox(
        startOfPatch(stage, k.index(i)), 0,
        gemm.inputBox(box, {firstDepth, k.index(0), k.index(i)}, firstChannel),
        stage);
  stages.copyBox(startOfGrad(stage), 1, gemm.gradBox(box, 0), stage);
}

int64_t WgmmaGradBlock::patchPixel(int64_t tap, int64_t pixel) const {
  const Dims &box = *tile.box;
  int64_t depth = tap / problem.taps[1] + pixel / (box[1] * box[2]),
          height = tap % problem.taps[1] + pixel / box[2] % box[1];
  return (depth * patch[1] + height) * patch[2] + pixel % box[2];
}

/// Adds the products of a stage.
SmallVector<Value> WgmmaGradBlock::multiply(Value stage, ValueRange sums) {
  WgmmaLayout grad = gradLayout();
  Value patchStart = startOfPatch(stage, warpgroup),
        gradStart = wgmmaDescriptor(k, startOfGrad(stage), grad);
  SmallVector<Value> next(sums);
  for (int64_t pixel = 0; pixel < tile.depth; pixel += wgmmaDepth) {
    Value other = wgmmaDescriptorAt(k, gradStart, pixel * grad.swizzledBytes);
    for (auto [i, sum] : llvm::enumerate(next)) {
      int64_t tap = firstTap(static_cast<int64_t>(i)),
              from = patchPixel(tap, pixel),
              apart = tapsOfProduct() == 1 ? product(patch)
                                           : patchPixel(tap + 1, pixel) - from;
      WgmmaLayout input = inputLayout(apart);
      Value a = wgmmaDescriptorAt(k, wgmmaDescriptor(k, patchStart, input),
                                  from * rowBytes);
      sum = wgmmaProduct(k, tiling.multiplyType, tile.columns, a, input, other,
                         grad, sum);
    }
  }
  return next;
}

/// Adds the products of a stage whose rows are the output's channels.
Value WgmmaGradBlock::multiplySwapped(Value stage, Value sums) {
  WgmmaLayout grad = gradLayout(), input = inputLayout(patchPixel(1, 0));
  Value patchStart = wgmmaDescriptor(k, startOfPatch(stage, warpgroup), input),
        gradStart = wgmmaDescriptor(k, startOfGrad(stage), grad);
  for (int64_t pixel = 0; pixel < tile.depth; pixel += wgmmaDepth)
    sums = wgmmaProduct(
        k, tiling.multiplyType, tiling.column() * tiling.channels(),
        wgmmaDescriptorAt(k, gradStart, pixel * grad.swizzledBytes), grad,
        wgmmaDescriptorAt(k, patchStart, patchPixel(0, pixel) * rowBytes),
        input, sums);
  return sums;
}

/// The sums of a cluster take the place of the factors.
void WgmmaGradBlock::beginStore() {
  if (tile.cluster > 1)
    k.barrier();
}

/// Stores the sum, or the pair of columns, of a tap of the warpgroup's column
/// and a channel of the block: to the result, or for the blocks of the cluster.
void WgmmaGradBlock::storeSum(Value sum, Value tap, Value channel,
                              Value column) {
  if (tile.cluster > 1) {
    Value tapOfBlock = k.add(k.mul(warpgroup, tiling.column()), tap);
    clusterSums.store(sum, k.add(k.mul(tapOfBlock, tiling.channels()), channel),
                      column);
    return;
  }
  Value number = k.add(
      k.mul(k.add(k.mul(firstDepth, problem.taps[1]), tap), tiling.warpgroups),
      warpgroup);
  channel = k.add(firstChannel, channel);
  if (isa<VectorType>(sum.getType()))
    gemm.storePair(sum, number, channel, column);
  else
    gemm.storeSum(sum, number, channel, column);
}

/// Adds the sums of the cluster's blocks, and stores this one's share of them.
void WgmmaGradBlock::finishCluster() {
  if (tile.cluster == 1)
    return;
  k.clusterBarrier();
  gemm.storeSums(clusterSums, tile.rows, [&](Value row) -> FilterGradGemm::Row {
    Value tapOfBlock = k.div(row, tiling.channels()),
          ofColumn = k.add(k.mul(firstDepth, problem.taps[1]),
                           k.rem(tapOfBlock, tiling.column()));
    return {k.add(k.mul(ofColumn, tiling.warpgroups),
                  k.div(tapOfBlock, tiling.column())),
            k.add(firstChannel, k.rem(row, tiling.channels())),
            /*exists=*/Value()};
  });
}

void WgmmaGradBlock::storeSwapped(Value sums) {
  forWgmmaSums(k, sums, tiling.column() * tiling.channels(),
               [&](Value pair, Value row, Value column) {
                 Value tap = k.div(column, tiling.channels()),
                       channel = k.rem(column, tiling.channels());
                 for (int64_t lane : {0, 1}) {
                   Value sum = vector::ExtractOp::create(k.builder(), k.loc(),
                                                         pair, lane);
                   if (tile.cluster > 1)
                     sum = vector::BroadcastOp::create(k.builder(), k.loc(),
                                                       k.vectorType(1), sum);
                   storeSum(sum, tap, k.add(channel, lane), row);
                 }
               });
}

void WgmmaGradBlock::store(ValueRange sums) {
  for (auto [i, sum] : llvm::enumerate(sums)) {
    int64_t product = static_cast<int64_t>(i), first = firstTap(product),
            // The product before has these taps.
        repeated = product * tapsOfProduct() - first;
    forWgmmaSums(
        k, sum, tile.columns, [&](Value pair, Value row, Value column) {
          Value tap = k.add(k.div(row, tiling.channels()), first);
          auto store = [&] {
            storeSum(pair, tap, k.rem(row, tiling.channels()), column);
          };
          if (repeated)
            k.ifThen(k.less(k.index(first + repeated - 1), tap), store);
          else
            store();
        });
  }
}

SmallVector<exec::TensorMapAttr> wgmmaGradMaps(seg::FusionOp fusion,
                                               const ConvProblem &problem,
                                               const WgmmaGradTiling &tiling) {
  Operation *root = fusion.getRoot();
  return {activationMap(root->getOperand(0), tiling.channels(),
                        tiling.patch(problem), {1, 1, 1}),
          activationMap(root->getOperand(1), tiling.tile.columns,
                        *tiling.tile.box, {1, 1, 1})};
}

void emitWgmmaGradBlock(GpuKernelBody &k, FilterGradGemm &gemm,
                        const WgmmaGradTiling &tiling) {
  WgmmaGradBlock(k, gemm, tiling).emit();
}

} // namespace segc
