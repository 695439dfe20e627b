//===- Handles.h - What the handles of segc.h are ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_LIB_RUNTIME_LIBRARY_HANDLES_H
#define SEGC_LIB_RUNTIME_LIBRARY_HANDLES_H

#include "SharedPredictor.h"
#include "segc/segc.h"

#include <atomic>

// NOLINTBEGIN(readability-identifier-naming): names of segc.h

struct segc_predictor {
  std::unique_ptr<segc::SharedPredictor> shared;
  std::string description;
  std::atomic<int> calls{0}; ///< That predict with it.
};

/// Labels of a volume; `image` points to them.
struct segc_labels {
  std::vector<uint8_t> voxels;
  segc_image image;
};

struct segc_cancellation {
  std::atomic<bool> isRequested{false};
};
static_assert(std::atomic<bool>::is_always_lock_free,
              "signal handlers cancel predictions");

// NOLINTEND(readability-identifier-naming)

namespace segc {

/// The error of an argument that is NULL.
inline Status missing(const char *argument) {
  return invalidArgument(std::string(argument) + " is NULL");
}

} // namespace segc

#endif // SEGC_LIB_RUNTIME_LIBRARY_HANDLES_H
