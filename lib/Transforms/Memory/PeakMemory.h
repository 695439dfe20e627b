//===- PeakMemory.h - What the arena is full of -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_TRANSFORMS_MEMORY_PEAKMEMORY_H
#define SEGC_LIB_TRANSFORMS_MEMORY_PEAKMEMORY_H

#include "segc/Transforms/KernelGraph.h"
#include <string>

namespace segc {

/// A value or temporary that needs memory while the kernel runs that needs
/// most. What is computed in place of another is named by its first value.
struct PeakTensor {
  std::string name; ///< "tensor<2x8x8x16xf32> of seg.conv"
  mlir::Location location;
  seg::ScheduledOpInterface step; ///< That writes it.
  int result;                     ///< Of the step; -1: its workspace.
  int64_t bytes;
  int first, last; ///< Kernels from which and to which it is needed.
};

/// Largest first, for an entry in the order of its program.
std::vector<PeakTensor> peakTensors(mlir::func::FuncOp entry,
                                    const KernelGraph &graph,
                                    const Lifetimes &lifetimes);

} // namespace segc

#endif // SEGC_LIB_TRANSFORMS_MEMORY_PEAKMEMORY_H
