//===- GpuEmulator.h - Emulator of GPU kernels ------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Runs the kernels that emitters put into a gpu.module: a block of threads is a
// kernel's task, a thread of the block is a fiber, and a barrier is a switch to
// the next fiber. All control flow is supported. It is an error if threads do
// not all reach the same number of barriers. The emulator covers the gpu
// dialect, not its lowering by NVVM and ptxas.

#ifndef SEGC_UNITTESTS_CODEGEN_GPUEMULATOR_H
#define SEGC_UNITTESTS_CODEGEN_GPUEMULATOR_H

#include "segc/Codegen/Common/KernelRunner.h"
#include "segc/Codegen/GPU/GpuKernels.h"

namespace segc::test {

/// The GPU kernels of some fusions, compiled for this processor.
class GpuEmulator {
public:
  static llvm::Expected<std::unique_ptr<GpuEmulator>>
  compile(llvm::ArrayRef<seg::FusionOp> fusions, const Target &target);
  ~GpuEmulator();

  /// Runs like KernelRunner::run. Between barriers the threads of a block run
  /// in ascending order, in descending order, or (TwoThreads) in a new random
  /// order each time; so do blocks. Shared memory of a block is initialised
  /// with NaN.
  [[nodiscard]] bool run(size_t fusion, llvm::ArrayRef<void *> operands,
                         int64_t batch, KernelRunner::Order order);

  /// Returns the kernels in the dialects in which they are emitted.
  llvm::StringRef text() const;

private:
  GpuEmulator();
  struct Implementation;
  std::unique_ptr<Implementation> self;
};

} // namespace segc::test

#endif // SEGC_UNITTESTS_CODEGEN_GPUEMULATOR_H
