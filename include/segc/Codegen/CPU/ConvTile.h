//===- ConvTile.h - Moving pieces of tensors into scratch -------*- C++ -*-===//
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

/// A box of an activation tensor, where a kernel reads it: element
/// (d, h, w, c) is memref[base + d*planePitch + h*rowPitch + w*channels + c].
/// Where channels are paired, this holds for words and pairs of channels.
struct TileView {
  mlir::Value memref, base;
  int64_t rowPitch, planePitch;
};

/// Which box of one sample.
struct TileBox {
  std::array<mlir::Value, 3> origin;  ///< May lie outside the tensor.
  std::array<mlir::Value, 3> extents; ///< At most `largest`.
  Dims largest;
  Dims steps{1, 1, 1}; ///< Between positions; the last one is 1.
};

/// What shares the words of a packed tile.
struct TilePairs {
  enum Kind {
    None,
    Channels, ///< Two channels of a pixel.
    Rows      ///< Pixels of two rows, `rowDistance` apart. Every row is the
              ///< first one of such a pair.
  };
  Kind kind = None;
  const MultiplyEmitter *multiplier = nullptr; ///< Unless there are none.
  int64_t rowDistance = 1;
};

/// Brings rows of a box of `source` (samples x size x channels) to where a
/// kernel wants them, with zeros for what lies outside.
class RowPacker {
public:
  using Line = TileSource::Line;
  RowPacker(KernelBody &body, const TileSource &source, const Dims &size,
            int64_t channels, mlir::Value sample, const TileBox &box,
            int64_t lanes);

  /// Calls `put(values, element, mask)` for all of a row, where element 0 is
  /// the first channel of the box. The row is a function of some rows of the
  /// source; all zeros unless `inside`.
  void
  pack(llvm::ArrayRef<Line> lines, mlir::Value inside,
       llvm::function_ref<mlir::Value(llvm::ArrayRef<mlir::Value>)> combine,
       llvm::function_ref<void(mlir::Value, mlir::Value, mlir::Value)> put);

private:
  /// Calls `each(i, mask)` for [from, to) in vectors; the last may be masked.
  void forVectors(mlir::Value from, mlir::Value to,
                  llvm::function_ref<void(mlir::Value, mlir::Value)> each);

  KernelBody &body;
  const TileSource &source;
  const Dims &size;
  int64_t channels, lanes;
  mlir::Value sample, origin;
  /// The part of every row that lies inside, in its pixels, and its end.
  mlir::Value left, right, width;
};

/// Copies a box of `source` (samples x size x channels) to scratch[base...]
/// with zeros for what lies outside. With pairs, channels are a multiple of
/// the lanes.
TileView packTile(KernelBody &body, const TileSource &source, const Dims &size,
                  int64_t channels, mlir::Value sample, const TileBox &box,
                  int64_t base, int64_t lanes, const TilePairs &pairs = {});

/// The same box of an input where it lies; it must be inside the tensor.
TileView tileInPlace(KernelBody &body, mlir::Value source, const Dims &size,
                     int64_t channels, mlir::Value sample, const TileBox &box);

/// The box in place, or packed to scratch from its beginning on.
TileView readTile(KernelBody &body, const TileSource &source, bool inPlace,
                  const Dims &size, int64_t channels, mlir::Value sample,
                  const TileBox &box, int64_t lanes,
                  const TilePairs &pairs = {});

/// Transposes a square of as many vectors as they have lanes (a power of 2).
llvm::SmallVector<mlir::Value>
transposeSquare(KernelBody &body, llvm::ArrayRef<mlir::Value> rows);

/// Lanes of a vector at `first` that are below `channels`; null (all) if
/// blocks of `blockSize` channels divide them.
mlir::Value channelMask(KernelBody &body, int64_t channels, int64_t blockSize,
                        mlir::Value first, int64_t lanes);

/// i1: 0 <= value < size.
mlir::Value isInside(KernelBody &body, mlir::Value value, int64_t size);

} // namespace segc

#endif // SEGC_CODEGEN_CPU_CONVTILE_H
