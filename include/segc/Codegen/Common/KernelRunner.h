//===- KernelRunner.h - Compiles kernels in memory and runs them *- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// For tests, `segc verify` and measurements: the kernels of some fusions are
// compiled into this process and run on buffers with guards around them.

#ifndef SEGC_CODEGEN_COMMON_KERNELRUNNER_H
#define SEGC_CODEGEN_COMMON_KERNELRUNNER_H

#include "segc/Target/TargetBackend.h"
#include "llvm/Support/Error.h"
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace segc {

class ThreadPool;

/// A buffer between two guards. Its floats are initialised with a NaN
/// (0x7fcdcdcd), the bytes of its integers with 0xcd.
class GuardedBuffer {
public:
  GuardedBuffer(int64_t elements, mlir::Type type);
  explicit GuardedBuffer(mlir::RankedTensorType type)
      : GuardedBuffer(type.getNumElements(), type.getElementType()) {}

  uint8_t *data() const;
  /// Sets all elements. A double holds f32 values, labels and counters exactly.
  void set(llvm::ArrayRef<double> values);
  /// NaN for integers that were not written.
  std::vector<double> get() const;
  bool guardsIntact() const;

private:
  int64_t elements;
  mlir::Type type;
  size_t bytes;
  std::unique_ptr<uint8_t, void (*)(void *)> memory;
};

/// The kernels of some fusions, in memory.
class KernelRunner {
public:
  /// A fusion without a strategy gets one. Errors of the emitter, the lowering
  /// and LLVM are diagnostics of the context, or the returned error.
  static llvm::Expected<std::unique_ptr<KernelRunner>>
  compile(llvm::ArrayRef<seg::FusionOp> fusions, const Target &target);
  /// Finds a kernel of a compiled model; null if it has none of this name.
  using TaskLookup = std::function<segc_kernel_fn(llvm::StringRef kernel)>;
  /// The kernels that programs launch: those of fusion i are functions of
  /// `module` named `symbols[i]`, and that with _1, _2, ... behind it.
  /// Their machine code is what `lookup` finds (an error if that is null), or
  /// is compiled if there is no `lookup`.
  static llvm::Expected<std::unique_ptr<KernelRunner>>
  load(mlir::ModuleOp module, llvm::ArrayRef<seg::FusionOp> fusions,
       llvm::ArrayRef<std::string> symbols, const Target &target,
       const TaskLookup &lookup = nullptr);
  ~KernelRunner();

  enum class Order { Forward, Reverse, TwoThreads };
  /// Runs all launches of the fusion with this index. `operands` are its
  /// inputs, then its results. An error is a fault of a kernel, such as an
  /// access outside the temporary or the scratch.
  Status run(size_t fusion, llvm::ArrayRef<void *> operands, int64_t batch,
             Order order = Order::Forward, unsigned interleaving = 0);

  /// What emulated kernels do with so many samples, of each launch: that of a
  /// few tasks, `tasks` at most, times as many as they stand for. They read
  /// zeros where nobody has written.
  llvm::Expected<std::vector<KernelCounts>> count(size_t fusion, int64_t batch,
                                                  int64_t tasks) const;

  /// Runs the launches before `first` and returns a function that runs those
  /// from `first` on, on all threads of the pool, and returns the seconds they
  /// took. The function owns its temporary memory and must not outlive the
  /// runner.
  std::function<double()> timer(size_t fusion, llvm::ArrayRef<void *> operands,
                                int64_t batch, size_t first,
                                ThreadPool &pool) const;

  /// The text of the kernels in the dialects they are emitted in.
  llvm::StringRef text() const;

private:
  KernelRunner();
  /// Compiles `kernels`, lowered in place, for the launches that are known.
  llvm::Error link(mlir::ModuleOp kernels, const Target &target);
  struct Implementation;
  std::unique_ptr<Implementation> self;
};

} // namespace segc

#endif // SEGC_CODEGEN_COMMON_KERNELRUNNER_H
