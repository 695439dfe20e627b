//===- ProductEmitter.h - Factors in words, and their products --*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// What a register block multiplies lies in words of 32 bits: a word is one f32
// value, or the two bf16 values of neighbours in the dimension that is summed,
// the first in the lower half. Loops over words are then the same for both;
// they are half as long for bf16, as one instruction adds both products.

#ifndef SEGC_CODEGEN_CPU_PRODUCTEMITTER_H
#define SEGC_CODEGEN_CPU_PRODUCTEMITTER_H

#include "segc/Codegen/CPU/ConvStrategy.h"
#include "segc/Codegen/Common/KernelBuilder.h"

namespace segc {

class ProductEmitter {
public:
  /// Of f32 values.
  ProductEmitter() = default;
  /// Processors without products of bf16 widen both halves and take two
  /// multiply-adds: correct, and no faster than f32.
  ProductEmitter(Products kind, const CpuTarget &target)
      : kind(kind), native(target.bf16Products) {}

  /// Whether two values share a word.
  bool pairs() const { return kind == Products::Bf16; }
  /// The word of a position in the summed dimension.
  mlir::Value word(KernelBody &body, mlir::Value summed) const {
    return pairs() ? body.div(summed, 2) : summed;
  }

  /// The words of `count` positions.
  mlir::Value words(KernelBody &body, mlir::Value count) const {
    return pairs() ? body.div(body.add(count, 1), 2) : count;
  }

  /// Stores `values`, neighbours in the summed dimension, from `word` on. The
  /// first of them begins a word.
  void storeNeighbours(KernelBody &body, mlir::Value values, mlir::Value memref,
                       mlir::Value word) const;

  /// Stores `values`, all of the position `summed` in the summed dimension,
  /// into words from `word` on. Positions come in order: an even one clears
  /// the other half.
  void storeAt(KernelBody &body, mlir::Value values, mlir::Value memref,
               mlir::Value word, mlir::Value summed) const;

  /// `sum` and the products of a word, which all lanes share, with words.
  mlir::Value multiplyAdd(KernelBody &body, mlir::Value shared,
                          mlir::Value words, mlir::Value sum) const;

private:
  mlir::Value narrowed(KernelBody &body, mlir::Value values) const;

  Products kind = Products::F32;
  bool native = false;
};

} // namespace segc

#endif // SEGC_CODEGEN_CPU_PRODUCTEMITTER_H
