//===- Comparison.h - A model against the reference evaluation --*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RANDOMNETWORKS_COMPARISON_H
#define SEGC_UNITTESTS_RANDOMNETWORKS_COMPARISON_H

#include "Configuration.h"

namespace segc::random_networks {

/// The largest deviation of a comparison, relative to its tolerance.
struct Deviation {
  std::string of; ///< The entry and the tensor.
  double value = 0, bound = 0;
  /// The comparison is false for NaN and infinity.
  bool ok() const { return value <= bound; }
};

/// Compiles the network in `file` into `directory` and compares with the
/// reference evaluation: predict and evaluate_step; gradients, states and the
/// optimizer's results of two steps; predict again. Each step starts from the
/// values of the model, so that deviations do not accumulate. Returns an error
/// if the network does not compile, load or run.
llvm::Expected<Deviation> compareModel(const std::string &file,
                                       const Configuration &configuration,
                                       uint64_t seed,
                                       const std::string &directory);

/// Compares each kernel by itself with a tighter tolerance, as segc verify
/// does.
llvm::Expected<Deviation> compareKernels(const std::string &file,
                                         const Configuration &configuration);

} // namespace segc::random_networks

#endif // SEGC_UNITTESTS_RANDOMNETWORKS_COMPARISON_H
