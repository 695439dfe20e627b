//===- WeightEnsemble.h - Several weights of one network -------*- C++ -*--===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_INFERENCE_WEIGHTENSEMBLE_H
#define SEGC_RUNTIME_INFERENCE_WEIGHTENSEMBLE_H

#include "segc/Runtime/Device/ModelRunner.h"

#include <cstddef>
#include <vector>

namespace segc {

/// The weights of several trainings of one network, such as those of the folds,
/// which one runner takes in turn: there is one arena, and one copy of the
/// weights of each.
class WeightEnsemble {
public:
  /// The runner must outlive the ensemble.
  explicit WeightEnsemble(ModelRunner &runner) : modelRunner(runner) {}

  /// Adds the weights that the runner has now.
  Status add();
  /// An ensemble without members has those of the runner as its only ones.
  size_t size() const { return members.empty() ? 1 : members.size(); }
  /// Gives the runner the weights of a member.
  Status select(size_t member);
  ModelRunner &runner() const { return modelRunner; }
  uint64_t bytes() const;

private:
  struct Member {
    std::vector<std::byte> parameters, states;
  };
  ModelRunner &modelRunner;
  std::vector<Member> members;
  size_t selected = 0;
};

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_WEIGHTENSEMBLE_H
