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

/// Channels at which some rearrangement in the operand's prologue changes its
/// source, from 0 on.
llvm::SmallVector<int64_t> channelCuts(mlir::Value operand);

/// Reads channels of an operand of a fusion's root at one position after the
/// other: from the input's memory, or computed by the prologue from the
/// elements of inputs that it is made of. The channels must all have the same
/// sources; see channelCuts.
class PrologueReader {
public:
  /// Reads `lanes` channels from `channel` on as a vector; masked ones (null:
  /// none) are zero. `segment`: the first channel whose sources are these.
  PrologueReader(KernelBody &k, mlir::Value sample, mlir::Value channel,
                 int64_t segment, int64_t lanes, mlir::Value mask)
      : k(k), sample(sample), channel(channel), segment(segment), lanes(lanes),
        mask(mask) {}

  /// Loads what does not depend on the pixel.
  void hoist(mlir::Value value, int64_t first = 0);
  /// The operand at (depth, height, width); `first` is for its own operands.
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
  /// By input and first channel.
  std::map<std::pair<unsigned, int64_t>, mlir::Value> rows;
};

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_PROLOGUEREADER_H
