//===- UNet.cpp - U-Net with valid convolutions ---------------------------===//
//
// Part of segc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NetworkBuilder.h"
#include "segc/Networks/Networks.h"

using namespace mlir;

namespace segc {

OwningOpRef<ModuleOp> buildUNet2D(MLIRContext *context,
                                  const UNetOptions &options) {
  assert(validate(options).ok() && "expects valid options");
  NetworkBuilder b(
      context, "unet2d", options.classes,
      {options.batch, options.inputSize, options.inputSize, options.channels},
      decayRule(options.optimizer,
                {/*kernels=*/true, /*biases=*/true, /*norms=*/true}));
  const int64_t one[] = {1, 1}, two[] = {2, 2}, three[] = {3, 3};
  auto conv = [&](Value x, const Twine &name, int64_t filters) {
    return b.relu(b.conv(x, name, {filters, three, one, Padding::Valid}),
                  name + ".relu");
  };
  auto convs = [&](Value x, const Twine &block, int64_t filters) {
    return conv(conv(x, block + ".conv1", filters), block + ".conv2", filters);
  };
  auto up = [&](Value x, const Twine &block, int64_t filters) {
    return b.relu(b.convTranspose(x, block + ".up", {filters, three, two}),
                  block + ".up.relu");
  };

  int64_t filters = options.width;
  Value x = convs(b.image(), "input", filters);
  SmallVector<Value> skips{x};
  for (int level = 0; level < 3; ++level) {
    std::string block = "down" + std::to_string(level);
    filters *= 2;
    x = convs(b.maxPool(x, block + ".pool", two), block, filters);
    skips.push_back(x);
  }
  x = convs(b.maxPool(x, "bottleneck.pool", two), "bottleneck", 2 * filters);
  if (options.dropout > 0)
    x = b.dropout(x, "bottleneck.dropout", options.dropout);
  x = up(x, "bottleneck", filters);

  auto join = [&](Value x, const Twine &block) {
    Value skip = b.centralCrop(skips.pop_back_val(), x, block + ".crop");
    return convs(b.concat(x, skip, block + ".concat"), block, filters);
  };
  for (int level = 0; level < 3; ++level) {
    std::string block = "up" + std::to_string(level);
    x = join(x, block);
    filters /= 2;
    x = up(x, block, filters);
  }
  x = join(x, "output");
  x = b.conv(x, "output.conv3", {options.classes, one, one});

  b.objective(x, options.loss, {"loss", "ce_loss", "dice_loss", "dice"});
  int64_t output = options.outputSize();
  DataPipeline pipeline;
  pipeline.kind = "isbi";
  pipeline.resize = {output, output};
  pipeline.padTo = {options.inputSize, options.inputSize};
  pipeline.output = {output, output};
  pipeline.classNames = classNames({"membrane", "background"}, options.classes);
  return b.finish(options.optimizer, pipeline);
}

} // namespace segc
