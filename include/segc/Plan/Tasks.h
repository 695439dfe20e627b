//===- Tasks.h - The ten tasks of the Decathlon -----------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tasks of the Medical Segmentation Decathlon, with the patch size and
// target spacing that the published nnU-Net example uses for each.
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

/// Clipping range, mean and standard deviation of CT intensities.
struct CtIntensity {
  double least, most, mean, deviation;
};

/// Patch size and target spacing in z, y, x order (2-D: y, x).
struct PatchPlan {
  std::vector<int64_t> patch;
  std::vector<double> spacing;
};

struct DecathlonTask {
  std::string id;       ///< "01" to "10".
  std::string name;     ///< Name of the folder after "TaskNN_".
  std::string modality; ///< "MRI" or "CT".
  int64_t channels;
  std::vector<std::string> classNames; ///< Background first.
  PatchPlan plan2d, plan3d;
  std::optional<CtIntensity> intensity; ///< For CT.

  const PatchPlan &plan(int64_t dim) const {
    return dim == 2 ? plan2d : plan3d;
  }
};

/// All ten tasks in order.
const std::vector<DecathlonTask> &decathlonTasks();

/// Finds a task by its number, "01" or "1". Fails for other names.
StatusOr<DecathlonTask> findDecathlonTask(const std::string &id);

} // namespace segc

#endif // SEGC_PLAN_TASKS_H
