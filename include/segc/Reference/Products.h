//===- Products.h - Products of convolutions --------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Reference evaluation of selected elements of a convolution or of one of its
// gradients, exact or with the rounding of a kernel. Kernels are compared with
// it, and their error bounds come from it.

#ifndef SEGC_REFERENCE_PRODUCTS_H
#define SEGC_REFERENCE_PRODUCTS_H

#include "segc/Reference/HostTensor.h"

#include "mlir/IR/Operation.h"

#include <array>
#include <functional>

namespace segc::reference {

/// One dimension of a Winograd tile: m outputs of a correlation with r taps are
/// `output` [(`filter` g) (`input` d)], row-major matrices of m x p, p x r and
/// p x (m + r - 1).
struct TileTransform {
  int64_t outputs = 1, taps = 1, points = 1;
  std::vector<double> input = {1}, filter = {1}, output = {1};
};

/// The arithmetic of a kernel's products.
struct ProductArithmetic {
  /// Rounds the factors that share a scale: at a point of a tile those of all
  /// input channels, likewise at a point and output channel of a filter; for a
  /// direct convolution all. Null: no rounding.
  std::function<void(llvm::MutableArrayRef<double>)> round;
  /// Rounds the factors of a filter; null: `round` does.
  std::function<void(llvm::MutableArrayRef<double>)> roundFilter;
  /// Inputs are multiples of `inputUnit`, to which their transforms along width
  /// and height are rounded, halves up in even channels and down in odd ones.
  /// Before `round`, the transforms along all dimensions are rounded to
  /// multiples of the divisor of their point times that; no divisors: they are
  /// not.
  double inputUnit = 1;
  std::vector<int64_t> inputDivisors;
  /// Rounding is to multiples of a scale that is itself rounded to f32, so that
  /// no factor is a tie.
  bool scaled = false;
  /// Transforms along depth, height and width; none: a direct convolution.
  std::optional<std::array<TileTransform, 3>> tiles;
  /// Length of a chain: so many products of the even and of the odd input
  /// channels each are added in f16, then both sums are added in f32. 0: all
  /// sums are in f32.
  int64_t f16Chain = 0;
  /// Relative perturbation of the rounded factors, which models the unknown
  /// part of a kernel's rounding. If it is not 0, factors are also perturbed by
  /// a few f32 units before they are rounded, unless f32 holds them exactly,
  /// and f16 sums are rounded up or down at random.
  double noise = 0;
  uint64_t seed = 0;
};

/// Whether evaluateProducts supports the op.
bool multiplies(mlir::Operation *op);

/// Number of products that are added up in an element of the result.
int64_t productsPerElement(mlir::Operation *op);

/// Computes the given elements (in ascending order) of the result of a
/// convolution, transposed convolution, input gradient or filter gradient, and
/// leaves the others unchanged. Fails for tiles that do not fit the op or
/// compute something else.
llvm::LogicalResult
evaluateProducts(mlir::Operation *op,
                 llvm::ArrayRef<const HostTensor *> operands,
                 llvm::ArrayRef<int64_t> elements,
                 const ProductArithmetic &arithmetic, HostTensor &result);

} // namespace segc::reference

#endif // SEGC_REFERENCE_PRODUCTS_H
