//===- WindowSettings.h - How windows are laid and averaged -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_INFERENCE_WINDOWSETTINGS_H
#define SEGC_RUNTIME_INFERENCE_WINDOWSETTINGS_H

#include <optional>

namespace segc {

/// How windows are laid and averaged. What is not set stays as it is.
struct WindowSettings {
  std::optional<double> overlap; ///< Share of a patch, 0 to below 1.
  std::optional<bool> constantWeights;
  std::optional<bool> flips, averageProbabilities;
};

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_WINDOWSETTINGS_H
