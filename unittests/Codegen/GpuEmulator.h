//===- GpuEmulator.h - Emulator of GPU kernels ------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Runs what emitters put into a gpu.module: a block of threads is a kernel's
// task, a thread of the block is a fiber, and a barrier is a switch to the
// next fiber. Any control flow goes; threads that do not all meet at the same
// number of barriers are reported. It knows the gpu dialect, and nothing of
// what NVVM and ptxas make of it.

#ifndef SEGC_UNITTESTS_CODEGEN_GPUEMULATOR_H
#define SEGC_UNITTESTS_CODEGEN_GPUEMULATOR_H

#include "segc/Codegen/Common/KernelRunner.h"
#include "segc/Codegen/GPU/GpuKernels.h"

namespace segc::test {

/// The GPU kernels of some fusions, as machine code of this processor.
class GpuEmulator {
public:
  static llvm::Expected<std::unique_ptr<GpuEmulator>>
  compile(llvm::ArrayRef<seg::FusionOp> fusions, const Target &target);
  ~GpuEmulator();

  /// As KernelRunner::run. Between barriers the threads of a block run in
  /// ascending order, in descending order, or (TwoThreads) shuffled anew each
  /// time, blocks likewise. Shared memory of a block starts as NaN.
  [[nodiscard]] bool run(size_t fusion, llvm::ArrayRef<void *> operands,
                         int64_t batch, KernelRunner::Order order);

  /// The kernels in the dialects they are emitted in.
  llvm::StringRef text() const;

private:
  GpuEmulator();
  struct Implementation;
  std::unique_ptr<Implementation> self;
};

} // namespace segc::test

#endif // SEGC_UNITTESTS_CODEGEN_GPUEMULATOR_H
