//===- PatchRenderer.h - From a case to an augmented patch ------*- C++ -*-===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEGC_RUNTIME_AUGMENT_PATCHRENDERER_H
#define SEGC_RUNTIME_AUGMENT_PATCHRENDERER_H

#include "segc/Base/Status.h"
#include "segc/Runtime/Augment/PatchDraw.h"
#include "segc/Runtime/Data/PreparedCase.h"

#include <memory>

namespace segc {

struct PatchKernels;

/// Renders patches of one shape: the crop and its map take one pass over the
/// case, intensities as few more as their statistics and filters need. For one
/// thread.
class PatchRenderer {
public:
  /// Channels of `maskedChannels` are 0 where the label is -1.
  PatchRenderer(Shape3 patch, int64_t channels,
                std::vector<bool> maskedChannels = {});
  /// The same with other kernels than the fastest.
  PatchRenderer(Shape3 patch, int64_t channels,
                std::vector<bool> maskedChannels, const PatchKernels &kernels);
  ~PatchRenderer();

  /// Writes [depth][height][width][channels] and, for a case with labels,
  /// [depth][height][width]. Voxels without a label (-1) have label 0.
  Status render(const PreparedCase &source, const PatchDraw &draw, float *image,
                int32_t *labels);

private:
  void renderLabels(const PreparedCase &source, const PatchDraw &draw,
                    int32_t *labels);

  Shape3 patch;
  int64_t channels;
  std::vector<bool> maskedChannels;
  const PatchKernels &kernels;
  std::unique_ptr<class ChannelRenderer> channelRenderer;
  std::vector<int32_t> labelRow;
};

} // namespace segc

#endif // SEGC_RUNTIME_AUGMENT_PATCHRENDERER_H
