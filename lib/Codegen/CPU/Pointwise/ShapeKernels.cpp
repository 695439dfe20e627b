//===- ShapeKernels.cpp ---------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Kernels that copy: concat, slice_channels, crop, pad.

#include "KernelHelpers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "segc/Codegen/Common/ChannelCopies.h"
#include "segc/Dialect/Seg/IR/ShapeFunctions.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace segc;

namespace {

constexpr int64_t copyUnroll = 4;

//===----------------------------------------------------------------------===//
// Copies of channels: concat, slice_channels
//===----------------------------------------------------------------------===//

LogicalResult emitChannelCopies(FusionEmitter &emitter, Value result,
                                ArrayRef<ChannelCopy> copies) {
  auto type = cast<RankedTensorType>(result.getType());
  int64_t lanes = cpuTarget(emitter).lanes, channels = seg::channels(type);
  int64_t pixels = type.getNumElements() / channels / type.getDimSize(0);
  int64_t tilePixels = std::max<int64_t>(1, taskElements / channels);
  emitter.launch(
      {0, llvm::divideCeilSigned(pixels, tilePixels)}, 0, [&](KernelBody &k) {
        Tile tile = sampleTile(k, pixels, tilePixels);
        Value base = k.mul(tile.sample, pixels), output = outputOf(k, result);
        for (const ChannelCopy &copy : copies) {
          Value input = inputOf(k, copy.input);
          int64_t inputChannels =
              seg::channels(cast<RankedTensorType>(copy.input.getType()));
          k.loop(k.add(base, tile.begin), k.add(base, tile.end), 1,
                 [&](Value pixel) {
                   Value source = k.add(k.mul(pixel, inputChannels), copy.from);
                   Value destination = k.add(k.mul(pixel, channels), copy.to);
                   forRow(k, copy.size, lanes, [&](Value channel, Value mask) {
                     k.store(k.load(input, k.add(source, channel), lanes, mask),
                             output, k.add(destination, channel), mask);
                   });
                 });
        }
      });
  return success();
}

template <typename Op>
struct ChannelCopyKernel : CpuOpModel<Op> {
  LogicalResult emitKernels(Operation *op,
                            FusionEmitter &emitter) const override {
    auto copy = cast<Op>(op);
    return emitChannelCopies(emitter, copy.getOutput(), channelCopies(copy));
  }
};

//===----------------------------------------------------------------------===//
// Copies of rows: crop, pad
//===----------------------------------------------------------------------===//

void copyRow(KernelBody &k, Value from, Value source, Value to,
             Value destination, int64_t size, int64_t lanes) {
  forVectors(k, k.index(0), k.index(size), lanes, copyUnroll,
             [&](Value i, Value mask) {
               k.store(k.load(from, k.add(source, i), lanes, mask), to,
                       k.add(destination, i), mask);
             });
}

void zeroRow(KernelBody &k, Value to, Value destination, int64_t size,
             int64_t lanes) {
  if (size > 0)
    forVectors(k, k.index(0), k.index(size), lanes, copyUnroll,
               [&](Value i, Value mask) {
                 k.store(k.zeroVector(lanes), to, k.add(destination, i), mask);
               });
}

/// Emits a loop over the rows (innermost spatial dimension) of `result`. `body`
/// gets the row's linear index and the positions of sample and outer
/// dimensions.
void emitRows(
    FusionEmitter &emitter, RankedTensorType result,
    llvm::function_ref<void(KernelBody &, Value row, ArrayRef<Value> position)>
        body) {
  ArrayRef<int64_t> spatial = seg::spatialDims(result),
                    outer = spatial.drop_back();
  int64_t rowElements = spatial.back() * seg::channels(result),
          rows = seg::spatialSize(result) / spatial.back();
  int64_t tileRows = std::max<int64_t>(1, taskElements / rowElements);
  emitter.launch({0, llvm::divideCeilSigned(rows, tileRows)}, 0,
                 [&](KernelBody &k) {
                   Tile tile = sampleTile(k, rows, tileRows);
                   k.loop(tile.begin, tile.end, 1, [&](Value row) {
                     SmallVector<Value> position{tile.sample};
                     llvm::append_range(position, k.delinearize(row, outer));
                     body(k, k.add(k.mul(tile.sample, rows), row), position);
                   });
                 });
}

/// Returns the linear index of the row at `position` + `shift` in a tensor of
/// `type`.
Value rowAt(KernelBody &k, RankedTensorType type, ArrayRef<Value> position,
            ArrayRef<int64_t> shift) {
  Value row = position[0];
  for (size_t d = 1; d < position.size(); ++d)
    row =
        k.add(k.mul(row, type.getDimSize(d)), k.add(position[d], shift[d - 1]));
  return row;
}

struct CropKernel : CpuOpModel<seg::CropOp> {
  LogicalResult emitKernels(Operation *op,
                            FusionEmitter &emitter) const override {
    auto crop = cast<seg::CropOp>(op);
    auto in = crop.getInput().getType(), out = crop.getOutput().getType();
    int64_t channels = seg::channels(in), lanes = cpuTarget(emitter).lanes;
    int64_t inRow = seg::spatialDims(in).back() * channels,
            outRow = seg::spatialDims(out).back() * channels;
    emitRows(emitter, out,
             [&](KernelBody &k, Value row, ArrayRef<Value> position) {
               Value source =
                   k.mul(rowAt(k, in, position, crop.getOffsets()), inRow);
               source = k.add(source, crop.getOffsets().back() * channels);
               copyRow(k, inputOf(k, crop.getInput()), source,
                       outputOf(k, crop.getOutput()), k.mul(row, outRow),
                       outRow, lanes);
             });
    return success();
  }
};

struct PadKernel : CpuOpModel<seg::PadOp> {
  LogicalResult emitKernels(Operation *op,
                            FusionEmitter &emitter) const override {
    auto pad = cast<seg::PadOp>(op);
    auto in = pad.getInput().getType(), out = pad.getOutput().getType();
    ArrayRef<int64_t> low = pad.getLow();
    int64_t channels = seg::channels(in), lanes = cpuTarget(emitter).lanes;
    int64_t inRow = seg::spatialDims(in).back() * channels,
            outRow = seg::spatialDims(out).back() * channels;
    int64_t before = low.back() * channels;
    SmallVector<int64_t> back;
    for (int64_t offset : low)
      back.push_back(-offset);
    emitRows(
        emitter, out, [&](KernelBody &k, Value row, ArrayRef<Value> position) {
          Value output = outputOf(k, pad.getOutput()),
                destination = k.mul(row, outRow);
          OpBuilder &b = k.builder();
          Value inside =
                    arith::ConstantOp::create(b, k.loc(), b.getBoolAttr(true)),
                always = inside;
          for (size_t d = 1; d < position.size(); ++d) {
            // The comparison is unsigned, so positions below `low` are outside
            // too.
            Value within = arith::CmpIOp::create(
                b, k.loc(), arith::CmpIPredicate::ult,
                k.sub(position[d], low[d - 1]), k.index(in.getDimSize(d)));
            inside = arith::AndIOp::create(b, k.loc(), inside, within);
          }
          zeroRow(k, output, destination, before, lanes);
          Value middle = k.add(destination, before);
          k.ifThen(inside, [&] {
            Value source = k.mul(rowAt(k, in, position, back), inRow);
            copyRow(k, inputOf(k, pad.getInput()), source, output, middle,
                    inRow, lanes);
          });
          k.ifThen(arith::XOrIOp::create(b, k.loc(), inside, always),
                   [&] { zeroRow(k, output, middle, inRow, lanes); });
          zeroRow(k, output, k.add(middle, inRow), outRow - inRow - before,
                  lanes);
        });
    return success();
  }
};

} // namespace

void segc::addShapeModels(KernelModels &models) {
  models.push_back(std::make_unique<ChannelCopyKernel<seg::ConcatOp>>());
  models.push_back(std::make_unique<CropKernel>());
  models.push_back(std::make_unique<PadKernel>());
  models.push_back(std::make_unique<ChannelCopyKernel<seg::SliceChannelsOp>>());
  addResizeModels(models);
}
