//===- Optimizers.cpp -----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Plan/Optimizers.h"

#include <algorithm>

namespace segc {

const std::vector<Optimizer> &optimizers() {
  using Options = OptimizerOptions;
  static const Optimizer::Number beta1{"beta1", &Options::beta1},
      beta2{"beta2", &Options::beta2}, epsilon{"epsilon", &Options::epsilon},
      decay{"decay", &Options::decay};
  static const Optimizer::Flag nesterov{"nesterov", &Options::nesterov};
  static const std::vector<Optimizer> all = {
      {"adam", 1e-7, 0, false, {beta1, beta2, epsilon}, {}},
      {"adamw", 1e-8, 0, false, {beta1, beta2, epsilon}, {}},
      {"radam", 1e-7, 0, false, {beta1, beta2, epsilon}, {}},
      {"rmsprop", 1e-10, 0, true, {decay, epsilon}, {}},
      {"sgd", 1e-7, 0.99, true, {}, {nesterov}},
  };
  return all;
}

const Optimizer *findOptimizer(const std::string &kind) {
  for (const Optimizer &optimizer : optimizers())
    if (optimizer.kind == kind)
      return &optimizer;
  return nullptr;
}

bool Optimizer::has(const std::string &key) const {
  auto isKey = [&](const auto &option) { return option.key == key; };
  return (usesMomentum && key == "momentum") ||
         std::any_of(numbers.begin(), numbers.end(), isKey) ||
         std::any_of(flags.begin(), flags.end(), isKey);
}

std::string optimizersWith(const std::string &key) {
  std::vector<std::string> kinds;
  for (const Optimizer &optimizer : optimizers())
    if (optimizer.has(key))
      kinds.push_back(optimizer.kind);
  std::string text;
  for (size_t i = 0; i < kinds.size(); ++i)
    text += (i == 0 ? "" : i + 1 == kinds.size() ? " and " : ", ") + kinds[i];
  return text;
}

void OptimizerOptions::switchTo(const std::string &other) {
  kind = other;
  nesterov = false;
  if (const Optimizer *optimizer = findOptimizer(kind)) {
    epsilon = optimizer->epsilon;
    momentum = optimizer->momentum;
  }
}

} // namespace segc
