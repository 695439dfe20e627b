//===- Predict.cpp - Prediction of the masks of a split -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/Predict.h"
#include "HandOver.h"
#include "segc/Base/Exceptions.h"
#include "segc/Base/Files.h"
#include "segc/Base/Signals.h"
#include "segc/Runtime/Data/Loader.h"
#include "segc/Runtime/Inference/Predictor.h"

#include <algorithm>
#include <atomic>

using namespace segc;

namespace {

/// A sample on its way from its files to the sink.
struct SampleCase {
  int64_t index = 0;
  SourceCase source;
  std::vector<float> probabilities;
};

struct SampleBatch {
  std::vector<SampleCase> cases;
  BatchArray<float> images;
};

/// Samples of the cases in batches, from each a mask.
class SplitPrediction {
public:
  SplitPrediction(ModelRunner &runner, const Dataset &dataset, Split split,
                  int64_t count, int64_t batch, const CaseSink &sink,
                  int64_t sinks, StageTimes *times, CaseQueue &queue)
      : predictor(runner, dataset.labelShape()), dataset(dataset), split(split),
        count(count), batch(batch), sink(sink), sinks(sinks), times(times),
        queue(queue), imageElements(elementCount(dataset.imageShape())),
        statuses(static_cast<size_t>(count)) {}

  Status run();
  std::vector<FailedCase> failures() const;

private:
  /// The three stages, each on threads of its own. What goes wrong with one
  /// case, lack of memory included, is its status.
  Status readAll();
  Status read(int64_t index, float *image, SourceCase &source);
  Status predict(SampleBatch &samples);
  void handOver(SampleCase &sample);
  template <typename Function>
  bool attempt(int64_t index, Function function) {
    Status &status = statuses[static_cast<size_t>(index)];
    status = withoutExceptions(function);
    return status.ok();
  }

  Predictor predictor;
  const Dataset &dataset;
  Split split;
  int64_t count, batch;
  const CaseSink &sink;
  int64_t sinks;
  StageTimes *times;
  CaseQueue &queue;
  int64_t imageElements;
  std::atomic<int64_t> done{0}; ///< Cases that the sink has taken.
  HandOver<SampleBatch> prepared, predicted;
  std::vector<Status> statuses;
};

} // namespace

Status SplitPrediction::read(int64_t index, float *image, SourceCase &source) {
  const StageTimes::Scope scope(times, "read");
  const std::string &name = dataset.caseName(split, index);
  StatusOr<SourceCase> found = dataset.source(split, index);
  if (!found.ok())
    return found.status().withContext("case " + name);
  source = std::move(*found);
  return dataset.imageOf(source, name, image);
}

Status SplitPrediction::readAll() {
  for (;;) {
    if (queue.isShared() && !prepared.waitForPlace())
      break;
    std::optional<int64_t> next = queue.next(/*wait=*/true);
    if (!next)
      break;
    SampleBatch samples{{},
                        BatchArray<float>(static_cast<size_t>(
                            std::min(batch, count) * imageElements))};
    if (!samples.images.data())
      return ioError("no memory for " + std::to_string(batch) +
                     " samples; choose a smaller --batch-size");
    while (next) {
      SampleCase sample;
      sample.index = *next;
      const auto place = static_cast<int64_t>(samples.cases.size());
      if (attempt(sample.index, [&] {
            return read(sample.index,
                        samples.images.data() + place * imageElements,
                        sample.source);
          }))
        samples.cases.push_back(std::move(sample));
      else
        queue.finish(sample.index, statuses[static_cast<size_t>(sample.index)]);
      if (static_cast<int64_t>(samples.cases.size()) == batch)
        break;
      next = queue.next(/*wait=*/false);
    }
    if (!samples.cases.empty() && !prepared.put(std::move(samples)))
      break;
  }
  return Status::success();
}

Status SplitPrediction::predict(SampleBatch &samples) {
  {
    const auto size = static_cast<int64_t>(samples.cases.size());
    const StageTimes::Scope scope(times, "network", size);
    SEGC_RETURN_IF_ERROR(predictor.predict(samples.images.data(), size));
  }
  // Asking for the kernel runs the model again.
  std::vector<bool> finite;
  for (size_t i = 0; i < samples.cases.size(); ++i)
    finite.push_back(predictor.isFinite(static_cast<int64_t>(i)));
  for (size_t i = 0; i < samples.cases.size(); ++i) {
    SampleCase &sample = samples.cases[i];
    const float *values = predictor.probabilities(static_cast<int64_t>(i));
    if (finite[i])
      attempt(sample.index, [&] {
        sample.probabilities.assign(values, values + predictor.size());
        return Status::success();
      });
  }
  std::string kernel;
  for (size_t i = 0; i < samples.cases.size(); ++i) {
    if (finite[i])
      continue;
    if (kernel.empty())
      kernel = predictor.firstNonFiniteKernel();
    statuses[static_cast<size_t>(samples.cases[i].index)] =
        Status(StatusCode::NonFinite,
               "the probabilities are not finite: " + kernel +
                   "; no mask was written: take other weights, or a model of "
                   "f32 where 16 bits overflow");
  }
  return Status::success();
}

void SplitPrediction::handOver(SampleCase &sample) {
  const StageTimes::Scope scope(times, "write");
  if (statuses[static_cast<size_t>(sample.index)].ok())
    done += attempt(sample.index, [&] {
      return sink(sample.index, sample.source, sample.probabilities.data());
    });
  queue.finish(sample.index, statuses[static_cast<size_t>(sample.index)]);
}

Status SplitPrediction::run() {
  Status reading, predicting;
  {
    StageThreads stages([&] {
      prepared.close();
      predicted.close();
    });
    stages.add([&] {
      reading = withoutExceptions([&] { return readAll(); });
      prepared.close();
    });
    stages.add(
        [&] {
          while (std::optional<SampleBatch> samples = predicted.take())
            for (SampleCase &sample : samples->cases)
              handOver(sample);
        },
        sinks);
    while (!stopSignal()) {
      std::optional<SampleBatch> samples = prepared.take();
      if (!samples)
        break;
      predicting = withoutExceptions([&] { return predict(*samples); });
      if (!predicting.ok()) {
        queue.stop();
        break;
      }
      samples->images = BatchArray<float>();
      predicted.put(std::move(*samples));
    }
  }
  if (stopSignal())
    return interruptedAfter(done, count);
  SEGC_RETURN_IF_ERROR(reading);
  return predicting;
}

std::vector<FailedCase> SplitPrediction::failures() const {
  std::vector<FailedCase> failed;
  for (size_t i = 0; i < statuses.size(); ++i)
    if (!statuses[i].ok())
      failed.push_back(
          {dataset.caseName(split, static_cast<int64_t>(i)), statuses[i]});
  return failed;
}

StatusOr<std::vector<FailedCase>>
segc::predictCases(ModelRunner &runner, const Dataset &dataset, Split split,
                   int64_t count, int64_t batch, const CaseSink &sink,
                   int64_t sinks, StageTimes *times, CaseQueue *queue) {
  AllCases all(count);
  SplitPrediction prediction(runner, dataset, split, count, batch, sink, sinks,
                             times, queue ? *queue : all);
  SEGC_RETURN_IF_ERROR(prediction.run());
  return prediction.failures();
}

StatusOr<std::vector<FailedCase>>
segc::predictSplit(ModelRunner &runner, const Dataset &dataset, Split split,
                   int64_t count, int64_t batch,
                   const PredictionFolders &folders,
                   const SplitPredictionOptions &options) {
  SEGC_RETURN_IF_ERROR(createDirectories(folders.predictions));
  SegmentationWriter writer(dataset, folders, options.greyMasks);
  writer.setPostprocessing(options.postprocessing);
  if (options.saveProbabilities)
    writer.saveProbabilities();
  StatusOr<std::vector<FailedCase>> failures = predictCases(
      runner, dataset, split, count, batch,
      [&](int64_t index, const SourceCase &source, const float *probabilities) {
        return writer.write(dataset.files(split, index), source, probabilities);
      },
      fileWriters, options.times, options.queue);
  if (failures.status().code() == StatusCode::Interrupted &&
      !dataset.files(split, 0).stack.empty())
    return Status(StatusCode::Interrupted,
                  failures.status().message() +
                      "; masks of slices are written behind the last of them: "
                      "none was");
  SEGC_RETURN_IF_ERROR(failures.status());
  SEGC_RETURN_IF_ERROR(writer.finish());
  return failures;
}

namespace {

/// Some cases, for one thread that takes them.
class ListedCases : public CaseQueue {
public:
  explicit ListedCases(const std::vector<ExampleCase> &cases) : cases(cases) {}

  std::optional<int64_t> next(bool /*wait*/) override {
    if (stopSignal() || taken >= cases.size())
      return std::nullopt;
    return static_cast<int64_t>(cases[taken++].index);
  }
  void finish(int64_t /*index*/, const Status & /*status*/) override {}
  void stop() override { taken = cases.size(); }
  bool isShared() const override { return false; }

private:
  const std::vector<ExampleCase> &cases;
  std::atomic<size_t> taken{0};
};

} // namespace

Status segc::predictExamples(ModelRunner &runner, const Dataset &dataset,
                             Split split, int64_t batch,
                             const std::vector<ExampleCase> &examples,
                             const std::string &results) {
  if (examples.empty())
    return Status::success();
  PredictionFolders folders = {results + "/predictions", results + "/overlays"};
  ListedCases queue(examples);
  SplitPredictionOptions options;
  options.queue = &queue;
  SEGC_ASSIGN_OR_RETURN(std::vector<FailedCase> failures,
                        predictSplit(runner, dataset, split,
                                     dataset.count(split), batch, folders,
                                     options));
  return failures.empty() ? Status::success()
                          : failures[0].status.withContext(failures[0].name);
}
