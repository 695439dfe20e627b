//===- Windows.h - Windows of a sliding-window prediction ------*- C++ -*--===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A volume is predicted in windows of the network's patch, which overlap and
// whose values are averaged with weights (docs/Prediction.md). Axes are those
// of the network: depth, height, width.
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_INFERENCE_WINDOWS_H
#define SEGC_RUNTIME_INFERENCE_WINDOWS_H

#include "segc/Plan/Plan.h"
#include "segc/Runtime/Data/GridResize.h"

#include <optional>
#include <vector>

namespace segc {

enum class WindowWeights {
  Constant,
  Gaussian, ///< Standard deviation of an eighth of the patch.
};

/// Returns the starts along an axis of at least the size of the patch. By the
/// rules of v2 they are spread evenly, by those of the published example all
/// but the last have one distance, by those of MLPerf all have, and the last
/// window may end behind the axis. `overlap` is the share of a patch that two
/// windows have in common, from 0 to below 1.
std::vector<int64_t> windowStarts(int64_t size, int64_t patch, double overlap,
                                  PlanRules rules);

/// Returns the voxel of an axis of an image that a window shows at a place, and
/// nothing where it shows 0: outside of the image, but by the rules of MLPerf
/// the image is mirrored there (the voxel at the edge counts once), and one
/// that is smaller than the patch has its edges held.
std::optional<int64_t> shownVoxel(int64_t place, int64_t size, int64_t patch,
                                  PlanRules rules);

/// Returns the weights of a window along one axis, the largest of which is 1.
/// The weight of a voxel is the product of those of its three places: the map
/// of the published example and of MLPerf is the cube root of a product of
/// Gaussians, so that it has the cube roots; v2's map is 10 times such a
/// product, which no weighted mean shows, and none of its weights is 0 in f32.
std::vector<float> windowProfile(int64_t patch, WindowWeights weights,
                                 PlanRules rules);

struct WindowOptions {
  PlanRules rules = PlanRules::V2;
  WindowWeights weights = WindowWeights::Gaussian;
  double overlap = 0.5;
  /// Every window is predicted in all combinations of flips of its axes.
  bool flips = false;
};

/// The windows along one axis.
struct WindowAxis {
  int64_t size = 0, patch = 0;
  /// In voxels of the image: negative where it is padded, half in front and
  /// half behind.
  std::vector<int64_t> starts;
  std::vector<float> profile; ///< [patch]
  /// Of each voxel of the image, 1 / sum of its weights in all windows.
  std::vector<float> scales;
  /// Window k is the first that has voxels first[k] to first[k + 1], and the
  /// last that has voxels last[k] to last[k + 1].
  std::vector<int64_t> first, last;
};

/// Returns the windows along an axis.
WindowAxis windowAxis(int64_t size, int64_t patch,
                      const WindowOptions &options);

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_WINDOWS_H
