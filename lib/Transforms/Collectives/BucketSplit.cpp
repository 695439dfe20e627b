//===- BucketSplit.cpp - Split of gradients into buckets ------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Transforms/BucketSplit.h"

#include "segc/Dialect/Exec/IR/ExecDialect.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include <algorithm>
#include <limits>
#include <vector>

namespace segc {

namespace {

constexpr double never = std::numeric_limits<double>::infinity();

/// The dynamic programme, a row for each number of buckets.
class Splitter {
public:
  Splitter(llvm::ArrayRef<Gradient> gradients, const Link &link)
      : gradients(gradients), link(link) {
    rows.emplace_back(gradients.size() + 1).front().done = 0;
  }

  void addRow();
  /// When all have arrived in as many buckets as there are rows.
  double done() const { return rows.back().back().done; }
  BucketSplit split(size_t count) const;

private:
  /// The best that ends with a gradient: its last bucket begins at `from`.
  struct Cell {
    double done = never;
    size_t from = 0;
  };

  llvm::ArrayRef<Gradient> gradients;
  const Link &link;
  std::vector<std::vector<Cell>> rows;
};

} // namespace

void Splitter::addRow() {
  const std::vector<Cell> &fewer = rows.back();
  std::vector<Cell> row(fewer.size());
  for (size_t end = 1; end < row.size(); ++end) {
    int64_t bytes = 0;
    double ready = 0;
    for (size_t begin = end; begin-- > 0;) {
      bytes += gradients[begin].bytes;
      ready = std::max(ready, gradients[begin].ready);
      double done = std::max(ready, fewer[begin].done) + link.seconds(bytes);
      if (done < row[end].done)
        row[end] = {done, begin};
      if (!gradients[begin].isNext)
        break;
    }
  }
  rows.push_back(std::move(row));
}

BucketSplit Splitter::split(size_t count) const {
  BucketSplit result;
  for (size_t end = gradients.size(); count > 0; --count) {
    const Cell &cell = rows[count][end];
    Bucket bucket{cell.from, end};
    for (const Gradient &gradient :
         gradients.slice(bucket.begin, bucket.end - bucket.begin)) {
      bucket.bytes += gradient.bytes;
      bucket.ready = std::max(bucket.ready, gradient.ready);
    }
    bucket.done = cell.done;
    bucket.start = std::max(bucket.ready, rows[count - 1][cell.from].done);
    result.buckets.push_back(bucket);
    end = cell.from;
  }
  std::reverse(result.buckets.begin(), result.buckets.end());
  return result;
}

BucketSplit splitBuckets(llvm::ArrayRef<Gradient> gradients, const Link &link,
                         size_t maxBuckets) {
  if (gradients.empty())
    return {};
  const auto pieces = static_cast<size_t>(
      1 + std::count_if(gradients.begin() + 1, gradients.end(),
                        [](const Gradient &each) { return !each.isNext; }));
  Splitter splitter(gradients, link);
  size_t best = 0;
  double done = never;
  const size_t most = std::min(gradients.size(), std::max(maxBuckets, pieces));
  for (size_t count = 1; count <= most; ++count) {
    splitter.addRow();
    // Sums that differ in their last bits are equal.
    if (splitter.done() < done * (1 - 1e-9)) {
      best = count;
      done = splitter.done();
    }
  }
  return splitter.split(best);
}

/// The order with the gradients from `undecayed` in front of the first other
/// one that is ready later than `time`.
static llvm::SmallVector<size_t>
orderOf(llvm::ArrayRef<PlacedGradient> gradients, int64_t undecayed,
        double time) {
  auto order = llvm::to_vector(llvm::seq<size_t>(0, gradients.size()));
  llvm::sort(order, [&](size_t a, size_t b) {
    return gradients[a].offset > gradients[b].offset;
  });
  // The undecayed are in front now.
  auto *others = llvm::find_if(
      order, [&](size_t i) { return gradients[i].offset < undecayed; });
  auto *later = std::find_if(
      others, order.end(), [&](size_t i) { return gradients[i].ready > time; });
  std::rotate(order.begin(), others, later);
  return order;
}

GradientSchedule scheduleGradients(llvm::ArrayRef<PlacedGradient> gradients,
                                   int64_t undecayed, const Link &link,
                                   size_t maxBuckets) {
  double ready = 0;
  for (const PlacedGradient &gradient : gradients)
    if (gradient.offset >= undecayed)
      ready = std::max(ready, gradient.ready);
  GradientSchedule best;
  for (double time : {never, ready}) {
    GradientSchedule schedule{orderOf(gradients, undecayed, time), {}};
    llvm::SmallVector<Gradient> list;
    int64_t next = -1;
    for (size_t i : schedule.order) {
      const PlacedGradient &here = gradients[i];
      const auto end = static_cast<int64_t>(
          llvm::alignTo(here.offset + here.bytes, exec::regionAlignment));
      list.push_back({here.bytes, here.ready, end == next});
      next = here.offset;
    }
    schedule.split = splitBuckets(list, link, maxBuckets);
    if (best.order.empty() || schedule.split.done() < best.split.done())
      best = std::move(schedule);
  }
  return best;
}

} // namespace segc
