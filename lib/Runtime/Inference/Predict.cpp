//===- Predict.cpp - Masks of a split -------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Inference/Predict.h"
#include "segc/Base/Exceptions.h"
#include "segc/Base/Files.h"
#include "segc/Base/Signals.h"
#include "segc/Runtime/Core/KernelObserver.h"
#include "segc/Runtime/Data/Loader.h"
#include "segc/Runtime/Inference/EntryInputs.h"
#include "segc/Runtime/Inference/FiniteOutputs.h"

#include <algorithm>

using namespace segc;

static constexpr int64_t maxExamples = 12;

namespace {

class Predictor {
public:
  Predictor(ModelRunner &runner, Dataset &dataset, Split split,
            const PredictionFolders &folders)
      : runner(runner), dataset(dataset), split(split), folders(folders),
        imageElements(elementCount(dataset.imageShape())) {}

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
    return dataset.finishPredictions(folders);
  }
  std::vector<FailedCase> takeFailures() { return std::move(failures); }

private:
  Status predict(const float *images, const std::vector<int64_t> &cases) {
    segc_scalars scalars = {};
    scalars.loss_scale = 1;
    const EntrySignature *entry = runner.manifest().entry("predict");
    if (!entry)
      return unsupported(runner.library().path() +
                         ": compiled without the entry predict");
    SEGC_ASSIGN_OR_RETURN(std::vector<void *> inputs,
                          inputsOf(*entry, images));
    SEGC_RETURN_IF_ERROR(runner.call(
        "predict", inputs, static_cast<int64_t>(cases.size()), scalars));
    OutputView output = runner.output("predict", "probabilities");
    int64_t elements =
        elementCount(dataset.labelShape()) * runner.manifest().classes;
    if (!output.data ||
        output.signature->elements() != elements * runner.manifest().batch)
      return unsupported(runner.library().path() +
                         ": predict gives no \"probabilities\" of " +
                         std::to_string(elements) + " values a sample");
    std::string kernel;
    for (size_t i = 0; i < cases.size(); ++i) {
      const float *sample =
          output.floats() + static_cast<int64_t>(i) * elements;
      const auto count = static_cast<uint64_t>(elements);
      if (firstNonFinite(sample, count) == count) {
        attempt(cases[i], [&] {
          return dataset.writePrediction(split, cases[i], sample, folders);
        });
        continue;
      }
      // Running again writes the same values.
      if (kernel.empty())
        kernel = firstNonFiniteKernel(
            runner, {"predict", inputs, static_cast<int64_t>(cases.size()),
                     scalars});
      attempt(cases[i], [&] {
        return Status(StatusCode::NonFinite,
                      "the probabilities are not finite: " + kernel +
                          "; no mask was written: take other weights, or a "
                          "model of f32 where 16 bits overflow");
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

  ModelRunner &runner;
  Dataset &dataset;
  Split split;
  const PredictionFolders &folders;
  int64_t imageElements;
  std::vector<FailedCase> failures;
};

} // namespace

StatusOr<std::vector<FailedCase>>
segc::predictSplit(ModelRunner &runner, Dataset &dataset, Split split,
                   int64_t count, int64_t batch,
                   const PredictionFolders &folders) {
  SEGC_RETURN_IF_ERROR(createDirectories(folders.predictions));
  Predictor predictor(runner, dataset, split, folders);
  SEGC_RETURN_IF_ERROR(predictor.run(count, batch));
  return predictor.takeFailures();
}

Status segc::predictExamples(ModelRunner &runner, Dataset &dataset, Split split,
                             int64_t batch, const std::string &results) {
  PredictionFolders folders = {results + "/predictions", results + "/overlays"};
  SEGC_ASSIGN_OR_RETURN(
      std::vector<FailedCase> failures,
      predictSplit(runner, dataset, split,
                   std::min(dataset.count(split), maxExamples), batch,
                   folders));
  return failures.empty() ? Status::success()
                          : failures[0].status.withContext(failures[0].name);
}
