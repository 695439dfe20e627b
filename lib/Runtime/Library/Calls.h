//===- Calls.h - Calls of the C interface -----------------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_LIBRARY_CALLS_H
#define SEGC_LIB_RUNTIME_LIBRARY_CALLS_H

#include "segc/Base/Exceptions.h"
#include "segc/segc.h"

#include <cstring>
#include <string>
#include <string_view>

namespace segc {

/// Writes a message to `error`, unless that is null, and returns the status.
/// Allocates nothing.
segc_status report(segc_status status, std::string_view text,
                   segc_error *error);
segc_status report(const Status &status, segc_error *error);

/// Marks this thread as one in which a function of the library runs, which
/// calls of the host are made from.
class CallScope {
public:
  CallScope() : outer(isInside) { isInside = true; }
  ~CallScope() { isInside = outer; }
  CallScope(const CallScope &) = delete;
  CallScope &operator=(const CallScope &) = delete;
  static bool isActive() { return isInside; }

private:
  static thread_local bool isInside;
  bool outer;
};

/// Runs a function of the interface: nothing is thrown out of it, and none runs
/// within another.
template <typename Function>
segc_status runCall(segc_error *error, Function &&function) {
  if (CallScope::isActive())
    return report(SEGC_STATUS_BUSY,
                  "called from a callback of libsegc or from a signal handler "
                  "that interrupted it; only segc_cancel may be",
                  error);
  const CallScope scope;
  return report(withoutExceptions(function), error);
}

/// Copies options of a host that may be older than the library: what lies
/// behind its struct_size keeps its default.
template <typename Options>
Status readOptions(const Options *given, const char *name, Options &options) {
  if (!given)
    return Status::success();
  const uint32_t size = given->struct_size;
  if (size < sizeof(uint32_t) || size > sizeof(Options))
    return invalidArgument(std::string(name) + ": struct_size " +
                           std::to_string(size) + ", expected at most " +
                           std::to_string(sizeof(Options)) + "; call " + name +
                           "_init, and use a libsegc that is no older than "
                           "segc.h");
  std::memcpy(&options, given, size);
  return Status::success();
}

} // namespace segc

#endif // SEGC_LIB_RUNTIME_LIBRARY_CALLS_H
