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

enum class ElementKind { F16, BF16, F32, F64, I32, I64 };

/// The kind of an element type of the seg dialect; none for other types.
std::optional<ElementKind> elementKind(mlir::Type type);
inline bool isFloat(ElementKind kind) { return kind <= ElementKind::F64; }

/// The nearest value of `kind`, ties to even.
double roundTo(ElementKind kind, double value);

/// The distance of neighbouring values of a 16-bit kind near `value`; 0 for
/// other kinds.
double spacing(ElementKind kind, double value);

/// A dense tensor on the host, row-major. Floats of every kind are held as
/// doubles, so that the kind says what they stand for and not how exact they
/// are; integers are held apart because seeds use all 64 bits.
class HostTensor {
public:
  HostTensor() = default;
  /// Zeros.
  HostTensor(llvm::ArrayRef<int64_t> shape, ElementKind kind);
  HostTensor(llvm::ArrayRef<int64_t> shape, ElementKind kind,
             std::vector<double> values);
  static HostTensor scalar(double value, ElementKind kind = ElementKind::F64);
  static HostTensor scalar(int64_t value, ElementKind kind = ElementKind::I64);

  llvm::ArrayRef<int64_t> shape() const { return dims; }
  ElementKind kind() const { return elements; }
  int64_t size() const { return count; }
  /// The last dimension; 1 for rank 0.
  int64_t channels() const { return dims.empty() ? 1 : dims.back(); }

  double operator[](int64_t i) const { return floats[i]; }
  double &operator[](int64_t i) { return floats[i]; }
  llvm::ArrayRef<double> values() const { return floats; }
  llvm::MutableArrayRef<double> values() { return floats; }
  llvm::ArrayRef<int64_t> integers() const { return ints; }
  llvm::MutableArrayRef<int64_t> integers() { return ints; }

  /// Rounds every value to what the kind can hold.
  void roundToKind();

private:
  Shape dims;
  ElementKind elements = ElementKind::F64;
  int64_t count = 0;
  std::vector<double> floats;
  std::vector<int64_t> ints;
};

/// Uniform draws from [low, high); those within `gap` of 0 are moved out to
/// keep their distance from a kink there.
struct Distribution {
  double low = -1, high = 1, gap = 0;
};

/// A pure function of its arguments. `type` has an element type of the
/// dialect and a static shape; integers are whole numbers of [low, high).
HostTensor randomTensor(mlir::RankedTensorType type, uint64_t seed,
                        Distribution distribution = {});

/// `value` times 1 + noise * d with a random d of [-1, 1); `state` goes on.
double disturbed(double value, double noise, uint64_t &state);
/// The same of every float.
void disturb(HostTensor &tensor, double noise, uint64_t seed);

} // namespace segc::reference

#endif // SEGC_REFERENCE_HOSTTENSOR_H
