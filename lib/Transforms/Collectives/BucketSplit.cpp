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
#include <optional>
#include <vector>

namespace segc {

namespace {

constexpr double never = std::numeric_limits<double>::infinity();

/// The dynamic programme, a row for each number of buckets.
class Splitter {
public:
  Splitter(llvm::ArrayRef<Gradient> gradients, const StepWork &work,
           const Link &link);

  void addRow();
  /// When all has ended, with as many buckets as rows were added.
  double done() const;
  BucketSplit split(size_t count) const;

private:
  /// A way to send the first gradients: its last bucket begins at `from`,
  /// behind the state number `before` there.
  struct State {
    double delay = 0; ///< What kernels have waited for so far.
    double sent = 0;  ///< When the link is free.
    size_t from = 0, before = 0;
  };
  using Cell = llvm::SmallVector<State, 1>;

  double kernelsAt(const State &state, size_t count) const {
    return kernels[count] + state.delay;
  }
  double doneAt(State state) const;
  /// The number of the best state with so many buckets; none if gradients lie
  /// too far apart for that.
  std::optional<size_t> best(size_t count) const;
  void advance(State &state, size_t from, size_t to) const;
  void insert(Cell &cell, const State &state) const;

  llvm::ArrayRef<Gradient> gradients;
  llvm::ArrayRef<BlockingCollective> between;
  const Link &link;
  /// Of the first i gradients, and in the end of the step: seconds of kernels
  /// until they are ready, and how many collectives are between these.
  std::vector<double> kernels;
  std::vector<size_t> behind;
  std::vector<double> betweenSeconds; ///< Of the first i collectives.
  std::vector<std::vector<Cell>> rows;
};

} // namespace

Splitter::Splitter(llvm::ArrayRef<Gradient> gradients, const StepWork &work,
                   const Link &link)
    : gradients(gradients), between(work.between), link(link), kernels{0},
      behind{0}, betweenSeconds{0} {
  for (const BlockingCollective &each : between)
    betweenSeconds.push_back(betweenSeconds.back() + each.seconds);
  auto add = [&](double ready) {
    kernels.push_back(std::max(kernels.back(), ready));
    size_t count = behind.back();
    while (count < between.size() && between[count].ready <= kernels.back())
      ++count;
    behind.push_back(count);
  };
  for (const Gradient &gradient : gradients)
    add(gradient.ready);
  add(work.kernels);
  behind.back() = between.size();
  rows.emplace_back(gradients.size() + 1).front().push_back({});
}

/// Runs the kernels between two gradients, with the collectives among them. The
/// first of those waits for the link; the others find it free.
void Splitter::advance(State &state, size_t from, size_t to) const {
  const size_t first = behind[from], last = behind[to];
  if (first == last)
    return;
  state.delay = std::max(state.delay, state.sent - between[first].ready) +
                betweenSeconds[last] - betweenSeconds[first];
  state.sent = between[last - 1].ready + state.delay;
}

/// Keeps what no other state is as good as. Times that differ in their last
/// bits are equal.
void Splitter::insert(Cell &cell, const State &state) const {
  const double equal = 1e-12 * kernels.back();
  auto isWorse = [&](const State &worse, const State &than) {
    return worse.delay >= than.delay - equal && worse.sent >= than.sent - equal;
  };
  if (llvm::any_of(cell,
                   [&](const State &each) { return isWorse(state, each); }))
    return;
  llvm::erase_if(cell, [&](const State &each) { return isWorse(each, state); });
  cell.push_back(state);
}

void Splitter::addRow() {
  const std::vector<Cell> &fewer = rows.back();
  std::vector<Cell> row(fewer.size());
  for (size_t end = 1; end < row.size(); ++end) {
    int64_t bytes = 0;
    for (size_t begin = end; begin-- > 0;) {
      bytes += gradients[begin].bytes;
      for (auto [i, before] : llvm::enumerate(fewer[begin])) {
        State state{before.delay, before.sent, begin, i};
        advance(state, begin, end);
        state.sent =
            std::max(kernelsAt(state, end), state.sent) + link.seconds(bytes);
        insert(row[end], state);
      }
      if (!gradients[begin].isNext)
        break;
    }
  }
  rows.push_back(std::move(row));
}

/// When kernels and collectives have ended, behind all gradients.
double Splitter::doneAt(State state) const {
  advance(state, gradients.size(), gradients.size() + 1);
  return std::max(kernelsAt(state, gradients.size() + 1), state.sent);
}

std::optional<size_t> Splitter::best(size_t count) const {
  const Cell &cell = rows[count].back();
  if (cell.empty())
    return std::nullopt;
  const auto *found =
      llvm::min_element(cell, [&](const State &a, const State &b) {
        return doneAt(a) < doneAt(b);
      });
  return found - cell.begin();
}

double Splitter::done() const {
  const std::optional<size_t> found = best(rows.size() - 1);
  return found ? doneAt(rows.back().back()[*found]) : never;
}

BucketSplit Splitter::split(size_t count) const {
  BucketSplit result;
  size_t end = gradients.size(), number = best(count).value_or(0);
  result.done = doneAt(rows[count][end][number]);
  for (; count > 0; --count) {
    const State &state = rows[count][end][number];
    State before = rows[count - 1][state.from][state.before];
    advance(before, state.from, end);
    Bucket bucket{state.from, end};
    for (const Gradient &gradient :
         gradients.slice(bucket.begin, bucket.end - bucket.begin))
      bucket.bytes += gradient.bytes;
    bucket.ready = kernelsAt(before, end);
    bucket.start = std::max(bucket.ready, before.sent);
    bucket.done = state.sent;
    result.buckets.push_back(bucket);
    end = state.from;
    number = state.before;
  }
  std::reverse(result.buckets.begin(), result.buckets.end());
  return result;
}

BucketSplit splitBuckets(llvm::ArrayRef<Gradient> gradients,
                         const StepWork &work, const Link &link,
                         size_t maxBuckets) {
  if (gradients.empty())
    return {};
  const auto pieces = static_cast<size_t>(
      1 + std::count_if(gradients.begin() + 1, gradients.end(),
                        [](const Gradient &each) { return !each.isNext; }));
  Splitter splitter(gradients, work, link);
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
                                   int64_t undecayed, const StepWork &work,
                                   const Link &link, size_t maxBuckets) {
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
    schedule.split = splitBuckets(list, work, link, maxBuckets);
    if (best.order.empty() || schedule.split.done < best.split.done)
      best = std::move(schedule);
  }
  return best;
}

} // namespace segc
