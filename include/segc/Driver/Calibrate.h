//===- Calibrate.h - Compilation in 8 bits ----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRIVER_CALIBRATE_H
#define SEGC_DRIVER_CALIBRATE_H

#include "segc/Driver/CompileSession.h"
#include <CLI/CLI.hpp>

namespace segc {

/// Where the scales of 8-bit integers come from, and what they are tried on.
struct CalibrationOptions {
  std::string data;   ///< A data set; empty: the network has the scales.
  int64_t cases = 20; ///< Training cases that are predicted for the scales.
  /// Which cases train, as in segrun; the others are held out.
  std::optional<int64_t> fold, foldCount;
  std::optional<double> trainSplit;
  /// Keep a model whose Dice is too low.
  bool allowDiceLoss = false;
};

void addCalibrationOptions(CLI::App &command, CalibrationOptions &options);

/// Compiles an inference model in 8 bits. The network is compiled in f32 and
/// predicts training cases by the segrun beside this program, which says how
/// large the inputs of convolutions are; the scales become attributes of the
/// network (seg.input_scale), which is then compiled. Its Dice on the held-out
/// cases is printed beside that of f32. A model that has less than 99.9 % of it
/// is removed, and an error, unless the options allow it.
llvm::Error compileCalibrated(const CompileOptions &options,
                              const CalibrationOptions &calibration);

} // namespace segc

#endif // SEGC_DRIVER_CALIBRATE_H
