//===- VNet.cpp - V-Net with residual blocks ------------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NetworkBuilder.h"
#include "segc/Networks/Networks.h"

using namespace mlir;

namespace segc {

OwningOpRef<ModuleOp> buildVNet(MLIRContext *context,
                                const VNetOptions &options) {
  assert(validate(options).ok() && "expects valid options");
  ArrayRef<int64_t> shape = options.inputShape;
  NetworkBuilder b(
      context, "vnet", options.classes,
      {options.batch, shape[0], shape[1], shape[2], options.channels},
      decayRule(options.optimizer,
                {/*kernels=*/true, /*biases=*/false, /*norms=*/false}));
  const int64_t one[] = {1, 1, 1}, two[] = {2, 2, 2};
  const SmallVector<int64_t> taps(3, options.convolutionSize);

  auto normRelu = [&](Value x, const Twine &norm) {
    return b.relu(b.norm(x, norm, NetworkNorm::Batch), norm + ".relu");
  };
  // x + its convolutions.
  auto residual = [&](Value x, const Twine &block, int64_t convolutions) {
    int64_t filters = seg::channels(cast<RankedTensorType>(x.getType()));
    Value y = x;
    for (int64_t i = 1; i <= convolutions; ++i) {
      y = b.conv(y, block + ".conv" + Twine(i), {filters, taps, one});
      y = normRelu(y, block + ".norm" + Twine(i));
    }
    return b.add(y, x, block + ".add");
  };
  auto up = [&](Value x, const Twine &block, int64_t filters) {
    return normRelu(b.convTranspose(x, block + ".up", {filters, two, two}),
                    block + ".up_norm");
  };

  int64_t filters = options.width;
  Value x = normRelu(b.conv(b.image(), "input.conv", {filters, taps, one}),
                     "input.norm");
  // The addition broadcasts an image of one channel; an image of several is
  // repeated, as other implementations of V-Net do.
  Value shortcut = b.image();
  if (options.channels > 1)
    shortcut = b.repeatChannels(shortcut, options.width / options.channels,
                                "input.repeat");
  x = b.add(x, shortcut, "input.add");
  SmallVector<Value> skips;
  for (auto [i, convolutions] : llvm::enumerate(options.downscaleBlocks)) {
    std::string block = "down" + std::to_string(i + 1);
    skips.push_back(x);
    filters *= 2;
    x = normRelu(b.conv(x, block + ".down", {filters, two, two}),
                 block + ".down_norm");
    x = residual(x, block, convolutions);
  }
  for (auto [i, convolutions] : llvm::enumerate(options.upscaleBlocks)) {
    std::string block = "up" + std::to_string(i + 1);
    filters /= 2;
    x = b.concat(up(x, block, filters), skips.pop_back_val(),
                 block + ".concat");
    x = residual(x, block, convolutions);
  }
  // The last level takes no skip.
  x = up(x, "output", options.width);
  x = b.conv(x, "output.conv", {options.classes, taps, one});

  b.objective(x, options.loss, {"loss", "dice_loss", "ce_loss", "dice"});
  DataPipeline pipeline;
  pipeline.kind = "decathlon";
  pipeline.inputShape.assign(shape.begin(), shape.end());
  pipeline.normalization = "zscore";
  pipeline.resizeInterpolator = "linear";
  pipeline.orientation = frameName(AxisFrame::Ras);
  pipeline.augment = {"flip_y", "flip_x"};
  pipeline.classNames =
      classNames({"background", "anterior", "posterior"}, options.classes);
  return b.finish(options.optimizer, pipeline);
}

} // namespace segc
