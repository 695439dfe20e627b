//===- Tasks.cpp ----------------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Plan/Tasks.h"

namespace segc {

// clang-format off
const std::vector<DecathlonTask> &decathlonTasks() {
  static const std::vector<DecathlonTask> tasks = {
      {"01", "BrainTumour", "MRI", 4, {"background", "edema", "non-enhancing tumor", "enhancing tumour"},
       {{192, 160}, {1, 1}}, {{128, 128, 128}, {1, 1, 1}}, {}},
      {"02", "Heart", "MRI", 1, {"background", "left atrium"},
       {{320, 256}, {1.25, 1.25}}, {{80, 192, 160}, {1.37, 1.25, 1.25}}, {}},
      {"03", "Liver", "CT", 1, {"background", "liver", "cancer"},
       {{512, 512}, {0.7676, 0.7676}}, {{128, 128, 128}, {1, 0.7676, 0.7676}}, CtIntensity{-17, 201, 99.4, 39.36}},
      {"04", "Hippocampus", "MRI", 1, {"background", "anterior", "posterior"},
       {{56, 40}, {1, 1}}, {{40, 56, 40}, {1, 1, 1}}, {}},
      {"05", "Prostate", "MRI", 2, {"background", "peripheral zone", "transition zone"},
       {{320, 320}, {0.62, 0.62}}, {{20, 320, 256}, {3.6, 0.62, 0.62}}, {}},
      {"06", "Lung", "CT", 1, {"background", "cancer"},
       {{512, 512}, {0.79, 0.79}}, {{80, 192, 160}, {1.24, 0.79, 0.79}}, CtIntensity{-1024, 325, -158.58, 324.7}},
      {"07", "Pancreas", "CT", 1, {"background", "pancreas", "cancer"},
       {{512, 512}, {0.8, 0.8}}, {{40, 224, 224}, {2.5, 0.8, 0.8}}, CtIntensity{-96, 215, 77.9, 75.4}},
      {"08", "HepaticVessel", "CT", 1, {"background", "vessel", "tumour"},
       {{512, 512}, {0.8, 0.8}}, {{64, 192, 192}, {1.5, 0.8, 0.8}}, CtIntensity{-3, 243, 104.37, 52.62}},
      {"09", "Spleen", "CT", 1, {"background", "spleen"},
       {{512, 512}, {0.79, 0.79}}, {{64, 192, 160}, {1.6, 0.79, 0.79}}, CtIntensity{-41, 176, 99.29, 39.47}},
      {"10", "Colon", "CT", 1, {"background", "colon cancer primaries"},
       {{512, 512}, {0.78, 0.78}}, {{56, 192, 160}, {3, 0.78, 0.78}}, CtIntensity{-30, 165.82, 62.18, 32.65}},
  };
  return tasks;
}
// clang-format on

StatusOr<DecathlonTask> findDecathlonTask(const std::string &id) {
  std::string padded = id.size() == 1 ? "0" + id : id;
  for (const DecathlonTask &task : decathlonTasks())
    if (task.id == padded)
      return task;
  return invalidArgument("task: expected 01 to 10, got '" + id + "'");
}

} // namespace segc
