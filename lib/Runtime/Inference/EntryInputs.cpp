//===- EntryInputs.cpp - Inputs of an entry from a batch ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/EntryInputs.h"

#include <algorithm>

using namespace segc;

StatusOr<std::vector<void *>>
segc::inputsOf(const EntrySignature &entry,
               const std::vector<NamedTensor> &tensors) {
  std::vector<void *> pointers;
  for (const TensorSignature &input : entry.inputs) {
    const auto found = std::find_if(
        tensors.begin(), tensors.end(),
        [&](const NamedTensor &tensor) { return tensor.name == input.name; });
    if (found == tensors.end())
      return unsupported("the model wants the input \"" + input.name +
                         "\", which this data does not have");
    // The C ABI has one pointer type for inputs and outputs; entries do not
    // write to inputs.
    pointers.push_back(const_cast<void *>(found->data));
  }
  return pointers;
}
