//===- TileSource.h - What a tile is loaded from ----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// An operand of a root is an input of the fusion, or computed by its prologue:
// pointwise ops and rearrangements of inputs. A packed tile is filled with its
// values, each computed once a tile; borders stay zero, as the operand's are.

#ifndef SEGC_CODEGEN_CPU_TILESOURCE_H
#define SEGC_CODEGEN_CPU_TILESOURCE_H

#include "segc/Codegen/Common/KernelBuilder.h"
#include <array>

namespace segc {

/// Cycles that the ops of a prologue add to loading a vector, about.
double prologueCycles(llvm::ArrayRef<mlir::Operation *> ops);

class TileSource {
public:
  /// An operand of a fusion's root, an activation.
  explicit TileSource(mlir::Value operand) : operand(operand) {
    // Loading 16-bit memory widens it: no work of its own.
    if (mlir::isa<mlir::BlockArgument>(seg::storedValue(operand)))
      this->operand = seg::storedValue(operand);
  }

  /// Whether it lies in memory as it is.
  bool isInput() const { return mlir::isa<mlir::BlockArgument>(operand); }
  mlir::Value memref(KernelBody &k) const { return inputOf(k, operand); }

  /// A row of pixels: its position in the outer dimensions.
  struct Line {
    mlir::Value d, h;
    /// i1: a line outside the tensor is computed of some other and then
    /// replaced by zeros. Null: it lies inside.
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

  /// `values` of a line; zeros if it lies outside.
  static mlir::Value zeroOutside(KernelBody &k, const Line &line,
                                 mlir::Value values);

  /// What computing it adds to loading a vector.
  double loadCycles() const;

private:
  mlir::Value operand;
};

} // namespace segc

#endif // SEGC_CODEGEN_CPU_TILESOURCE_H
