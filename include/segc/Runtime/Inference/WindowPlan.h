//===- WindowPlan.h - Plan by which windows are predicted -------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_INFERENCE_WINDOWPLAN_H
#define SEGC_RUNTIME_INFERENCE_WINDOWPLAN_H

#include "segc/Runtime/Inference/PredictWindows.h"
#include "segc/Runtime/Inference/WindowSettings.h"

#include <optional>
#include <string>

namespace segc {

/// What says how the cases of a model of patches are prepared, instead of the
/// model's pipeline. Empty members choose nothing.
struct WindowPlanChoice {
  std::string plan;          ///< File of a plan.
  std::string configuration; ///< Of the plan; empty: that of the model's patch.
  std::optional<std::string> orientation; ///< Order of axes (parseFrame).
  std::optional<AxisFrame> frame;         ///< That the weights were trained in.
};

/// Sets plan, configuration and rules of a run. Fails for a plan that does not
/// fit the model.
Status setWindowPlan(const WindowPlanChoice &choice, const ModelLibrary &model,
                     WindowRun &run);

/// Returns the settings that a model carries (`segrun export`).
WindowSettings settingsOf(const DataPipeline &pipeline);

/// Sets what the settings say; the rest stays as it is.
void applySettings(const WindowSettings &settings, WindowRun &run);

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_WINDOWPLAN_H
