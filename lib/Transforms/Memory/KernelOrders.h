//===- KernelOrders.h - Candidate orders of kernels -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_TRANSFORMS_MEMORY_KERNELORDERS_H
#define SEGC_LIB_TRANSFORMS_MEMORY_KERNELORDERS_H

#include "segc/Transforms/KernelGraph.h"
#include <optional>

namespace segc {

/// Returns two kernels of a cycle, which an edited entry may contain where
/// results overwrite operands; nothing if there is an order.
std::optional<std::pair<int, int>> contradiction(const KernelGraph &graph);

/// Depth-first order from the results of the entry: each kernel runs just
/// before its first reader.
KernelOrder depthFirstOrder(const KernelGraph &graph);

/// Runs kernels whose results are only results of the entry, such as filter
/// gradients, as soon as their operands exist, so that these die early.
KernelOrder earlyResultsOrder(const KernelGraph &graph);

/// Greedy order: of the ready kernels the one that frees most bytes, less those
/// that it allocates.
KernelOrder greedyOrder(const KernelGraph &graph);

/// Greedy order from the end: of the kernels whose readers are placed, the one
/// before which the fewest bytes are live.
KernelOrder backwardGreedyOrder(const KernelGraph &graph);

/// Moves each kernel to its first or last legal position, and keeps moves that
/// lower the peak.
KernelOrder improvedOrder(const KernelGraph &graph, KernelOrder order,
                          bool inPlace);

} // namespace segc

#endif // SEGC_LIB_TRANSFORMS_MEMORY_KERNELORDERS_H
