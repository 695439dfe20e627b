//===- KernelObserver.h - What happens between two kernels ------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_CORE_KERNELOBSERVER_H
#define SEGC_RUNTIME_CORE_KERNELOBSERVER_H

#include "segc/model.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace segc {

/// Told about each kernel of an entry, on the thread that called it.
class KernelObserver {
public:
  virtual ~KernelObserver() = default;
  virtual void begin(const segc_kernel_event &event) {}
  /// True stops the entry.
  virtual bool end(const segc_kernel_event &event) { return false; }
};

/// Adds up the time of each kernel.
class KernelProfiler : public KernelObserver {
public:
  struct Kernel {
    std::string entry, name, op;
    uint64_t calls = 0;
    double seconds = 0, flops = 0, bytes = 0; ///< over all calls
  };

  void begin(const segc_kernel_event &event) override;
  bool end(const segc_kernel_event &event) override;
  /// The slowest first.
  std::vector<Kernel> kernels() const;

private:
  std::map<std::pair<std::string, uint32_t>, Kernel> byIndex;
  std::chrono::steady_clock::time_point started;
};

/// Stops at the first kernel that writes a NaN or an infinity.
class NonFiniteFinder : public KernelObserver {
public:
  struct Finding {
    std::string entry, kernel, op;
    uint32_t index = 0, output = 0;
    uint64_t element = 0;
    float value = 0;
    /// "kernel conv_12 (seg.conv at unet2d.mlir:40) wrote nan at ..."
    std::string text() const;
  };

  bool end(const segc_kernel_event &event) override;
  const std::optional<Finding> &finding() const { return found; }

private:
  std::optional<Finding> found;
};

/// Index of the first value that is NaN or infinite; `count` if all are finite.
uint64_t firstNonFinite(const float *values, uint64_t count);

} // namespace segc

#endif // SEGC_RUNTIME_CORE_KERNELOBSERVER_H
