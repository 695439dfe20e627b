//===- KernelOrders.h - Orders that memory is tried in ----------*- C++ -*-===//
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

/// Two kernels of which each must come before the other, as an edited entry may
/// have it where results overwrite what is read; none where there is an order.
std::optional<std::pair<int, int>> contradiction(const KernelGraph &graph);

/// Each kernel as late as the first that needs it: from the results of the
/// entry, what they need, depth first.
KernelOrder depthFirstOrder(const KernelGraph &graph);

/// Kernels that make results of the entry only, the gradients of filters, as
/// soon as their operands exist: what they read dies sooner.
KernelOrder earlyResultsOrder(const KernelGraph &graph);

/// Of the kernels that can run next the one that frees most bytes, less those
/// it needs anew.
KernelOrder greedyOrder(const KernelGraph &graph);

/// The same from the end: of the kernels whose results no earlier kernel needs,
/// the one before which fewest bytes are alive.
KernelOrder backwardGreedyOrder(const KernelGraph &graph);

/// Moves one kernel after the other to the first or last place it may have,
/// and keeps what takes bytes from the ticks that need most.
KernelOrder improvedOrder(const KernelGraph &graph, KernelOrder order,
                          bool inPlace);

} // namespace segc

#endif // SEGC_LIB_TRANSFORMS_MEMORY_KERNELORDERS_H
