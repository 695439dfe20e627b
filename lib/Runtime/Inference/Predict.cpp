//===- Predict.cpp - Prediction of the masks of a split -------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/Predict.h"
#include "segc/Base/Exceptions.h"
#include "segc/Base/Files.h"
#include "segc/Base/Signals.h"
#include "segc/Runtime/Data/Loader.h"
#include "segc/Runtime/Inference/Predictor.h"

#include <algorithm>

using namespace segc;

static constexpr int64_t maxExamples = 12;

namespace {

/// Samples of the cases in batches, from each a mask.
class SplitPrediction {
public:
  SplitPrediction(ModelRunner &runner, const Dataset &dataset, Split split,
                  const CaseSink &sink)
      : predictor(runner, dataset.labelShape()), dataset(dataset), split(split),
        sink(sink), imageElements(elementCount(dataset.imageShape())) {}

  Status run(int64_t count, int64_t batch) {
    BatchArray<float> images(static_cast<size_t>(batch * imageElements));
    if (!images.data())
      return ioError("no memory for " + std::to_string(batch) +
                     " samples; choose a smaller --batch-size");
    for (int64_t next = 0; next < count;) {
      if (stopSignal())
        return Status(StatusCode::Interrupted,
                      "interrupted after " + std::to_string(next) + " cases");
      std::vector<int64_t> cases;
      for (; next < count && static_cast<int64_t>(cases.size()) < batch;
           ++next) {
        float *image =
            images.data() + static_cast<int64_t>(cases.size()) * imageElements;
        if (attempt(next, [&] {
              return dataset.sample(split, next, {}, image, nullptr);
            }))
          cases.push_back(next);
      }
      if (!cases.empty())
        SEGC_RETURN_IF_ERROR(predict(images.data(), cases));
    }
    return Status::success();
  }
  std::vector<FailedCase> takeFailures() { return std::move(failures); }

private:
  Status predict(const float *images, const std::vector<int64_t> &cases) {
    SEGC_RETURN_IF_ERROR(
        predictor.predict(images, static_cast<int64_t>(cases.size())));
    // Asking for the kernel runs the model again.
    std::vector<bool> finite;
    for (size_t i = 0; i < cases.size(); ++i)
      finite.push_back(predictor.isFinite(static_cast<int64_t>(i)));
    std::string kernel;
    for (size_t i = 0; i < cases.size(); ++i) {
      if (!finite[i] && kernel.empty())
        kernel = predictor.firstNonFiniteKernel();
      attempt(cases[i], [&] {
        return finite[i]
                   ? sink(cases[i],
                          predictor.probabilities(static_cast<int64_t>(i)))
                   : Status(StatusCode::NonFinite,
                            "the probabilities are not finite: " + kernel +
                                "; no mask was written: take other weights, "
                                "or a model of f32 where 16 bits overflow");
      });
    }
    return Status::success();
  }

  /// What goes wrong with one case, lack of memory included, is noted.
  template <typename Function>
  bool attempt(int64_t index, Function function) {
    Status status = withoutExceptions(function);
    if (!status.ok())
      failures.push_back({dataset.caseName(split, index), status});
    return status.ok();
  }

  Predictor predictor;
  const Dataset &dataset;
  Split split;
  const CaseSink &sink;
  int64_t imageElements;
  std::vector<FailedCase> failures;
};

} // namespace

StatusOr<std::vector<FailedCase>>
segc::predictCases(ModelRunner &runner, const Dataset &dataset, Split split,
                   int64_t count, int64_t batch, const CaseSink &sink) {
  SplitPrediction prediction(runner, dataset, split, sink);
  SEGC_RETURN_IF_ERROR(prediction.run(count, batch));
  return prediction.takeFailures();
}

StatusOr<std::vector<FailedCase>>
segc::predictSplit(ModelRunner &runner, const Dataset &dataset, Split split,
                   int64_t count, int64_t batch,
                   const PredictionFolders &folders, bool greyMasks,
                   SegmentationWriter::Postprocessing postprocessing) {
  SEGC_RETURN_IF_ERROR(createDirectories(folders.predictions));
  SegmentationWriter writer(dataset, folders, greyMasks);
  writer.setPostprocessing(std::move(postprocessing));
  SEGC_ASSIGN_OR_RETURN(
      std::vector<FailedCase> failures,
      predictCases(runner, dataset, split, count, batch,
                   [&](int64_t index, const float *probabilities) {
                     return writer.write(split, index, probabilities);
                   }));
  SEGC_RETURN_IF_ERROR(writer.finish());
  return failures;
}

Status segc::predictExamples(ModelRunner &runner, const Dataset &dataset,
                             Split split, int64_t batch,
                             const std::string &results) {
  PredictionFolders folders = {results + "/predictions", results + "/overlays"};
  SEGC_ASSIGN_OR_RETURN(
      std::vector<FailedCase> failures,
      predictSplit(runner, dataset, split,
                   std::min(dataset.count(split), maxExamples), batch,
                   folders));
  return failures.empty() ? Status::success()
                          : failures[0].status.withContext(failures[0].name);
}
