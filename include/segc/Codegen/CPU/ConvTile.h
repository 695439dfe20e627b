//===- ConvTile.h - Packing of tensor tiles into scratch --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_CPU_CONVTILE_H
#define SEGC_CODEGEN_CPU_CONVTILE_H

#include "segc/Codegen/CPU/MultiplyEmitter.h"
#include "segc/Codegen/CPU/TileSource.h"
#include "segc/Codegen/Common/ConvProblem.h"

namespace segc {

/// A box of an activation tensor in memory: element (d, h, w, c) is memref[base
/// + d*planePitch + h*rowPitch + w*channels + c]. Where channels are paired,
/// this holds for words and pairs of channels.
struct TileView {
  mlir::Value memref, base;
  int64_t rowPitch, planePitch;
};

/// Position and size of a box within one sample.
struct TileBox {
  std::array<mlir::Value, 3> origin;  ///< May lie outside the tensor.
  std::array<mlir::Value, 3> extents; ///< At most `largest`.
  Dims largest;
  Dims steps{1, 1, 1}; ///< Steps between positions; the innermost one is 1.
};

/// Values of fewer than 32 bits that share a word of a packed tile.
struct TilePairs {
  enum Kind {
    None,
    Channels, ///< Neighbouring channels of a pixel.
    Rows      ///< Pixels of two rows, `rowDistance` apart. Every row is the
              ///< first row of a pair.
  };
  Kind kind = None;
  const MultiplyEmitter *multiplier = nullptr; ///< Null if there are no pairs.
  int64_t rowDistance = 1;
};

/// Packs rows of a box of `source` (samples x size x channels). Positions
/// outside the tensor are zero.
class RowPacker {
public:
  using Line = TileSource::Line;
  RowPacker(KernelBody &body, const TileSource &source, const Dims &size,
            int64_t channels, mlir::Value sample, const TileBox &box,
            int64_t lanes);

  /// Calls `put(values, element, mask)` for all vectors of a row, where element
  /// 0 is the first channel of the box. The row is computed from rows of the
  /// source; it is zero unless `inside`.
  void
  pack(llvm::ArrayRef<Line> lines, mlir::Value inside,
       llvm::function_ref<mlir::Value(llvm::ArrayRef<mlir::Value>)> combine,
       llvm::function_ref<void(mlir::Value, mlir::Value, mlir::Value)> put);

private:
  /// Calls `each(i, mask)` for the vectors of [from, to). The last one may be
  /// masked.
  void forVectors(mlir::Value from, mlir::Value to,
                  llvm::function_ref<void(mlir::Value, mlir::Value)> each);

  KernelBody &body;
  const TileSource &source;
  const Dims &size;
  int64_t channels, lanes;
  mlir::Value sample, origin;
  /// The pixels [left, right) of every row lie inside the tensor; the row ends
  /// at `width`.
  mlir::Value left, right, width;
};

/// Copies a box of `source` (samples x size x channels) to scratch[base...]
/// with zeros for positions outside the tensor. With pairs, the number of
/// channels is a multiple of the lanes.
TileView packTile(KernelBody &body, const TileSource &source, const Dims &size,
                  int64_t channels, mlir::Value sample, const TileBox &box,
                  int64_t base, int64_t lanes, const TilePairs &pairs = {});

/// A view of the box in the input itself, without packing. The box must lie
/// inside the tensor.
TileView tileInPlace(KernelBody &body, mlir::Value source, const Dims &size,
                     int64_t channels, mlir::Value sample, const TileBox &box);

/// The box in place, or packed at the beginning of scratch.
TileView readTile(KernelBody &body, const TileSource &source, bool inPlace,
                  const Dims &size, int64_t channels, mlir::Value sample,
                  const TileBox &box, int64_t lanes,
                  const TilePairs &pairs = {});

/// Transposes a square matrix of vectors. The number of lanes is a power of 2.
llvm::SmallVector<mlir::Value>
transposeSquare(KernelBody &body, llvm::ArrayRef<mlir::Value> rows);

/// Mask of the lanes of a vector at `first` that are below `channels`; null
/// (all lanes) if `channels` is a multiple of `blockSize`.
mlir::Value channelMask(KernelBody &body, int64_t channels, int64_t blockSize,
                        mlir::Value first, int64_t lanes);

/// i1: 0 <= value < size.
mlir::Value isInside(KernelBody &body, mlir::Value value, int64_t size);

} // namespace segc

#endif // SEGC_CODEGEN_CPU_CONVTILE_H
