//===- Signals.cpp - Orderly ends -----------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Train/Signals.h"

#include <csignal>

static volatile std::sig_atomic_t pendingSignal = 0;

void segc::catchStopSignals() {
  struct sigaction action = {};
  action.sa_handler = [](int number) { pendingSignal = number; };
  action.sa_flags = SA_RESETHAND | SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  // A file that may not grow is an error of write(), as a full disk is.
  std::signal(SIGXFSZ, SIG_IGN);
}

int segc::stopSignal() { return pendingSignal; }
