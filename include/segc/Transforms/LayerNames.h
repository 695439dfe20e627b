//===- LayerNames.h - Which layer an op belongs to --------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_TRANSFORMS_LAYERNAMES_H
#define SEGC_TRANSFORMS_LAYERNAMES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Remarks.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "llvm/ADT/DenseMap.h"
#include <string>

namespace segc {

/// Names of layers, from those of parameters: "down1.conv" has the weight
/// "down1.conv.weight". They survive in the text of every phase with ops.
class LayerNames {
public:
  explicit LayerNames(mlir::func::FuncOp entry) : entry(entry) {}

  llvm::StringRef entryName() { return entry.getSymName(); }

  /// The layer whose parameter or state the op (or fusion) reads or gives a new
  /// value or a gradient, else that of the first operand with one; empty if
  /// there is none.
  llvm::StringRef of(mlir::Operation *op);

private:
  std::string find(mlir::Operation *op);

  mlir::func::FuncOp entry;
  llvm::DenseMap<mlir::Operation *, std::string> known;
};

/// Options of a remark about an entry, which is the function that it names.
mlir::remark::RemarkOpts
remarkOpts(llvm::StringRef name, llvm::StringRef category, mlir::Operation *op);

/// Adds to a remark where the op of an entry is: `entry` and `layer`.
void addPlace(mlir::remark::detail::InFlightRemark &remark,
              mlir::Operation *op, LayerNames &layers);
/// For a single remark, of a fusion.
void addPlace(mlir::remark::detail::InFlightRemark &remark,
              seg::FusionOp fusion);

} // namespace segc

#endif // SEGC_TRANSFORMS_LAYERNAMES_H
