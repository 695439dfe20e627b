//===- ValueRanges.h - How large the values of a model are ------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Calibration: which 8-bit integers stand for the values of a tensor. `segc
// compile --calibrate` quantizes the inputs of convolutions by it.

#ifndef SEGC_RUNTIME_INFERENCE_VALUERANGES_H
#define SEGC_RUNTIME_INFERENCE_VALUERANGES_H

#include "segc/Base/Json.h"
#include "segc/Runtime/Core/KernelObserver.h"

#include <array>
#include <cstdint>
#include <map>
#include <string>

namespace segc {

/// Counts magnitudes of f32 values, 16 bins an octave.
class MagnitudeHistogram {
public:
  /// Counts every `stride`-th of `count` values.
  void add(const float *values, uint64_t count, uint64_t stride = 1);

  /// Quantization to the whole numbers from -127 to 127.
  struct Quantization {
    double scale = 0; ///< Of a step; 0: no value was counted, all are zero, or
                      ///< one is not finite.
    double error = 0; ///< Root mean square error, relative to that of the
                      ///< values.
  };
  /// Returns the scale with the least mean square error: larger ones round
  /// more, smaller ones clip more.
  Quantization quantization() const;

private:
  static constexpr size_t binCount = 1 << 12;
  std::array<uint64_t, binCount> bins{};
};

/// Counts the f32 values that each kernel of the entry predict writes, on the
/// host.
class ValueRanges : public KernelObserver {
public:
  bool end(const segc_kernel_event &event) override;

  /// Returns a list of {"index": among the launches, "output", "op": with its
  /// location, "elements": of a sample or more, "scale", "error"}, in the order
  /// of the launches.
  Json toJson() const;

private:
  struct Output {
    std::string op;
    uint64_t elements = 0; ///< Of the largest call.
    MagnitudeHistogram histogram;
  };
  std::map<std::pair<uint32_t, uint32_t>, Output> outputs;
};

} // namespace segc

#endif // SEGC_RUNTIME_INFERENCE_VALUERANGES_H
