//===- HostTensor.cpp - A tensor of the reference evaluation --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Reference/HostTensor.h"

#include "segc/Base/Random.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>
#include <limits>
#include <numeric>

using namespace mlir;

namespace segc::reference {

std::optional<ElementKind> elementKind(Type type) {
  if (type.isSignlessInteger(8))
    return ElementKind::I8;
  if (type.isF16())
    return ElementKind::F16;
  if (type.isBF16())
    return ElementKind::BF16;
  if (type.isF32())
    return ElementKind::F32;
  if (type.isF64())
    return ElementKind::F64;
  if (type.isSignlessInteger(32))
    return ElementKind::I32;
  if (type.isSignlessInteger(64))
    return ElementKind::I64;
  return std::nullopt;
}

namespace {
/// A binary float format: `digits` of the significand, normal numbers from
/// 2^minExponent on, values below 2^end.
struct Format {
  int digits, minExponent, end;

  double spacing(double value) const {
    int exponent;
    std::frexp(value, &exponent); // The leading digit is 2^(exponent - 1).
    return std::ldexp(1.0, std::max(exponent - 1, minExponent) - digits + 1);
  }
  double round(double value) const {
    if (!std::isfinite(value) || value == 0)
      return value;
    // The unit is a power of two, so scaling is exact.
    double unit = spacing(value);
    double rounded = std::nearbyint(value / unit) * unit;
    return std::fabs(rounded) < std::ldexp(1.0, end)
               ? rounded
               : std::copysign(std::numeric_limits<double>::infinity(), value);
  }
};
constexpr Format f16{11, -14, 16}, bf16{8, -126, 128};
} // namespace

double roundTo(ElementKind kind, double value) {
  switch (kind) {
  case ElementKind::I8:
    return std::nearbyint(value);
  case ElementKind::F16:
    return f16.round(value);
  case ElementKind::BF16:
    return bf16.round(value);
  case ElementKind::F32:
    return static_cast<float>(value);
  default:
    return value;
  }
}

double spacing(ElementKind kind, double value) {
  return kind == ElementKind::F16    ? f16.spacing(value)
         : kind == ElementKind::BF16 ? bf16.spacing(value)
                                     : 0;
}

HostTensor::HostTensor(ArrayRef<int64_t> shape, ElementKind kind)
    : dims(shape), elements(kind),
      count(std::accumulate(shape.begin(), shape.end(), int64_t{1},
                            std::multiplies<>())) {
  if (isFloat(kind))
    floats.resize(count);
  else
    ints.resize(count);
}

HostTensor::HostTensor(ArrayRef<int64_t> shape, ElementKind kind,
                       std::vector<double> values)
    : HostTensor(shape, kind) {
  assert(isFloat(kind) && static_cast<int64_t>(values.size()) == count);
  floats = std::move(values);
}

HostTensor HostTensor::scalar(double value, ElementKind kind) {
  return HostTensor({}, kind, {value});
}

HostTensor HostTensor::scalar(int64_t value, ElementKind kind) {
  HostTensor result({}, kind);
  result.ints[0] = value;
  return result;
}

void HostTensor::roundToKind() {
  for (double &value : floats)
    value = roundTo(elements, value);
}

HostTensor randomTensor(RankedTensorType type, uint64_t seed,
                        Distribution distribution) {
  HostTensor result(type.getShape(), *elementKind(type.getElementType()));
  auto [low, high, gap] = distribution;
  CounterRng rng(seed, /*stream=*/0);
  for (auto [i, value] : llvm::enumerate(result.values())) {
    double draw = low + (high - low) * rng.uniform(i);
    value = std::abs(draw) < gap ? draw + std::copysign(gap, draw) : draw;
  }
  for (auto [i, value] : llvm::enumerate(result.integers()))
    value = static_cast<int64_t>(
        std::floor(low + (high - low) * double{rng.uniform(i)}));
  return result;
}

double disturbed(double value, double noise, uint64_t &state) {
  // The mixer of SplitMix64 (Steele, Lea, Flood 2014) is random enough here,
  // and ten times as fast as the counter-based generator.
  uint64_t bits = state += 0x9e3779b97f4a7c15;
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
  bits ^= bits >> 31;
  return value * (1 + noise * (static_cast<double>(bits >> 11) * 0x1p-52 - 1));
}

void disturb(HostTensor &tensor, double noise, uint64_t seed) {
  uint64_t state = seed * 0xd1342543de82ef95 + 1;
  if (noise != 0)
    for (double &value : tensor.values())
      value = disturbed(value, noise, state);
}

} // namespace segc::reference
