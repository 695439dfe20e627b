//===- EvaluationResults.cpp - What evaluations write ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EvaluationResults.h"
#include "segc/Base/Files.h"
#include "segc/Base/Hash.h"
#include "segc/Base/Version.h"
#include "segc/Runtime/Core/CheckpointFiles.h"
#include "segc/Runtime/Prepare/CaseOrigin.h"
#include "segc/Runtime/Train/Report.h"

#include <cstdio>
#include <filesystem>

using namespace segc;
namespace fs = std::filesystem;

CommandCases::Work segc::evaluationWork(const EvaluateOptions &options,
                                        std::vector<std::string> names) {
  CommandCases::Work work;
  work.folder = options.results + "/.ranks";
  work.names = std::move(names);
  work.files = {{"--model", options.model.model},
                {"--checkpoint", options.checkpoint}};
  return work;
}

CommandResult segc::finishTable(const EvaluateOptions &options,
                                MetricsTable &table,
                                const std::vector<FailedCase> &failures,
                                size_t cases, const EvaluationPage &page) {
  Status status;
  std::string names;
  if (!failures.empty()) {
    for (const FailedCase &failure : failures)
      names += (names.empty() ? "" : ", ") + failure.name;
    status = dataLoss(std::to_string(failures.size()) + " of " +
                      std::to_string(cases) + " cases failed: " + names);
  }
  if (table.cases.empty())
    return status;
  table.completeClasses();
  std::printf("%s", table.toText().c_str());
  if (!options.results.empty()) {
    SEGC_RETURN_IF_ERROR(writeCaseMetrics(table, options.results));
    SEGC_ASSIGN_OR_RETURN(OrderedJson facts, page.configuration());
    if (!names.empty())
      facts["failed_cases"] = names;
    if (page.drawPictures)
      page.drawPictures();
    SEGC_RETURN_IF_ERROR(
        writeReport(options.results, page.title, page.labelNames, facts));
  }
  return status.ok() ? CommandResult(status) : CommandResult::partial(status);
}

StatusOr<OrderedJson> segc::configurationOf(const EvaluateOptions &options,
                                            const ModelRunner &runner) {
  const Manifest &manifest = runner.manifest();
  SEGC_ASSIGN_OR_RETURN(const std::string model,
                        readFile(runner.library().path()));
  OrderedJson facts = {
      {"command", options.commandLine}, {"segrun_version", versionText()},
      {"model", options.model.model},   {"model_sha256", sha256(model)},
      {"network", manifest.network},    {"data", options.data.data},
      {"split", options.split}};
  if (options.data.fold)
    facts["fold"] = *options.data.fold;
  if (options.data.foldCount)
    facts["fold_count"] = *options.data.foldCount;
  if (options.data.trainSplit)
    facts["train_split"] = *options.data.trainSplit;
  facts.update({{"precision", manifest.precision},
                {"cpu_version", runner.library().version().name},
                {"device", runner.device().name()},
                {"threads", runner.workers()}});
  if (options.checkpoint.empty())
    return facts;
  SEGC_ASSIGN_OR_RETURN(const std::string weights,
                        findWeights(options.checkpoint));
  SEGC_ASSIGN_OR_RETURN(const std::string bytes, readFile(weights));
  facts["checkpoint"] = weights;
  facts["checkpoint_sha256"] = sha256(bytes);
  return facts;
}

StatusOr<std::string> segc::filesHash(const std::vector<std::string> &paths) {
  Sha256 all;
  std::string last;
  for (const std::string &path : paths) {
    if (path.empty() || path == last)
      continue;
    last = path;
    for (const std::string &file : contentsOf(path)) {
      SEGC_ASSIGN_OR_RETURN(const std::string bytes, readFile(file));
      all.update(sha256(bytes) + "  " + fs::path(file).filename().string() +
                 "\n");
    }
  }
  return all.hexDigest();
}
