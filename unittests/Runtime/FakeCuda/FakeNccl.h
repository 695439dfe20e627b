//===- FakeNccl.h - NCCL between fake GPUs ----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The shared library libnccl.so.2 of the tests. Ranks are processes, or threads
// of one, which meet in shared memory. On streams of the fake driver its work
// is done when somebody waits for it; on an emulated GPU, which has no streams,
// whenever the state of the communicator is asked for. FAKE_NCCL controls it in
// programs that open it.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RUNTIME_FAKECUDA_FAKENCCL_H
#define SEGC_UNITTESTS_RUNTIME_FAKECUDA_FAKENCCL_H

#include <map>
#include <string>
#include <utility>

namespace fakenccl {

/// What goes wrong. FAKE_NCCL says the same:
/// "version=21300,call-fails=ncclAllReduce:3:2,async-fails=5:6,init-waits".
struct Faults {
  int version = 22105;
  /// The call of that number, the first is 1, of a function answers the code.
  std::map<std::pair<std::string, int>, int> failingCalls;
  /// After so many collectives of a communicator its state is the code.
  int asyncAfter = 0, asyncCode = 0;
  bool initWaits = false; ///< Ranks never meet.
};
Faults &faults();

/// How often a function was called.
int calls(const std::string &function);
/// Communicators that are neither destroyed nor aborted.
int alive();
/// Forgets calls and faults.
void reset();

} // namespace fakenccl

#endif // SEGC_UNITTESTS_RUNTIME_FAKECUDA_FAKENCCL_H
