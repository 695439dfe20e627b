//===- ProbabilityLabels.h - Labels of a NumPy array ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_INFERENCE_PROBABILITYLABELS_H
#define SEGC_RUNTIME_INFERENCE_PROBABILITYLABELS_H

#include "segc/Base/Status.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace segc {

/// Whether the name is that of a NumPy array.
bool isProbabilityFile(const std::string &path);

/// The most probable class of each voxel, the first of equal ones: of a .npy
/// file of probabilities or logits, f32 or f64 [classes][z][y][x], as
/// ProbabilityFile and the published examples write them. `size` is that of the
/// labels that the file is compared with, in voxels as x, y, z. Fails for
/// another shape, before memory is taken, and for values that are not finite.
StatusOr<std::vector<int32_t>>
labelsOfProbabilities(const std::string &path,
                      const std::array<int64_t, 3> &size);

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_PROBABILITYLABELS_H
