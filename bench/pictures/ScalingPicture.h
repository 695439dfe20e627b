//===- ScalingPicture.h - Curves of a simulated or measured scaling -------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_BENCH_PICTURES_SCALINGPICTURE_H
#define SEGC_BENCH_PICTURES_SCALINGPICTURE_H

#include "segc/Base/Json.h"
#include "segc/Draw/LineChart.h"

/// Curves over numbers of devices, from the member `scaling` of a result:
/// title, labels x and y, low and high end of y, and series of points.
segc::draw::LineChart scalingOf(segc::JsonReader scaling);

#endif // SEGC_BENCH_PICTURES_SCALINGPICTURE_H
