//===- PrecisionLists.h - Precision classes of ops by name ------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_TRANSFORMS_PRECISIONLISTS_H
#define SEGC_TRANSFORMS_PRECISIONLISTS_H

#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include <optional>

namespace segc {

/// Classes that a user gives to ops instead of the ops' own.
class PrecisionLists {
public:
  /// Reads {"allow": ["seg.conv", ...], "infer": [...], "clear": [...],
  /// "deny": [...]}; each may be left out. An empty path gives no classes.
  static llvm::Expected<PrecisionLists> read(mlir::MLIRContext *context,
                                             llvm::StringRef path);

  /// The class that the file gives the op.
  std::optional<seg::PrecisionClass> find(mlir::Operation *op) const;

private:
  llvm::Error add(mlir::MLIRContext *context, llvm::StringRef list,
                  llvm::StringRef name);

  llvm::StringMap<seg::PrecisionClass> classes; ///< By op.
};

/// "allow", "infer", "clear" or "deny".
llvm::StringRef precisionClassName(seg::PrecisionClass kind);

/// The ops' own classes, in the form that `PrecisionLists::read` takes.
std::string defaultPrecisionLists(mlir::MLIRContext *context);

} // namespace segc

#endif // SEGC_TRANSFORMS_PRECISIONLISTS_H
