//===- KernelRemarks.h - A remark for every kernel --------------*- C++ -*-===//
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

/// Says of every kernel of a report where it belongs and what it costs, as
/// remarks of category `kernel`.
class KernelRemarks {
public:
  /// Remembers what a version's report leaves out of its programs.
  void note(mlir::ModuleOp module, llvm::StringRef cpu);

  /// Emits the remarks of all versions, with measured times where there are.
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
