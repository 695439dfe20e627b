//===- SegcMain.h - The segc program ----------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRIVER_SEGCMAIN_H
#define SEGC_DRIVER_SEGCMAIN_H

namespace segc {

/// Parses the command line and runs `segc
/// compile|model|inspect|explain|verify`. 0: done, 1: failed (one line on
/// stderr), 2: wrong usage.
int segcMain(int argc, char **argv);

} // namespace segc

#endif // SEGC_DRIVER_SEGCMAIN_H
