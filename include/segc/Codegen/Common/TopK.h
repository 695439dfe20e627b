//===- TopK.h - Mean of the k largest values --------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The k-th largest value is found exactly, digit by digit of its bits: floats
// that are not negative have the order of their bits. Each pass over the values
// counts how many reach each candidate for the next digit, and the largest
// candidate that k values reach is the bound of the next pass. A last pass adds
// up what is above the bound. Nothing depends on the order of the values.

#ifndef SEGC_CODEGEN_COMMON_TOPK_H
#define SEGC_CODEGEN_COMMON_TOPK_H

#include "segc/Codegen/Common/KernelBuilder.h"
#include "llvm/Support/MathExtras.h"

namespace segc {

/// The passes of a seg.top_k_mean. KernelBody::sums holds a row of sums for
/// each tile of a sample, then the bound.
class TopKPasses {
public:
  /// `tileElements` elements of a sample have a row of sums.
  TopKPasses(mlir::Operation *op, int64_t tileElements);

  /// The pass after which the bound is the k-th largest value: the last.
  static constexpr int64_t lastPass = 8;

  int64_t getElements() const { return elements; }
  int64_t getTileElements() const { return tileElements; }
  int64_t getTiles() const {
    return llvm::divideCeilSigned(elements, tileElements);
  }
  int64_t floats() const { return samples * getTiles() * rowFloats + 1; }
  mlir::Value getInput() const { return input; }

  /// Numbers of sums of a pass.
  int64_t getSumCount(int64_t pass) const;
  /// What a pass compares values with, of type f32.
  llvm::SmallVector<mlir::Value> emitBounds(KernelBody &k, int64_t pass) const;
  /// The terms of values, a scalar or a vector, like which the bounds are.
  llvm::SmallVector<mlir::Value> emitTerms(KernelBody &k, int64_t pass,
                                           mlir::Value value,
                                           mlir::ValueRange bounds) const;
  /// The row of sums of a tile of a sample.
  mlir::Value tileRow(KernelBody &k, mlir::Value sample,
                      mlir::Value tile) const;

  /// 1 if k values reach candidate `number` of the pass, else 0, of type f32.
  mlir::Value emitReached(KernelBody &k, mlir::Value number) const;
  /// Stores the bound of the next pass; `digit` is the number of candidates
  /// that are reached, of type f32.
  void emitNextBound(KernelBody &k, int64_t pass, mlir::Value digit) const;
  /// Stores the results, after the last pass.
  void emitResults(KernelBody &k) const;

private:
  /// Digits have 4 bits; the first has 3, as the sign is 0.
  static constexpr int64_t digitBits = 4, rowFloats = 16;
  static int64_t shiftOf(int64_t pass) {
    return digitBits * (lastPass - 1 - pass);
  }

  mlir::Value boundPlace(KernelBody &k) const;
  mlir::Value emitBound(KernelBody &k, int64_t pass) const;
  /// The bound `digit`, of type i32, candidates above `bound`.
  mlir::Value emitRaised(KernelBody &k, int64_t pass, mlir::Value bound,
                         mlir::Value digit) const;
  /// Sum `number` of all tiles of the call.
  mlir::Value emitTotal(KernelBody &k, mlir::Value number) const;
  /// k, in f64.
  mlir::Value emitCount(KernelBody &k) const;

  mlir::Operation *op;
  mlir::Value input;
  double percent;
  int64_t samples, elements, tileElements;
};

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_TOPK_H
