//===- PatchDrawer.h - Drawing of patches and augmentation ------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_AUGMENT_PATCHDRAWER_H
#define SEGC_RUNTIME_AUGMENT_PATCHDRAWER_H

#include "segc/Runtime/Augment/PatchDraw.h"
#include "segc/Runtime/Data/Augmenter.h"
#include "segc/Runtime/Data/PreparedCase.h"

#include <memory>

namespace segc {

struct PatchOptions {
  PlanRules rules = PlanRules::V2; ///< Of crops and of augmentation.
  Shape3 patch = {1, 1, 1};        ///< Depth 1 of plans of planes.
  int64_t batch = 1; ///< Samples of a step, of all ranks together.
  /// Of the samples, those that must show foreground: by the rules of v2 the
  /// last of every batch, by those of the example and of MLPerf each with this
  /// probability.
  double oversampling = 0.33;
  /// MLPerf: brightness multiplies by 1 more than it should, as published.
  bool publishedBrightness = false;
  /// By the rules of the example and for planes: how many samples that follow
  /// each other are slices of one volume that follow each other.
  int64_t slicesPerVolume = 1;
  /// v2: channels that were normalised inside of the non-zero mask. They stay 0
  /// outside of it.
  std::vector<bool> maskedChannels;

  bool planes() const { return patch[0] == 1; }
};

/// A component of the foreground: [begin, end).
struct ForegroundBox {
  Shape3 begin, end;

  int64_t voxels() const;
};

/// For each label above 0 that a case has, the boxes of its two components
/// (connected through faces) whose boxes are largest, largest first.
std::vector<std::vector<ForegroundBox>>
foregroundBoxes(const PreparedCase &source);

/// A case as patches are drawn from it.
struct DrawnCase {
  const PreparedCase &prepared;
  /// Of foregroundBoxes(); the rules of v2 do not look at it.
  const std::vector<std::vector<ForegroundBox>> &boxes;
};

/// Draws what a sample shows, and without `key.augment` a crop alone. Has no
/// state: any thread may draw any sample.
class PatchDrawer {
public:
  virtual ~PatchDrawer() = default;
  virtual PatchDraw draw(const DrawnCase &source,
                         const AugmentKey &key) const = 0;
};

std::unique_ptr<PatchDrawer> makePatchDrawer(const PatchOptions &options);

/// Sets rules, oversampling and brightness by the name of an augmentation:
/// that of rules, or "mlperf_published". False for another name.
bool chooseAugmentation(const std::string &name, PatchOptions &options);

} // namespace segc

#endif // SEGC_RUNTIME_AUGMENT_PATCHDRAWER_H
