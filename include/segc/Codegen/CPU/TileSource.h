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

  /// Computes the pixels [begin, end) of the row at `position` (whose last
  /// element is that of pixel 0) and calls `store(values, element, mask)`,
  /// where element 0 is the first channel of pixel 0.
  void emitRow(KernelBody &k, mlir::Value sample,
               const std::array<mlir::Value, 3> &position, mlir::Value begin,
               mlir::Value end, int64_t lanes,
               llvm::function_ref<void(mlir::Value, mlir::Value, mlir::Value)>
                   store) const;

  /// What computing it adds to loading a vector.
  double loadCycles() const;

private:
  mlir::Value operand;
};

} // namespace segc

#endif // SEGC_CODEGEN_CPU_TILESOURCE_H
