//===- CaseDraws.cpp - Draws of the samples of prepared cases -------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Augment/CaseDraws.h"

using namespace segc;

/// The components of a case, found when they are first needed.
struct CaseDraws::Boxes {
  std::once_flag once;
  std::vector<std::vector<ForegroundBox>> found;
};

static std::string textOf(Shape3 shape) {
  return std::to_string(shape[0]) + "x" + std::to_string(shape[1]) + "x" +
         std::to_string(shape[2]);
}

static Status checkOptions(const PatchOptions &options, int64_t channels) {
  constexpr int64_t maxEdge = 4096, maxChannels = 1024;
  for (int64_t size : options.patch)
    if (size < 1 || size > maxEdge)
      return invalidArgument("patches of " + textOf(options.patch) +
                             " voxels, expected edges of 1 to " +
                             std::to_string(maxEdge));
  if (channels < 1 || channels > maxChannels)
    return invalidArgument("patches of " + std::to_string(channels) +
                           " channels, expected 1 to " +
                           std::to_string(maxChannels));
  if (options.batch < 1 || options.slicesPerVolume < 1 ||
      options.batch % options.slicesPerVolume != 0)
    return invalidArgument(
        "batches of " + std::to_string(options.batch) + " samples with " +
        std::to_string(options.slicesPerVolume) +
        " slices of a volume, expected positive numbers of which the second "
        "divides the first");
  if (!(options.oversampling >= 0 && options.oversampling <= 1))
    return invalidArgument("oversampling of " +
                           std::to_string(options.oversampling) +
                           ", expected 0 to 1");
  return Status::success();
}

StatusOr<std::unique_ptr<CaseDraws>> CaseDraws::create(const PatchSource &cases,
                                                       int64_t channels,
                                                       PatchOptions options) {
  SEGC_RETURN_IF_ERROR(checkOptions(options, channels));
  return std::unique_ptr<CaseDraws>(
      new CaseDraws(cases, channels, std::move(options)));
}

CaseDraws::CaseDraws(const PatchSource &cases, int64_t channels,
                     PatchOptions newOptions)
    : options(std::move(newOptions)), channels(channels), cases(cases),
      drawer(makePatchDrawer(options)) {
  for (int64_t i = 0; i < cases.cases(); ++i)
    boxes.push_back(std::make_unique<Boxes>());
}

CaseDraws::~CaseDraws() = default;

int64_t CaseDraws::count(Split split) const {
  return split == Split::Train ? cases.cases() : 0;
}

Status CaseDraws::check(const PreparedCase &prepared) const {
  if (prepared.channels != channels)
    return invalidArgument(prepared.name + ": " +
                           std::to_string(prepared.channels) +
                           " channels, expected " + std::to_string(channels) +
                           " as the model has");
  if (!prepared.labels)
    return invalidArgument(prepared.name +
                           ": no labels, expected those of a training case");
  return Status::success();
}

Status CaseDraws::load(Split split) const {
  std::string wrong;
  Status first;
  for (int64_t i = 0; i < count(split); ++i) {
    StatusOr<PreparedCase> prepared = cases.at(i);
    const Status status = prepared.ok() ? check(*prepared) : prepared.status();
    if (status.ok())
      continue;
    if (first.ok())
      first = status;
    wrong += (wrong.empty() ? "" : "\n  ") + status.message();
  }
  return first.ok() ? first : Status(first.code(), wrong);
}

const std::vector<std::vector<ForegroundBox>> &
CaseDraws::boxesOf(const PreparedCase &prepared, int64_t index) const {
  Boxes &entry = *boxes[static_cast<size_t>(index)];
  if (options.rules != PlanRules::V2)
    std::call_once(entry.once,
                   [&] { entry.found = foregroundBoxes(prepared); });
  return entry.found;
}

StatusOr<CaseDraw> CaseDraws::draw(Split split, int64_t index,
                                   const AugmentKey &key) const {
  if (split != Split::Train)
    return internalError("patches of cases that do not train");
  StatusOr<PreparedCase> prepared = cases.at(index);
  if (!prepared.ok())
    return prepared.status().withContext(cases.caseName(index));
  SEGC_RETURN_IF_ERROR(check(*prepared));
  PatchDraw draw = drawer->draw({*prepared, boxesOf(*prepared, index)}, key);
  return CaseDraw{std::move(*prepared), std::move(draw)};
}

void segc::followRules(const PatchOptions &options, LoaderOptions &loader) {
  loader.batch = options.batch / loader.worldSize;
  loader.drawCases = options.rules == PlanRules::V2;
  loader.samplesPerCase =
      options.rules == PlanRules::Example && options.planes()
          ? options.slicesPerVolume
          : 1;
}
