//===- EntryInputs.h - Inputs of an entry from a batch ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_INFERENCE_ENTRYINPUTS_H
#define SEGC_RUNTIME_INFERENCE_ENTRYINPUTS_H

#include "segc/Runtime/Core/Manifest.h"

#include <cstdint>
#include <vector>

namespace segc {

/// Samples of one tensor, in memory of the host.
struct NamedTensor {
  std::string name;
  const void *data = nullptr;
};

/// Returns the pointers of the inputs of an entry, in its order.
StatusOr<std::vector<void *>> inputsOf(const EntrySignature &entry,
                                       const std::vector<NamedTensor> &tensors);

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_ENTRYINPUTS_H
