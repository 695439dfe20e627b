//===- Optimizers.h - Optimizers that a network may have --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_PLAN_OPTIMIZERS_H
#define SEGC_PLAN_OPTIMIZERS_H

#include <cstdint>
#include <string>
#include <vector>

namespace segc {

/// Which parameters weight decay applies to.
enum class DecayScope {
  Published, ///< Those of the network's published example.
  All,       ///< All, as in nnU-Net v2.
  Kernels    ///< Filters, without biases and normalisations.
};

/// The attribute `optimizer` of a network.
struct OptimizerOptions {
  std::string kind = "adam"; ///< One of `optimizers`.
  /// Defaults that the runtime may override step by step.
  double learningRate = 1e-4, momentum = 0, weightDecay = 0;
  // Numbers of single kinds; see Optimizer.
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7, decay = 0.9;
  bool nesterov = false;
  bool lookahead = false;
  int64_t lookaheadSync = 6;
  double lookaheadAlpha = 0.5;
  double clipNorm = 0; ///< Largest norm of the gradients; 0: not clipped.
  DecayScope decayScope = DecayScope::Published;

  /// Changes the kind and sets epsilon and momentum to its defaults.
  void switchTo(const std::string &other);
};

/// A kind of optimizer: `kind` in a network's `optimizer`.
struct Optimizer {
  struct Number {
    const char *key;
    double OptimizerOptions::*value;
  };
  struct Flag {
    const char *key;
    bool OptimizerOptions::*value;
  };

  std::string kind;
  double epsilon, momentum; ///< Default values.
  bool usesMomentum;        ///< True if the update reads the momentum.
  /// Numbers of the kind in addition to learning rate, momentum and weight
  /// decay.
  std::vector<Number> numbers;
  std::vector<Flag> flags;

  bool has(const std::string &key) const;
};

const std::vector<Optimizer> &optimizers();
/// The kind of this name; null if there is none.
const Optimizer *findOptimizer(const std::string &kind);
/// Kinds that have the key, as in "adam, radam and rmsprop".
std::string optimizersWith(const std::string &key);

} // namespace segc

#endif // SEGC_PLAN_OPTIMIZERS_H
