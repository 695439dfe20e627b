//===- Signals.h - Orderly ends ---------------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_BASE_SIGNALS_H
#define SEGC_BASE_SIGNALS_H

namespace segc {

/// From now on the first SIGINT, SIGTERM or SIGHUP only asks for an end; a
/// second one ends the process as usual. So does a pipe that nobody reads any
/// more (SIGPIPE), however often it is written to.
void catchStopSignals();

/// The signal that asked, or 0.
int stopSignal();

} // namespace segc

#endif // SEGC_BASE_SIGNALS_H
