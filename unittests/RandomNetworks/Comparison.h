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

/// The largest deviation of a comparison by what it is allowed.
struct Deviation {
  std::string of; ///< Entry and tensor.
  double value = 0, bound = 0;
  /// NaN and infinity are wrong as well.
  bool ok() const { return value <= bound; }
};

/// Compiles the network in `file` into `directory` and compares with the
/// reference evaluation: predict and evaluate_step; gradients, states and the
/// optimizer's results of two steps; predict again. Each step starts from what
/// the model has, so that deviations do not grow. An error is a network that
/// does not compile, load or run.
llvm::Expected<Deviation> compareModel(const std::string &file,
                                       const Configuration &configuration,
                                       uint64_t seed,
                                       const std::string &directory);

/// Compares each kernel alone, more tightly: segc verify.
llvm::Expected<Deviation> compareKernels(const std::string &file,
                                         const Configuration &configuration);

} // namespace segc::random_networks

#endif // SEGC_UNITTESTS_RANDOMNETWORKS_COMPARISON_H
