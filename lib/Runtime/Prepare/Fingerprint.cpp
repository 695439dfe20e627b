//===- Fingerprint.cpp - Fingerprint of the files of a data set -----------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Prepare/Fingerprint.h"
#include "ValueCounts.h"
#include "segc/Base/Exceptions.h"
#include "segc/Base/Signals.h"
#include "segc/Plan/Planner.h"
#include "segc/Runtime/Core/ThreadPool.h"
#include "segc/Runtime/Data/Notes.h"
#include "segc/Runtime/Data/PreparedCase.h"

#include <algorithm>
#include <atomic>
#include <mutex>

using namespace segc;

// As nnU-Net v2 has them.
static constexpr int64_t drawnVoxels = 100'000'000;
static constexpr uint32_t drawSeed = 1234;

namespace {

/// What a fingerprint takes from one case.
struct CaseMeasures {
  Fingerprint::Case grid;
  double relativeSize = 1;
  int largestLabel = 0;
  std::vector<ValueCounts> counts; ///< Of each channel, until it is merged.
  Status status;
  bool isRead = false; ///< Guarded, as is what follows from it.
};

class FingerprintBuilder {
public:
  FingerprintBuilder(const TrainingCases &set,
                     const FingerprintOptions &options)
      : set(set), options(options),
        reader(makeTrainingReader(set.description, options.limits, notes)),
        measures(set.cases.size()) {}

  StatusOr<FingerprintResult> run(ThreadPool &pool);

private:
  Status measure(size_t index);
  /// The intensities of a channel in the crop where a label is above 0.
  ValueCounts foreground(const VoxelView &channel, const LabelView &labels,
                         const PreparationRecord &record,
                         NumpyRandom &random) const;
  /// Merges the counts of cases in their order, as far as they are read.
  void mergeRead(size_t index);
  StatusOr<FingerprintResult> collect();

  const TrainingCases &set;
  const FingerprintOptions &options;
  Notes notes;
  std::unique_ptr<CaseReader> reader;
  std::vector<CaseMeasures> measures;

  std::mutex mutex; // Guards what follows.
  size_t merged = 0;
  std::vector<ValueCounts> total;
};

} // namespace

ValueCounts FingerprintBuilder::foreground(const VoxelView &channel,
                                           const LabelView &labels,
                                           const PreparationRecord &record,
                                           NumpyRandom &random) const {
  std::vector<float> values;
  const Shape3 &first = record.cropBegin;
  Shape3 end;
  for (size_t axis = 0; axis < 3; ++axis)
    end[axis] = first[axis] + record.cropShape[axis];
  for (int64_t z = first[0]; z < end[0]; ++z)
    for (int64_t y = first[1]; y < end[1]; ++y)
      for (int64_t x = first[2]; x < end[2]; ++x)
        if (labels.at(x, y, z) > 0)
          values.push_back(channel.at(x, y, z));
  if (options.rules != PlanRules::V2 || values.empty())
    return ValueCounts(values, {});
  // With replacement: every case has the same weight.
  std::vector<uint32_t> times(values.size());
  const int64_t draws = std::max<int64_t>(
      1, drawnVoxels / static_cast<int64_t>(set.cases.size()));
  const auto last = static_cast<uint32_t>(values.size() - 1);
  for (int64_t i = 0; i < draws; ++i)
    ++times[random.bounded(last)];
  return ValueCounts(values, times);
}

Status FingerprintBuilder::measure(size_t index) {
  SEGC_ASSIGN_OR_RETURN(SourceCase source,
                        readTrainingCase(*reader, set.cases[index]));
  SEGC_ASSIGN_OR_RETURN(
      PreparationRecord record,
      cropRecord(source, options.rules, options.frame, {0, 1, 2}));
  CaseMeasures &measure = measures[index];
  measure.grid = {record.cropShape, record.fileSpacing};
  double relative = 1;
  for (size_t axis = 0; axis < 3; ++axis)
    relative *= static_cast<double>(record.cropShape[axis]) /
                static_cast<double>(record.fileShape[axis]);
  measure.relativeSize = relative;
  measure.largestLabel =
      *std::max_element(source.label.begin(), source.label.end());
  NumpyRandom random(drawSeed);
  const LabelView labels = reordered(source.labelView(), record.frame);
  for (size_t i = 0; i < source.channels.size(); ++i)
    measure.counts.push_back(foreground(
        reordered(source.channel(i), record.frame), labels, record, random));
  return Status::success();
}

void FingerprintBuilder::mergeRead(size_t index) {
  std::lock_guard<std::mutex> lock(mutex);
  measures[index].isRead = true;
  for (; merged < measures.size() && measures[merged].isRead; ++merged) {
    std::vector<ValueCounts> &counts = measures[merged].counts;
    for (size_t i = 0; i < counts.size(); ++i)
      total[i].merge(counts[i]);
    counts = {};
  }
}

StatusOr<FingerprintResult> FingerprintBuilder::run(ThreadPool &pool) {
  total.resize(set.description.channelNames.size());
  std::atomic<int64_t> done{0};
  const auto count = static_cast<int64_t>(set.cases.size());
  pool.parallelFor(count, [&](int64_t i, uint32_t) {
    const auto index = static_cast<size_t>(i);
    if (stopSignal())
      return;
    measures[index].status = withoutExceptions([&] { return measure(index); });
    if (!measures[index].status.ok())
      measures[index].counts.clear();
    mergeRead(index);
    if (options.progress)
      options.progress(++done, count);
  });
  if (stopSignal())
    return Status(StatusCode::Interrupted, "interrupted while reading cases");
  return collect();
}

StatusOr<FingerprintResult> FingerprintBuilder::collect() {
  FingerprintResult result;
  Fingerprint &fingerprint = result.fingerprint;
  static_cast<DatasetDescription &>(fingerprint) = set.description;
  fingerprint.frame = options.frame;
  std::vector<double> relativeSizes;
  int largestLabel = 0;
  for (size_t i = 0; i < measures.size(); ++i) {
    if (!measures[i].status.ok()) {
      result.faults.push_back({set.cases[i].name, measures[i].status});
      continue;
    }
    fingerprint.cases.push_back(measures[i].grid);
    relativeSizes.push_back(measures[i].relativeSize);
    largestLabel = std::max(largestLabel, measures[i].largestLabel);
  }
  if (fingerprint.cases.empty())
    return result.faults.front().status.withContext("case " +
                                                    result.faults.front().name);
  fingerprint.medianRelativeSize = numpyPercentile(relativeSizes, 50);
  if (set.hasUnnamedClasses()) {
    fingerprint.classNames = {"background"};
    for (int label = 1; label <= largestLabel; ++label)
      fingerprint.classNames.push_back("class " + std::to_string(label));
  }
  for (const ValueCounts &channel : total)
    fingerprint.intensities.push_back(channel.summary());
  result.notes = notes.take();
  return result;
}

StatusOr<FingerprintResult>
segc::fingerprintOf(const TrainingCases &set, const FingerprintOptions &options,
                    ThreadPool &pool) {
  return FingerprintBuilder(set, options).run(pool);
}
