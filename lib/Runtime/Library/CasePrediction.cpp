//===- CasePrediction.cpp - One prediction of the library -----------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CasePrediction.h"
#include "segc/Runtime/Data/SegmentationWriter.h"

#include <algorithm>

using namespace segc;

DatasetOptions segc::datasetOptions(const SharedPredictor &predictor,
                                    const CaseRequest &request) {
  DatasetOptions options;
  options.channels = inputChannels(predictor.manifest());
  options.limits = request.limits;
  options.channel = request.channel;
  options.channelOption = "the option channel";
  options.frame = predictor.frame();
  options.planned = predictor.isPlanned();
  return options;
}

static Status cancelled() {
  return {StatusCode::Interrupted, "the prediction was cancelled"};
}

namespace {

/// Stops the network between two kernels.
class CancellingObserver : public KernelObserver {
public:
  explicit CancellingObserver(const std::function<bool()> &isCancelled)
      : isCancelled(isCancelled) {}
  bool end(const segc_kernel_event & /*event*/) override {
    return isCancelled();
  }

private:
  const std::function<bool()> &isCancelled;
};

class CasePrediction {
public:
  CasePrediction(SharedPredictor &predictor, const Dataset &dataset,
                 const CaseRequest &request, ModelRunner &runner)
      : predictor(predictor), dataset(dataset), request(request),
        runner(runner), steps(request.postprocessing.value_or(
                            predictor.windowRun().postprocessing)) {}

  StatusOr<std::vector<FailedCase>> predictWindowed() const;
  StatusOr<std::vector<FailedCase>> predictWhole();

private:
  int64_t count() const { return dataset.count(Split::Test); }
  Status advance(int64_t done, int64_t all) const {
    const double share =
        all > 0 ? static_cast<double>(done) / static_cast<double>(all) : 1;
    return request.isCancelled() || !request.goOn(share) ? cancelled()
                                                         : Status::success();
  }
  /// Whether cases are the slices of one image.
  bool hasSlices() const { return predictor.manifest().pipeline.hasSlices(); }
  Status take(int64_t index, const SourceCase &source,
              const float *probabilities);
  /// Copies the probabilities of slice `index` of the image.
  void takeSlice(int64_t index, const std::vector<float> &probabilities,
                 size_t pixels) const;

  SharedPredictor &predictor;
  const Dataset &dataset;
  const CaseRequest &request;
  ModelRunner &runner;
  std::vector<PostprocessStep> steps;
  std::vector<uint8_t> labels; ///< Of the slices that were taken.
  VolumeGeometry grid;         ///< Of the image.
};

} // namespace

StatusOr<std::vector<FailedCase>> CasePrediction::predictWindowed() const {
  WindowRun run = predictor.windowRun();
  run.windows.flips = request.flips.value_or(run.windows.flips);
  run.windows.overlap = request.overlap.value_or(run.windows.overlap);
  run.postprocessing = steps;
  run.folders = request.folders;
  run.saveProbabilities = request.saveProbabilities;
  run.probabilities = request.probabilities;
  run.maxMemory = request.maxMemory;
  run.limitName = "max_memory";
  run.limitsProcess = false;
  run.progress = [this](int64_t done, int64_t all) {
    return advance(done, all);
  };
  // What is left to do afterwards is to write the labels.
  run.inspect = [this](int64_t, const SourceCase &source,
                       const std::vector<uint8_t> &labels) {
    if (request.isCancelled())
      return cancelled();
    if (request.takeLabels)
      request.takeLabels(source.geometry(), labels);
    return Status::success();
  };
  WeightEnsemble weights(runner);
  return predictWindows(weights, dataset, Split::Test, count(), run);
}

void CasePrediction::takeSlice(int64_t index,
                               const std::vector<float> &probabilities,
                               size_t pixels) const {
  const size_t ofClass = pixels * static_cast<size_t>(count());
  for (size_t i = 0; i < probabilities.size() / pixels; ++i)
    std::copy_n(probabilities.data() + i * pixels, pixels,
                request.probabilities + i * ofClass +
                    static_cast<size_t>(index) * pixels);
}

Status CasePrediction::take(int64_t index, const SourceCase &source,
                            const float *probabilities) {
  const Preprocessor &preprocessor = dataset.preprocessor();
  grid = source.geometry();
  const auto pixels = static_cast<size_t>(grid.voxels());
  std::vector<float> ofSlice;
  float *onGrid = request.probabilities;
  if (onGrid && hasSlices()) {
    ofSlice.resize(pixels * static_cast<size_t>(predictor.manifest().classes));
    onGrid = ofSlice.data();
  }
  std::vector<uint8_t> found =
      onGrid ? preprocessor.labelsAndProbabilities(probabilities, grid, onGrid)
             : preprocessor.labelsOnGrid(probabilities, grid);
  postprocess(found, {grid.size, grid.spacing}, steps);
  if (!ofSlice.empty())
    takeSlice(index, ofSlice, pixels);
  if (labels.empty())
    labels = std::move(found);
  else // The sink gets slices in their order.
    labels.insert(labels.end(), found.begin(), found.end());
  return Status::success();
}

StatusOr<std::vector<FailedCase>> CasePrediction::predictWhole() {
  const Manifest &manifest = predictor.manifest();
  if (request.flips || request.overlap)
    return invalidArgument(predictor.library().path() +
                           ": takes whole images, for which flips and overlap "
                           "have no effect; leave them at -1");
  if (request.saveProbabilities && !manifest.pipeline.hasSlices())
    return invalidArgument(
        predictor.library().path() +
        ": takes whole volumes, whose probabilities are not written to files; "
        "ask segc_predict_array for them");
  if (request.maxMemory)
    SEGC_RETURN_IF_ERROR(runner.predictionMemory().checkFits(
        *request.maxMemory,
        "max_memory " + std::to_string(*request.maxMemory)));
  SegmentationWriter writer(dataset, request.folders);
  if (request.saveProbabilities)
    writer.saveProbabilities();
  writer.setPostprocessing(
      [&](std::vector<uint8_t> &labels, const VolumeGeometry &grid) {
        postprocess(labels, {grid.size, grid.spacing}, steps);
      });
  SEGC_RETURN_IF_ERROR(advance(0, count()));
  int64_t done = 0;
  const CaseSink sink = [&](int64_t index, const SourceCase &source,
                            const float *probabilities) {
    const Status status = advance(++done, count());
    if (!status.ok())
      return status;
    return request.takeLabels ? take(index, source, probabilities)
                              : writer.write(dataset.files(Split::Test, index),
                                             source, probabilities);
  };
  SEGC_ASSIGN_OR_RETURN(std::vector<FailedCase> failures,
                        predictCases(runner, dataset, Split::Test, count(),
                                     manifest.batch, sink));
  if (!failures.empty())
    return failures;
  // Masks of slices are pages of one file, which is whole or not there.
  SEGC_RETURN_IF_ERROR(writer.finish());
  if (request.takeLabels) {
    if (hasSlices())
      grid.size[2] = count();
    request.takeLabels(grid, std::move(labels));
  }
  return failures;
}

Status segc::predictCase(SharedPredictor &predictor, const Dataset &dataset,
                         const CaseRequest &request) {
  if (request.isCancelled())
    return cancelled();
  SEGC_ASSIGN_OR_RETURN(const SharedPredictor::Lease lease,
                        predictor.lease(request.isCancelled));
  ModelRunner &runner = lease.runner();
  CancellingObserver observer(request.isCancelled);
  // On a device an observer would have every kernel waited for.
  if (runner.device().kind() == SEGC_DEVICE_HOST)
    runner.setObserver(&observer);
  CasePrediction prediction(predictor, dataset, request, runner);
  StatusOr<std::vector<FailedCase>> failures =
      predictor.isPlanned() ? prediction.predictWindowed()
                            : prediction.predictWhole();
  for (const std::string &note : dataset.notes().take())
    request.warn(note);
  if (request.isCancelled())
    return cancelled();
  SEGC_RETURN_IF_ERROR(failures.status());
  return failures->empty() ? Status::success() : (*failures)[0].status;
}
