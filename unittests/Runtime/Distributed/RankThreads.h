//===- RankThreads.h - Threads that stand for ranks -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RUNTIME_DISTRIBUTED_RANKTHREADS_H
#define SEGC_UNITTESTS_RUNTIME_DISTRIBUTED_RANKTHREADS_H

#include "ThreadMessages.h"
#include "segc/Runtime/Distributed/Communicator.h"

#include <functional>
#include <thread>

namespace segc {

/// Does `work` as each of the ranks that `messages` connects.
inline void runRanks(uint32_t size, std::chrono::duration<double> deadline,
                     const std::function<void(Communicator &)> &work,
                     ThreadMessages &messages) {
  std::vector<std::thread> threads;
  for (uint32_t rank = 0; rank < size; ++rank)
    threads.emplace_back([&, rank] {
      Communicator communicator(messages.of(rank), deadline);
      work(communicator);
    });
  for (std::thread &thread : threads)
    thread.join();
}

} // namespace segc

#endif // SEGC_UNITTESTS_RUNTIME_DISTRIBUTED_RANKTHREADS_H
