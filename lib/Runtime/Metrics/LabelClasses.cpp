//===- LabelClasses.cpp - Classes of the values in label maps -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Metrics/LabelClasses.h"

#include <algorithm>

using namespace segc;

void LabelClasses::clearIgnored(std::vector<int32_t> &predicted,
                                std::vector<int32_t> &expected) const {
  for (size_t i = 0; ignored && i < expected.size(); ++i)
    if (expected[i] == *ignored)
      predicted[i] = expected[i] = 0;
}

std::vector<int32_t>
LabelClasses::regionMask(const std::vector<int32_t> &labels,
                         int32_t number) const {
  const std::vector<int64_t> &values = regions[static_cast<size_t>(number - 1)];
  std::vector<int32_t> mask(labels.size());
  std::transform(
      labels.begin(), labels.end(), mask.begin(), [&](int32_t label) {
        return std::find(values.begin(), values.end(), label) != values.end();
      });
  return mask;
}

std::string LabelClasses::keyOf(int32_t number) const {
  if (!haveRegions())
    return std::to_string(number);
  const std::vector<int64_t> &values = regions[static_cast<size_t>(number - 1)];
  std::string text;
  for (int64_t value : values)
    text += (text.empty() ? "" : ", ") + std::to_string(value);
  return values.size() == 1 ? text : "(" + text + ")";
}
