//===- ExampleCases.cpp - Best, median and worst case ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Metrics/ExampleCases.h"

#include <algorithm>
#include <cmath>

using namespace segc;

std::vector<ExampleCase> segc::exampleCases(const std::vector<double> &dice) {
  std::vector<size_t> order;
  for (size_t i = 0; i < dice.size(); ++i)
    if (!std::isnan(dice[i]))
      order.push_back(i);
  // Of equals the first is the better one, so that files decide.
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return dice[a] != dice[b] ? dice[a] > dice[b] : a < b;
  });
  if (order.empty())
    return {};
  std::vector<ExampleCase> examples = {{"best", order.front()}};
  if (order.size() > 2)
    examples.push_back({"median", order[order.size() / 2]});
  if (order.size() > 1)
    examples.push_back({"worst", order.back()});
  return examples;
}
