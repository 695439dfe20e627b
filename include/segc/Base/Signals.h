//===- Signals.h - Orderly ends ---------------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_BASE_SIGNALS_H
#define SEGC_BASE_SIGNALS_H

namespace segc {

/// Installs handlers: the first SIGINT, SIGTERM or SIGHUP requests an orderly
/// stop, a second one ends the process as usual. SIGPIPE requests a stop as
/// well, any number of times.
void catchStopSignals();

/// The same for another signal.
void catchStopSignal(int number);

/// The signal that requested a stop, or 0.
int stopSignal();

} // namespace segc

#endif // SEGC_BASE_SIGNALS_H
