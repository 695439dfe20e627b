//===- Interruption.h - End of a calibration by a signal --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_DRIVER_CALIBRATE_INTERRUPTION_H
#define SEGC_LIB_DRIVER_CALIBRATE_INTERRUPTION_H

#include <atomic>
#include <string>
#include <sys/types.h>
#include <thread>

namespace segc {

/// While this exists, signals that catchStopSignals caught end the program,
/// with 128 plus their number, after the program that it waits for has ended,
/// too, and the folder of its intermediate files was removed. A thread does
/// that, because a compilation cannot be interrupted.
class Interruption {
public:
  explicit Interruption(std::string folder);
  ~Interruption();
  Interruption(const Interruption &) = delete;
  Interruption &operator=(const Interruption &) = delete;

  /// Says which program runs; 0: none does any more.
  void setChild(pid_t child) { this->child = child; }

private:
  void watch();
  [[noreturn]] void end(int signal);

  std::string folder;
  std::atomic<pid_t> child = 0;
  std::atomic<bool> done = false;
  std::thread watcher; ///< Last: it reads the others.
};

} // namespace segc

#endif // SEGC_LIB_DRIVER_CALIBRATE_INTERRUPTION_H
