//===- PeakMemory.h - Live values at the peak of memory ---------*- C++ -*-===//
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

/// A value or temporary that is live at the kernel with the most live bytes.
/// Values that share a buffer are named by the first one.
struct PeakTensor {
  std::string name; ///< "tensor<2x8x8x16xf32> of seg.conv"
  mlir::Location location;
  seg::ScheduledOpInterface step; ///< That writes it.
  int result;                     ///< Of the step; -1: its workspace.
  int64_t bytes;
  int first, last; ///< The first and the last kernel that need it.
};

/// Returns them by descending size, for the current order of an entry.
std::vector<PeakTensor> peakTensors(mlir::func::FuncOp entry,
                                    const KernelGraph &graph,
                                    const Lifetimes &lifetimes);

} // namespace segc

#endif // SEGC_LIB_TRANSFORMS_MEMORY_PEAKMEMORY_H
