//===- HostTensor.h - A tensor of the reference evaluation ------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_REFERENCE_HOSTTENSOR_H
#define SEGC_REFERENCE_HOSTTENSOR_H

#include "segc/Dialect/Seg/IR/ShapeFunctions.h"

#include <optional>
#include <vector>

namespace segc::reference {

using seg::Shape;

/// Values of I8 are quantized: they are stored as the floats from which they
/// are rounded.
enum class ElementKind { I8, F16, BF16, F32, F64, I32, I64 };

/// The kind of an element type of the seg dialect; none for other types.
std::optional<ElementKind> elementKind(mlir::Type type);
inline bool isFloat(ElementKind kind) { return kind <= ElementKind::F64; }

/// The nearest value of `kind`, ties to even.
double roundTo(ElementKind kind, double value);

/// The distance between neighbouring values of a 16-bit kind near `value`; 0
/// for other kinds.
double spacing(ElementKind kind, double value);

/// A dense tensor on the host, row-major. Floats of every kind are stored as
/// doubles: the kind is their type in the program, not their precision here.
/// Integers are stored separately, because seeds use all 64 bits.
class HostTensor {
public:
  HostTensor() = default;
  /// Creates a tensor of zeros.
  HostTensor(llvm::ArrayRef<int64_t> shape, ElementKind kind);
  HostTensor(llvm::ArrayRef<int64_t> shape, ElementKind kind,
             std::vector<double> values);
  static HostTensor scalar(double value, ElementKind kind = ElementKind::F64);
  static HostTensor scalar(int64_t value, ElementKind kind = ElementKind::I64);

  llvm::ArrayRef<int64_t> shape() const { return dims; }
  ElementKind kind() const { return elements; }
  int64_t size() const { return count; }
  /// Size of the last dimension; 1 for rank 0.
  int64_t channels() const { return dims.empty() ? 1 : dims.back(); }

  double operator[](int64_t i) const { return floats[i]; }
  double &operator[](int64_t i) { return floats[i]; }
  llvm::ArrayRef<double> values() const { return floats; }
  llvm::MutableArrayRef<double> values() { return floats; }
  llvm::ArrayRef<int64_t> integers() const { return ints; }
  llvm::MutableArrayRef<int64_t> integers() { return ints; }

  /// Rounds every value to the kind.
  void roundToKind();

private:
  Shape dims;
  ElementKind elements = ElementKind::F64;
  int64_t count = 0;
  std::vector<double> floats;
  std::vector<int64_t> ints;
};

/// A uniform distribution over [low, high). Values within `gap` of 0 are moved
/// away from 0, where functions such as ReLU have a kink.
struct Distribution {
  double low = -1, high = 1, gap = 0;
};

/// Draws a random tensor, as a pure function of the arguments. `type` must have
/// an element type of the dialect and a static shape; integers are drawn from
/// [low, high).
HostTensor randomTensor(mlir::RankedTensorType type, uint64_t seed,
                        Distribution distribution = {});

/// Returns `value` * (1 + noise * d) with a random d in [-1, 1), and advances
/// `state`.
double disturbed(double value, double noise, uint64_t &state);
/// Perturbs every float of a tensor in this way.
void disturb(HostTensor &tensor, double noise, uint64_t seed);

} // namespace segc::reference

#endif // SEGC_REFERENCE_HOSTTENSOR_H
