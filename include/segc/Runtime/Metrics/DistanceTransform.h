//===- DistanceTransform.h - Exact Euclidean distances ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_METRICS_DISTANCETRANSFORM_H
#define SEGC_RUNTIME_METRICS_DISTANCETRANSFORM_H

#include "segc/Runtime/Core/ThreadPool.h"
#include "segc/Runtime/Metrics/LabelGrid.h"

namespace segc {

/// Returns for each voxel the squared distance in mm^2 to the nearest voxel of
/// `mask`, between centres; infinity everywhere if the mask is empty. It is
/// exact for any spacing: the lower envelope of parabolas along each axis in
/// turn (Felzenszwalb and Huttenlocher, Theory of Computing 8, 2012). Lines are
/// independent, so that the result does not depend on the threads. It takes
/// 8 bytes a voxel and, for each thread, 32 bytes a voxel of a line.
std::vector<double> squaredDistances(const Mask &mask, const LabelGrid &grid,
                                     ThreadPool &pool);

} // namespace segc

#endif // SEGC_RUNTIME_METRICS_DISTANCETRANSFORM_H
