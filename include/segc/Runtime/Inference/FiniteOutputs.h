//===- FiniteOutputs.h - Check of outputs for NaN and infinity --*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_INFERENCE_FINITEOUTPUTS_H
#define SEGC_RUNTIME_INFERENCE_FINITEOUTPUTS_H

#include "segc/Runtime/Device/ModelRunner.h"

#include <string>
#include <vector>

namespace segc {

/// The arguments of a call of an entry, which can be repeated.
struct EntryCall {
  std::string entry;
  const std::vector<void *> &inputs;
  int64_t batch;
  const segc_scalars &scalars;
};

/// Repeats the call and checks the output of every kernel. Returns the first
/// kernel that wrote a NaN or an infinity.
std::string firstNonFiniteKernel(ModelRunner &runner, const EntryCall &call);

/// Returns an error if an output of the last call contains a NaN or an
/// infinity. `cases` names the cases of the batch.
Status checkFiniteOutputs(ModelRunner &runner, const EntryCall &call,
                          const std::string &cases);

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_FINITEOUTPUTS_H
