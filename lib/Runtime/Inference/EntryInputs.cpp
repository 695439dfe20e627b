//===- EntryInputs.cpp - Inputs of an entry from a batch ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/EntryInputs.h"

using namespace segc;

StatusOr<std::vector<void *>> segc::inputsOf(const EntrySignature &entry,
                                             const float *image,
                                             const int32_t *label) {
  std::vector<void *> pointers;
  for (const TensorSignature &input : entry.inputs) {
    const void *data = input.name == "image" ? static_cast<const void *>(image)
                       : input.name == "label"
                           ? static_cast<const void *>(label)
                           : nullptr;
    if (!data)
      return unsupported("the model wants the input \"" + input.name +
                         "\", which this data does not have");
    // The C ABI has one pointer type for inputs and outputs; entries do not
    // write to inputs.
    pointers.push_back(const_cast<void *>(data));
  }
  return pointers;
}
