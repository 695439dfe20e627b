//===- RegionOfInterest.h - Where a case is predicted -----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_INFERENCE_REGIONOFINTEREST_H
#define SEGC_RUNTIME_INFERENCE_REGIONOFINTEREST_H

#include "segc/Runtime/Data/CaseReader.h"
#include "segc/Runtime/Metrics/LabelGrid.h"

namespace segc {

class ThreadPool;

/// The voxels of a case that are predicted, such as those around what a coarser
/// model found: the foreground of a mask and what lies within a margin of it.
/// The others are background.
class RegionOfInterest {
public:
  RegionOfInterest() = default;
  /// `marks` are 0 or not, x running fastest. `margin` in millimetres, between
  /// the centres of voxels.
  RegionOfInterest(const Mask &marks, const LabelGrid &grid, double margin,
                   ThreadPool &pool);

  /// Reads the mask of a case, whose axes may have another order than those of
  /// the case. Another grid is an error.
  static StatusOr<RegionOfInterest>
  read(const std::string &path, const SourceCase &source, double margin,
       const ImageLimits &limits, Notes &notes, ThreadPool &pool);

  /// No voxel is marked.
  bool isEmpty() const { return region.empty(); }
  /// 1 for each voxel that is predicted, in the order of the marks; empty if
  /// none is.
  const Mask &inside() const { return region; }
  /// Returns the bytes that the construction took at most.
  uint64_t peakBytes() const { return peak; }
  /// Makes what lies outside background: label 0, and in `probabilities`
  /// [classes][voxels], unless it is null, 0 but for a class of the background,
  /// which is the first one.
  void clearOutside(std::vector<uint8_t> &labels, float *probabilities,
                    int64_t classes, bool hasBackground,
                    ThreadPool &pool) const;

private:
  Mask region;
  uint64_t peak = 0;
};

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_REGIONOFINTEREST_H
