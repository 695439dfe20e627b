//===- RegionPixels.h - Pixels of losses of regions -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_CODEGEN_COMMON_REGIONPIXELS_H
#define SEGC_LIB_CODEGEN_COMMON_REGIONPIXELS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "segc/Codegen/Common/LossPixels.h"

#include <optional>

namespace segc {

/// The regions in which pixels are: a bit for each of 32 regions in a word.
class RegionPixels {
public:
  /// Emits the words of the pixels' labels, so it must not be made inside a
  /// loop. Pixels of the label `ignored` are in no region.
  RegionPixels(KernelBody &k, const LossPixels &pixels, mlir::ArrayAttr regions,
               std::optional<uint64_t> ignored);

  /// Whether the pixels are in region `c`.
  mlir::Value contains(KernelBody &k, Channel c) const;
  /// Whether the pixels count; null if all do.
  mlir::Value getCounts() const { return counts; }

private:
  const LossPixels &pixels;
  llvm::SmallVector<mlir::Value, 1> words;
  mlir::Value counts;
};

/// 1 / (1 + exp(-logit)).
mlir::Value emitSigmoid(KernelBody &k, mlir::Value logit);

} // namespace segc

#endif // SEGC_LIB_CODEGEN_COMMON_REGIONPIXELS_H
