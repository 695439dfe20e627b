//===- MultiplyType.h - Convolutions as kernels multiply them -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The reference evaluation of chosen elements of a convolution or of one of its
// gradients, exact or rounded where a kernel rounds: what a kernel is compared
// with, and how far rounding may take it.

#ifndef SEGC_REFERENCE_PRODUCTS_H
#define SEGC_REFERENCE_PRODUCTS_H

#include "segc/Reference/HostTensor.h"

#include "mlir/IR/Operation.h"

#include <array>
#include <functional>

namespace segc::reference {

/// One dimension of a Winograd tile: m outputs of a correlation with r taps
/// are `output` [(`filter` g) (`input` d)], matrices of m x p, p x r and
/// p x (m + r - 1) with rows in a row.
struct TileTransform {
  int64_t outputs = 1, taps = 1, points = 1;
  std::vector<double> input = {1}, filter = {1}, output = {1};
};

/// How a kernel multiplies.
struct ProductArithmetic {
  /// Rounds factors that are rounded together: of a tile's point those of all
  /// input channels, of a filter's point and output channel as well; of a
  /// direct convolution all. Null: factors stay as they are.
  std::function<void(llvm::MutableArrayRef<double>)> round;
  /// Of a filter's factors instead; null: as others.
  std::function<void(llvm::MutableArrayRef<double>)> roundFilter;
  /// Rounding is to multiples of a scale that f32 itself rounds: no factor lies
  /// exactly between two.
  bool scaled = false;
  /// Depth, height, width; none: a direct convolution.
  std::optional<std::array<TileTransform, 3>> tiles;
  /// So many products of every other input channel are added in f16, then both
  /// sums go on in f32; 0: all sums are of f32.
  int64_t f16Chain = 0;
  /// Disturbance of the factors, of their size, after they are rounded; with
  /// any, factors err by a few units of f32 before that, unless f32 holds them
  /// exactly, and sums of f16 are rounded up or down at random. This is what is
  /// not known of a kernel's own rounding.
  double noise = 0;
  uint64_t seed = 0;
};

/// Whether evaluateProducts takes the op.
bool multiplies(mlir::Operation *op);

/// MultiplyType that are added up in an element of the result.
int64_t productsPerElement(mlir::Operation *op);

/// Computes these elements (in rising order) of the result of a convolution,
/// transposed convolution, input gradient or filter gradient; the others stay
/// as they are. An error for tiles that do not fit the op or compute something
/// else.
llvm::LogicalResult
evaluateProducts(mlir::Operation *op,
                 llvm::ArrayRef<const HostTensor *> operands,
                 llvm::ArrayRef<int64_t> elements,
                 const ProductArithmetic &arithmetic, HostTensor &result);

} // namespace segc::reference

#endif // SEGC_REFERENCE_PRODUCTS_H
