//===- train_state_fuzzer.cpp - Arbitrary bytes as a state.json -----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libFuzzer: an accepted state is written as text that is accepted and written
// the same again.
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/Checkpoint.h"

#include <cstdlib>

using namespace segc;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  std::string_view text(reinterpret_cast<const char *>(bytes), size);
  auto state = TrainState::fromJson(text, "state.json");
  if (!state.ok())
    return 0;
  std::string written = state->toJson();
  auto again = TrainState::fromJson(written, "state.json");
  if (!again.ok() || again->toJson() != written)
    std::abort();
  return 0;
}
