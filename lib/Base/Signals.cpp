//===- Signals.cpp - Requests of an orderly stop --------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Signals.h"

#include <csignal>

static volatile std::sig_atomic_t pendingSignal = 0;

/// Installs the handler of a signal.
static void handle(int number, int flags) {
  struct sigaction action = {};
  action.sa_handler = [](int number) {
    if (!pendingSignal)
      pendingSignal = number;
  };
  action.sa_flags = flags | SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, nullptr);
}

void segc::catchStopSignals() {
  handle(SIGINT, SA_RESETHAND);
  handle(SIGTERM, SA_RESETHAND);
  // nohup starts programs with SIGHUP ignored, so that they outlive a terminal.
  struct sigaction before = {};
  sigaction(SIGHUP, nullptr, &before);
  if (before.sa_handler != SIG_IGN)
    handle(SIGHUP, SA_RESETHAND);
  // Each later write to the closed pipe raises it again.
  handle(SIGPIPE, 0);
}

void segc::catchStopSignal(int number) { handle(number, SA_RESETHAND); }

int segc::stopSignal() { return pendingSignal; }
