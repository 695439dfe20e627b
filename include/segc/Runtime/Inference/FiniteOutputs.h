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

/// A call of an entry that may be made once more.
struct EntryCall {
  std::string entry;
  const std::vector<void *> &inputs;
  int64_t batch;
  const segc_scalars &scalars;
};

/// Makes the call again with an eye on every kernel: which was the first to
/// write a NaN or an infinity.
std::string firstNonFiniteKernel(ModelRunner &runner, const EntryCall &call);

/// An error if an output of the call that was just made holds a NaN or an
/// infinity in one of its samples; `cases` names them.
Status checkFiniteOutputs(ModelRunner &runner, const EntryCall &call,
                          const std::string &cases);

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_FINITEOUTPUTS_H
