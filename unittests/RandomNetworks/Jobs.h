//===- Jobs.h - Jobs in separate processes ----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RANDOMNETWORKS_JOBS_H
#define SEGC_UNITTESTS_RANDOMNETWORKS_JOBS_H

#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <string>

namespace segc::random_networks {

struct JobResult {
  bool ok = false;
  std::string end;    ///< "exit code 1", "signal 11", ...
  std::string output; ///< Standard output and standard error.
};

/// Child processes. The parent must not have started threads.
class Jobs {
public:
  /// Runs `body` in a child process, which is terminated by a signal after
  /// `seconds`.
  void start(uint64_t number, unsigned seconds,
             const std::function<int()> &body);
  /// Waits for the next child that ends.
  std::pair<uint64_t, JobResult> wait();

  size_t size() const { return running.size(); }
  bool empty() const { return running.empty(); }

private:
  struct Running {
    uint64_t number;
    std::FILE *output;
  };
  std::map<int, Running> running; ///< Running children by process id.
};

} // namespace segc::random_networks

#endif // SEGC_UNITTESTS_RANDOMNETWORKS_JOBS_H
