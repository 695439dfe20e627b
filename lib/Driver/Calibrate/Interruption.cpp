//===- Interruption.cpp ---------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Interruption.h"

#include "segc/Base/Signals.h"
#include <chrono>
#include <csignal>
#include <filesystem>
#include <unistd.h>

using namespace std::chrono_literals;

namespace segc {

static constexpr auto interval = 20ms;

Interruption::Interruption(std::string folder)
    : folder(std::move(folder)), watcher([this] { watch(); }) {}

/// A signal that came is obeyed, though what it was to interrupt has ended.
Interruption::~Interruption() {
  done = true;
  watcher.join();
}

void Interruption::watch() {
  while (true) {
    const bool last = done;
    if (const int signal = stopSignal())
      end(signal);
    if (last)
      return;
    std::this_thread::sleep_for(interval);
  }
}

void Interruption::end(int signal) {
  // What the child has not written is not needed, so it need not end orderly.
  for (pid_t running = child; running != 0; running = child) {
    ::kill(running, SIGKILL);
    std::this_thread::sleep_for(interval);
  }
  // Files that are being written may come to the folder meanwhile.
  std::error_code error;
  for (int attempt = 0; attempt < 10; ++attempt)
    if (std::filesystem::remove_all(folder, error); !error)
      break;
  static constexpr char message[] = "segc: interrupted while calibrating\n";
  [[maybe_unused]] ssize_t wrote =
      ::write(STDERR_FILENO, message, sizeof(message) - 1);
  ::_exit(128 + signal);
}

} // namespace segc
