//===- HeldOutDice.h - Dice of a model on held-out cases --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_DRIVER_CALIBRATE_HELDOUTDICE_H
#define SEGC_LIB_DRIVER_CALIBRATE_HELDOUTDICE_H

#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace segc {

class Interruption;

/// The cases on which models are compared.
struct HeldOutCases {
  std::vector<std::string> words; ///< What tells segrun which cases these are.
  /// The labels of the data set, where the models predict volumes in windows;
  /// empty for models of whole images.
  std::string labels;
  std::string folder; ///< For predictions and measures.
};

/// Predicts the cases by segrun on a device of its --device, and returns the
/// mean Dice of the foreground.
llvm::Expected<double> diceOf(const std::string &model,
                              const std::string &device,
                              const HeldOutCases &cases,
                              Interruption &interruption);

} // namespace segc

#endif // SEGC_LIB_DRIVER_CALIBRATE_HELDOUTDICE_H
