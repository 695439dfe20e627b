//===- TileSource.h - Source of a packed tile -------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// An operand of a root is an input of the fusion, or computed by its prologue:
// pointwise ops and rearrangements of inputs. A packed tile is filled with its
// values, each of them computed once for each tile. Borders stay zero, as the
// padding of the operand is.

#ifndef SEGC_CODEGEN_CPU_TILESOURCE_H
#define SEGC_CODEGEN_CPU_TILESOURCE_H

#include "segc/Codegen/Common/KernelBuilder.h"
#include <array>

namespace segc {

/// Estimated cycles that the ops of a prologue add to loading a vector.
double prologueCycles(llvm::ArrayRef<mlir::Operation *> ops);

class TileSource {
public:
  /// Takes an operand of a fusion's root, an activation.
  explicit TileSource(mlir::Value operand) : operand(operand) {
    // Loads of 16-bit memory widen their values without extra work.
    if (mlir::isa<mlir::BlockArgument>(seg::storedValue(operand)))
      this->operand = seg::storedValue(operand);
  }

  /// Whether the operand is in memory, not computed by a prologue.
  bool isInput() const { return mlir::isa<mlir::BlockArgument>(operand); }
  mlir::Value memref(KernelBody &k) const { return inputOf(k, operand); }

  /// A row of pixels: its position in the outer dimensions.
  struct Line {
    mlir::Value d, h;
    /// Whether the line lies inside the tensor, an i1; null: it does. A line
    /// outside is computed from another line and then replaced by zeros.
    mlir::Value inside;
  };

  /// Computes the pixels [begin, end) of some rows, whose pixel 0 is at
  /// `origin`, and calls `store(values, element, mask)` with a vector of each
  /// row, where element 0 is the first channel of pixel 0. Vectors begin at
  /// multiples of `lanes` channels, and only the last one of a pixel is masked.
  void emitRows(KernelBody &k, mlir::Value sample, llvm::ArrayRef<Line> lines,
                mlir::Value origin, mlir::Value begin, mlir::Value end,
                int64_t lanes,
                llvm::function_ref<void(llvm::ArrayRef<mlir::Value>,
                                        mlir::Value, mlir::Value)>
                    store) const;

  /// Returns `values`, or zeros if the line lies outside the tensor.
  static mlir::Value zeroOutside(KernelBody &k, const Line &line,
                                 mlir::Value values);

  /// Estimated cycles that the prologue adds to loading a vector.
  double loadCycles() const;

private:
  mlir::Value operand;
};

} // namespace segc

#endif // SEGC_CODEGEN_CPU_TILESOURCE_H
