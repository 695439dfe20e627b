//===- LabelRepair.h - Classes of labels that are written anew --*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_CHECK_LABELREPAIR_H
#define SEGC_LIB_RUNTIME_CHECK_LABELREPAIR_H

#include "Faults.h"

namespace segc {

/// Whether labels are 0 and 1, and nothing else.
bool isBinary(const DecathlonIndex &index);

/// The classes of a label's voxels in file order. Values next to whole numbers
/// are rounded; between two classes a half counts as the upper one, as where
/// labels are resized; of 0 and 255 the latter is class 1 of two. What was done
/// is noted by the name of the fault; other values are an error.
StatusOr<std::vector<int64_t>>
classesOf(const Volume &label, const std::string &path,
          const DecathlonIndex &index,
          std::map<std::string, std::string> &done);

/// A label on a grid, whose classes lie in another order of axes, in the
/// smallest type that holds them.
Volume labelVolume(const VolumeGeometry &grid,
                   const std::vector<int64_t> &classes, const Size3 &size,
                   const AxisOrder &order);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_CHECK_LABELREPAIR_H
