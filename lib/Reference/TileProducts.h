//===- TileProducts.h - Sums of products, by Winograd tiles -----*- C++ -*-===//
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

/// A sum of products, of f16 for a few steps as ProductArithmetic says.
class ChainedSum {
public:
  explicit ChainedSum(const ProductArithmetic &arithmetic)
      : chain(arithmetic.f16Chain),
        random(arithmetic.noise > 0 ? arithmetic.seed | 1 : 0) {}

  /// MultiplyType of even and odd `parity` have sums of their own.
  void add(double product, int64_t parity);
  double get() const {
    return total + (chain ? roundTo(ElementKind::F16, halves[0] + halves[1])
                          : 0);
  }

private:
  void flush();
  double total = 0, halves[2] = {0, 0};
  int64_t chain, count = 0;
  uint64_t random; ///< State of a generator, where sums are disturbed; else 0.
};

/// Rounds factors by `round`, if any. With noise they err before that as kernels
/// do, by a few units of f32, but factors that are exact in the kernel stay so:
/// their ties stay ties. What is rounded errs by the noise that stands for the
/// sums after that; other operands do as a whole.
void roundFactors(
    llvm::MutableArrayRef<double> factors, const ProductArithmetic &arithmetic,
    const std::function<void(llvm::MutableArrayRef<double>)> &round,
    uint64_t part);

/// Elements of a filter, in rising order, among all taps of their channels.
class FilterElements {
public:
  FilterElements(const Convolution &conv, llvm::ArrayRef<int64_t> elements);

  Shape inputs, outputs; ///< Channels of the large and of the small side.

  /// Sets the elements to value(tap, position in inputs, in outputs).
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

/// Why the tiles do not compute this convolution; empty if they do.
std::string tileRefusal(const Convolution &conv,
                        const std::array<TileTransform, 3> &tiles);

/// Elements of the small or the large side.
void sumTileElements(const Convolution &conv, bool small, Operands operands,
                     llvm::ArrayRef<int64_t> elements,
                     const ProductArithmetic &arithmetic, HostTensor &result);

void sumTileFilter(const Convolution &conv, Operands operands,
                   const FilterElements &elements,
                   const ProductArithmetic &arithmetic, HostTensor &result);

} // namespace segc::reference

#endif // SEGC_LIB_REFERENCE_TILEPRODUCTS_H
