//===- LayerNames.h - Names of layers ---------------------------*- C++ -*-===//
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

/// Derives names of layers from names of parameters: "down1.conv" has the
/// weight "down1.conv.weight". It works on the text of every phase with ops.
class LayerNames {
public:
  explicit LayerNames(mlir::func::FuncOp entry) : entry(entry) {}

  llvm::StringRef entryName() { return entry.getSymName(); }

  /// The layer whose parameter or state the op (or fusion) reads, updates or
  /// computes the gradient of; otherwise the layer of the first operand that
  /// has one; empty if there is none.
  llvm::StringRef of(mlir::Operation *op);

private:
  std::string find(mlir::Operation *op);

  mlir::func::FuncOp entry;
  llvm::DenseMap<mlir::Operation *, std::string> known;
};

/// Options of a remark about an entry. The entry is the remark's function.
mlir::remark::RemarkOpts
remarkOpts(llvm::StringRef name, llvm::StringRef category, mlir::Operation *op);

/// Adds `entry` and `layer` of an op to a remark.
void addPlace(mlir::remark::detail::InFlightRemark &remark, mlir::Operation *op,
              LayerNames &layers);
/// Adds them for a fusion; for single remarks, as it reads the names each time.
void addPlace(mlir::remark::detail::InFlightRemark &remark,
              seg::FusionOp fusion);

} // namespace segc

#endif // SEGC_TRANSFORMS_LAYERNAMES_H
