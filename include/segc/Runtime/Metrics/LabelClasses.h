//===- LabelClasses.h - Classes of the values in label maps -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_METRICS_LABELCLASSES_H
#define SEGC_RUNTIME_METRICS_LABELCLASSES_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace segc {

/// Which values in label maps make a class.
struct LabelClasses {
  /// Of classes that overlap (regions): the values of each. Regions are
  /// numbered from 1. Empty where each value but 0 is a class.
  std::vector<std::vector<int64_t>> regions;
  /// Voxels whose label has this value count for nothing.
  std::optional<int64_t> ignored;

  bool haveRegions() const { return !regions.empty(); }
  /// Makes background of the voxels that count for nothing, in both maps.
  void clearIgnored(std::vector<int32_t> &predicted,
                    std::vector<int32_t> &expected) const;
  /// 1 in the voxels of region `number`, 0 in all others.
  std::vector<int32_t> regionMask(const std::vector<int32_t> &labels,
                                  int32_t number) const;
  /// The name of a class in files, as nnU-Net v2 writes it: its number or, of a
  /// region, its value or values: "3", "(1, 2)".
  std::string keyOf(int32_t number) const;
};

} // namespace segc

#endif // SEGC_RUNTIME_METRICS_LABELCLASSES_H
