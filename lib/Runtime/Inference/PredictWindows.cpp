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
#include "segc/Base/Signals.h"
#include "segc/Runtime/Core/ThreadPool.h"
#include "segc/Runtime/Inference/ProbabilityFile.h"

#include <algorithm>
#include <thread>

using namespace segc;

GridReturn segc::gridReturn(const PreparationRecord &record, PlanRules rules) {
  GridReturn grid;
  grid.from = record.resampledShape;
  grid.to = record.cropShape;
  // The published example resizes logits along all axes alike.
  if (rules == PlanRules::V2)
    grid.nearestAxis = record.nearestAxis;
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
  std::vector<uint8_t> labels;
  std::optional<ProbabilityFile> probabilities;
};

/// The threads of the stages around the prediction, which end when their
/// hand-overs are closed.
struct Stages {
  HandOver<WindowCase> &prepared, &predicted;
  std::vector<std::thread> threads;

  ~Stages() {
    prepared.close();
    predicted.close();
    for (std::thread &thread : threads)
      thread.join();
  }
};

class WindowCases {
public:
  WindowCases(WindowPredictor predictor, const Dataset &dataset, Split split,
              const WindowRun &run, int64_t classes, ThreadPool &pool)
      : predictor(std::move(predictor)), dataset(dataset), split(split),
        run(run), classes(classes), pool(pool), writer(dataset, run.folders) {}

  Status predictAll(int64_t count);
  Status predictOverlapped(int64_t count);
  std::vector<FailedCase> failures() const;

private:
  /// The three stages. What goes wrong is the status of the case, and the later
  /// stages leave it alone.
  void read(WindowCase &item);
  void predict(WindowCase &item);
  void write(WindowCase &item);
  template <typename Function>
  void attempt(WindowCase &item, Function function) {
    if (item.status.ok())
      item.status = withoutExceptions(function);
  }
  Status readCase(WindowCase &item);
  Status predictCase(WindowCase &item);
  Status checkMemory(const WindowCase &item, const GridReturn &grid,
                     uint64_t limit) const;
  Status writeCase(WindowCase &item);
  /// Of the stages of one thread each, the last one.
  void note(WindowCase &item) {
    statuses[static_cast<size_t>(item.index)] = std::move(item.status);
  }
  std::string name(int64_t index) const {
    return dataset.caseName(split, index);
  }

  WindowPredictor predictor;
  const Dataset &dataset;
  Split split;
  const WindowRun &run;
  int64_t classes;
  ThreadPool &pool;
  SegmentationWriter writer;
  std::vector<Status> statuses;
};

} // namespace

//===----------------------------------------------------------------------===//
// Stages
//===----------------------------------------------------------------------===//

void WindowCases::read(WindowCase &item) {
  attempt(item, [&] { return readCase(item); });
}

Status WindowCases::readCase(WindowCase &item) {
  SEGC_ASSIGN_OR_RETURN(item.source, dataset.source(split, item.index));
  SEGC_ASSIGN_OR_RETURN(item.prepared,
                        prepareCase(name(item.index), item.source, run.plan,
                                    run.configuration,
                                    PreparationUse::Prediction, pool));
  for (Volume &image : item.source.images) {
    const uint64_t bytes =
        image.voxels.size() * voxelBytes(image.voxels.type());
    item.fileBytes += bytes;
    // Only pictures show the image again. An assigned string would keep its
    // memory.
    if (run.folders.overlays.empty())
      Voxels(std::move(image.voxels));
    else
      item.keptBytes += bytes;
  }
  return Status::success();
}

void WindowCases::predict(WindowCase &item) {
  attempt(item, [&] { return predictCase(item); });
}

/// What preparing a case takes at most, with its file: besides the prepared
/// image a mask, labels and one channel of the crop, and while that is resized
/// two more volumes of the larger grid.
static uint64_t preparationBytes(const PreparedCase &prepared,
                                 uint64_t fileBytes, uint64_t imageBytes) {
  auto voxels = [](const Shape3 &shape) {
    return static_cast<uint64_t>(shape[0] * shape[1] * shape[2]);
  };
  const Shape3 &from = prepared.record.cropShape,
               &to = prepared.record.resampledShape;
  const uint64_t resized =
      from == to ? 0 : 2 * sizeof(float) * std::max(voxels(from), voxels(to));
  return fileBytes + imageBytes + voxels(from) * (1 + 2 + sizeof(float)) +
         resized;
}

Status WindowCases::checkMemory(const WindowCase &item, const GridReturn &grid,
                                uint64_t limit) const {
  const auto imageBytes =
      static_cast<uint64_t>(item.prepared.voxels() * item.prepared.channels) *
      sizeof(float);
  MemoryPlan plan = predictor.memory(grid);
  plan.add("program", run.programBytes);
  plan.add("image of the file", item.keptBytes);
  plan.add("prepared image", imageBytes);
  plan.add("labels", static_cast<uint64_t>(grid.voxels));
  const uint64_t preparation =
      run.programBytes +
      preparationBytes(item.prepared, item.fileBytes, imageBytes);
  const uint64_t bound = std::max(plan.total(), preparation);
  const std::string text =
      name(item.index) + ": " + std::to_string(predictor.samples(grid.from)) +
      " windows take at most " + std::to_string(bound) + " bytes (" +
      plan.text() + "; its preparation " + std::to_string(preparation) + ")";
  if (bound > limit)
    return ioError("--max-memory " + std::to_string(limit) + ": " + text +
                   "; allow more, or predict with a smaller patch, batch or "
                   "ensemble");
  run.say(text);
  return Status::success();
}

Status WindowCases::predictCase(WindowCase &item) {
  const GridReturn grid = gridReturn(item.prepared.record, run.plan.rules);
  if (run.maxMemory)
    SEGC_RETURN_IF_ERROR(checkMemory(item, grid, *run.maxMemory));
  item.labels.assign(static_cast<size_t>(grid.voxels), 0);
  SlabLabels::Arrays arrays{item.labels.data(), nullptr};
  if (run.saveProbabilities) {
    const auto &size = item.source.geometry().size;
    SEGC_ASSIGN_OR_RETURN(
        item.probabilities,
        ProbabilityFile::create(run.folders.predictions + "/" +
                                    name(item.index) + ".npy",
                                classes, {size[2], size[1], size[0]}));
    arrays.probabilities = item.probabilities->values();
  }
  SEGC_RETURN_IF_ERROR(
      predictor.predict(name(item.index), item.prepared.image, grid, arrays));
  item.prepared.image = nullptr;
  item.prepared.storage.reset();
  return Status::success();
}

void WindowCases::write(WindowCase &item) {
  attempt(item, [&] { return writeCase(item); });
  note(item);
}

Status WindowCases::writeCase(WindowCase &item) {
  const VolumeGeometry &geometry = item.source.geometry();
  postprocess(item.labels, {geometry.size, geometry.spacing},
              run.postprocessing);
  if (item.probabilities)
    SEGC_RETURN_IF_ERROR(item.probabilities->finish());
  const CaseFiles &files = dataset.files(split, item.index);
  if (run.inspect)
    SEGC_RETURN_IF_ERROR(run.inspect(files, item.source, item.labels));
  if (run.folders.predictions.empty())
    return Status::success();
  return writer.writeVolume(files, item.source, item.labels,
                            item.prepared.record.frame);
}

//===----------------------------------------------------------------------===//
// Cases
//===----------------------------------------------------------------------===//

static Status interrupted(int64_t cases) {
  return Status(StatusCode::Interrupted,
                "interrupted after " + std::to_string(cases) + " cases");
}

Status WindowCases::predictAll(int64_t count) {
  statuses.resize(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    if (stopSignal())
      return interrupted(i);
    WindowCase item;
    item.index = i;
    read(item);
    predict(item);
    write(item);
  }
  return Status::success();
}

Status WindowCases::predictOverlapped(int64_t count) {
  statuses.resize(static_cast<size_t>(count));
  HandOver<WindowCase> prepared, predicted;
  int64_t done = 0;
  {
    Stages stages{prepared, predicted, {}};
    stages.threads.emplace_back([&] {
      for (int64_t i = 0; i < count && !stopSignal(); ++i) {
        WindowCase item;
        item.index = i;
        read(item);
        if (!prepared.put(std::move(item)))
          break;
      }
      prepared.close();
    });
    stages.threads.emplace_back([&] {
      while (std::optional<WindowCase> item = predicted.take())
        write(*item);
    });
    while (!stopSignal()) {
      std::optional<WindowCase> item = prepared.take();
      if (!item)
        break;
      predict(*item);
      predicted.put(std::move(*item));
      ++done;
    }
  }
  return stopSignal() ? interrupted(done) : Status::success();
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
  if (!run.folders.predictions.empty())
    SEGC_RETURN_IF_ERROR(createDirectories(run.folders.predictions));
  WindowCases cases(std::move(predictor), dataset, split, run,
                    ensemble.runner().manifest().classes,
                    ensemble.runner().device().threadPool());
  SEGC_RETURN_IF_ERROR(withoutExceptions([&] {
    return run.maxMemory || count == 1 ? cases.predictAll(count)
                                       : cases.predictOverlapped(count);
  }));
  return cases.failures();
}
