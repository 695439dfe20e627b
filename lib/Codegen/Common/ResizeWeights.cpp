//===- ResizeWeights.cpp --------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Codegen/Common/ResizeWeights.h"

#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cmath>

namespace segc {

/// Keys' cubic with a = -1/2 (Catmull-Rom).
static double cubic(double distance) {
  double d = std::fabs(distance);
  return d <= 1 ? (1.5 * d - 2.5) * d * d + 1
                : ((-0.5 * d + 2.5) * d - 4) * d + 2;
}

ResizeWeights resizeWeights(seg::ResizeMode mode, int64_t in, int64_t out) {
  ResizeWeights table(out);
  for (int64_t dst = 0; dst < out; ++dst) {
    auto add = [&](int64_t source, double weight) {
      source = std::clamp<int64_t>(source, 0, in - 1);
      if (weight != 0)
        table[dst].push_back({source, weight});
    };
    if (mode == seg::ResizeMode::nearest) {
      add((2 * dst + 1) * in / (2 * out), 1);
      continue;
    }
    int64_t numerator = (2 * dst + 1) * in - out,
            below = llvm::divideFloorSigned(numerator, 2 * out);
    double t = static_cast<double>(numerator - below * 2 * out) /
               static_cast<double>(2 * out);
    if (mode == seg::ResizeMode::linear) {
      add(below, 1 - t);
      add(below + 1, t);
    } else {
      for (int64_t i = -1; i <= 2; ++i)
        add(below + i, cubic(t - static_cast<double>(i)));
    }
  }
  return table;
}

ResizeWeights transpose(const ResizeWeights &table, int64_t sources) {
  ResizeWeights result(sources);
  for (auto [position, weights] : llvm::enumerate(table))
    for (const ResizeWeight &weight : weights)
      result[weight.source].push_back(
          {static_cast<int64_t>(position), weight.weight});
  return result;
}

} // namespace segc
