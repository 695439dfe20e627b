//===- PreparationGrid.h - Crop and grid of a preparation -------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_DATA_PREPARATIONGRID_H
#define SEGC_LIB_RUNTIME_DATA_PREPARATIONGRID_H

#include "NonzeroCrop.h"
#include "segc/Runtime/Data/PreparedCase.h"

namespace segc {

/// Fills the record up to the shape of the file.
void placeCase(const SourceCase &source, AxisFrame frame,
               const std::array<int64_t, 3> &transpose,
               PreparationRecord &record);

/// The channels with the axes of the network; completes the record's file
/// shape.
std::vector<NetworkGrid<Voxels>> networkGrids(const SourceCase &source,
                                              PreparationRecord &record);

/// The box that a case is cropped to, without a mask; by the rules of MLPerf
/// the whole volume.
NonzeroCrop cropBox(const std::vector<NetworkGrid<Voxels>> &channels,
                    PlanRules rules, ThreadPool &pool);

/// Fails for an empty box, and by the rules of MLPerf for a plane.
Status recordCrop(const SourceCase &source, PlanRules rules,
                  const NonzeroCrop &box, PreparationRecord &record);

/// Fills in spacing, shape and separate axis of the planned grid.
void planGrid(const PlanConfiguration &configuration, PlanRules rules,
              PreparationRecord &record);

/// Refuses a spacing that is far from the planned one, and a grid that the
/// memory of the machine does not hold, before anything is allocated: the
/// spacing of a file may be anything.
Status checkGrid(const PreparationRecord &record, int64_t channels);

} // namespace segc

#endif // SEGC_LIB_RUNTIME_DATA_PREPARATIONGRID_H
