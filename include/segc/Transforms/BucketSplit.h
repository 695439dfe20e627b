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
//
// Kernels may wait for collectives of their own, statistics of a batch, which
// queue behind the buckets sent before them and so delay kernels and gradients.
// Then f(j) is a set: pairs of the kernels' delay and of the end of what has
// been sent, of which none is as good as another in both.

#ifndef SEGC_TRANSFORMS_BUCKETSPLIT_H
#define SEGC_TRANSFORMS_BUCKETSPLIT_H

#include "segc/Target/Link.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

namespace segc {

/// The gradient of a parameter, in the order in which buckets are sent.
struct Gradient {
  int64_t bytes = 0;
  double ready = 0; ///< Seconds of kernels up to the one that computes it.
  /// It lies next to the one before it, so that one collective may take both.
  bool isNext = true;
};

/// A collective between kernels, which wait for it.
struct BlockingCollective {
  double ready = 0;   ///< Seconds of kernels up to the one it waits for.
  double seconds = 0; ///< Between the ranks, once the link is free.
};

/// What a step does beside the exchange of its gradients.
struct StepWork {
  llvm::SmallVector<BlockingCollective> between; ///< In their order.
  double kernels = 0; ///< Seconds of all kernels before the update.
};

struct Bucket {
  size_t begin = 0, end = 0; ///< Of the gradients.
  int64_t bytes = 0;
  /// Seconds from the begin of the step, with what kernels wait for.
  double ready = 0, start = 0, done = 0;
};

struct BucketSplit {
  llvm::SmallVector<Bucket> buckets;
  double done = 0; ///< When kernels and collectives have all ended.
};

/// The split that ends first, of those with the fewest buckets; with at most
/// `maxBuckets`, or as many as gradients that do not lie next to one another
/// need.
BucketSplit splitBuckets(llvm::ArrayRef<Gradient> gradients,
                         const StepWork &work, const Link &link,
                         size_t maxBuckets);

/// The gradient of a parameter in its region.
struct PlacedGradient {
  int64_t offset = 0, bytes = 0;
  double ready = 0; ///< As of Gradient.
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
                                   int64_t undecayed, const StepWork &work,
                                   const Link &link, size_t maxBuckets);

} // namespace segc

#endif // SEGC_TRANSFORMS_BUCKETSPLIT_H
