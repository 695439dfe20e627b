//===- UserLimits.h - Errors about limits of the user -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_TRANSFORMS_USERLIMITS_H
#define SEGC_TRANSFORMS_USERLIMITS_H

#include "mlir/IR/Diagnostics.h"
#include <optional>

namespace segc {

inline constexpr llvm::StringLiteral userLimitTag = "segc.user-limit";

/// Marks an error about a limit that the user set, with the value that it would
/// have to have. Such an error is no fault of the compiler, so no reproducer is
/// written.
inline void markUserLimit(mlir::InFlightDiagnostic &error, int64_t needed) {
  if (mlir::Diagnostic *diagnostic = error.getUnderlyingDiagnostic()) {
    diagnostic->getMetadata().push_back(
        mlir::DiagnosticArgument(llvm::StringRef(userLimitTag)));
    diagnostic->getMetadata().push_back(mlir::DiagnosticArgument(needed));
  }
}

/// The required value of the limit of a marked error.
inline std::optional<int64_t> userLimitNeeded(mlir::Diagnostic &error) {
  using Kind = mlir::DiagnosticArgument::DiagnosticArgumentKind;
  llvm::ArrayRef<mlir::DiagnosticArgument> entries = error.getMetadata();
  if (entries.size() != 2 || entries[0].getKind() != Kind::String ||
      entries[0].getAsString() != userLimitTag)
    return std::nullopt;
  return entries[1].getAsInteger();
}

} // namespace segc

#endif // SEGC_TRANSFORMS_USERLIMITS_H
