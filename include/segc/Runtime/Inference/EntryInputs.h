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

/// Returns the pointers of the inputs `image` and `label` in the order of the
/// entry. `label` may be null if the entry has no such input.
StatusOr<std::vector<void *>> inputsOf(const EntrySignature &entry,
                                       const float *image,
                                       const int32_t *label = nullptr);

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_ENTRYINPUTS_H
