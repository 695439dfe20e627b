//===- PredictCommand.cpp - segrun predict --------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Base/Files.h"
#include "segc/Runtime/Data/Loader.h"
#include "segc/Runtime/Train/BatchSource.h"
#include "segc/Runtime/Train/Commands.h"
#include "segc/Runtime/Train/Session.h"
#include "segc/Runtime/Train/Signals.h"

#include <cstdio>
#include <filesystem>

using namespace segc;

/// A folder is a data set; files are cases of their own.
static Expected<std::unique_ptr<Dataset>>
openInputs(const PredictOptions &options, const Manifest &manifest) {
  if (options.inputs.size() == 1 &&
      std::filesystem::is_directory(options.inputs[0])) {
    DataOptions data = options.data;
    data.data = options.inputs[0];
    return openData(data, manifest);
  }
  DatasetOptions dataset;
  dataset.legacyResize = options.data.legacyResize;
  dataset.greyMasks = options.data.greyMasks;
  return openFiles(options.inputs, manifest.pipeline, dataset);
}

namespace {

/// Predicts batch by batch; a case that fails is reported and left out.
class Predictor {
public:
  Predictor(ModelRunner &runner, Dataset &dataset, Split split,
            PredictionFolders folders)
      : runner(runner), dataset(dataset), split(split),
        folders(std::move(folders)),
        imageElements(elementCount(dataset.imageShape())) {}

  Status run(int64_t batch) {
    BatchArray<float> images(static_cast<size_t>(batch * imageElements));
    int64_t count = dataset.count(split);
    for (int64_t next = 0; next < count;) {
      if (stopSignal())
        return Status(StatusCode::Interrupted,
                      "interrupted after " + std::to_string(next) + " cases");
      std::vector<int64_t> cases;
      for (; next < count && static_cast<int64_t>(cases.size()) < batch;
           ++next) {
        float *image =
            images.data() + static_cast<int64_t>(cases.size()) * imageElements;
        if (note(next, dataset.sample(split, next, {}, image, nullptr)))
          cases.push_back(next);
      }
      if (!cases.empty())
        SEGC_RETURN_IF_ERROR(predict(images.data(), cases));
    }
    return dataset.finishPredictions(folders);
  }
  const std::vector<std::string> &failures() const { return failed; }

private:
  Status predict(const float *images, const std::vector<int64_t> &cases) {
    TrainBatch view;
    view.image = images;
    segc_scalars scalars = {};
    scalars.loss_scale = 1;
    const EntrySignature &entry = *runner.manifest().entry("predict");
    SEGC_ASSIGN_OR_RETURN(std::vector<void *> inputs, view.inputsOf(entry));
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
    for (size_t i = 0; i < cases.size(); ++i)
      note(cases[i],
           dataset.writePrediction(
               split, cases[i],
               output.floats() + static_cast<int64_t>(i) * elements, folders));
    return Status::success();
  }

  bool note(int64_t index, const Status &status) {
    if (status.ok())
      return true;
    failed.push_back(dataset.caseName(split, index));
    std::fprintf(stderr, "segrun: %s: %s\n", failed.back().c_str(),
                 status.message().c_str());
    return false;
  }

  ModelRunner &runner;
  Dataset &dataset;
  Split split;
  PredictionFolders folders;
  int64_t imageElements;
  std::vector<std::string> failed;
};

} // namespace

CommandResult segc::runPredict(const PredictOptions &options) {
  Expected<Split> split = parseSplit(options.split);
  if (!split.ok())
    return CommandResult::usage(split.status());
  SEGC_ASSIGN_OR_RETURN(std::shared_ptr<const ModelLibrary> model,
                        openModel(options.model));
  if (Status status = checkModelOptions(options.model, *model); !status.ok())
    return CommandResult::usage(status);
  const Manifest &manifest = model->manifest();
  if (!manifest.entry("predict"))
    return unsupported(model->path() + ": compiled without the entry predict");
  ThreadPool pool(static_cast<unsigned>(options.model.threads));
  SEGC_ASSIGN_OR_RETURN(
      ModelRunner runner,
      ModelRunner::create(model, pool, {false, options.model.checkMemory}));
  runner.initialize(0);
  SEGC_RETURN_IF_ERROR(loadWeights(runner, options.checkpoint));
  SEGC_ASSIGN_OR_RETURN(std::unique_ptr<Dataset> dataset,
                        openInputs(options, manifest));
  PredictionFolders folders;
  folders.predictions = options.output;
  if (options.overlays)
    folders.overlays = options.output + "/overlays";
  SEGC_RETURN_IF_ERROR(createDirectories(options.output));
  catchStopSignals();
  Predictor predictor(runner, *dataset, *split, folders);
  SEGC_RETURN_IF_ERROR(predictor.run(batchSizeOf(options.model, manifest)));
  int64_t count = dataset->count(*split);
  size_t failures = predictor.failures().size();
  std::printf("%lld of %lld cases predicted, written to %s\n",
              static_cast<long long>(count - static_cast<int64_t>(failures)),
              static_cast<long long>(count), options.output.c_str());
  if (failures == 0)
    return Status::success();
  std::string names;
  for (const std::string &name : predictor.failures())
    names += (names.empty() ? "" : ", ") + name;
  return CommandResult::partial(dataLoss(std::to_string(failures) + " of " +
                                         std::to_string(count) +
                                         " cases failed: " + names));
}
