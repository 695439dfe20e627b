//===- Collectives.h - Collective communication of ranks --------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DEVICE_COLLECTIVES_H
#define SEGC_RUNTIME_DEVICE_COLLECTIVES_H

#include "segc/Runtime/Device/Device.h"
#include "segc/model.h"

namespace segc {

/// The connection of this rank, a process or a device, with the others. Every
/// rank enqueues the same collectives in the same order.
class Collectives {
public:
  virtual ~Collectives() = default;
  /// Enqueues a collective on data in the device's memory. Later work of the
  /// stream reads the result.
  virtual Status enqueue(Stream &stream, const segc_collective &collective) = 0;
};

} // namespace segc

#endif // SEGC_RUNTIME_DEVICE_COLLECTIVES_H
