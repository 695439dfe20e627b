//===- NonFiniteFinder.h - Search for the first NaN or infinity -*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DEVICE_NONFINITEFINDER_H
#define SEGC_RUNTIME_DEVICE_NONFINITEFINDER_H

#include "segc/Runtime/Core/KernelObserver.h"
#include "segc/Runtime/Device/Device.h"

#include <optional>
#include <string>

namespace segc {

/// Stops an entry at the first kernel that writes a NaN or an infinity.
class NonFiniteFinder : public KernelObserver {
public:
  /// Reads outputs of kernels on `device` through `stream`.
  NonFiniteFinder(Device &device, Stream &stream)
      : device(device), stream(stream) {}

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
  /// Returns the error of an output that could not be read.
  const Status &failure() const { return failed; }

private:
  struct Place {
    uint64_t element;
    float value;
  };
  StatusOr<std::optional<Place>> findIn(const segc_kernel_event &event,
                                        uint32_t output) const;

  Device &device;
  Stream &stream;
  std::optional<Finding> found;
  Status failed;
};

} // namespace segc

#endif // SEGC_RUNTIME_DEVICE_NONFINITEFINDER_H
