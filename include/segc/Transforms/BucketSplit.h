//===- BucketSplit.h - Split of gradients into buckets ----------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Ranks average gradients in buckets: a collective of many bytes has less
// overhead, one of few can start earlier. Ready times are known at compile
// time, so that the best split of gradients in a given order is found exactly,
// for collectives that run one after another:
//
//   f(0) = 0,  f(j) = min over i < j of max(ready(i+1..j), f(i)) + t(i+1..j)
//
// where f(j) is when the first j gradients have arrived and t what a collective
// of their bytes takes. A smaller f(i) never makes a later one larger.

#ifndef SEGC_TRANSFORMS_BUCKETSPLIT_H
#define SEGC_TRANSFORMS_BUCKETSPLIT_H

#include "segc/Target/Link.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

namespace segc {

/// The gradient of a parameter, in the order in which buckets are sent.
struct Gradient {
  int64_t bytes = 0;
  double ready = 0; ///< Seconds from the begin of the step.
  /// It lies next to the one before it, so that one collective may take both.
  bool isNext = true;
};

struct Bucket {
  size_t begin = 0, end = 0; ///< Of the gradients.
  int64_t bytes = 0;
  double ready = 0, start = 0, done = 0; ///< Seconds.
};

struct BucketSplit {
  llvm::SmallVector<Bucket> buckets;
  /// When all gradients have arrived.
  double done() const { return buckets.empty() ? 0 : buckets.back().done; }
};

/// The split that ends first, of those with the fewest buckets; with at most
/// `maxBuckets`, or as many as gradients that do not lie next to one another
/// need.
BucketSplit splitBuckets(llvm::ArrayRef<Gradient> gradients, const Link &link,
                         size_t maxBuckets);

/// The gradient of a parameter in its region.
struct PlacedGradient {
  int64_t offset = 0, bytes = 0;
  double ready = 0; ///< Seconds from the begin of the step.
};

/// Buckets of gradients, and the order that they are parts of.
struct GradientSchedule {
  llvm::SmallVector<size_t> order; ///< Indices of gradients.
  BucketSplit split;               ///< Of gradients in that order.
};

/// Parameters lie in the order of their use, and gradients are computed in the
/// opposite order, in which they are sent. Those without weight decay, which
/// begin at `undecayed`, are few and lie apart: they are sent together, behind
/// all others or once they are all there, whichever ends first.
GradientSchedule scheduleGradients(llvm::ArrayRef<PlacedGradient> gradients,
                                   int64_t undecayed, const Link &link,
                                   size_t maxBuckets);

} // namespace segc

#endif // SEGC_TRANSFORMS_BUCKETSPLIT_H
