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

/// Calls the entry `predict` on samples and checks its output.
class Predictor {
public:
  /// `labelShape` is the shape of a sample's labels. The runner must outlive
  /// the predictor.
  Predictor(ModelRunner &runner, const std::vector<int64_t> &labelShape);
  /// The same of a model that gives `channels` features, which take the place
  /// of probabilities.
  Predictor(ModelRunner &runner, const std::vector<int64_t> &labelShape,
            int64_t channels);

  /// Predicts `count` samples, which are contiguous in memory.
  Status predict(const float *images, int64_t count);

  /// Returns the probabilities of a sample of the last call, of the shape
  /// labelShape + [classes]. They are valid until the next call.
  const float *probabilities(int64_t sample) const;
  /// Returns the number of probabilities of a sample.
  int64_t size() const { return elements; }
  bool isFinite(int64_t sample) const;
  /// Returns an error if a sample of the last call is not finite. `cases` names
  /// the samples.
  Status checkFinite(const std::string &cases) const;
  /// Repeats the last call to find the first kernel that wrote a value that is
  /// not finite.
  std::string firstNonFiniteKernel() const;

private:
  ModelRunner &runner;
  const char *name = "probabilities"; ///< Of the output.
  int64_t elements;
  std::vector<void *> inputs; ///< Of the last call.
  int64_t count = 0;
};

/// Returns the scalars of calls that do not train.
segc_scalars inferenceScalars();

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_PREDICTOR_H
