//===- TestCases.h - Cases made of formulas ---------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_UNITTESTS_RUNTIME_AUGMENT_TESTCASES_H
#define SEGC_UNITTESTS_RUNTIME_AUGMENT_TESTCASES_H

#include "../Data/TestSupport.h"
#include "segc/Runtime/Augment/PatchDrawer.h"

namespace segc::test {

/// A case with the voxels that bench/peers/record_resizes.py has; further
/// channels are the first one shifted.
inline PreparedCase makeCase(Shape3 shape, int64_t channels = 1) {
  struct Arrays {
    std::vector<float> image;
    std::vector<int16_t> labels;
  };
  auto arrays = std::make_shared<Arrays>();
  PreparedCase result;
  result.name = "made";
  result.shape = shape;
  result.channels = channels;
  result.classVoxels.resize(3);
  int64_t place = 0;
  for (int64_t z = 0; z < shape[0]; ++z)
    for (int64_t y = 0; y < shape[1]; ++y)
      for (int64_t x = 0; x < shape[2]; ++x, ++place) {
        const auto value = static_cast<float>(
            static_cast<double>(place * 7919 % 1009) / 100.0);
        for (int64_t channel = 0; channel < channels; ++channel)
          arrays->image.push_back(value + static_cast<float>(channel));
        const int64_t label = (z / 2 + 2 * (y / 2) + x / 3) % 4;
        arrays->labels.push_back(static_cast<int16_t>(label));
        if (label > 0)
          result.classVoxels[static_cast<size_t>(label) - 1].push_back(place);
      }
  result.image = arrays->image.data();
  result.labels = arrays->labels.data();
  result.storage = arrays;
  return result;
}

} // namespace segc::test

#endif // SEGC_UNITTESTS_RUNTIME_AUGMENT_TESTCASES_H
