//===- HeldOutDice.cpp ----------------------------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HeldOutDice.h"

#include "Interruption.h"
#include "Segrun.h"
#include "segc/Base/Status.h"
#include "llvm/ADT/STLExtras.h"
#include <filesystem>

namespace fs = std::filesystem;

namespace segc {

static llvm::Expected<double>
readDice(const std::string &path, const char *object, const char *measure) {
  llvm::Expected<Json> metrics = readJson(path);
  if (!metrics)
    return metrics.takeError();
  Status status;
  double dice =
      JsonReader(*metrics, path, status).object(object).number(measure);
  if (!status.ok())
    return llvm::createStringError(status.message());
  return dice;
}

/// Links the labels of the cases that `masks` has. Those of other cases would
/// be missing predictions.
static llvm::Error linkLabels(const fs::path &labels, const fs::path &masks,
                              const fs::path &links) {
  std::error_code error;
  fs::remove_all(links, error);
  fs::create_directory(links, error);
  fs::path origin = fs::absolute(labels, error);
  for (fs::directory_iterator mask(masks, error), end; !error && mask != end;
       mask.increment(error))
    if (mask->is_regular_file()) {
      fs::path name = mask->path().filename();
      fs::create_symlink(origin / name, links / name, error);
    }
  if (error)
    return llvm::createStringError(links.string() +
                                   ": cannot be made: " + error.message());
  return llvm::Error::success();
}

/// Windows are predicted into files, which are measured.
static llvm::Expected<double> diceOfMasks(const std::string &model,
                                          const std::string &device,
                                          const HeldOutCases &cases,
                                          Interruption &interruption) {
  const std::string masks = cases.folder + "/masks",
                    labels = cases.folder + "/labels",
                    results = cases.folder + "/scores";
  std::vector<std::string> words = {"predict",  "--model",      model,
                                    "--device", device,         "--output",
                                    masks,      "--no-overlays"};
  llvm::append_range(words, cases.words);
  if (llvm::Error error = runSegrun(words, interruption))
    return error;
  if (llvm::Error error = linkLabels(cases.labels, masks, labels))
    return error;
  if (llvm::Error error = runSegrun({"evaluate", "--predictions", masks,
                                     "--labels", labels, "--results", results},
                                    interruption))
    return error;
  return readDice(results + "/case-metrics.json", "mean_foreground", "dice");
}

llvm::Expected<double> diceOf(const std::string &model,
                              const std::string &device,
                              const HeldOutCases &cases,
                              Interruption &interruption) {
  if (!cases.labels.empty())
    return diceOfMasks(model, device, cases, interruption);
  const std::string results = cases.folder + "/evaluation";
  std::vector<std::string> words = {"evaluate", "--model",   model,  "--device",
                                    device,     "--results", results};
  llvm::append_range(words, cases.words);
  if (llvm::Error error = runSegrun(words, interruption))
    return error;
  return readDice(results + "/metrics.json", "hard_dice", "mean_foreground");
}

} // namespace segc
