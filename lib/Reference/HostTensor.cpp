//===- HostTensor.cpp - A tensor of the reference evaluation --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Reference/HostTensor.h"

#include "segc/Base/Random.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"

#include <cmath>
#include <numeric>

using namespace mlir;

namespace segc::reference {

std::optional<ElementKind> elementKind(Type type) {
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

double roundTo(ElementKind kind, double value) {
  const llvm::fltSemantics *semantics = &llvm::APFloat::IEEEdouble();
  switch (kind) {
  case ElementKind::F16:
    semantics = &llvm::APFloat::IEEEhalf();
    break;
  case ElementKind::BF16:
    semantics = &llvm::APFloat::BFloat();
    break;
  case ElementKind::F32:
    return static_cast<float>(value);
  default:
    return value;
  }
  llvm::APFloat rounded(value);
  bool losesInfo;
  rounded.convert(*semantics, llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return rounded.convertToDouble();
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

} // namespace segc::reference
