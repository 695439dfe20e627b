//===- ValueCounts.cpp - Numbers counted by value -------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ValueCounts.h"

#include <algorithm>
#include <cmath>
#include <cstring>

using namespace segc;

static constexpr uint32_t signBit = 0x80000000u;

static uint32_t keyOf(float value) {
  uint32_t bits = 0;
  value += 0.0f; // -0 is 0.
  std::memcpy(&bits, &value, sizeof(bits));
  return bits & signBit ? ~bits : bits | signBit;
}

static float valueOf(uint32_t key) {
  const uint32_t bits = key & signBit ? key & ~signBit : ~key;
  float value = 0;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

ValueCounts::ValueCounts(const std::vector<float> &values,
                         const std::vector<uint32_t> &times) {
  std::vector<Entry> sorted;
  sorted.reserve(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const uint64_t number = times.empty() ? 1 : times[i];
    if (number == 0)
      continue;
    sorted.push_back({keyOf(values[i]), number});
    count += number;
    mean += static_cast<double>(number) * static_cast<double>(values[i]);
  }
  if (count == 0)
    return;
  mean /= static_cast<double>(count);
  std::sort(sorted.begin(), sorted.end(),
            [](const Entry &a, const Entry &b) { return a.key < b.key; });
  for (const Entry &entry : sorted) {
    const double distance = static_cast<double>(valueOf(entry.key)) - mean;
    squares += static_cast<double>(entry.times) * distance * distance;
  }
  least = valueOf(sorted.front().key);
  most = valueOf(sorted.back().key);
  add(std::move(sorted), 0);
}

/// Adds up what has the same key after `drop` more bits are dropped.
template <typename Entries>
static void join(Entries &entries, unsigned drop) {
  size_t kept = 0;
  for (auto entry : entries) {
    entry.key >>= drop;
    if (kept > 0 && entries[kept - 1].key == entry.key)
      entries[kept - 1].times += entry.times;
    else
      entries[kept++] = entry;
  }
  entries.resize(kept);
}

void ValueCounts::add(std::vector<Entry> sorted, unsigned bits) {
  const unsigned dropped = std::max(bits, droppedBits);
  join(entries, dropped - droppedBits);
  join(sorted, dropped - bits);
  droppedBits = dropped;
  std::vector<Entry> merged(entries.size() + sorted.size());
  std::merge(entries.begin(), entries.end(), sorted.begin(), sorted.end(),
             merged.begin(),
             [](const Entry &a, const Entry &b) { return a.key < b.key; });
  entries = std::move(merged);
  join(entries, 0);
  limit();
}

void ValueCounts::limit() {
  for (; entries.size() > maxValues; ++droppedBits)
    join(entries, 1);
}

void ValueCounts::merge(const ValueCounts &other) {
  if (other.count == 0)
    return;
  if (count == 0) {
    *this = other;
    return;
  }
  const auto ours = static_cast<double>(count);
  const auto theirs = static_cast<double>(other.count);
  const double distance = other.mean - mean;
  squares +=
      other.squares + distance * distance * ours * theirs / (ours + theirs);
  mean += distance * theirs / (ours + theirs);
  count += other.count;
  least = std::min(least, other.least);
  most = std::max(most, other.most);
  add(other.entries, other.droppedBits);
}

float ValueCounts::valueAt(uint64_t place) const {
  for (const Entry &entry : entries) {
    if (place < entry.times) {
      // The middle of the values that have this key.
      const uint32_t middle =
          droppedBits ? uint32_t{1} << (droppedBits - 1) : 0;
      return std::clamp(valueOf(entry.key << droppedBits | middle), least,
                        most);
    }
    place -= entry.times;
  }
  return most;
}

double ValueCounts::percentile(double percent) const {
  const double place = percent / 100 * static_cast<double>(count - 1);
  const auto low = static_cast<uint64_t>(place);
  const auto a = static_cast<double>(valueAt(low));
  const auto b = static_cast<double>(valueAt(std::min(low + 1, count - 1)));
  return a + (b - a) * (place - std::floor(place));
}

ForegroundIntensities ValueCounts::summary() const {
  ForegroundIntensities result;
  if (count == 0)
    return result;
  result.mean = mean;
  result.std = std::sqrt(squares / static_cast<double>(count));
  result.median = percentile(50);
  result.min = static_cast<double>(least);
  result.max = static_cast<double>(most);
  result.lowerClip = percentile(0.5);
  result.upperClip = percentile(99.5);
  return result;
}
