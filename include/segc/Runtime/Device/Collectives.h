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

/// What collectives have taken of this rank until now, in seconds.
struct CollectiveTimes {
  double waited = 0; ///< By those who needed a result that was not there yet.
  double worked = 0; ///< Processor time of threads of the collectives: taken
                     ///< from a network that computes on the same cores.
};

/// Where in a training collectives are, for messages.
struct StepPart {
  int64_t step = 0;
  int64_t part = 1, parts = 1; ///< Of the batches of the step; the first is 1.
};

/// The connection of this rank, a process or a device, with the others. Every
/// rank starts or enqueues the same collectives in the same order, and results
/// are the same bits on all. Errors name rank, step and bucket; after one
/// nothing but errors follows.
class Collectives {
public:
  virtual ~Collectives() = default;

  virtual int64_t rank() const = 0;
  virtual int64_t size() const = 0;

  /// Names the part of a step whose collectives follow.
  virtual void beginPart(const StepPart &part) {}

  /// Starts a collective on memory of the host, which belongs to it until
  /// wait() of the ticket has returned. Tickets are waited for once, in any
  /// order.
  virtual StatusOr<uint64_t> start(const segc_collective &collective) = 0;
  /// Waits for the end of a collective, and returns its error.
  virtual Status wait(uint64_t ticket) = 0;
  /// Makes ready what enqueue() needs, memory included: before it, outside of a
  /// recording.
  virtual Status prepare(const segc_collective &collective) {
    return Status::success();
  }
  /// Enqueues a collective on data in the device's memory. Later work of the
  /// stream reads the result.
  virtual Status enqueue(Stream &stream, const segc_collective &collective) = 0;

  virtual CollectiveTimes times() { return {}; }
};

/// "step 12", "step 12, part 2 of 3".
std::string textOf(const StepPart &part);
/// What ranks do in a collective, for messages: "step 12, bucket 3 of 5
/// (gradients)".
std::string occasionOf(const StepPart &part, const segc_collective &collective);

/// Refuses unknown kinds, and types that cannot be added or rounded.
Status checkCollective(const segc_collective &collective);

} // namespace segc

#endif // SEGC_RUNTIME_DEVICE_COLLECTIVES_H
