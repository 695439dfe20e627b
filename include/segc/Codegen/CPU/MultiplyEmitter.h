//===- MultiplyEmitter.h - Products of packed words -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Factors are packed into words of 32 bits: a word is one f32 value, or the two
// 16-bit values of neighbours along the reduced dimension, the first one in the
// lower half. Loops over words are the same for all types. With pairs they are
// half as long, because one instruction adds both products.
//
// Products of bf16 pairs are accumulated in f32. Products of f16 pairs are
// accumulated in f16, one sum for each half of a word. Because f16 sums lose
// accuracy, a loop over words is cut into chains of a few steps, and the sum of
// each chain is added to f32 sums.
//
// Four 8-bit integers of a word are multiplied with four others by one
// instruction that takes the shared ones as unsigned: inputs are stored with
// 128 added, and the sums of an output start with -128 times the sum of its
// filter.
//
// Integer pairs are values times a scale, rounded; their products are
// accumulated in 32-bit integers. The code that chooses the scales ensures that
// no sum overflows.

#ifndef SEGC_CODEGEN_CPU_MULTIPLYEMITTER_H
#define SEGC_CODEGEN_CPU_MULTIPLYEMITTER_H

#include "segc/Codegen/CPU/ConvStrategy.h"
#include "segc/Codegen/Common/KernelBuilder.h"

namespace segc {

class MultiplyEmitter {
public:
  /// Creates an emitter of f32 products.
  MultiplyEmitter() = default;
  /// Creates an emitter for `kind`. Processors without an instruction for it
  /// widen both halves and use two multiply-adds: correct, but no faster than
  /// f32.
  MultiplyEmitter(MultiplyType kind, const CpuTarget &target)
      : kind(kind), native(target.multiplyTypes.contains(kind)),
        isX86(target.architecture == "x86_64") {}
  /// Creates an emitter of products of 8-bit integers, of inputs with this
  /// scale.
  static MultiplyEmitter ofInt8(double inputScale, const CpuTarget &target) {
    // The instruction came with that for pairs of integers.
    MultiplyEmitter emitter(MultiplyType::Fixed, target);
    emitter.isInt8 = true;
    emitter.inputScale = inputScale;
    return emitter;
  }
  /// Creates an emitter that stores such inputs as signed bytes, which are not
  /// multiplied as they are.
  static MultiplyEmitter ofSignedInt8(double inputScale,
                                      const CpuTarget &target) {
    MultiplyEmitter emitter = ofInt8(inputScale, target);
    emitter.summand = 0;
    return emitter;
  }

  /// Whether a word holds several values.
  bool pairs() const { return kind != MultiplyType::F32; }
  /// Number of values in a word.
  int64_t valuesPerWord() const { return isInt8 ? 4 : pairs() ? 2 : 1; }
  /// Index of the word of a position along the reduced dimension.
  mlir::Value word(KernelBody &body, mlir::Value summed) const {
    return pairs() ? body.div(summed, valuesPerWord()) : summed;
  }

  /// Number of words of `count` positions.
  mlir::Value words(KernelBody &body, mlir::Value count) const {
    return pairs()
               ? body.div(body.add(count, valuesPerWord() - 1), valuesPerWord())
               : count;
  }

  /// Stores `values`, neighbours along the reduced dimension, from `word` on.
  /// The first one begins a word. Fixed point takes a vector of scales.
  void storeNeighbours(KernelBody &body, mlir::Value values, mlir::Value memref,
                       mlir::Value word, mlir::Value scale = {}) const;

  /// Stores `values`, which all belong to the position `summed` of the reduced
  /// dimension, into the words from `word` on. Positions must be stored in
  /// order: an even position clears the other half of the word. Not for 8-bit
  /// integers.
  void storeAt(KernelBody &body, mlir::Value values, mlir::Value memref,
               mlir::Value word, mlir::Value summed,
               mlir::Value scale = {}) const;

  /// A zero accumulator of `lanes` sums for multiplyAdd.
  mlir::Value noSum(KernelBody &body, int64_t lanes) const;

  /// Emits a reduction loop over the steps 0, `stride`, ... below `end`, and
  /// adds its results to `sums`. `step` gets an accumulator for each sum and
  /// returns them after `additions` calls of multiplyAdd for each.
  llvm::SmallVector<mlir::Value>
  sum(KernelBody &body, mlir::Value end, int64_t stride, int64_t additions,
      mlir::ValueRange sums,
      llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value,
                                                        mlir::ValueRange)>
          step) const;

  /// Adds the products of a broadcast word with a vector of words to
  /// `accumulator`.
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
  mlir::Value multiplyAddInt8(KernelBody &body, mlir::Value shared,
                              mlir::Value words, mlir::Value accumulator) const;

  MultiplyType kind = MultiplyType::F32;
  bool native = false, isX86 = true;
  bool isInt8 = false;   ///< Integers are of 8 bits; the kind is Fixed.
  double inputScale = 1; ///< Of 8-bit integers.
  int64_t summand = 128; ///< Of stored 8-bit integers.
};

} // namespace segc

#endif // SEGC_CODEGEN_CPU_MULTIPLYEMITTER_H
