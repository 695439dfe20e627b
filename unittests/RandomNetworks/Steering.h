//===- Steering.h - Networks for a strategy ---------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Networks for strategies of published networks that random networks use
// rarely: one convolution between two others, with shapes that suit the
// strategy. Their strategies are drawn from all that can be emitted.

#ifndef SEGC_UNITTESTS_RANDOMNETWORKS_STEERING_H
#define SEGC_UNITTESTS_RANDOMNETWORKS_STEERING_H

#include "Comparison.h"

namespace segc::random_networks {

/// Returns the text of a network that may have a kernel of this strategy (see
/// strategiesOf).
std::string steeredNetwork(llvm::StringRef strategy, uint64_t attempt);
Configuration steeredConfiguration(llvm::StringRef strategy, uint64_t attempt);

/// Draws networks, writes them to `file`, and compares each kernel of this
/// strategy with the reference until `wanted` kernels agree. Prints the
/// compiler's options and a line for each kernel. Returns whether all compared
/// kernels agree.
bool compareKernelsOf(llvm::StringRef strategy, int64_t wanted,
                      const std::string &file);

} // namespace segc::random_networks

#endif // SEGC_UNITTESTS_RANDOMNETWORKS_STEERING_H
