//===- PrologueReader.h - Elements that a prologue reads --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_CODEGEN_COMMON_PROLOGUEREADER_H
#define SEGC_CODEGEN_COMMON_PROLOGUEREADER_H

#include "segc/Codegen/Common/KernelBuilder.h"
#include <array>
#include <map>

namespace segc {

/// The channels, in ascending order from 0, at which a rearrangement in the
/// operand's prologue (such as a concatenation) begins to read another source.
llvm::SmallVector<int64_t> channelCuts(mlir::Value operand);

/// The row below `row` of a plane of `rows`, or the last one: a row to
/// prefetch.
mlir::Value nextRow(KernelBody &k, mlir::Value row, int64_t rows);

/// Reads channels of an operand of a fusion's root, position by position: from
/// an input's memory, or computed by the prologue. The channels must all have
/// the same sources; see channelCuts.
class PrologueReader {
public:
  /// Reads `lanes` channels from `channel` on as a vector. Masked lanes are
  /// zero; a null mask means all lanes. `segment` is the first channel with the
  /// same sources.
  PrologueReader(KernelBody &k, mlir::Value sample, mlir::Value channel,
                 int64_t segment, int64_t lanes, mlir::Value mask)
      : k(k), sample(sample), channel(channel), segment(segment), lanes(lanes),
        mask(mask) {}

  /// Prefetches the row below each pixel that is read, on CPUs: a box is read
  /// row by row, and its rows are too short for a processor to foresee them.
  void prefetchRows() { prefetchesRows = true; }
  /// Computes a normalisation as one multiply-add of what does not depend on
  /// the pixel. Where the mean is far larger than the deviation this is less
  /// accurate: for values that are rounded to 8 bits.
  void contractNorms() { contractsNorms = true; }
  /// Loads what does not depend on the pixel.
  void hoist(mlir::Value value, int64_t first = 0);
  /// Emits the operand's value at (depth, height, width). `first` is the first
  /// channel of the value within the operand.
  mlir::Value at(mlir::Value value, std::array<mlir::Value, 3> position,
                 int64_t first = 0);

private:
  mlir::Value row(mlir::BlockArgument input, seg::Broadcast kind,
                  int64_t first);
  mlir::Value perPixel(mlir::Value operand,
                       const std::array<mlir::Value, 3> &position);
  mlir::Value pixel(mlir::RankedTensorType type,
                    const std::array<mlir::Value, 3> &position);
  seg::ElementSource source(seg::RearrangementOpInterface op, int64_t first) {
    return op.getSource(segment - first);
  }
  /// The channel of a value that begins at channel `first` of the operand.
  mlir::Value channelFrom(int64_t first) { return k.sub(channel, first); }

  KernelBody &k;
  mlir::Value sample, channel;
  int64_t segment, lanes;
  mlir::Value mask;
  bool prefetchesRows = false, contractsNorms = false;
  /// Hoisted rows, by input and first channel.
  std::map<std::pair<unsigned, int64_t>, mlir::Value> rows;
};

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_PROLOGUEREADER_H
