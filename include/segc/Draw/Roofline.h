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

/// A kernel in a roofline diagram.
struct RooflinePoint {
  std::string op;       ///< Name of the op, such as "conv_filter_grad";
                        ///< determines the colour.
  double intensity = 0; ///< FLOP per byte.
  double rate = 0;      ///< FLOP/s.
  double share = 0;     ///< Share of the time of all kernels; determines the
                        ///< area.
  bool measured = true; ///< Drawn filled if measured, as a ring if modelled.
  Region region;
};

struct Roofline {
  std::string title, note; ///< The note becomes the last entry of the legend.
  std::string roofName;    ///< Name of the roof: "model", "PyTorch".
  double flopsPerSecond = 0, bytesPerSecond = 0; ///< 0: no roof.
  std::vector<RooflinePoint> points;
};

void drawRoofline(Canvas &canvas, const Rect &bounds, const Roofline &roofline);

} // namespace segc::draw

#endif // SEGC_DRAW_ROOFLINE_H
