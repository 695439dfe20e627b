//===- AugmentPlace.cpp - Where patches are augmented ---------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AugmentPlace.h"
#include "segc/Plan/AugmentEntry.h"
#include "segc/Runtime/Augment/PatchDrawer.h"
#include "segc/Runtime/Commands/Session.h"

using namespace segc;

/// Whether the model renders these draws; the error says what it has instead.
static Status checkEntry(const std::string &augmentation,
                         const ModelOptions &options,
                         const ModelRunner &runner) {
  PatchOptions patches;
  chooseAugmentation(augmentation, patches);
  const std::string rules = planRulesName(patches.rules);
  const std::string &ofModel = runner.manifest().augmentation;
  if (ofModel == rules)
    return Status::success();
  return wrongUsage(
      options.model + ": --augment-on device, the model was compiled " +
      (ofModel.empty() ? "without the entry augment"
                       : "for --augmentation " + ofModel + ", not " + rules) +
      "; run `" +
      compileCommand(options, runner.library().version().device,
                     {"--augmentation", rules}) +
      "`");
}

StatusOr<std::string> segc::augmentPlace(const AugmentRequest &request,
                                         const ModelOptions &options,
                                         const ModelRunner &runner) {
  if (request.asked && request.augmentation.empty())
    return wrongUsage("--augment-on has no effect but on a cache of `segrun "
                      "preprocess`: leave it out");
  if (request.augmentation.empty() || request.augmentation == "none") {
    if (request.asked)
      return wrongUsage("--augment-on has no effect without --augment or "
                        "--augmentation: leave it out");
    return std::string();
  }
  const Status possible = checkEntry(request.augmentation, options, runner);
  if (request.asked) {
    if (*request.asked == "device")
      SEGC_RETURN_IF_ERROR(possible);
    return *request.asked;
  }
  const bool wanted = request.before.empty()
                          ? runner.device().kind() != SEGC_DEVICE_HOST
                          : request.before == "device";
  return std::string(wanted && possible.ok() ? "device" : "host");
}

Status segc::feedTraining(ModelRunner &runner) {
  for (const char *entry : {"train_step", "grad_step"})
    SEGC_RETURN_IF_ERROR(runner.feed(augment::entryName, entry));
  return Status::success();
}
