//===- PredictWindows.cpp - Prediction of a split in windows --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/PredictWindows.h"
#include "HandOver.h"
#include "segc/Base/Exceptions.h"
#include "segc/Base/Files.h"
#include "segc/Base/ProcessMemory.h"
#include "segc/Base/Signals.h"
#include "segc/Runtime/Core/ThreadPool.h"
#include "segc/Runtime/Inference/ProbabilityFile.h"

#include <algorithm>
#include <atomic>
#include <filesystem>

using namespace segc;

GridReturn segc::gridReturn(const PreparationRecord &record, PlanRules rules) {
  GridReturn grid;
  grid.from = record.resampledShape;
  grid.to = record.cropShape;
  // The published example resizes logits along all axes alike.
  if (rules == PlanRules::V2)
    grid.nearestAxis = record.nearestAxis;
  grid.alignedCorners = rules == PlanRules::Mlperf;
  grid.voxels = record.geometry.voxels();
  const Size3 &size = record.geometry.size;
  LabelView stored;
  stored.size = size;
  stored.stride = {1, size[0], size[0] * size[1]};
  const LabelView view = reordered(stored, record.frame);
  grid.first = view.first;
  for (size_t axis = 0; axis < 3; ++axis) {
    grid.stride[axis] =
        view.stride[static_cast<size_t>(2 - record.transpose[axis])];
    grid.first += record.cropBegin[axis] * grid.stride[axis];
  }
  return grid;
}

namespace {

/// A case on its way from its files to its mask.
struct WindowCase {
  int64_t index = 0;
  Status status;
  SourceCase source;
  /// Of the voxels in the files, all and those that are kept.
  uint64_t fileBytes = 0, keptBytes = 0;
  PreparedCase prepared;
  RegionOfInterest region;
  double preparationSeconds = 0;
  std::vector<uint8_t> labels;
  std::optional<ProbabilityFile> probabilities;
};

class WindowCases {
public:
  WindowCases(WindowPredictor predictor, const Dataset &dataset, Split split,
              int64_t count, const WindowRun &run, int64_t classes,
              ThreadPool &pool)
      : predictor(std::move(predictor)), dataset(dataset), split(split),
        run(run), classes(classes), pool(pool), writer(dataset, run.folders),
        all(count), queue(run.queue ? *run.queue : all),
        statuses(static_cast<size_t>(count)) {
    this->predictor.setTimes(run.times);
    this->predictor.setProgress(run.progress);
    if (!run.plan.regions.empty())
      this->predictor.setRegionLabels({run.plan.regionsClassOrder.begin(),
                                       run.plan.regionsClassOrder.end()});
  }

  void predictAll();
  void predictOverlapped();
  /// Cases that were written, or whose labels were inspected.
  int64_t done() const { return written; }
  std::vector<FailedCase> failures() const;

private:
  /// The three stages. What goes wrong is the status of the case, and the later
  /// stages leave it alone.
  void read(WindowCase &item);
  /// For a few voxels it does not pay to wait for the threads of the network.
  ThreadPool &preparationPool(const SourceCase &source) {
    constexpr int64_t few = 1 << 20;
    const auto channels = static_cast<int64_t>(source.channels.size());
    return source.geometry().voxels() * channels <= few ? alone : pool;
  }
  void predict(WindowCase &item);
  void write(WindowCase &item);
  template <typename Function>
  void attempt(WindowCase &item, Function function) {
    if (item.status.ok())
      item.status = withoutExceptions(function);
  }
  Status readCase(WindowCase &item);
  Status readRegion(WindowCase &item, const WindowRun::Regions &regions);
  Status predictCase(WindowCase &item);
  Status checkMemory(const WindowCase &item, const GridReturn &grid,
                     uint64_t limit) const;
  Status writeCase(WindowCase &item);
  void note(WindowCase &item) {
    written += item.status.ok();
    queue.finish(item.index, item.status);
    statuses[static_cast<size_t>(item.index)] = std::move(item.status);
  }
  const std::string &name(int64_t index) const {
    return dataset.caseName(split, index);
  }

  WindowPredictor predictor;
  const Dataset &dataset;
  Split split;
  const WindowRun &run;
  int64_t classes;
  ThreadPool &pool;
  ThreadPool alone{1};
  SegmentationWriter writer;
  AllCases all;
  CaseQueue &queue;
  /// The most that was resident before the first case.
  uint64_t startBytes = residentPeakBytes();
  std::vector<Status> statuses;
  std::atomic<int64_t> written{0}; ///< Cases.
};

} // namespace

//===----------------------------------------------------------------------===//
// Stages
//===----------------------------------------------------------------------===//

void WindowCases::read(WindowCase &item) {
  attempt(item, [&] { return readCase(item); });
}

Status WindowCases::readCase(WindowCase &item) {
  {
    const StageTimes::Scope scope(run.times, "read");
    if (run.verify)
      SEGC_RETURN_IF_ERROR(run.verify(item.index));
    SEGC_ASSIGN_OR_RETURN(item.source, dataset.source(split, item.index));
    if (run.regions)
      SEGC_RETURN_IF_ERROR(readRegion(item, *run.regions));
  }
  const auto begin = StageTimes::Clock::now();
  const StageTimes::Scope scope(run.times, "prepare");
  SEGC_ASSIGN_OR_RETURN(item.prepared,
                        prepareCase(name(item.index), item.source, run.plan,
                                    run.configuration, PreparationUse::Windows,
                                    preparationPool(item.source)));
  item.preparationSeconds =
      StageTimes::secondsBetween(begin, StageTimes::Clock::now());
  for (Volume &image : item.source.images) {
    const uint64_t bytes =
        image.voxels.size() * voxelBytes(image.voxels.type());
    item.fileBytes += bytes;
    // Only windows and pictures look at the voxels again. An assigned string
    // would keep its memory.
    if (run.folders.overlays.empty() && !item.prepared.rows)
      Voxels(std::move(image.voxels));
    else
      item.keptBytes += bytes;
  }
  return Status::success();
}

Status WindowCases::readRegion(WindowCase &item,
                               const WindowRun::Regions &regions) {
  const std::string &caseName = name(item.index);
  const auto mask = regions.masks.find(caseName);
  if (mask == regions.masks.end())
    return notFound("no mask of this name says where to predict");
  SEGC_ASSIGN_OR_RETURN(item.region,
                        RegionOfInterest::read(mask->second, item.source,
                                               regions.margin, regions.limits,
                                               dataset.notes(), pool));
  if (item.region.isEmpty())
    dataset.notes().add(mask->second,
                        "is empty: all of " + caseName + " is background");
  return Status::success();
}

void WindowCases::predict(WindowCase &item) {
  attempt(item, [&] { return predictCase(item); });
}

/// What preparing a case takes at most, with its file: besides the prepared
/// image a mask, labels and one channel of the crop, and while that is resized
/// two more volumes of the larger grid. An image that stays in its file takes
/// nothing.
static uint64_t preparationBytes(const PreparedCase &prepared,
                                 uint64_t fileBytes, uint64_t imageBytes) {
  auto voxels = [](const Shape3 &shape) {
    return static_cast<uint64_t>(shape[0] * shape[1] * shape[2]);
  };
  const Shape3 &from = prepared.record.cropShape,
               &to = prepared.record.resampledShape;
  if (prepared.rows)
    return fileBytes;
  const uint64_t resized =
      from == to ? 0 : 2 * sizeof(float) * std::max(voxels(from), voxels(to));
  return fileBytes + imageBytes + voxels(from) * (1 + 2 + sizeof(float)) +
         resized;
}

Status WindowCases::checkMemory(const WindowCase &item, const GridReturn &grid,
                                uint64_t limit) const {
  const auto imageBytes = item.prepared.rows
                              ? 0
                              : static_cast<uint64_t>(item.prepared.voxels() *
                                                      item.prepared.channels) *
                                    sizeof(float);
  MemoryPlan plan = predictor.memory(grid);
  plan.add("program", run.programBytes);
  plan.add("image of the file", item.keptBytes);
  plan.add("prepared image", imageBytes);
  plan.add("labels", static_cast<uint64_t>(grid.voxels));
  if (run.regions)
    plan.add("region of interest",
             static_cast<uint64_t>(grid.voxels + item.prepared.voxels()));
  // A mask, numbers of components, and the places that one of them has yet to
  // be followed from, in a list that grows to twice its size.
  constexpr uint64_t componentBytes = 1 + 4 + 16;
  if (!run.postprocessing.empty())
    plan.add("post-processing",
             componentBytes * static_cast<uint64_t>(grid.voxels));
  // Labels of the prediction and of the case in the common order of axes.
  if (!run.folders.overlays.empty())
    plan.add("pictures", 2 * static_cast<uint64_t>(grid.voxels));
  const uint64_t preparation =
      run.programBytes + predictor.weightBytes() + item.region.peakBytes() +
      preparationBytes(item.prepared, item.fileBytes, imageBytes);
  const uint64_t bound =
      std::max({plan.total(), preparation, run.limitsProcess ? startBytes : 0});
  const std::string text =
      name(item.index) + ": " + std::to_string(predictor.samples(grid.from)) +
      " windows take at most " + std::to_string(bound) + " bytes (" +
      plan.text() + "; its preparation " + std::to_string(preparation) + ")";
  if (bound > limit)
    return ioError(run.limitName + " " + std::to_string(limit) + ": " + text +
                   "; allow more, or predict with a smaller patch, batch or "
                   "ensemble");
  if (run.say)
    run.say(text);
  return Status::success();
}

Status WindowCases::predictCase(WindowCase &item) {
  if (run.times)
    run.times->caseStarts(item.preparationSeconds);
  const GridReturn grid = gridReturn(item.prepared.record, run.plan.rules);
  if (run.maxMemory)
    SEGC_RETURN_IF_ERROR(checkMemory(item, grid, *run.maxMemory));
  item.labels.assign(static_cast<size_t>(grid.voxels), 0);
  SlabLabels::Arrays arrays{item.labels.data(), run.probabilities};
  if (run.probabilities) {
    // Outside of the crop everything is background, or in no region.
    const auto voxels = static_cast<size_t>(grid.voxels);
    std::fill_n(run.probabilities, voxels * static_cast<size_t>(classes), 0.0f);
    if (run.plan.regions.empty())
      std::fill_n(run.probabilities, voxels, 1.0f);
  }
  if (run.saveProbabilities) {
    const auto &size = item.source.geometry().size;
    SEGC_ASSIGN_OR_RETURN(
        item.probabilities,
        ProbabilityFile::create(
            writer.pathBeside(dataset.files(split, item.index), ".npy"),
            classes, {size[2], size[1], size[0]}, run.plan.regions.empty()));
    arrays.probabilities = item.probabilities->values();
  }
  std::vector<uint8_t> marks;
  if (run.regions && !item.region.isEmpty())
    marks = scoresOfLabels(grid, item.region.inside());
  const std::vector<uint8_t> *needed = marks.empty() ? nullptr : &marks;
  const PreparedCase &prepared = item.prepared;
  if (!run.regions || needed)
    SEGC_RETURN_IF_ERROR(prepared.rows
                             ? predictor.predict(prepared.name, *prepared.rows,
                                                 grid, arrays, needed)
                             : predictor.predict(prepared.name, prepared.image,
                                                 grid, arrays, needed));
  if (run.regions)
    item.region.clearOutside(item.labels, arrays.probabilities, classes,
                             run.plan.regions.empty(), pool);
  item.prepared.image = nullptr;
  item.prepared.rows.reset();
  item.prepared.storage.reset();
  return Status::success();
}

void WindowCases::write(WindowCase &item) {
  attempt(item, [&] { return writeCase(item); });
  note(item);
}

Status WindowCases::writeCase(WindowCase &item) {
  const StageTimes::Scope scope(run.times, "write");
  const VolumeGeometry &geometry = item.source.geometry();
  postprocess(item.labels, {geometry.size, geometry.spacing},
              run.postprocessing);
  if (item.probabilities)
    SEGC_RETURN_IF_ERROR(item.probabilities->sync());
  const CaseFiles &files = dataset.files(split, item.index);
  if (run.inspect)
    SEGC_RETURN_IF_ERROR(run.inspect(item.index, item.source, item.labels));
  if (run.folders.predictions.empty()) {
    writer.writeOverlay(files, item.source, item.labels,
                        item.prepared.record.frame);
    return Status::success();
  }
  SEGC_RETURN_IF_ERROR(writer.writeVolume(files, item.source, item.labels,
                                          item.prepared.record.frame));
  if (!item.probabilities)
    return Status::success();
  // No mask stays without its probabilities.
  Status status = item.probabilities->finish();
  if (std::error_code error; !status.ok())
    std::filesystem::remove(writer.volumePath(files), error);
  return status;
}

//===----------------------------------------------------------------------===//
// Cases
//===----------------------------------------------------------------------===//

void WindowCases::predictAll() {
  while (const std::optional<int64_t> index = queue.next(/*wait=*/true)) {
    WindowCase item;
    item.index = *index;
    read(item);
    predict(item);
    write(item);
  }
}

void WindowCases::predictOverlapped() {
  HandOver<WindowCase> prepared, predicted;
  StageThreads stages([&] {
    prepared.close();
    predicted.close();
  });
  stages.add([&] {
    while (!queue.isShared() || prepared.waitForPlace()) {
      const std::optional<int64_t> index = queue.next(/*wait=*/true);
      if (!index)
        break;
      WindowCase item;
      item.index = *index;
      read(item);
      if (!prepared.put(std::move(item)))
        break;
    }
    prepared.close();
  });
  stages.add(
      [&] {
        while (std::optional<WindowCase> item = predicted.take())
          write(*item);
      },
      run.inspect ? 1 : fileWriters);
  while (!stopSignal()) {
    std::optional<WindowCase> item = prepared.take();
    if (!item)
      break;
    predict(*item);
    predicted.put(std::move(*item));
  }
}

std::vector<FailedCase> WindowCases::failures() const {
  std::vector<FailedCase> failed;
  for (size_t i = 0; i < statuses.size(); ++i)
    if (!statuses[i].ok())
      failed.push_back({name(static_cast<int64_t>(i)), statuses[i]});
  return failed;
}

StatusOr<std::vector<FailedCase>>
segc::predictWindows(WeightEnsemble &ensemble, const Dataset &dataset,
                     Split split, int64_t count, const WindowRun &run) {
  SEGC_ASSIGN_OR_RETURN(
      WindowPredictor predictor,
      WindowPredictor::create(ensemble, run.windows, run.scores, run.batch));
  if (run.releaseWeights)
    SEGC_RETURN_IF_ERROR(ensemble.runner().releaseWeights());
  if (!run.folders.predictions.empty())
    SEGC_RETURN_IF_ERROR(createDirectories(run.folders.predictions));
  WindowCases cases(std::move(predictor), dataset, split, count, run,
                    ensemble.runner().manifest().classes,
                    ensemble.runner().device().threadPool());
  SEGC_RETURN_IF_ERROR(withoutExceptions([&] {
    if (run.maxMemory || count == 1)
      cases.predictAll();
    else
      cases.predictOverlapped();
    return Status::success();
  }));
  if (stopSignal())
    return interruptedAfter(cases.done(), count);
  return cases.failures();
}
