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

/// Precision classes from a user's file, which override those of the ops.
class PrecisionLists {
public:
  /// Reads {"allow": ["seg.conv", ...], "infer": [...], "clear": [...], "deny":
  /// [...]}; each list is optional. An empty path means no file.
  static llvm::Expected<PrecisionLists> read(mlir::MLIRContext *context,
                                             llvm::StringRef path);

  /// The class of the op in the file, if it has one.
  std::optional<seg::PrecisionClass> find(mlir::Operation *op) const;

private:
  llvm::Error add(mlir::MLIRContext *context, llvm::StringRef list,
                  llvm::StringRef name);

  llvm::StringMap<seg::PrecisionClass> classes; ///< Class of each op by name.
};

/// Returns "allow", "infer", "clear" or "deny".
llvm::StringRef precisionClassName(seg::PrecisionClass kind);

/// The default classes of all ops, in the format of `PrecisionLists::read`.
std::string defaultPrecisionLists(mlir::MLIRContext *context);

} // namespace segc

#endif // SEGC_TRANSFORMS_PRECISIONLISTS_H
