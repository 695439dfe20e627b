//===- Segrun.h - Runs of the segrun beside segc ----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The compiler reads no images: segrun, which reads and prepares them, predicts
// with the models that calibration compiles.

#ifndef SEGC_LIB_DRIVER_CALIBRATE_SEGRUN_H
#define SEGC_LIB_DRIVER_CALIBRATE_SEGRUN_H

#include "segc/Base/Json.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace segc {

class Interruption;

/// Runs segrun with these words, without its output, and ends it where a signal
/// ends the calibration. Its errors and warnings go to standard error; then the
/// error here names the command.
llvm::Error runSegrun(const std::vector<std::string> &words,
                      Interruption &interruption);

/// Reads a JSON file that segrun wrote.
llvm::Expected<Json> readJson(const std::string &path);

} // namespace segc

#endif // SEGC_LIB_DRIVER_CALIBRATE_SEGRUN_H
