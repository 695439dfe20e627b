//===- DamagedKernels.h - Kernels without one operation ---------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The emulated kernels of a fusion, from which a test deletes one operation
// after the other: each is needed if the emulator reports its absence, or if
// the results change.

#ifndef SEGC_UNITTESTS_CODEGEN_DAMAGEDKERNELS_H
#define SEGC_UNITTESTS_CODEGEN_DAMAGEDKERNELS_H

#include "KernelTest.h"
#include "mlir/IR/BuiltinOps.h"

namespace segc::test {

/// Operations that can be deleted.
struct DeletionKind {
  /// Whether they are looked for in what PTX is made of; otherwise in the
  /// kernels as they are emitted.
  bool lowered;
  bool (*matches)(mlir::Operation *op);
  void (*remove)(mlir::Operation *op);
};

/// Barriers and waits for asynchronous copies.
extern const DeletionKind orderingOps;
/// Waits for the kernel in front of a dependent launch.
extern const DeletionKind launchWaits;
/// Comparisons of integers, which become true, and the ends of loops that
/// depend on thread or block, which do one iteration more. Equal ones are one,
/// as in PTX.
extern const DeletionKind masks;

/// The kernels of the only fusion of a function.
class DamagedKernels {
public:
  /// Inputs that are not `given` are random.
  DamagedKernels(const std::string &text, const std::string &version,
                 const std::map<size_t, std::vector<double>> &given = {});
  ~DamagedKernels();

  /// The number of operations of the kind.
  size_t count(const DeletionKind &kind) const;
  /// What the operation compares with, such as "slt 99", or "loop".
  std::string nameOf(const DeletionKind &kind, size_t number) const;
  /// Whether no thread of the case does anything else without the mask: it is
  /// true wherever the others that it is combined with are. Other sizes have
  /// threads that it stops.
  bool stopsNobody(size_t mask);
  bool waitsForCopies() const;
  /// The kernel model of the fusion and its root, null for pointwise ops.
  const KernelModel *model() const;
  std::string rootName() const;

  /// Runs the whole kernels with all interleavings. Returns the first fault.
  std::string run();
  /// Runs the kernels without an operation. Returns the fault of the first
  /// interleaving that has one, or that results differ; empty if nobody notices
  /// that it is missing.
  std::string runWithout(const DeletionKind &kind, size_t number);

private:
  std::string runKernels(mlir::ModuleOp lowered);
  mlir::LogicalResult lower(mlir::ModuleOp module) const;
  std::vector<Values>
  makeInputs(const std::map<size_t, std::vector<double>> &given) const;

  struct Implementation;
  std::unique_ptr<Implementation> self;
};

} // namespace segc::test

#endif // SEGC_UNITTESTS_CODEGEN_DAMAGEDKERNELS_H
