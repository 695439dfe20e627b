//===- CaseQueue.h - Cases that one process works on ------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_DATA_CASEQUEUE_H
#define SEGC_RUNTIME_DATA_CASEQUEUE_H

#include "segc/Base/Signals.h"
#include "segc/Base/Status.h"

#include <atomic>
#include <optional>

namespace segc {

/// Which of the cases 0, 1, ... this process works on. For several threads.
class CaseQueue {
public:
  virtual ~CaseQueue() = default;
  /// Takes the next case. Without `wait` there may be one later: a caller that
  /// holds cases which it has not finished must not wait in the thread that
  /// finishes them.
  virtual std::optional<int64_t> next(bool wait) = 0;
  /// Says what became of a case that was taken.
  virtual void finish(int64_t index, const Status &status) = 0;
  /// Ends next(), also where it waits.
  virtual void stop() = 0;
  /// Whether other processes take cases, too: none is taken long before it is
  /// worked on.
  virtual bool isShared() const = 0;
};

/// All cases, in their order.
class AllCases : public CaseQueue {
public:
  explicit AllCases(int64_t count) : count(count) {}

  std::optional<int64_t> next(bool /*wait*/) override {
    if (stopSignal())
      return std::nullopt;
    const int64_t index = taken++;
    return index < count ? std::optional(index) : std::nullopt;
  }
  void finish(int64_t /*index*/, const Status & /*status*/) override {}
  void stop() override { taken = count; }
  bool isShared() const override { return false; }

private:
  int64_t count;
  std::atomic<int64_t> taken{0};
};

} // namespace segc

#endif // SEGC_RUNTIME_DATA_CASEQUEUE_H
