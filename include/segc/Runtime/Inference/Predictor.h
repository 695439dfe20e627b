//===- Predictor.h - Calls of the entry predict -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_INFERENCE_PREDICTOR_H
#define SEGC_RUNTIME_INFERENCE_PREDICTOR_H

#include "segc/Runtime/Device/ModelRunner.h"

#include <string>
#include <vector>

namespace segc {

/// Calls `predict` on whole samples and checks what it gives.
class Predictor {
public:
  /// `labelShape` is that of a sample's labels; the runner outlives it.
  Predictor(ModelRunner &runner, const std::vector<int64_t> &labelShape);

  /// Predicts `count` samples, which lie one after the other.
  Status predict(const float *images, int64_t count);

  /// Probabilities of a sample of the last call, labelShape + [classes]; valid
  /// until the next call.
  const float *probabilities(int64_t sample) const;
  /// Of one sample.
  int64_t size() const { return elements; }
  bool isFinite(int64_t sample) const;
  /// An error if a sample of the last call is not finite; `cases` names them.
  Status checkFinite(const std::string &cases) const;
  /// Repeats the last call to find the kernel that wrote the first value that
  /// is not finite.
  std::string firstNonFiniteKernel() const;

private:
  ModelRunner &runner;
  int64_t elements;
  std::vector<void *> inputs; ///< Of the last call.
  int64_t count = 0;
};

/// What calls that train nothing are given.
segc_scalars inferenceScalars();

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_PREDICTOR_H
