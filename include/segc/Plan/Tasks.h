//===- Tasks.h - The ten tasks of the Decathlon -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the Medical Segmentation Decathlon's tasks are and the patch and target
// spacing that the published nnU-Net example uses for each.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_PLAN_TASKS_H
#define SEGC_PLAN_TASKS_H

#include "segc/Base/Status.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace segc {

/// Clipping range, then mean and standard deviation, of CT intensities.
struct CtIntensity {
  double least, most, mean, deviation;
};

/// Patch and target spacing in z, y, x order (2-D: y, x).
struct PatchPlan {
  std::vector<int64_t> patch;
  std::vector<double> spacing;
};

struct DecathlonTask {
  std::string id;       ///< "01" to "10".
  std::string name;     ///< The folder's name behind "TaskNN_".
  std::string modality; ///< "MRI" or "CT".
  int64_t channels;
  std::vector<std::string> classNames; ///< Background first.
  PatchPlan plan2d, plan3d;
  std::optional<CtIntensity> intensity; ///< For CT.

  const PatchPlan &plan(int64_t dim) const {
    return dim == 2 ? plan2d : plan3d;
  }
};

/// All ten, in order.
const std::vector<DecathlonTask> &decathlonTasks();

/// The task called "01" or "1"; fails for what is none.
StatusOr<DecathlonTask> findDecathlonTask(const std::string &id);

} // namespace segc

#endif // SEGC_PLAN_TASKS_H
