//===- KernelRemarks.h - Remarks about kernels ------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRIVER_REPORT_KERNELREMARKS_H
#define SEGC_DRIVER_REPORT_KERNELREMARKS_H

#include "mlir/IR/BuiltinOps.h"
#include "segc/Driver/Report/Report.h"
#include "llvm/ADT/StringMap.h"

namespace segc::report {

/// Emits a remark of category `kernel` for every kernel of a report, with its
/// entry, layer, location and cost.
class KernelRemarks {
public:
  /// Records the parts of a version's programs that its report does not
  /// contain.
  void note(mlir::ModuleOp module, llvm::StringRef cpu);

  /// Emits the remarks of all versions, with measured times where they exist.
  void emit(const Report &report) const;

private:
  struct Place {
    mlir::Location location;
    std::string layer, kernel;
  };
  llvm::StringMap<std::vector<Place>> places; ///< By version and entry.
};

} // namespace segc::report

#endif // SEGC_DRIVER_REPORT_KERNELREMARKS_H
