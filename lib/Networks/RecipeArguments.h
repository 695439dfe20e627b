//===- RecipeArguments.h - Options of loss and optimizer --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_NETWORKS_RECIPEARGUMENTS_H
#define SEGC_LIB_NETWORKS_RECIPEARGUMENTS_H

#include "segc/Plan/NetworkOptions.h"

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace segc {

/// Adds an option that means yes alone and takes yes or no as a value.
void addSwitch(CLI::App &app, const char *name,
               const std::function<void(bool)> &assign,
               const std::string &description);

/// Loss and optimizer: the same options for every network. What is not given
/// stays as the network's recipe has it.
class RecipeArguments {
public:
  /// Adds the options; their help names what the recipe has.
  void declare(CLI::App &app, const LossOptions &ofLoss,
               const OptimizerOptions &ofOptimizer);
  void apply(LossOptions &options) const;
  void apply(OptimizerOptions &options) const;

private:
  void declareOptimizer(CLI::App &app, const OptimizerOptions &recipe);
  void declareLoss(CLI::App &app, const LossOptions &recipe);

  std::optional<std::string> optimizer, loss, decayParameters;
  std::vector<double> classWeights;
  std::optional<double> learningRate, weightDecay, momentum, epsilon,
      lookaheadAlpha, focalGamma, topKPercent, clipNorm;
  std::optional<int64_t> lookaheadSync;
  std::optional<bool> batchReduce, includeBackground, nesterov;
  bool lookahead = false, ignoreUnlabelled = false;
};

} // namespace segc

#endif // SEGC_LIB_NETWORKS_RECIPEARGUMENTS_H
