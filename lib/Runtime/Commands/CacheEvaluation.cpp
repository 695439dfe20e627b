//===- CacheEvaluation.cpp - Metrics of the cases of a cache --------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CacheEvaluation.h"
#include "PredictInWindows.h"
#include "segc/Runtime/Inference/Evaluate.h"
#include "segc/Runtime/Metrics/MetricsRecord.h"

using namespace segc;

std::string segc::dataFolderOf(const PreparedCache &cache,
                               const OriginalGridOptions &options) {
  return options.dataset.empty() ? cache.dataFolder() : options.dataset;
}

StatusOr<std::vector<std::string>>
segc::originalFilesOf(const PreparedCache &cache,
                      const std::vector<int64_t> &places,
                      const OriginalGridOptions &options) {
  const std::string folder = dataFolderOf(cache, options);
  std::vector<std::string> paths;
  for (int64_t place : places) {
    SEGC_ASSIGN_OR_RETURN(CaseFiles files,
                          cache.originalFiles(place, folder,
                                              /*whole=*/false));
    std::move(files.images.begin(), files.images.end(),
              std::back_inserter(paths));
    paths.push_back(std::move(files.label));
  }
  return paths;
}

std::map<int32_t, std::string>
segc::foregroundNames(const std::vector<std::string> &classNames) {
  std::map<int32_t, std::string> names;
  for (size_t i = 1; i < classNames.size(); ++i)
    names[static_cast<int32_t>(i)] = classNames[i];
  return names;
}

MetricsTable segc::tableOf(const DatasetDescription &data, double tolerance) {
  MetricsTable table;
  table.tolerance = tolerance;
  table.classNames = foregroundNames(data.classNames);
  table.classes = {data.regions, data.ignoreLabel};
  return table;
}

std::unique_ptr<Dataset> segc::openOriginals(const CacheCases &cases,
                                             Split split,
                                             const CacheEvaluation &how) {
  const PreparedCache &cache = *cases.cache;
  const Plan &plan = cache.plan();
  auto dataset = std::make_unique<Dataset>("nnunet", plan.labelNames());
  DataStages stages;
  stages.reader = makeTrainingReader(plan, how.limits, dataset->notes());
  dataset->setStages(std::move(stages));
  const std::string folder = dataFolderOf(cache, how.options);
  for (int64_t place : cases.placesOf(split)) {
    StatusOr<CaseFiles> found =
        cache.originalFiles(place, folder, /*whole=*/false);
    CaseFiles files = found ? std::move(*found) : CaseFiles();
    files.name = cache.caseName(place);
    files.status = found.status();
    dataset->addCase(split, std::move(files));
  }
  return dataset;
}

Status segc::evaluateOnGrid(LoadedModel &model, const CacheCases &cases,
                            const Dataset &dataset, Split split,
                            const CacheEvaluation &how, CommandCases &work) {
  const PreparedCache &cache = *cases.cache;
  const Plan &plan = cache.plan();
  if (model.frame && *model.frame != plan.frame)
    return invalidArgument(
        cache.folder() + ": a cache of volumes in the order \"" +
        frameName(plan.frame) + "\", the weights were trained in the order \"" +
        frameName(*model.frame) +
        "\"; give weights that "
        "were trained from it");
  ThreadPool &pool = *model.pool;
  WindowRun run;
  run.plan = plan;
  run.configuration = cache.configuration();
  run.configuration.patch = model.runner.manifest().pipeline.patch;
  run.windows = cases.windows();
  applySettings(how.options.windows, run);
  run.batch = how.batch;
  run.folders.predictions = how.masks;
  run.folders.overlays = how.overlays;
  run.queue = &work;
  // Only of the cases that this process works on: it takes a look at all bytes.
  run.verify = [&](int64_t index) {
    return cache
        .originalFiles(cases.placesOf(split)[static_cast<size_t>(index)],
                       dataFolderOf(cache, how.options), /*whole=*/true)
        .status();
  };
  const SegmentationWriter writer(dataset, run.folders);
  run.inspect = [&](int64_t index, const SourceCase &source,
                    const std::vector<uint8_t> &labels) -> Status {
    const CaseFiles &files = dataset.files(split, index);
    SEGC_ASSIGN_OR_RETURN(CaseMetrics metrics,
                          measureLabels(files, source, labels, how.tolerance,
                                        pool,
                                        {plan.regions, plan.ignoreLabel}));
    if (!how.masks.empty())
      metrics.predictionFile = writer.volumePath(files);
    work.setValue(index, toJson(metrics));
    return Status::success();
  };
  WeightEnsemble weights(model.runner);
  return predictWindows(weights, dataset, split, dataset.count(split), run)
      .status();
}

std::vector<CaseMetrics> segc::metricsOf(const CommandCases &work) {
  std::vector<CaseMetrics> cases;
  for (const CaseRecord &record : work.records())
    if (record.status.ok())
      cases.push_back(caseMetricsOf(record.value));
  return cases;
}
