//===- SegcManual.h - Manual page of segc -----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_DRIVER_SEGCMANUAL_H
#define SEGC_LIB_DRIVER_SEGCMANUAL_H

namespace CLI {
class App;
} // namespace CLI

namespace segc {

/// Adds --manual and --completion to segc, whose commands must be there.
void addSegcManual(CLI::App &app);

} // namespace segc

#endif // SEGC_LIB_DRIVER_SEGCMANUAL_H
