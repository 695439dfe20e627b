//===- TileProducts.h - Sums of products with Winograd tiles ----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_REFERENCE_TILEPRODUCTS_H
#define SEGC_LIB_REFERENCE_TILEPRODUCTS_H

#include "Convolution.h"
#include "segc/Reference/Products.h"

namespace segc::reference {

/// A sum of products, with chains of additions in f16 as ProductArithmetic
/// defines them.
class ChainedSum {
public:
  explicit ChainedSum(const ProductArithmetic &arithmetic)
      : chain(arithmetic.f16Chain),
        random(arithmetic.noise > 0 ? arithmetic.seed | 1 : 0) {}

  /// Adds a product. Those with even and odd `parity` have separate sums in
  /// f16.
  void add(double product, int64_t parity);
  double get() const {
    return total +
           (chain ? roundTo(ElementKind::F16, halves[0] + halves[1]) : 0);
  }

private:
  void flush();
  double total = 0, halves[2] = {0, 0};
  int64_t chain, count = 0;
  uint64_t random; ///< State of the generator that perturbs sums; 0 if they are
                   ///< not perturbed.
};

/// Rounds factors with `round`, if there is one. With noise, factors are first
/// perturbed by a few f32 units, as the transforms of kernels are inexact;
/// factors that are exact in the kernel are not, so that ties remain ties.
/// Rounded factors are then perturbed by the noise, which models the sums;
/// operands that are not rounded are perturbed elsewhere.
void roundFactors(
    llvm::MutableArrayRef<double> factors, const ProductArithmetic &arithmetic,
    const std::function<void(llvm::MutableArrayRef<double>)> &round,
    uint64_t part);

/// Selected elements of a filter, in ascending order, and the channels that
/// contain them.
class FilterElements {
public:
  FilterElements(const Convolution &conv, llvm::ArrayRef<int64_t> elements);

  Shape inputs, outputs; ///< Channels of the large and the small side.

  /// Sets the elements to value(tap, position in inputs, position in outputs).
  template <typename Value>
  void store(HostTensor &result, Value value) const {
    for (int64_t tap = 0; tap < product(conv.taps); ++tap)
      for (auto [i, c] : llvm::enumerate(inputs))
        for (auto [j, k] : llvm::enumerate(outputs))
          if (int64_t at = conv.filterAt(tap, c, k);
              std::binary_search(elements.begin(), elements.end(), at))
            result[at] = value(tap, i, j);
  }

private:
  const Convolution &conv;
  llvm::ArrayRef<int64_t> elements;
};

/// Returns the reason why the tiles cannot compute this convolution; empty if
/// they can.
std::string tileRefusal(const Convolution &conv,
                        const std::array<TileTransform, 3> &tiles);

/// Computes elements of the small or the large side.
void sumTileElements(const Convolution &conv, bool small, Operands operands,
                     llvm::ArrayRef<int64_t> elements,
                     const ProductArithmetic &arithmetic, HostTensor &result);

void sumTileFilter(const Convolution &conv, Operands operands,
                   const FilterElements &elements,
                   const ProductArithmetic &arithmetic, HostTensor &result);

} // namespace segc::reference

#endif // SEGC_LIB_REFERENCE_TILEPRODUCTS_H
