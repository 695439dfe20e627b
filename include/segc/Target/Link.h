//===- Link.h - Cost model of what connects ranks ---------------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_TARGET_LINK_H
#define SEGC_TARGET_LINK_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <string>

namespace segc {

/// A number of ranks and the link between neighbours, by the alpha-beta model.
struct Link {
  int64_t ranks = 1;
  double latency = 0;        ///< Seconds from one rank to another.
  double bytesPerSecond = 1; ///< In one direction.

  /// Seconds of an all-reduce by a ring: 2(n - 1) messages of bytes / n
  /// (Patarasuk, Yuan 2009).
  double seconds(int64_t bytes) const {
    const auto n = static_cast<double>(ranks);
    return 2 * (n - 1) *
           (latency + static_cast<double>(bytes) / n / bytesPerSecond);
  }
};

struct Target;

/// Reads "nvlink" or another known name, or microseconds and gigabytes a second
/// as in "30:1.2".
llvm::Expected<Link> parseLink(llvm::StringRef text, int64_t ranks);
/// The same for options that were not given: an empty text is a link that ranks
/// of such devices often have, 0 ranks are 8.
llvm::Expected<Link> linkFor(const Target &target, llvm::StringRef text,
                             int64_t ranks);
/// The names that parseLink accepts, the slowest first.
llvm::SmallVector<llvm::StringRef> linkNames();

} // namespace segc

#endif // SEGC_TARGET_LINK_H
