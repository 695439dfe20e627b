//===- KernelEmission.h - The kernels of a fusion ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_TARGET_KERNELEMISSION_H
#define SEGC_TARGET_KERNELEMISSION_H

#include "segc/Dialect/Exec/IR/ExecDialect.h"
#include "segc/Dialect/Seg/IR/SegDialect.h"
#include "segc/Target/TargetVersion.h"

namespace segc {

/// Number of tasks of a launch with n samples: fixed + perSample * n.
struct TaskCount {
  int64_t fixed = 0;
  int64_t perSample = 0;
  /// Task t computes the elements from t * slice of flat operands, or partial
  /// result t of these, and nothing else. 0: tasks are cut in another way.
  int64_t slice = 0;
};

/// One launch of a fusion: a function and how often it runs.
struct EmittedKernel {
  mlir::Operation *function;
  TaskCount tasks;
  int64_t scratchBytes = 0; ///< Memory that each worker needs.
  int64_t threads = 0;      ///< Threads of a task's block; 0: a CPU's task.
  int64_t sharedBytes = 0;  ///< Memory that the threads of a block share.
  bool dependent = false;   ///< See KernelEmission.
  /// Parameters behind the number of samples; operands are memrefs of the
  /// function.
  llvm::SmallVector<exec::TensorMapAttr, 0> tensorMaps = {};
};

/// A call of a library that computes a fusion.
struct LibraryCall {
  std::string library;
  /// The fusion's inputs in the order of the library's operands, behind which
  /// are the fusion's results.
  llvm::SmallVector<int64_t> inputs;
  mlir::DictionaryAttr options; ///< What the library is told (RuntimeABI.md).
};

/// What a backend is asked to emit, and what it has emitted. Kernels are
/// functions that take flat memrefs: the fusion's inputs and results, the
/// temporary of its strategy and, if the strategy has them, the sums.
struct KernelEmission {
  seg::FusionOp fusion;
  mlir::OpBuilder builder; ///< Functions are added at its insertion point.
  std::string symbol;      ///< The first kernel's; others get _1, _2, ...
  const TargetVersion &version;
  /// Functions are declared, with all but their bodies.
  bool declareOnly = false;
  /// Kernels may be launched before the kernel in front has ended: they wait
  /// for it before they access memory, where the version has such launches.
  bool dependent = false;

  llvm::SmallVector<EmittedKernel> kernels = {}; ///< In the order of launches.
  /// Computes the same as all kernels, if there is one: a runtime does either.
  std::optional<LibraryCall> call = {};

  /// The next kernel's symbol.
  std::string nextSymbol() const;
};

} // namespace segc

#endif // SEGC_TARGET_KERNELEMISSION_H
