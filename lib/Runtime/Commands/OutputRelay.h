//===- OutputRelay.h - Output of a child process ----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_COMMANDS_OUTPUTRELAY_H
#define SEGC_LIB_RUNTIME_COMMANDS_OUTPUTRELAY_H

#include "segc/Base/Status.h"

#include <array>
#include <chrono>

namespace segc {

/// Passes on what a child process writes to its standard output and error, so
/// that a reader who goes away (`| head -1`) is this process's matter: the
/// child would be killed by it. What nobody reads any more is dropped.
class OutputRelay {
public:
  OutputRelay() = default;
  OutputRelay(const OutputRelay &) = delete;
  OutputRelay &operator=(const OutputRelay &) = delete;
  ~OutputRelay();

  Status open();
  /// For the child: what its standard output and error become.
  const std::array<int, 2> &childEnds() const { return written; }
  /// Must be called once the child has its ends.
  void closeChildEnds();
  /// Passes on what is written within `time`; returns whether there was any.
  bool pass(std::chrono::milliseconds time);

private:
  std::array<int, 2> read{-1, -1}, written{-1, -1};
};

} // namespace segc

#endif // SEGC_LIB_RUNTIME_COMMANDS_OUTPUTRELAY_H
