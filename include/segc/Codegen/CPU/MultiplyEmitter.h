//===- MultiplyEmitter.h - Factors in words, and their products --*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// What a register block multiplies lies in words of 32 bits: a word is one f32
// value, or the two 16-bit values of neighbours in the dimension that is
// summed, the first in the lower half. Loops over words are then the same for
// all; with pairs they are half as long, as one instruction adds both products.
//
// Pairs of bf16 are added to sums of f32. Those of f16 are added to sums of
// f16, of which a vector has two to a word, one for either half. As these lose
// digits, a loop over words is cut into chains of a few steps; after each, what
// the chain added goes into sums of f32.
//
// Pairs of integers are values times a scale, rounded, and are added to sums of
// 32-bit integers. Who chooses the scales sees to it that no sum overflows.

#ifndef SEGC_CODEGEN_CPU_MULTIPLYEMITTER_H
#define SEGC_CODEGEN_CPU_MULTIPLYEMITTER_H

#include "segc/Codegen/CPU/ConvStrategy.h"
#include "segc/Codegen/Common/KernelBuilder.h"

namespace segc {

class MultiplyEmitter {
public:
  /// Of f32 values.
  MultiplyEmitter() = default;
  /// Processors without such products widen both halves and take two
  /// multiply-adds: correct, and no faster than f32.
  MultiplyEmitter(MultiplyType kind, const CpuTarget &target)
      : kind(kind), native(target.multiplyTypes.contains(kind)) {}

  /// Whether two values share a word.
  bool pairs() const { return kind != MultiplyType::F32; }
  /// The word of a position in the summed dimension.
  mlir::Value word(KernelBody &body, mlir::Value summed) const {
    return pairs() ? body.div(summed, 2) : summed;
  }

  /// The words of `count` positions.
  mlir::Value words(KernelBody &body, mlir::Value count) const {
    return pairs() ? body.div(body.add(count, 1), 2) : count;
  }

  /// Stores `values`, neighbours in the summed dimension, from `word` on. The
  /// first of them begins a word. In fixed point there is a vector of scales.
  void storeNeighbours(KernelBody &body, mlir::Value values, mlir::Value memref,
                       mlir::Value word, mlir::Value scale = {}) const;

  /// Stores `values`, all of the position `summed` in the summed dimension,
  /// into words from `word` on. Positions come in order: an even one clears
  /// the other half.
  void storeAt(KernelBody &body, mlir::Value values, mlir::Value memref,
               mlir::Value word, mlir::Value summed,
               mlir::Value scale = {}) const;

  /// `lanes` sums of nothing, for multiplyAdd.
  mlir::Value noSum(KernelBody &body, int64_t lanes) const;

  /// Adds to each of `sums` what `step` multiplies in the steps 0, `stride`,
  /// ... below `end`. A step gets accumulators, one for each sum, and returns
  /// them after `additions` calls of multiplyAdd for each.
  llvm::SmallVector<mlir::Value>
  sum(KernelBody &body, mlir::Value end, int64_t stride, int64_t additions,
      mlir::ValueRange sums,
      llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value,
                                                        mlir::ValueRange)>
          step) const;

  /// `accumulator` and the products of a word, which all lanes share, with
  /// words.
  mlir::Value multiplyAdd(KernelBody &body, mlir::Value shared,
                          mlir::Value words, mlir::Value accumulator) const;

private:
  mlir::Value narrowed(KernelBody &body, mlir::Value values,
                       mlir::Value scale) const;
  mlir::Value multiplyAddF16(KernelBody &body, mlir::Value shared,
                             mlir::Value words, mlir::Value accumulator) const;
  mlir::Value multiplyAddFixed(KernelBody &body, mlir::Value shared,
                               mlir::Value words,
                               mlir::Value accumulator) const;

  MultiplyType kind = MultiplyType::F32;
  bool native = false;
};

} // namespace segc

#endif // SEGC_CODEGEN_CPU_MULTIPLYEMITTER_H
