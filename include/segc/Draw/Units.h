//===- Units.h - Quantities as text -----------------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_DRAW_UNITS_H
#define SEGC_DRAW_UNITS_H

#include <string>

namespace segc::draw {

/// Prints three significant digits.
std::string shortNumber(double value);

// Each prints a value in the largest unit that is not larger than it.
std::string bytesText(double bytes);              ///< "1.25 MiB"
std::string timeText(double seconds);             ///< "1.25 ms"
std::string flopsText(double flops);              ///< "1.25 GFLOP"
std::string rateText(double perSecond);           ///< "1.25 GFLOP/s"
std::string bandwidthText(double bytesPerSecond); ///< "12.0 GB/s"

} // namespace segc::draw

#endif // SEGC_DRAW_UNITS_H
