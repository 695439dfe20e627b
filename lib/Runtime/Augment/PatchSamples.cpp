//===- PatchSamples.cpp - Patches for a loader ----------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "segc/Runtime/Augment/PatchSamples.h"

using namespace segc;

StatusOr<std::unique_ptr<PatchSamples>>
PatchSamples::create(const PatchSource &cases, int64_t channels,
                     PatchOptions options) {
  SEGC_ASSIGN_OR_RETURN(std::unique_ptr<CaseDraws> draws,
                        CaseDraws::create(cases, channels, std::move(options)));
  return std::unique_ptr<PatchSamples>(new PatchSamples(std::move(draws)));
}

PatchSamples::PatchSamples(std::unique_ptr<CaseDraws> newDraws)
    : draws(std::move(newDraws)) {
  const PatchOptions &options = draws->options;
  labelDims.assign(options.patch.begin() + (options.planes() ? 1 : 0),
                   options.patch.end());
  imageDims = labelDims;
  imageDims.push_back(draws->channels);
}

std::unique_ptr<PatchRenderer> PatchSamples::takeRenderer() const {
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (!idle.empty()) {
      std::unique_ptr<PatchRenderer> renderer = std::move(idle.back());
      idle.pop_back();
      return renderer;
    }
  }
  const PatchOptions &options = draws->options;
  return std::make_unique<PatchRenderer>(options.patch, draws->channels,
                                         options.maskedChannels);
}

Status PatchSamples::sample(Split split, int64_t index, const AugmentKey &key,
                            float *image, int32_t *label) const {
  SEGC_ASSIGN_OR_RETURN(const CaseDraw drawn, draws->draw(split, index, key));
  std::unique_ptr<PatchRenderer> renderer = takeRenderer();
  const Status status =
      renderer->render(drawn.prepared, drawn.draw, image, label);
  std::lock_guard<std::mutex> lock(mutex);
  idle.push_back(std::move(renderer));
  return status;
}
