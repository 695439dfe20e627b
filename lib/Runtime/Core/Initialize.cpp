//===- Initialize.cpp - Initial values of parameters ----------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Core/Initialize.h"
#include "segc/Base/Hash.h"
#include "segc/Base/Random.h"

#include <algorithm>
#include <cmath>

using namespace segc;

static constexpr int64_t elementsPerTask = 1 << 16;

Fans segc::fansOf(const std::vector<int64_t> &shape) {
  if (shape.size() < 2) {
    double length = shape.empty() ? 1 : static_cast<double>(shape[0]);
    return {length, length};
  }
  double taps = 1;
  for (size_t i = 0; i + 2 < shape.size(); ++i)
    taps *= static_cast<double>(shape[i]);
  return {taps * static_cast<double>(shape[shape.size() - 2]),
          taps * static_cast<double>(shape.back())};
}

/// Box-Muller: the pair of draws 2j, 2j + 1 gives the normal values 2j and
/// 2j + 1.
static double normalAt(const CounterRng &rng, uint64_t index) {
  uint64_t pair = index / 2;
  // (0, 1], so that the logarithm is finite.
  double u = (rng.bits(2 * pair) + 1.0) * 0x1p-32;
  double angle = rng.bits(2 * pair + 1) * 0x1p-32 * 2 * M_PI;
  double radius = std::sqrt(-2 * std::log(u));
  return radius * (index % 2 ? std::sin(angle) : std::cos(angle));
}

static void fillUniform(const CounterRng &rng, float limit, float *values,
                        int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i)
    values[i] = rng.uniform(i, -limit, limit);
}

static void fillRange(const RegionTensor &tensor, const CounterRng &rng,
                      float *values, int64_t begin, int64_t end) {
  Fans fans = fansOf(tensor.shape);
  switch (tensor.init.kind) {
  case Initializer::Kind::Constant:
    std::fill(values + begin, values + end,
              static_cast<float>(tensor.init.value));
    return;
  case Initializer::Kind::GlorotUniform:
    fillUniform(rng, static_cast<float>(std::sqrt(6 / (fans.in + fans.out))),
                values, begin, end);
    return;
  case Initializer::Kind::Uniform:
    fillUniform(rng, static_cast<float>(tensor.init.value), values, begin, end);
    return;
  case Initializer::Kind::HeNormal: {
    double slope = tensor.init.value;
    double deviation = std::sqrt(2 / ((1 + slope * slope) * fans.in));
    for (int64_t i = begin; i < end; ++i)
      values[i] = static_cast<float>(deviation * normalAt(rng, i));
    return;
  }
  }
}

void segc::initializeRegion(const std::vector<RegionTensor> &tensors,
                            uint64_t seed, std::byte *region,
                            ThreadPool &pool) {
  for (const RegionTensor &tensor : tensors) {
    auto *values = reinterpret_cast<float *>(region + tensor.offset);
    CounterRng rng(seed, hashName(tensor.name));
    int64_t tasks = (tensor.elements + elementsPerTask - 1) / elementsPerTask;
    pool.parallelFor(tasks, [&](int64_t task, uint32_t) {
      int64_t begin = task * elementsPerTask;
      fillRange(tensor, rng, values, begin,
                std::min(tensor.elements, begin + elementsPerTask));
    });
  }
}
