//===- Steering.h - Networks for a strategy ---------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// What random networks reach rarely is drawn for: networks of one convolution
// between two others, of shapes that suit a strategy of a published network,
// whose strategies are drawn from all that can be emitted.

#ifndef SEGC_UNITTESTS_RANDOMNETWORKS_STEERING_H
#define SEGC_UNITTESTS_RANDOMNETWORKS_STEERING_H

#include "Comparison.h"

namespace segc::random_networks {

/// The text of a network that may have a kernel of this strategy
/// (strategiesOf).
std::string steeredNetwork(llvm::StringRef strategy, uint64_t attempt);
Configuration steeredConfiguration(llvm::StringRef strategy, uint64_t attempt);

/// Draws networks, into `file`, and compares their kernels of this strategy
/// each alone with the reference, until `wanted` agree. Prints what they are
/// compiled with and a line for each; whether all that were found agree.
bool compareKernelsOf(llvm::StringRef strategy, int64_t wanted,
                      const std::string &file);

} // namespace segc::random_networks

#endif // SEGC_UNITTESTS_RANDOMNETWORKS_STEERING_H
