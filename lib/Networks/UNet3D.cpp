//===- UNet3D.cpp - The 3-D U-Net of the MLPerf training benchmark --------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NetworkBuilder.h"
#include "segc/Networks/Networks.h"
#include "segc/Plan/PlanFile.h"

#include <cmath>

using namespace mlir;

namespace segc {

/// Returns the description of the preprocessing of KiTS19 volumes.
static DataPipeline pipelineOf(const UNet3DOptions &options) {
  DataPipeline pipeline;
  pipeline.kind = "kits19";
  pipeline.patch = options.patch;
  if (options.plan) {
    pipeline.spacing = options.plan->configurations.front().spacing;
    pipeline.classNames = options.plan->classNames;
    pipeline.plan = planText(*options.plan);
    return pipeline;
  }
  pipeline.spacing = {1.6, 1.2, 1.2};
  pipeline.modality = "CT";
  pipeline.clip = {-79, 304};
  pipeline.mean = 101;
  pipeline.deviation = 76.9;
  pipeline.classNames =
      classNames({"background", "kidney", "tumor"}, options.classes);
  return pipeline;
}

/// Returns the limit of PyTorch's default initialiser for weights and biases.
static double limitOf(ArrayRef<int64_t> taps, int64_t channels) {
  double fanIn = static_cast<double>(channels);
  for (int64_t count : taps)
    fanIn *= static_cast<double>(count);
  return 1 / std::sqrt(fanIn);
}

OwningOpRef<ModuleOp> buildUNet3D(MLIRContext *context,
                                  const UNet3DOptions &options) {
  assert(validate(options).ok() && "expects valid options");
  SmallVector<int64_t> image{options.batch};
  image.append(options.patch.begin(), options.patch.end());
  image.push_back(options.channels);
  NetworkBuilder b(
      context, "unet3d", options.classes, image,
      decayRule(options.optimizer,
                {/*kernels=*/true, /*biases=*/true, /*norms=*/true}),
      {/*epsilon=*/1e-5, /*runningMomentum=*/0.9});
  const int64_t one[] = {1, 1, 1}, two[] = {2, 2, 2}, three[] = {3, 3, 3};

  auto channelsOf = [](Value x) {
    return seg::channels(cast<RankedTensorType>(x.getType()));
  };
  auto convNorm = [&](Value x, const Twine &block, int index, int64_t filters,
                      ArrayRef<int64_t> strides) {
    x = b.conv(x, block + ".conv" + Twine(index),
               {filters, three, strides, Padding::Symmetric, /*bias=*/false,
                seg::InitKind::uniform, limitOf(three, channelsOf(x))});
    x = b.norm(x, block + ".norm" + Twine(index), options.norm);
    return b.leakyRelu(x, block + ".relu" + Twine(index),
                       options.negativeSlope);
  };
  auto stage = [&](Value x, const Twine &block, int64_t filters,
                   ArrayRef<int64_t> strides) {
    return convNorm(convNorm(x, block, 1, filters, strides), block, 2, filters,
                    one);
  };

  ArrayRef<int64_t> filters = options.filters;
  Value x = stage(b.image(), "input", filters.front(), one);
  SmallVector<Value> skips{x};
  for (auto [i, width] : llvm::enumerate(filters.drop_front()))
    skips.push_back(x = stage(x, "down" + Twine(i), width, two));
  x = stage(x, "bottleneck", filters.back(), two);
  for (auto [i, width] : llvm::enumerate(llvm::reverse(filters))) {
    std::string block = "up" + std::to_string(i);
    // The fan-in of a transposed convolution counts its output channels.
    x = b.convTranspose(x, block + ".up",
                        {width, two, two, Padding::Valid, /*bias=*/true,
                         seg::InitKind::uniform, limitOf(two, width)});
    x = b.concat(x, skips.pop_back_val(), block + ".concat");
    x = stage(x, block, width, one);
  }
  x = b.conv(x, "output.conv",
             {options.classes, one, one, Padding::Valid, /*bias=*/true,
              seg::InitKind::uniform, limitOf(one, channelsOf(x))});

  b.objective(x, options.loss, {"loss", "dice_loss", "ce_loss", "dice"});
  return b.finish(options.optimizer, pipelineOf(options));
}

} // namespace segc
