//===- Roofline.h - Rates over arithmetic intensity -------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRAW_ROOFLINE_H
#define SEGC_DRAW_ROOFLINE_H

#include "segc/Draw/Plot.h"

namespace segc::draw {

/// One kernel.
struct RooflinePoint {
  std::string op;       ///< "conv_filter_grad": decides the colour.
  double intensity = 0; ///< FLOP per byte.
  double rate = 0;      ///< FLOP/s.
  double share = 0;     ///< Of the time of all kernels: decides the area.
  bool measured = true; ///< Filled, else a ring.
  Region region;
};

struct Roofline {
  std::string title, note; ///< The note is the legend's last entry.
  std::string roofName;    ///< What the roof is: "model", "PyTorch".
  double flopsPerSecond = 0, bytesPerSecond = 0; ///< 0: no roof.
  std::vector<RooflinePoint> points;
};

void drawRoofline(Canvas &canvas, const Rect &bounds, const Roofline &roofline);

} // namespace segc::draw

#endif // SEGC_DRAW_ROOFLINE_H
