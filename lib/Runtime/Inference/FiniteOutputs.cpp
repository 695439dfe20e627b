//===- FiniteOutputs.cpp - Check of outputs for NaN and infinity ----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/FiniteOutputs.h"
#include "segc/Runtime/Device/NonFiniteFinder.h"

using namespace segc;

std::string segc::firstNonFiniteKernel(ModelRunner &runner,
                                       const EntryCall &call) {
  NonFiniteFinder finder(runner.device(), runner.mainStream());
  runner.setObserver(&finder);
  segc_scalars scalars = call.scalars;
  Status again = runner.call(call.entry, call.inputs, call.batch, scalars);
  runner.setObserver(nullptr);
  if (finder.finding())
    return finder.finding()->text();
  if (!finder.failure().ok())
    again = finder.failure();
  if (!again.ok())
    return "watching the call again failed: " + again.message();
  return "no kernel wrote a non-finite value when it was run again";
}

Status segc::checkFiniteOutputs(ModelRunner &runner, const EntryCall &call,
                                const std::string &cases) {
  const Manifest &manifest = runner.manifest();
  for (const TensorSignature &signature : manifest.entry(call.entry)->outputs) {
    OutputView output = runner.output(call.entry, signature.name);
    if (!output.data || signature.type != ElementType::F32)
      continue;
    // What lies behind the samples of a smaller batch is of an earlier call.
    const bool batched =
        !signature.shape.empty() && signature.shape[0] == manifest.batch;
    const auto count = static_cast<uint64_t>(
        batched ? signature.elements() / manifest.batch * call.batch
                : signature.elements());
    if (firstNonFinite(output.floats(), count) == count)
      continue;
    return Status(StatusCode::NonFinite,
                  cases + ": \"" + signature.name + "\" of " + call.entry +
                      " is not finite: " + firstNonFiniteKernel(runner, call) +
                      "; expected finite numbers: take other weights, or a "
                      "model of f32 where 16 bits overflow");
  }
  return Status::success();
}
