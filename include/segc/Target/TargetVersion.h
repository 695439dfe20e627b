//===- TargetVersion.h - An instruction set or architecture -----*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_TARGET_TARGETVERSION_H
#define SEGC_TARGET_TARGETVERSION_H

#include "segc/Target/MultiplyType.h"
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace segc {

/// One version of a target's kernels. A backend derives from it what its
/// emitters and cost models need.
struct TargetVersion {
  virtual ~TargetVersion() = default;

  std::string name; ///< "x86-64-v4", "sm_90a"; goes into symbols.
  /// The processors that its machine code runs on, as LLVM names them in a
  /// triple: "x86_64", "aarch64"; empty for devices beside any processor.
  std::string architecture;
  /// What the device must have, in the names of model.h's manifest.
  std::vector<std::string> features;
  uint32_t featureBits = 0; ///< The same as bits of model_tables.h.
  /// Types that it has instructions to multiply in.
  MultiplyTypeSet multiplyTypes{};
  // Round figures of one core or multiprocessor, for a first guess at times.
  double peakFlops = 0;      ///< f32 operations a second.
  double rate16Bit = 2;      ///< Multiplications of 16 bits for one of f32.
  double rate8Bit = 4;       ///< The same of 8-bit integers.
  double bytesPerSecond = 0; ///< From memory.

  /// Multiplications of the type for one of f32.
  double rateOf(MultiplyType type) const {
    if (type == MultiplyType::F32 || !multiplyTypes.contains(type))
      return 1;
    return type == MultiplyType::Tf32 ? rate16Bit / 2 : rate16Bit;
  }
  /// The roofline: whichever takes longer, computing or moving.
  double modelledSeconds(double flops, double bytes, double cores) const {
    return std::max(flops / peakFlops, bytes / bytesPerSecond) / cores;
  }
};

} // namespace segc

#endif // SEGC_TARGET_TARGETVERSION_H
